"""What the services of a run write to their logs while a request is under way, and all of it when the run ends."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.ports import Instance, Session
from harness.services.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Sequence


Positions = Mapping[str, float]  # by service, where its log stood
_SHOWN = 40  # lines that a finding carries
_WHOLE = 20_000  # lines of one log that are kept
_RUNS = 20  # runs whose logs are kept


@dataclass(frozen=True, slots=True)
class ServiceLogs:
    """The logs of everything that runs, read side by side."""

    session: Session | None = None
    running: Mapping[str, Instance] = field(default_factory=dict)
    folder: Path | None = None  # where the whole logs will lie, `.harness/logs/RUN`
    shown_folder: str = ""  # as people write it

    def positions(self) -> Positions:
        """Where every log stands now."""
        if self.session is None:
            return {}
        return {name: self.session.log_position(each) for name, each in self.running.items()}

    def between(self, begin: Positions, end: Positions | None = None) -> tuple[str, ...]:
        """The last lines that were written meanwhile, each with whose it is; and where the rest lies."""
        if self.session is None:
            return ()
        told: list[str] = []
        for name, instance in self.running.items():
            if name in begin:
                until = end.get(name) if end is not None else None
                lines = self.session.log_between(instance, begin[name], until)
                told += [f"{name} | {line}" for line in lines if line.strip()]
        where = [f"(all of it: {self.shown_folder}/NAME.log)"] if self.shown_folder and told else []
        return (*told[-_SHOWN:], *where)

    def keep(self) -> None:
        """Write down all that the services wrote; the oldest runs' logs go."""
        if self.session is None or self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, instance in self.running.items():
                lines = self.session.log_tail(instance, _WHOLE)
                (self.folder / f"{plain(name)}.log").write_text(
                    "\n".join(lines) + "\n", encoding="utf-8", errors="replace"
                )
            _forget_the_oldest(self.folder.parent)
        except OSError:
            return  # a checkout that cannot be written has no memory: the findings carry what matters


def _forget_the_oldest(folder: Path) -> None:
    runs: Sequence[Path] = sorted(each for each in folder.iterdir() if each.is_dir())
    for each in runs[:-_RUNS]:
        shutil.rmtree(each, ignore_errors=True)
