"""Building first: whatever changes is built again, nothing else is, and what was built is known to be."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law_examples import examples

from harness.errors import ServiceDidNotStart
from harness.runtime.contents import kept_contents
from harness.runtime.process_identity import Surroundings
from harness.runtime.source_builds import SourceBuilds
from harness.services.system import Service

SCRIPT = "mkdir -p out; cat src > out/app; echo built"


@dataclass
class Place:
    """A folder with a source; each look at it is that of a new command."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    script: str = SCRIPT

    def __post_init__(self) -> None:
        (self.root / "svc").mkdir(parents=True)
        (self.root / "lib").mkdir()
        self.write("svc/src", "1")
        self.write("lib/shared", "1")
        self.environ |= {
            "PATH": os.environ["PATH"],
            "HARNESS_STATE_DIR": str(self.root.parent / "state"),
            "HARNESS_CACHE_DIR": os.environ["HARNESS_CACHE_DIR"],
            "A": "1",
        }

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    @property
    def service(self) -> Service:
        return Service(
            name="svc",
            command=("out/app",),
            build_command=("sh", "-c", self.script),
            directory=self.root / "svc",
            inputs=(self.root / "lib",),
            pass_environment=("A",),
            writes=("log",),
        )

    def builds(self, *, fresh: bool = False) -> SourceBuilds:
        around = Surroundings(root=self.root, environ=self.environ, contents=kept_contents(self.environ))
        return SourceBuilds(around, fresh=fresh)

    def build(self, *, fresh: bool = False) -> list[str]:
        """What was said of it; nothing where nothing was due."""
        said: list[str] = []
        self.builds(fresh=fresh).build(self.service, said.append)
        return said


def _script(place: Place) -> None:
    place.script = f"{SCRIPT}; true"


def _variable(place: Place) -> None:
    place.environ["A"] = "2"


CHANGES: dict[str, Callable[[Place], None]] = {
    "a source": lambda place: place.write("svc/src", "2"),
    "a new file": lambda place: place.write("svc/more", "2"),
    "an input beside the folder": lambda place: place.write("lib/shared", "2"),
    "the product": lambda place: place.write("svc/out/app", "by hand"),
    "a product that is gone": lambda place: (place.root / "svc/out/app").unlink(),
    "the command": _script,
    "a variable that is passed": _variable,
}
NOTHING: dict[str, Callable[[Place], None]] = {
    "a time": lambda place: os.utime(place.root / "svc/src", (1, 1)),
    "what it writes itself": lambda place: place.write("svc/log", "2"),
    "a variable that is not passed": lambda place: place.environ.update(B="2"),
    "a tool's cache": lambda place: (place.root / "svc/__pycache__").mkdir(exist_ok=True),
}


@pytest.mark.slow
@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*CHANGES, *NOTHING]), min_size=1, max_size=3, unique=True))
def test_it_is_built_again_exactly_when_something_changed(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    place = Place(tmp_path_factory.mktemp("builds") / "project")
    assert place.build()[0].startswith("build-command: sh -c")
    for kind in kinds:
        (CHANGES | NOTHING)[kind](place)
        assert place.builds().due(place.service) is (kind in CHANGES), kind
        assert bool(place.build()) is (kind in CHANGES), kind
        assert (place.root / "svc/out/app").read_text() == (place.root / "svc/src").read_text()
    assert place.build(fresh=True)


def test_a_build_that_fails_says_what_it_said_each_time_and_runs_once_per_command(tmp_path: Path) -> None:
    place = Place(tmp_path / "project", script="echo tried >> ../tries; echo no such symbol >&2; exit 3")
    builds = place.builds()
    for _ in range(2):
        with pytest.raises(ServiceDidNotStart) as refused:
            builds.build(place.service)
        assert "exit code 3" in refused.value.why
        assert refused.value.log_tail == ("no such symbol",)
    assert (place.root / "tries").read_text() == "tried\n"
    with pytest.raises(ServiceDidNotStart):
        place.build()  # what failed is tried again by the next command


def test_a_program_that_is_not_here_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path / "project")
    service = Service(name="svc", build_command=("no-such-maven", "package"), directory=place.root / "svc")
    with pytest.raises(ServiceDidNotStart, match="no-such-maven"):
        place.builds().build(service)


def test_only_what_it_was_seen_to_write_was_built(tmp_path: Path) -> None:
    """A build tool that takes an old binary for new leaves it: nobody knows what that was built from."""
    place = Place(tmp_path / "project")
    place.write("svc/old", "of another commit")
    place.build()
    files = [place.root / "svc" / name for name in ("old", "src", "out/app")]
    assert place.builds().not_made(place.service, files) == (files[0], files[1])
