"""The end of a run, for all who wait for something in its name."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from harness.runtime.readiness import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable

OVER = "the run is over"
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Ending:
    """Comes once; whoever waits for work in the run's name is let go at that moment."""

    _come: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _awaited: set[Future[Any]] = field(default_factory=set)

    def declare(self) -> None:
        """The run is over; saying so twice is harmless."""
        with self._guard:
            self._come.set()
            awaited = list(self._awaited)
        for each in awaited:
            with suppress(InvalidStateError):  # it has just been answered
                each.set_exception(NotReady(OVER))

    @property
    def why(self) -> str:
        """Why there is nothing more to wait for; "" while the run goes on."""
        return OVER if self._come.is_set() else ""

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        self._come.wait(seconds)

    def unless_over(self, work: Callable[[], T]) -> T:
        """What the work gives; raises NotReady when the run ends first.

        A pull, a build or a connection that hangs cannot be told to stop. It is left alone in a thread that does
        not keep the process alive, and the engine ends what it does for a client when that is gone.
        """
        outcome: Future[T] = Future()
        with self._guard:
            if self._come.is_set():
                raise NotReady(OVER)
            self._awaited.add(outcome)
        threading.Thread(target=_answer, args=(work, outcome), name="awaited", daemon=True).start()
        try:
            return outcome.result()
        finally:
            with self._guard:
                self._awaited.discard(outcome)


def _answer(work: Callable[[], T], outcome: Future[T]) -> None:
    with suppress(InvalidStateError):  # the run has ended, and nobody waits any more
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the outcome
            outcome.set_exception(error)
        else:
            outcome.set_result(result)
