"""Processes of foreign engines: started, spoken to, timed, cut short, and ended with all that they started.

Native code may crash, hang, print or eat the memory; here that is a typed result. Nothing outlives whoever started
it: a child watches a pipe whose other end only its parent holds (`end_with_parent`), and what it starts carries a
mark, by which it is found also in a session of its own, or after the child has gone.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import ToolCrashed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    import psutil

LIFELINE = "CONTRACT_HARNESS_LIFELINE"  # a file descriptor; when its other end closes, whoever reads it ends
MARK = "CONTRACT_HARNESS_CHILD"  # in the environment of a child and of all that it starts
_GLANCE = 0.25  # seconds between two looks at a child that says nothing
_LOOKS, _MOMENT = 20, 0.005  # at a process that has just begun, and seconds between two of them
_OF_THE_KERNEL = (0, 2)  # the parents of its own threads, of which nothing can be read either
_ROUNDS = 3  # of looking for what was started: a process may start another while it is being ended


class Child:
    """One process of an engine; the context ends it, and all that it started.

    One that is spoken to hears JSON lines on its standard input, and answers with JSON lines on the file
    descriptor that its last argument names.
    """

    farewell: ClassVar[float] = 3.0  # seconds between the end of what it says and its own

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path | None = None,
        scratch: Path | None = None,
        spoken: bool = False,
    ) -> None:
        self.name, self._mark, self._unread = name, uuid.uuid4().hex, b""
        self._guard, self._closed = threading.Lock(), False
        self._output = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - open as long as the child
        watched, self._lifeline = os.pipe()
        self._answers, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs)] if spoken else command,
                cwd=folder,
                env={**environment, LIFELINE: str(watched), MARK: self._mark},
                stdin=subprocess.PIPE if spoken else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if spoken else self._output,  # native code prints its report there
                stderr=self._output,
                pass_fds=(watched, theirs) if spoken else (watched,),
                start_new_session=True,  # Ctrl-C is for us to handle
            )
        except OSError as error:
            self._release()
            raise ToolCrashed(f"{name} could not be started: {error}") from error
        finally:
            os.close(watched)
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def code(self) -> int | None:
        """Its exit code, negative for the signal that killed it; None while it runs."""
        return self._process.poll()

    def tell(self, message: object) -> None:
        """Say something to it; that one has died is told when its answer is heard."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, until: Callable[[], float]) -> Any:
        """What it says next. Raises ToolCrashed when it dies, says no more, or what nobody understands.

        `until` is asked how long it may be silent, on the monotonic clock; TimeoutError is raised after that.
        """
        while b"\n" not in self._unread:
            gone = self.code is not None  # asked first: what it said before it went is still to be read
            if self._has_spoken(0.0 if gone else min(_GLANCE, until() - time.monotonic())):
                piece = os.read(self._answers, 1 << 20)
                self._unread += piece
                gone = not piece
            elif not gone and time.monotonic() >= until():
                raise TimeoutError
            if gone and b"\n" not in self._unread:
                raise self._crash()
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            return json.loads(line)
        except ValueError:
            raise self.misunderstood(line) from None

    def misunderstood(self, answer: object) -> ToolCrashed:
        """An answer that makes no sense."""
        return ToolCrashed(f"{self.name}'s answer cannot be understood: {answer!r:.200}")

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.code is not None

    def last_words(self, letters: int) -> str:
        """The end of what it wrote."""
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - letters))
        return self._output.read().decode("utf-8", "replace").strip()

    def interrupt(self, *, group: bool = False) -> None:
        """Ask it, or each of its processes, to come to an end: what Ctrl-C does."""
        if group:
            self._signal_group(signal.SIGINT)
        else:
            self._process.send_signal(signal.SIGINT)

    def finish(self, seconds: float) -> None:
        """Interrupt it, and end it unless it has gone after so many seconds."""
        self.interrupt()
        self.wait(seconds)
        self.kill()

    def finish_aside(self, seconds: float) -> None:
        """The same while the caller goes on: whoever ends a run has other checks to end as well."""
        threading.Thread(target=self.finish, args=(seconds,), name="interrupt", daemon=True).start()

    def kill(self) -> None:
        """End it and all that it started, at once; from any thread, and as often as one likes."""
        with self._guard:
            if not self._closed:
                forgotten = _descendants(self._process.pid)  # also those whose environment is another
                self._signal_group(signal.SIGKILL)
                for each in forgotten:
                    _kill(each)
                end_carriers(self._mark)

    def close(self) -> None:
        """End it, and forget it."""
        self.kill()
        self._process.wait()
        with self._guard:
            if not self._closed:
                self._closed = True
                self._release()
                with suppress(OSError):  # what it was told last was never read
                    if self._process.stdin is not None:
                        self._process.stdin.close()

    def _release(self) -> None:
        os.close(self._lifeline)
        os.close(self._answers)
        self._output.close()

    def _has_spoken(self, within: float) -> bool:
        poll = select.poll()  # unlike select(), it knows file descriptors above 1024
        poll.register(self._answers, select.POLLIN)
        return bool(poll.poll(max(0.0, within) * 1000))

    def _crash(self) -> ToolCrashed:
        """How it died, with the last that it wrote."""
        how = "said no more, though it went on"
        if self.wait(self.farewell):
            how = how_it_ended(self._process.returncode)
        words = " ".join(self.last_words(4096).split())[-600:]
        return ToolCrashed(f"{self.name} {how}: {words}".rstrip(": "))

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def how_it_ended(code: int) -> str:
    """What an exit code says, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    memory = " (out of memory?)" if code == -signal.SIGKILL else ""
    return f"was killed by {signal_name(-code)}{memory}"


def signal_name(number: int) -> str:
    """The name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def end_with_parent() -> None:
    """In a child: end with all that was started here, as soon as whoever started it has gone."""
    lifeline = os.environ.pop(LIFELINE, "")
    if lifeline:
        os.set_inheritable(int(lifeline), False)  # noqa: FBT003 - nobody else's business
        threading.Thread(target=_watch, args=(int(lifeline), os.environ.get(MARK, "")), daemon=True).start()


