"""What a request made the services write is found by when it was under way."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.checks.engines.log_timeline import LogTimeline


class Written:
    """A log of which every line is written at a time that is told; its position is the number of lines."""

    def __init__(self, lines: list[float]) -> None:
        self.lines = sorted(lines)
        self.now = 0.0

    def positions(self) -> Mapping[str, float]:
        return {"svc": float(sum(at <= self.now for at in self.lines))}

    def between(self, begin: Mapping[str, float], end: Mapping[str, float] | None = None) -> tuple[str, ...]:
        until = len(self.lines) if end is None else int(end["svc"])
        return tuple(f"{at}" for at in self.lines[int(begin["svc"]) : until])


TIMES = st.floats(1.0, 20.0)


@given(st.lists(TIMES, max_size=20), TIMES, st.floats(0.001, 3.0))
def test_all_that_was_written_meanwhile_is_found_and_nothing_of_long_before_or_after(
    lines: list[float], at: float, seconds: float
) -> None:
    log = Written(lines)
    timeline = LogTimeline(log, clock=lambda: log.now)
    looks = [number / 10 for number in range(250)]
    for log.now in looks:
        timeline.look()
    found = [float(each) for each in timeline.between(at, seconds)]
    assert set(each for each in lines if at - seconds <= each <= at + 0.2) <= set(found)
    assert all(at - seconds - 0.3 <= each <= at + 0.5 for each in found)
    assert all(one <= two for one, two in pairwise(found))


def test_without_logs_or_a_time_nothing_is_told() -> None:
    with LogTimeline(None) as timeline:
        assert timeline.between(5.0, 1.0) == ()
    with LogTimeline(Written([1.0])) as timeline:
        assert timeline.between(0.0, 1.0) == ()
