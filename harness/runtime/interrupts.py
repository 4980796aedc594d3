"""What ends a run from outside: Ctrl-C, and what a CI job, a shutdown or a closed terminal sends instead."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_every_ending() -> None:
    """From now on SIGTERM and SIGHUP are heard as Ctrl-C is; one that is ignored (nohup) stays so."""
    for number in _ENDINGS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    _send_again_what_is_dropped()


def _send_again_what_is_dropped() -> None:
    """Python drops what is raised inside of a finalizer or a callback; an interruption then comes once more."""
    before = sys.unraisablehook

    def dropped(told: sys.UnraisableHookArgs) -> None:
        if not issubclass(told.exc_type, KeyboardInterrupt):
            before(told)
            return
        again = threading.Timer(_SOON, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
        again.daemon = True
        again.start()

    sys.unraisablehook = dropped


_SOON = 0.05  # seconds: the finalizer has ended then
_scopes: list[tuple[list[int], int]] = []  # what is being ended uninterrupted: what was heard, how often is enough


def asked_again() -> bool:
    """Whether who interrupted has done so once more, while work ends that must not be cut short."""
    return any(len(heard) >= enough for heard, enough in _scopes)


def _being_interrupted() -> bool:
    """Whether an interruption is what brings the caller's work to its end."""
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Let a piece of work end before an interruption is heard; one that came meanwhile is heard afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    scope = heard, 1 if _being_interrupted() else 2

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        heard.append(number)

    before = {number: signal.getsignal(number) for number in _ENDINGS}
    before = {number: handler for number, handler in before.items() if handler not in {signal.SIG_IGN, None}}
    for number in before:
        signal.signal(number, hear)
    _scopes.append(scope)
    try:
        yield
    finally:
        _scopes.remove(scope)
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        signal.raise_signal(heard[0])