def _watch(lifeline: int, mark: str) -> None:
    while os.read(lifeline, 1024):
        pass
    end_carriers(mark, but=os.getpid())
    os.killpg(os.getpgid(0), signal.SIGKILL)


def carriers(variable: str, value: str) -> Iterator[psutil.Process]:
    """Every process that was started with a variable of that value, wherever it has gone to."""
    import psutil

    for pid in psutil.pids():
        if pid != os.getpid() and started_with(pid, variable) == value:
            with suppress(psutil.Error):
                yield psutil.Process(pid)


def started_with(pid: int, variable: str) -> str:
    """A variable that a process was started with; "" where it has none, or where that cannot be seen."""
    import psutil

    try:
        process, looks = psutil.Process(pid), _LOOKS
        while looks and not process.environ() and _has_just_begun(process):
            looks -= 1
            time.sleep(_MOMENT)
        return process.environ().get(variable, "")
    except (psutil.Error, OSError):
        return ""


def _has_just_begun(process: psutil.Process) -> bool:
    """Whether a program is only now put in the place of what started it: for a moment neither can be read."""
    return not process.cmdline() and process.ppid() not in _OF_THE_KERNEL


def end_carriers(mark: str, but: int = 0) -> None:
    """End what carries the mark of a child."""
    for _ in range(_ROUNDS):
        found = [each for each in carriers(MARK, mark) if each.pid != but]
        for each in found:
            _kill(each)
        if not found:
            return


def _descendants(pid: int) -> list[psutil.Process]:
    import psutil

    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _kill(process: psutil.Process) -> None:
    import psutil

    with suppress(psutil.Error):
        process.kill()  # it knows when it was started: never a stranger of the same number
