"""Running tasks side by side where state allows it; their events come out as one stream."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.cancellation import CancelToken
from harness.engine.events import Event
from harness.engine.plan import Task

if TYPE_CHECKING:
    from collections.abc import Sequence


PATIENCE = 10.0  # seconds; an interrupted suite tears down its fixtures, and who waits may press Ctrl-C again


def conflict(first: Task, second: Task) -> bool:
    """Whether two tasks could spoil each other's results: they meet in an instance, and one changes state."""
    if first.shared and second.shared and first.id.kind is second.id.kind:
        return False
    return bool(first.touches & second.touches)


def startable(waiting: Sequence[Task], running: Sequence[Task]) -> list[Task]:
    """Those that conflict with nothing that runs and with nothing that waits before them."""
    chosen: list[Task] = []
    for position, task in enumerate(waiting):
        ahead = [*running, *waiting[:position]]
        if not any(conflict(task, other) for other in ahead):
            chosen.append(task)
    return chosen


@dataclass(slots=True)
class Workers:
    """At most `jobs` tasks at a time, each in a thread (their work is in child processes)."""

    jobs: int
    work: Callable[[Task], Iterator[Event]]
    ending: CancelToken = field(default_factory=CancelToken)  # how the work itself hears that it is to stop
    _events: queue.SimpleQueue[Event | Task | BaseException] = field(default_factory=queue.SimpleQueue)

    def events(self, tasks: Sequence[Task]) -> Generator[Event]:
        """All events of all tasks; closing the stream ends the work.

        A stream that a thread is waiting in cannot be closed by another. So the work's child processes are ended
        instead, and the threads, which then come to their ends, are waited for: what they clear up is cleared up
        before the services that they talk to are stopped and the run's folder is removed.
        """
        waiting = list(tasks)
        running: list[Task] = []
        threads: list[threading.Thread] = []
        try:
            while waiting or running:
                for task in startable(waiting, running)[: max(self.jobs - len(running), 0)]:
                    waiting.remove(task)
                    running.append(task)
                    threads.append(threading.Thread(target=self._run, args=(task,), daemon=True))
                    threads[-1].start()
                item = self._events.get()
                if isinstance(item, BaseException):
                    raise item
                if _is_task(item, running):
                    running = [task for task in running if task is not item]
                else:
                    yield item  # type: ignore[misc]  # tasks were told apart just above
        finally:
            if waiting or running:
                self.ending.declare()
            _wait(threads, PATIENCE)

    def _run(self, task: Task) -> None:
        stream = self.work(task)
        try:
            for event in stream:
                if self.ending.why:
                    break
                self._events.put(event)
        except BaseException as error:  # noqa: BLE001 - a defect of ours must reach the caller, not die in a thread
            self._events.put(error)
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
            self._events.put(task)


def _wait(threads: Sequence[threading.Thread], seconds: float) -> None:
    """Until all have ended, or so long: a check that does not hear its end ends with the process."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _is_task(item: object, running: Sequence[Task]) -> bool:
    return any(item is task for task in running)
