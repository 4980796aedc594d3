"""Whatever a plug-in's runtime raises is told by its name; what is raised while it serves is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from fakes import FakeRuntime, FakeSession

from harness.cancellation import RunIsOver
from harness.errors import Exit, ServiceDidNotStart
from harness.ports import Instance, Runtime, Session
from harness.runtime.plugin_runtimes import RuntimeFailed, errors_by_name
from harness.services.system import Service

THINGS = Service(name="things", version="1", command=("serve",))
NAME = "the runtime 'toy', which a plug-in brings, failed with"


class Failing:
    """A runtime or session that raises at one place and is as another everywhere else."""

    def __init__(self, inner: object, where: str, error: BaseException) -> None:
        self.inner, self.where, self.error = inner, where, error

    def __getattr__(self, name: str) -> object:
        if name == self.where:
            raise self.error
        return getattr(self.inner, name)


def serve(runtime: Runtime) -> None:
    with errors_by_name("toy", lambda: runtime).session("a-run") as session:
        session.prepare(THINGS)
        instance = session.start(THINGS, {})
        session.log_tail(instance)
        session.stop(instance)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(0), KeyError(), RecursionError(), StopIteration()])
@pytest.mark.parametrize("where", ["prepare", "start", "log_tail", "stop"])
def test_what_a_session_raises_is_told_by_the_name_of_its_runtime(where: str, error: BaseException) -> None:
    class Runs(FakeRuntime):
        @contextmanager
        def session(self, run: str, *, keep: bool = False) -> Iterator[FakeSession]:
            with FakeRuntime.session(self, run, keep=keep) as session:
                yield cast("FakeSession", Failing(session, where, error))

    with pytest.raises(RuntimeFailed, match=NAME) as caught:
        serve(Runs())
    assert caught.value.exit is Exit.UNKNOWN


@pytest.mark.parametrize("where", ["artifact", "made_of", "touched", "sweep", "down", "name"])
def test_what_a_runtime_raises_is_told_by_its_name(where: str) -> None:
    runtime = errors_by_name("toy", lambda: cast("Runtime", Failing(FakeRuntime(), where, OSError("gone"))))
    with pytest.raises(RuntimeFailed, match=f"{NAME} OSError: gone"):
        getattr(runtime, where)


@pytest.mark.parametrize("error", [ServiceDidNotStart("things", "no"), KeyboardInterrupt(), LookupError("ours")])
def test_what_is_raised_while_a_runtime_serves_is_not_of_its_making(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, errors_by_name("toy", FakeRuntime).session("a-run"):
        raise error
    assert caught.value is error


def test_what_a_runtime_leaves_out_claims_nothing() -> None:
    class Least(Runtime):
        name = "least"

        @contextmanager
        def session(self, run: str, *, keep: bool = False) -> Iterator[Session]:
            yield cast("Session", None)

    class LeastSession(Session):
        def start(self, unit: object, peers: object, slot: str = "") -> Instance:
            raise RunIsOver

        def stop(self, instance: Instance) -> None: ...

        def alive(self, instance: Instance) -> bool:
            return False

    least = Least()
    assert (least.artifact(THINGS), least.to_build(THINGS), least.in_containers) == ("", False, False)
    session = LeastSession()
    instance = Instance(name="things", version="1", endpoints=())
    assert (session.log_tail(instance), session.listening(instance)) == ((), ())
