"""A process that holds the running system for a pytest session, so that all workers of xdist share one.

It is started by the first test that needs the system, and stops everything when the session takes back its wish
or dies.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness.errors import HarnessError

WISH, ADDRESSES, FAILURE, HOLDER = "system.wanted", "system.json", "system.error", "system.pid"
WORDS = "system.output"  # what the holder itself writes
_GLANCE = 0.05  # seconds


def start(folder: Path, manifest: str, runtime: str, session: int) -> None:
    """Start the holder, which ends with the pytest process of that id."""
    (folder / WISH).touch()
    words = [sys.executable, "-m", "harness.pytesting.system_server", str(folder), manifest, runtime, str(session)]
    with (folder / WORDS).open("wb") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it must outlive the worker that started it, and a first Ctrl-C
        )
    (folder / HOLDER).write_text(str(process.pid))
    process.returncode = 0  # the session's end waits for it by its id; this worker may be gone by then


def wait(folder: Path) -> Path:
    """The file with the addresses, once there is one. Raises HarnessError when the system does not start."""
    while not (folder / ADDRESSES).exists():
        if (folder / FAILURE).exists():
            raise HarnessError((folder / FAILURE).read_text())
        if not _alive(int((folder / HOLDER).read_text())):
            last = (folder / WORDS).read_text(encoding="utf-8", errors="replace").strip()[-2000:]
            raise HarnessError(
                f"the system's process has died: {last or 'it said nothing'}", hint="harness up says more"
            )
        time.sleep(_GLANCE)
    return folder / ADDRESSES


def stop(folder: Path, within: float = 60.0) -> None:
    """Take back the wish, and wait until everything is stopped."""
    (folder / WISH).unlink(missing_ok=True)
    if not (folder / HOLDER).exists():
        return
    pid, deadline = int((folder / HOLDER).read_text()), time.monotonic() + within
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(_GLANCE)


def _alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main(arguments: list[str]) -> None:
    """Hold the system as long as it is wanted."""
    from harness.checks.engines.pytest_system import write_system
    from harness.composition.systems import running_system
    from harness.runtime.interrupts import interrupt_on_every_ending

    folder, manifest, runtime, session = Path(arguments[0]), arguments[1], arguments[2], int(arguments[3])
    interrupt_on_every_ending()
    threading.Thread(target=_interrupt_when_unwanted, args=(folder, session), daemon=True).start()
    try:
        with running_system(Path(manifest) if manifest else None, runtime) as instances:
            write_system(folder / ADDRESSES, instances.values())
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    except HarnessError as error:
        lines = [str(error), *getattr(error, "log_tail", ())]
        draft = folder / f"{FAILURE}.new"
        draft.write_text("\n".join(lines))
        draft.replace(folder / FAILURE)


def _interrupt_when_unwanted(folder: Path, session: int) -> None:
    """Also while the system is still starting: nobody will ask for it any more."""
    while (folder / WISH).exists() and _alive(session):
        time.sleep(_GLANCE)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


if __name__ == "__main__":
    main(sys.argv[1:])
