"""A version that only the ledger describes is started again just as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from harness.app.naming import descriptors
from harness.app.stored_descriptor import with_remembered
from harness.identity import Version
from harness.ports import Ledger
from harness.runtime.redaction import HIDDEN
from harness.services.system import ContainerSettings, ImageBuild, Mount, MountKind, Service, System

WORDS = st.text("abc/:=-", min_size=1, max_size=6)
LISTS = st.lists(WORDS, max_size=2).map(tuple)
MOUNTS = st.builds(
    Mount,
    target=WORDS.map(lambda word: f"/{word}"),
    kind=st.sampled_from(MountKind),
    source=WORDS,
    text=st.just("") | WORDS,
    read_only=st.booleans(),
    mode=st.integers(0, 0o777),
    owner=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
SETTINGS = st.builds(
    ContainerSettings,
    entrypoint=st.none() | LISTS,
    working_dir=WORDS,
    user=WORDS,
    hostname=WORDS,
    platform=WORDS,
    names=LISTS,
    hosts=LISTS,
    tmpfs=LISTS,
    mounts=st.lists(MOUNTS, max_size=2, unique_by=lambda mount: mount.target).map(tuple),
    options=st.lists(st.tuples(WORDS, LISTS), max_size=2).map(tuple),
)
BUILDS = st.builds(
    ImageBuild,
    context=st.just(Path("/p/svc")),
    dockerfile=st.just(Path("/p/svc/Dockerfile")),
    args=st.just((("BASE", "x"),)),
    target=WORDS,
    inline=WORDS,
    platform=WORDS,
)


class Remembering:
    """A ledger that knows how one version is started, as JSON has it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.written = json.dumps(told)

    def descriptor(self, version: Version, runtime: str = "") -> Mapping[str, Any]:
        del version, runtime
        return cast("Mapping[str, Any]", json.loads(self.written))


@given(SETTINGS, BUILDS)
def test_what_a_container_is_made_of_is_remembered_and_its_secrets_are_not(
    settings: ContainerSettings, build: ImageBuild
) -> None:
    old = Service(name="svc", version="1", build=build, container=settings, directory=Path("/p/svc"))
    ledger = Remembering(descriptors(_system(old))["svc"])
    now = replace(old, version="2", build=None, image="x", container=replace(settings, user="another"))
    again = with_remembered(_system(now), {"svc": "1"}, "", cast(Ledger, ledger), "docker")
    (variant,) = again.services[0].variants
    assert (variant.build, variant.container) == (build, settings)
    for mount in settings.mounts:
        assert not mount.text or HIDDEN in ledger.written
        assert f'"text": {json.dumps(mount.text)}' not in ledger.written or not mount.text


def test_what_was_told_before_settings_were_kept_is_started_with_those_of_the_manifest() -> None:
    service = Service(name="svc", version="2", image="x", container=ContainerSettings(user="me"))
    again = with_remembered(
        _system(service), {"svc": "1"}, "", cast(Ledger, Remembering({"image": "y"})), "docker"
    )
    (variant,) = again.services[0].variants
    assert (variant.image, variant.container.user) == ("y", "me")


def _system(service: Service) -> System:
    return System(root=Path("/p"), manifest=Path("/p/harness.toml"), services=(service,))
