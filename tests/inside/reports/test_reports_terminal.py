"""What the terminal shows while a run goes on."""

from __future__ import annotations

import io

import event_strategies as drawn
import pytest
import sample_events as sample
from hypothesis import given
from rich.console import Console

from harness.engine.events import CheckFinished, CheckStarted, Event, ServiceFailed
from harness.reports.sanitize import block, columns, duration, join_items, line, many, wrap_text
from harness.reports.terminal import LiveTerminal


def shown(stream: list[Event], *, terminal: bool = False, environ: dict[str, str] | None = None) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=80, color_system=None, _environ={})
    ticks = iter(range(1_000_000))
    with LiveTerminal(console, environ=environ or {}, seconds=lambda: float(next(ticks))) as live:
        for event in stream:
            live.show(event)
    return out.getvalue()


def test_a_pipe_gets_one_line_for_each_service_and_each_check() -> None:
    lines = shown(sample.good_run()).splitlines()
    assert lines[0].startswith("run 20260301-101500-a1b2c3 with docker: web 1, catalog 1")
    assert lines[1] == "8 checks to run"
    assert next(each for each in lines if "ready" in each) == "  ✔  orders-db ready, 610 ms"
    assert "  ✔  web 1 needs catalog 1, 2 of 2, 840 ms" in lines
    assert len(lines) == 2 + 4 + 8


def test_a_service_that_fails_shows_the_end_of_its_log_at_once() -> None:
    text = shown(sample.did_not_start_run())
    assert "?  payments 2 did not start: exited with code 3" in text
    assert "KeyError: 'PAYMENTS_KEY'" in text


def test_ci_gets_no_moving_picture_even_on_a_terminal() -> None:
    assert "\x1b" not in shown(sample.good_run(), terminal=True, environ={"CI": "true"})


def test_a_terminal_gets_a_moving_picture_that_leaves_only_the_facts() -> None:
    text = shown(sample.good_run(), terminal=True)
    assert "\x1b[" in text
    assert "✔  orders-db ready" in text


def test_the_moving_picture_shows_what_is_going_on() -> None:
    stream = sample.good_run()
    second = [i for i, event in enumerate(stream) if isinstance(event, CheckStarted)][1]
    live = LiveTerminal(Console(file=io.StringIO(), width=80, _environ={}), environ={}, seconds=lambda: 0.0)
    for event in stream[: second + 2]:
        live.show(event)
    frame = live._frame().plain
    assert "web 1 needs orders 1: 1 of 3" in frame
    assert "1 of 8 checks done" in frame


def test_what_the_terminal_shows_live_steers_nothing() -> None:
    name = "\x1b]0;title\x07[bold]x[/bold]\u202e"
    text = shown([ServiceFailed(name=name, version="", because="a\nb", log_tail=("\x1b[2J",))])
    assert "\x1b" not in text
    assert "[bold]x[/bold]\\u202e did not start: a\\nb" in text


@given(drawn.streams)
def test_any_stream_can_be_shown(stream: list[Event]) -> None:
    text = shown(stream)
    assert "\x1b" not in text
    ends = sum(isinstance(e, CheckFinished) for e in stream)
    assert sum(each[2:3] in "✔✘?" for each in text.splitlines() if each[:2] == "  ") >= ends


def test_an_error_in_the_middle_leaves_the_terminal_as_it_was() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, color_system=None, _environ={})
    with pytest.raises(RuntimeError), LiveTerminal(console, environ={}):
        raise RuntimeError
    assert out.getvalue().rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_times_are_written_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lists_and_counts_are_written_as_people_say_them() -> None:
    assert [join_items([]), join_items(["a"]), join_items(["a", "b"]), join_items(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert join_items(list("abcdefgh"), 4) == "a, b, c and 5 more"
    assert [many(1, "check"), many(2_000, "check")] == ["1 check", "2,000 checks"]


@given(drawn.text)
def test_a_line_is_one_line_and_stays_as_it_is_the_second_time(text: str) -> None:
    once = line(text)
    assert len(once.splitlines()) <= 1
    assert line(once) == once
    assert line(block(text)) == line(block(block(text)))


@given(drawn.text)
def test_wrapping_loses_nothing_but_blanks(text: str) -> None:
    given_ = line(text)
    rows = list(wrap_text(given_, 20))
    assert "".join(rows).replace(" ", "") == given_.replace(" ", "")
    assert all(columns(row) <= 20 for row in rows)
