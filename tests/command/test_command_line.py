from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sample_events as sample

from harness.cli import main as command_line
from harness.cli.stream import Report, follow, parse_reports
from harness.composition import recording
from harness.engine.events import Event
from harness.errors import UsageError
from harness.hookspecs import ReportFormat


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = command_line.answer(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_mistyped_command_is_answered_with_the_closest_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = answer(capsys, "can-i-deplo")
    assert code == 2
    assert "did you mean 'can-i-deploy'?" in error


def test_what_the_file_system_refuses_is_told_with_the_file_and_is_no_defect(
    capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    (empty / "pact.json").write_text(
        '{"consumer": {"name": "a"}, "provider": {"name": "b"}, "interactions": [], "metadata": {}}'
    )
    code, _, error = answer(capsys, "pacts", "merge", "pact.json", "--into", "/dev/null/merged")
    assert code == 2
    assert "error: /dev/null" in error
    assert "Traceback" not in error


def test_without_a_manifest_the_remedy_is_named(capsys: pytest.CaptureFixture[str], empty: Path) -> None:
    code, _, error = answer(capsys, "run", "--plan")
    assert (code, empty.is_dir()) == (2, True)
    assert "harness init" in error


@pytest.mark.parametrize(
    ("report", "says"),
    [
        ("junit", "not FORMAT=PATH"),
        ("junt=x.xml", "did you mean 'junit'?"),
        ("html=", "not FORMAT=PATH"),
        ("html=.", "a folder is there"),
        ("html=/no-such-folder/report.html", "does not exist or is not yours"),
        ("html=/dev/null/report.html", "a file is in the way"),
    ],
)
def test_a_mistaken_report_is_told_before_anything_starts(report: str, says: str, empty: Path) -> None:
    with pytest.raises(UsageError) as caught:
        parse_reports([report])
    assert says in str(caught.value)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("argument", ["orders", "=1", "orders=", ""])
def test_a_candidate_is_service_and_version(
    argument: str, capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    code, _, error = answer(capsys, "can-i-deploy", argument, "--to", "production")
    assert code == 2
    assert "SERVICE=VERSION" in error
    assert list(empty.iterdir()) == []


def test_a_recording_that_is_none_names_the_line(capsys: pytest.CaptureFixture[str], empty: Path) -> None:
    (empty / "run.ndjson").write_text('{"event":"run-finished","verdict":"PASSED","seconds":1.0}\n{"event":"x"}\n')
    code, _, error = answer(capsys, "report", "run.ndjson")
    assert code == 2
    assert "run.ndjson:2" in error


def test_without_a_recording_the_last_run_is_told_again(capsys: pytest.CaptureFixture[str], empty: Path) -> None:
    (empty / "harness.toml").write_text("")
    code, _, error = answer(capsys, "report")
    assert code == 2
    assert "no run has been recorded here" in error
    kept = recording(empty)
    follow((event for event in sample.good_run()), keep=kept)
    capsys.readouterr()
    code, text, _ = answer(capsys, "report")
    assert (code, text.startswith("✔ YES")) == (0, True)


def raising(events: Sequence[Event]) -> str:
    raise LookupError(f"no word for {len(events)} events")


def giving_no_text(events: Sequence[Event]) -> str:
    return "\ud800"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("write", [raising, giving_no_text])
@pytest.mark.parametrize("run", ["good", "faults"])
def test_a_report_format_that_fails_is_told_by_name_and_loses_neither_answer_nor_exit_code(
    run: str,
    write: Callable[[Sequence[Event]], str],
    streamed: bool,
    capsys: pytest.CaptureFixture[str],
    empty: Path,
) -> None:
    def events() -> Iterator[Event]:
        yield from sample.good_run() if run == "good" else sample.faults_run()

    (empty / "mine.txt").write_text("what an older run said: YES")
    expected = follow(events())
    answered = capsys.readouterr().out
    reports = [Report(ReportFormat(key="mine", write=write, streamed=streamed), empty / "mine.txt")]
    assert follow(events(), [*reports, *parse_reports(["junit=junit.xml"])]) == expected
    output = capsys.readouterr()
    assert output.out == answered
    assert "error: there is no report 'mine'" in output.err
    assert (empty / "mine.txt").read_text() == "", "an older report is no report of this run"
    assert (empty / "junit.xml").read_text()


@pytest.mark.parametrize("arguments", [("run",), ("run", "--plan"), ("verify", "orders")])
def test_a_manifest_without_services_says_so_before_anything_else(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    (empty / "harness.toml").write_text("")
    code, _, error = answer(capsys, *arguments)
    assert code == 2
    assert "describes no service" in error
    assert "harness init" in error


def test_an_unknown_report_format_is_an_error(capsys: pytest.CaptureFixture[str], empty: Path) -> None:
    (empty / "run.ndjson").write_text("")
    code, _, error = answer(capsys, "report", "run.ndjson", "--format", "jnit")
    assert code == 2
    assert "did you mean 'junit'?" in error


def test_publishing_says_what_of_a_pact_nobody_can_verify_and_refuses_what_contradicts_itself(
    capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    def published(*interactions: object) -> tuple[int, str, str]:
        names = {"consumer": {"name": "web"}, "provider": {"name": "orders"}}
        (empty / "pact.json").write_text(json.dumps({**names, "interactions": interactions}))
        return answer(
            capsys, "publish", "pact.json", "--version", "1", "--broker", "sqlite:///ledger.db", "--json"
        )

    good = {"description": "all", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
    code, _, error = published(good, {**good, "response": {"status": 404}})
    assert (code, "pact.json#/interactions/1: 'all' is promised twice" in error) == (2, True)
    code, out, _ = published(good, {"description": "odd", "request": {"path": "x"}, "response": {}})
    assert code == 0
    (notice,) = json.loads(out)[0]["notices"]
    assert notice.startswith("'odd' cannot be verified: pact.json#/interactions/1/request/path: bad path 'x'")


def test_bookkeeping_and_the_gate_work_together_on_the_embedded_ledger(
    capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    pact = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [
            {"description": "all", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
        ],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    (empty / "web-orders.json").write_text(json.dumps(pact))
    (empty / "harness.toml").write_text('[services.web]\nversion = "1"\npacts = ["web-orders.json"]\n')
    assert answer(capsys, "publish", "--allow-dirty")[0] == 0
    code, out, _ = answer(capsys, "can-i-deploy", "web=1", "--to", "production", "--json")
    document = json.loads(out)
    assert (code, document["verdict"], document["deployable"]) == (3, "UNKNOWN", None)
    assert document["reasons"][0]["cause"] == "nothing deployed there"
    code, _, error = answer(capsys, "can-i-deploy", "web=1", "--to", "producton")
    assert code == 2
    assert "did you mean 'production'?" in error
    assert answer(capsys, "record-deployment", "web=1", "--environment", "production")[0] == 0
    code, _, error = answer(capsys, "record-deployment", "web=9", "--environment", "production")
    assert (code, "web" in error) == (2, True)
    assert answer(capsys, "record-undeployment", "web", "--environment", "production")[0] == 0
    assert answer(capsys, "record-undeployment", "web", "--environment", "production")[0] == 2
    assert answer(capsys, "record-release", "web=1", "--environment", "test")[0] == 0
    assert answer(capsys, "record-support-ended", "web=1", "--environment", "test")[0] == 0
