"""The end of a run, for all who wait for something in its name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

OVER = "the run is over"
T = TypeVar("T")


class RunIsOver(Exception):
    """Whoever would have waited for it has gone."""

    def __init__(self) -> None:
        super().__init__(OVER)


@dataclass(slots=True, eq=False)
class CancelToken:
    """Comes once; what was begun in the run's name is stopped at that moment, and nothing more begins."""

    _come: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _stops: dict[object, Callable[[], object]] = field(default_factory=dict)

    def declare(self) -> None:
        """The run is over; saying so twice is harmless."""
        with self._guard:
            self._come.set()
            stops = list(self._stops.values())
            self._stops.clear()
        for stop in stops:
            stop()

    @property
    def why(self) -> str:
        """Why there is nothing more to wait for; "" while the run goes on."""
        return OVER if self._come.is_set() else ""

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        self._come.wait(seconds)

    @contextmanager
    def calling(self, stop: Callable[[], object]) -> Iterator[None]:
        """Call `stop`, from another thread, if the run ends within the context. Raises RunIsOver when it has."""
        key = object()
        with self._guard:
            if self._come.is_set():
                raise RunIsOver
            self._stops[key] = stop
        try:
            yield
        finally:
            with self._guard:
                self._stops.pop(key, None)

    def unless_over(self, work: Callable[[], T]) -> T:
        """What the work gives; raises RunIsOver when the run ends first.

        A pull, a build or a connection that hangs cannot be told to stop. It is left alone in a thread that does
        not keep the process alive, and the engine ends what it does for a client when that is gone.
        """
        outcome: Future[T] = Future()
        with self.calling(lambda: _settle(outcome)):
            threading.Thread(target=_answer, args=(work, outcome), name="awaited", daemon=True).start()
            return outcome.result()


def _settle(outcome: Future[T]) -> None:
    with suppress(InvalidStateError):  # it has just been answered
        outcome.set_exception(RunIsOver())


def _answer(work: Callable[[], T], outcome: Future[T]) -> None:
    with suppress(InvalidStateError):  # the run has ended, and nobody waits any more
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the outcome
            outcome.set_exception(error)
        else:
            outcome.set_result(result)
