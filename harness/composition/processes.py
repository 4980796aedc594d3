"""The processes of a served broker: where they listen, with whom they end, and how soon."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_LOOK = 0.5  # seconds between looks at whether the process that started this one is there
log = logging.getLogger("harness.broker")


def refuse_taken_port(host: str, port: int) -> None:
    """Raises UsageError where a broker could not listen, before anything of it is started."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(f"--host {host} is no address: {error.strerror}", hint=_ADDRESSES) from error
    for family, kind, number, _, address in found:
        with socket.socket(family, kind, number) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(address)
            except OSError as error:
                raise _refusal(host, port, error) from error


def _refusal(host: str, port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        hint = f"end what listens there (ss -ltnp 'sport = :{port}' names it), or choose another: --port"
        return UsageError(f"the port {port} of {host} is already in use", hint=hint)
    if error.errno in (errno.EACCES, errno.EPERM):
        return UsageError(f"this user may not listen at port {port}", hint="choose one above 1023: --port")
    return UsageError(f"--host {host} is no address of this machine: {error.strerror}", hint=_ADDRESSES)


_ADDRESSES = "127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses"


def end_with(parent: int) -> None:
    """From now on this process is asked to end once the one that started it is gone, whatever ended that."""
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    log.warning("the process that started this one is gone; it ends")
    os.kill(os.getpid(), signal.SIGTERM)


def end_within(seconds: float) -> None:
    """From now on this process is gone that long after it was asked to end, whatever it is at.

    What was acknowledged is kept, and what was not has not happened: nothing is lost by ending at any moment.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, partial(_hear, before, seconds))


def _hear(
    before: Callable[[int, FrameType | None], Any], seconds: float, number: int, frame: FrameType | None
) -> None:
    deadline = threading.Timer(seconds, os._exit, (0,))
    deadline.daemon = True
    deadline.start()
    before(number, frame)
