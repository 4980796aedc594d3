"""What a failed request's finding carries of the services' logs, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from harness.checks.pact_provider import Moments
from harness.engine.service_logs import ServiceLogs
from harness.ports import Endpoint, Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.ports import Session


@dataclass
class Written:
    """The part of a session that keeps logs: lines by the name of who wrote them."""

    lines: dict[str, list[str]] = field(default_factory=dict)

    def log_position(self, instance: Instance) -> float:
        return len(self.lines[instance.name])

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        return tuple(self.lines[instance.name][int(begin) : None if end is None else int(end)])

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        return tuple(self.lines[instance.name][-lines:])


def logs_of(written: Written, folder: Path | None = None) -> ServiceLogs:
    running = {
        name: Instance(name=name, version="1", endpoints=(Endpoint(name="http", url="", inside=""),))
        for name in written.lines
    }
    shown = ".harness/logs/RUN" if folder else ""
    return ServiceLogs(session=cast("Session", written), running=running, folder=folder, shown_folder=shown)


@given(st.lists(st.text("ab", min_size=1), max_size=5), st.lists(st.text("ab", min_size=1), max_size=5))
def test_a_finding_carries_what_every_service_wrote_meanwhile_and_nothing_else(
    before: list[str], then: list[str]
) -> None:
    written = Written({"orders": list(before), "catalog": []})
    logs = logs_of(written)
    begin = logs.positions()
    written.lines["orders"] += then
    written.lines["catalog"] += ["seen"]
    end = logs.positions()
    written.lines["orders"] += ["later"]
    assert logs.between(begin, end) == (*(f"orders | {line}" for line in then), "catalog | seen")


def test_it_is_told_where_the_whole_log_lies_and_it_is_there(tmp_path: Path) -> None:
    written = Written({"orders": ["one", "two"]})
    logs = logs_of(written, tmp_path / "logs" / "RUN")
    assert "(all of it: .harness/logs/RUN/NAME.log)" in logs.between({"orders": 0})
    logs.keep()
    assert (tmp_path / "logs" / "RUN" / "orders.log").read_text() == "one\ntwo\n"


def test_the_logs_of_the_latest_runs_are_kept(tmp_path: Path) -> None:
    for number in range(30):
        logs_of(Written({"orders": ["one"]}), tmp_path / f"run-{number:02}").keep()
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"run-{number:02}" for number in range(10, 30)]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    logs_of(Written({"orders": ["one"]}), tmp_path / "logs" / "RUN").keep()


def test_an_interaction_that_never_began_has_no_log() -> None:
    logs = logs_of(Written({"orders": ["one"]}))
    moments = Moments(logs, lambda _: True)
    assert moments.log("interaction-0", 0.0) == ()
    assert moments.before("interaction-0")
    cast("Mapping[str, list[str]]", cast("Written", logs.session).lines)["orders"].append("why")
    assert moments.log("interaction-0", 0.0) == ("orders | why",)
