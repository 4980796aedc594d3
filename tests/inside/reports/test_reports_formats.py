"""Every format: the same events give the same text, hostile text stays text, and the whole output is kept."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import event_strategies as drawn
import pytest
import sample_events as sample
from hypothesis import given

from harness.cli.stream import document
from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Event,
    Noticed,
    PromiseExercised,
    ServiceFailed,
    TaskId,
    read_events,
)
from harness.errors import UsageError
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.reports.formats import format_names, render
from harness.reports.markdown import LIMIT
from harness.reports.run_summary import summarize
from harness.reports.screen import summary
from harness.verdicts import Cause, Exercised, Verdict

SNAPSHOTS = Path(__file__).parent / "snapshots"
ENDINGS = {"terminal": "txt", "junit": "xml", "markdown": "md", "ndjson": "ndjson", "html": "html"}
READABLE = [name for name in format_names() if name != "ndjson"]


@pytest.mark.parametrize("run", sample.RUNS)
@pytest.mark.parametrize("name", format_names())
def test_a_report_reads_as_it_did(name: str, run: str) -> None:
    """HARNESS_REWRITE_SNAPSHOTS=1 writes them anew; look at the difference before you commit it."""
    path = SNAPSHOTS / f"{run}.{ENDINGS[name]}"
    text = render(name, sample.RUNS[run]())
    if os.environ.get("HARNESS_REWRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode()


@given(drawn.streams)
def test_a_report_of_the_recording_equals_the_report_of_the_run(stream: list[Event]) -> None:
    recording = render("ndjson", stream)
    again = list(read_events(recording.splitlines()))
    for name in format_names():
        assert render(name, again) == render(name, stream), name


def test_a_recording_survives_what_readers_take_for_line_ends_and_halves_of_characters() -> None:
    stream: list[Event] = [
        ServiceFailed(name="a\u2028b\x85c\ud800", version="1", because="\ud83d", log_tail=("\udc00",))
    ]
    recording = render("ndjson", stream)
    assert len(recording.splitlines()) == 1
    again = list(read_events(recording.encode().decode().splitlines()))
    assert again == [
        ServiceFailed(name="a\u2028b\x85c\ufffd", version="1", because="\ufffd", log_tail=("\ufffd",))
    ]
    for name in format_names():
        assert render(name, again) == render(name, stream)


@pytest.mark.slow
def test_neither_locale_nor_terminal_nor_hash_seed_changes_a_report() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests'); import sample_events as s;"
        "from harness.reports.formats import format_names, render;"
        "sys.stdout.buffer.write(''.join(render(f, s.faults_run()) for f in format_names()).encode())"
    )
    surroundings = (
        {"PYTHONHASHSEED": "1", "COLUMNS": "200", "FORCE_COLOR": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
        {"PYTHONHASHSEED": "2", "COLUMNS": "20", "NO_COLOR": "1", "LC_ALL": "C", "TZ": "UTC", "CI": "1"},
    )
    root = Path(__file__).parents[3]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script], cwd=root, env={**os.environ, **each}, capture_output=True, check=True
        ).stdout
        for each in surroundings
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0]


def _with_a_suite(verdict: Verdict) -> list[Event]:
    """A good run with a suite that left a test out, or one that failed."""
    task = TaskId(kind=EvidenceKind.INTEGRATION, provider=Version("the system", ""), contract="suite")
    cause = None if verdict is Verdict.PASSED else Cause.BROKEN_PROMISE
    seen = Exercised(subject="a test", verdict=verdict, cause=cause, because=cause or "", remark="7 deselected")
    ended = CheckFinished(
        task=task, verdict=verdict, cause=cause, because=cause or "", promised=1, exercised=1, seconds=1.0
    )
    *before, decided, finished = sample.good_run()
    noticed = Noticed(about="orders", text="bin/server is not known to git")
    told: list[Event] = [
        CheckStarted(task=task, promised=1),
        PromiseExercised(task=task, exercised=seen),
        ended,
        noticed,
    ]
    return [*before, *told, decided, finished]


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.FAILED])
@pytest.mark.parametrize("name", [*READABLE, "json"])
def test_what_the_evidence_lacks_is_told_in_every_report(name: str, verdict: Verdict) -> None:
    stream = _with_a_suite(verdict)
    text = json.dumps(document(stream)) if name == "json" else render(name, stream)
    words = re.sub(r"\s+", " ", text)
    assert "7 deselected" in words
    assert "bin/server is not known to git" in words.replace("&#47;", "/").replace("&#x2F;", "/")
    assert ("no promise checked" in words) is (verdict is Verdict.PASSED)


def test_an_unknown_format_is_an_error_that_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match="did you mean 'junit'"):
        render("junitt", [])


@given(drawn.streams)
def test_nothing_that_steers_a_terminal_or_turns_the_reading_direction_gets_through(stream: list[Event]) -> None:
    for name in READABLE:
        text = render(name, stream)
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", text
        ), name


@given(drawn.streams)
def test_the_answer_comes_first_and_no_format_says_yes_to_what_is_none(stream: list[Event]) -> None:
    verdict = summarize(stream).verdict
    word = {Verdict.PASSED: "YES", Verdict.FAILED: "NO", Verdict.UNKNOWN: "CANNOT TELL"}[verdict]
    assert render("terminal", stream)[2:].startswith(word)
    assert render("markdown", stream)[5:].startswith(word)
    assert f"<title>{word}: " in render("html", stream)
    suites = ElementTree.fromstring(render("junit", stream))
    answer = suites.findall("testsuite")[-1]
    assert answer.get("failures") == str(int(verdict is Verdict.FAILED))
    assert answer.get("errors") == str(int(verdict is Verdict.UNKNOWN))


@given(drawn.streams)
def test_junit_is_the_shape_that_jenkins_and_gitlab_read(stream: list[Event]) -> None:
    root = ElementTree.fromstring(render("junit", stream))
    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.tag == "testsuite"
        assert len(cases) == len(suite) == int(suite.attrib["tests"]) > 0
        assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure")))
        assert suite.attrib["errors"] == str(len(suite.findall("testcase/error")))
        assert re.fullmatch(r"\d+\.\d{3}", suite.attrib["time"])
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert [child.tag for child in case] in (
                [],
                ["failure"],
                ["error"],
                ["system-out"],
                ["failure", "system-out"],
                ["error", "system-out"],
            )
            assert all(set(c.attrib) == {"type", "message"} for c in case if c.tag != "system-out")


@pytest.mark.parametrize(
    ("run", "failures", "errors"), [("good", 0, 0), ("faults", 7, 1), ("did-not-start", 0, 11)]
)
def test_junit_has_one_case_for_each_promise(run: str, failures: int, errors: int) -> None:
    root = ElementTree.fromstring(render("junit", sample.RUNS[run]()))
    suites = [suite for suite in root if suite.get("name") not in ("services", "answer")]
    assert len(suites) == 8
    assert sum(int(suite.attrib["tests"]) for suite in suites) == 17
    assert sum(int(suite.attrib["failures"]) for suite in suites) == failures
    assert sum(int(suite.attrib["errors"]) for suite in suites) == errors


def test_an_unknown_promise_is_an_error_with_its_cause_in_junit() -> None:
    root = ElementTree.fromstring(render("junit", sample.faults_run()))
    error = root.find(".//testcase[@name='a declined card']/error")
    assert error is not None
    assert error.get("type") == "provider-state.missing" or error.get("type") == "provider state missing"


def flooded() -> list[Event]:
    """Very many findings, each different and each long."""
    task = sample.pact_task(sample.WEB, sample.ORDERS)
    stream = sample.good_run()
    for index in range(1_000):
        found = sample.finding(task, 1, "response.body.mismatch", f"{index} expected", "x|`<b>" * 100)
        stream.insert(-2, CheckFound(task=task, finding=replace(found, subject=f"promise {index}")))
    return stream


def test_markdown_fits_into_a_comment_and_says_what_it_left_out() -> None:
    text = render("markdown", flooded())
    assert len(text) <= LIMIT
    assert "left out to fit into a comment" in text
    assert text.count("<details>") == text.count("</details>")


def test_the_screen_is_cut_with_a_count_and_the_verdict_is_not() -> None:
    text = render("terminal", flooded())
    assert text.startswith("✘ NO")
    assert "1,000 broken" in text
    assert "988 more findings: harness report RUN.ndjson --format html" in text


@given(drawn.streams)
def test_markdown_is_never_longer_than_a_comment(stream: list[Event]) -> None:
    assert len(render("markdown", stream)) <= LIMIT


def test_foreign_text_means_nothing_to_markdown() -> None:
    task = sample.pact_task(sample.WEB, sample.ORDERS)
    found = sample.finding(task, 1, "x", "</details><img src=x> | a | @everyone #1 `code`", "```\n# heading")
    text = render("markdown", [CheckFound(task=task, finding=replace(found, exchange=None, replay="```` x"))])
    assert "@everyone" not in text
    assert "<img" not in text
    assert "\n# heading" not in text
    assert "`````text\n```` x\n`````" in text


@pytest.mark.parametrize("run", sample.RUNS)
def test_prose_on_the_screen_fits_into_80_columns_and_commands_stay_whole(run: str) -> None:
    for line in render("terminal", sample.RUNS[run]()).splitlines():
        copied = line.strip().startswith(("written", "replay", "resolve"))
        assert copied or len(line) <= 80, line


def test_the_screen_in_colour_says_the_same_as_without() -> None:
    for run in sample.RUNS.values():
        plain = render("terminal", run())
        assert [line.rstrip() for line in summary(run()).plain.splitlines()] == plain.splitlines()


class _Page(HTMLParser):
    """What a browser would make of a page: its elements, and every address in it."""

    VOID = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        given = dict(attrs)
        assert not any(name.startswith("on") or name == "style" for name in given), given
        self.ids += [given["id"] or ""] if "id" in given else []
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(text: str) -> _Page:
    parsed = _Page()
    parsed.feed(text)
    parsed.close()
    assert parsed.open == []
    return parsed


@given(drawn.streams)
def test_hostile_text_adds_no_element_to_the_page(stream: list[Event]) -> None:
    parsed = page(render("html", stream))
    assert not {"script", "img", "link", "iframe", "object", "form", "b"} & set(parsed.tags)
    assert parsed.tags.count("style") == 1
    assert len(parsed.ids) == len(set(parsed.ids))
    assert all(each.startswith("#") and each[1:] in parsed.ids for each in parsed.addresses)
    assert parsed.headings[0] == 1
    assert parsed.headings.count(1) == 1


def test_the_page_needs_nothing_but_itself() -> None:
    text = render("html", sample.faults_run())
    assert "default-src 'none'; style-src 'sha256-" in text
    assert not re.search(r"url\(|@import|<link|<script| src=", text)


def test_a_megabyte_of_body_is_cut_on_the_page_and_its_size_told() -> None:
    stream = sample.good_run()
    spot = next(i for i, e in enumerate(stream) if isinstance(e, PromiseExercised))
    event = stream[spot]
    assert isinstance(event, PromiseExercised)
    assert event.exercised.exchange is not None
    body = "<script>" * 131_072
    large = replace(event.exercised.exchange, response_body=body, response_size=len(body))
    stream[spot] = replace(event, exercised=replace(event.exercised, exchange=large))
    text = render("html", stream)
    assert len(text) < 200_000
    assert "1,032,192 more characters" in text
    assert "<script>" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", format_names())
def test_ten_thousand_promises_are_told_quickly(name: str, benchmark_seconds: Callable[[], float]) -> None:
    task = sample.pact_task(sample.WEB, sample.ORDERS)
    stream = sample.good_run()
    one = sample.kept("GET /orders/7 an order by id")
    stream[-2:-2] = [PromiseExercised(task=task, exercised=replace(one, subject=f"{i}")) for i in range(10_000)]
    render(name, stream)
    assert benchmark_seconds() < 20


@pytest.fixture
def benchmark_seconds() -> Callable[[], float]:
    import time

    began = time.process_time()
    return lambda: time.process_time() - began


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_on_the_page_has_enough_contrast(scheme: int) -> None:
    blocks = re.findall(r":root \{([^}]+)\}", render("html", []))
    colours = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    pairs = [(front, back) for front in ("--ink", "--soft", "--link") for back in ("--paper", "--card", "--code")]
    pairs += [(front, f"{front}-paper") for front in ("--yes", "--no", "--open")]
    pairs += [(front, "--card") for front in ("--yes", "--no", "--open")]
    for front, back in pairs:
        lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (front, back)
