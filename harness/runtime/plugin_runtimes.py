"""A runtime that a plug-in brings: whatever it raises is told by its name, and is no defect of the harness."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from harness.errors import EnvironmentProblem, Exit, HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.ports import Runtime, Session


class RuntimeFailed(EnvironmentProblem):
    """A runtime raised what none may raise; what it was to start is not known to run."""

    exit = Exit.UNKNOWN


def errors_by_name(name: str, make: Callable[[], Runtime]) -> Runtime:
    """The runtime that is made so. Raises RuntimeFailed, now and whenever it is used, for whatever it raises."""
    return cast("Runtime", _ErrorsByName(name, _named_errors(name, make)()))


class _ErrorsByName:
    """Stands before a runtime or a session and hands everything through."""

    def __init__(self, name: str, inner: object) -> None:
        self._name = name
        self._inner = inner

    def __getattr__(self, attribute: str) -> Any:
        found = _named_errors(self._name, lambda: getattr(self._inner, attribute))()
        if attribute == "session":
            return self._session
        return _named_errors(self._name, found) if callable(found) else found

    @contextmanager
    def _session(self, run: str, *, keep: bool = False) -> Iterator[Session]:
        inner = cast("Runtime", self._inner)
        entered: list[object] = []  # what happens inside of the context is not of the runtime's making
        try:
            with _named_errors(self._name, inner.session)(run, keep=keep) as session:
                try:
                    yield cast("Session", _ErrorsByName(self._name, session))
                except BaseException as error:
                    entered.append(error)
                    raise
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            if error in entered:
                raise
            raise _failure(self._name, error) from error


def _named_errors(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def calling(*arguments: Any, **keywords: Any) -> Any:
        try:
            return call(*arguments, **keywords)
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            raise _failure(name, error) from error

    return calling


def _failure(name: str, error: BaseException) -> RuntimeFailed:
    return RuntimeFailed(
        f"the runtime '{name}', which a plug-in brings, failed with {type(error).__name__}: {error}",
        hint="--runtime auto, or tell whoever wrote it",
    )
