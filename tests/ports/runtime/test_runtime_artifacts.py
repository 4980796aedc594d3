"""What would be started is known by its content: equal content is equal, and any difference that counts shows."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EnvironmentProblem
from harness.runtime import artifacts
from harness.runtime.contents import Contents
from harness.runtime.dockerfiles import base_images, substitute_variables
from harness.runtime.ignoring import read_ignored
from harness.services.system import ImageBuild, Resource, ResourceKind


def build_in(folder: Path, dockerfile: str = "FROM base\n", **files: str) -> ImageBuild:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (folder / name).write_text(text)
    return ImageBuild(context=folder, dockerfile=folder / "Dockerfile")


def known(build: ImageBuild, base: str = "sha256:1") -> str:
    return artifacts.of_build(build, lambda name: f"{name}@{base}", Contents())


# Builds


def test_equal_builds_in_different_folders_are_equal(tmp_path: Path) -> None:
    one, two = build_in(tmp_path / "one", a="1", b="2"), build_in(tmp_path / "two", b="2", a="1")
    os.utime(tmp_path / "two" / "a", (1, 1))
    assert known(one) == known(two)


def _link(folder: Path) -> Path:
    link = folder.parent / "link"
    link.symlink_to("1")
    return link


CHANGES: list[Callable[[Path], object]] = [
    lambda f: (f / "a").write_text("2"),
    lambda f: (f / "a").rename(f / "b"),
    lambda f: (f / "new").write_text(""),
    lambda f: (f / "a").unlink(),
    lambda f: (f / "a").chmod(0o755),
    lambda f: os.replace(_link(f), f / "a"),
    lambda f: (f / "Dockerfile").write_text("FROM other\n"),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_every_change_of_the_context_shows(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "service"
    build = build_in(folder, a="1")
    before = known(build)
    CHANGES[number](folder)
    assert known(build) != before


def test_arguments_and_base_images_show(tmp_path: Path) -> None:
    build = build_in(tmp_path)
    seen = {known(build), known(build, "sha256:2"), known(replace(build, args=(("FAULTS", "2a"),)))}
    assert len(seen) == 3


@pytest.mark.parametrize(
    "left", [".git/HEAD", "__pycache__/a.pyc", "pkg/a.pyc", ".tox/x", ".harness/ledger.db", ".pytest_cache/x"]
)
def test_what_tools_leave_does_not_show(tmp_path: Path, left: str) -> None:
    build = build_in(tmp_path, a="1")
    before, tree = known(build), artifacts.tree_digest(tmp_path)
    (tmp_path / left).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / left).write_text("x")
    assert (known(build), artifacts.tree_digest(tmp_path)) == (before, tree)


@pytest.mark.parametrize("installed", ["node_modules/a/index.js", ".venv/lib/a.py", "a.egg-info/PKG-INFO"])
def test_installed_packages_that_the_engine_is_sent_show(tmp_path: Path, installed: str) -> None:
    build = build_in(tmp_path, a="1")
    before = known(build)
    (tmp_path / installed).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / installed).write_text("x")
    assert known(build) != before


def test_what_the_engine_does_not_see_does_not_show(tmp_path: Path) -> None:
    build = build_in(tmp_path, a="1")
    (tmp_path / ".dockerignore").write_text("logs\n*.tmp\n")
    before = known(build)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "today").write_text("x")
    (tmp_path / "a.tmp").write_text("x")
    assert known(build) == before
    assert list(artifacts.context_files(build)) == [".dockerignore", "Dockerfile", "a"]


def test_a_dockerignore_beside_the_dockerfile_goes_first(tmp_path: Path) -> None:
    build = build_in(tmp_path, a="1", b="2")
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n")
    assert "a" in list(artifacts.context_files(build))
    assert "b" not in list(artifacts.context_files(build))


def test_a_missing_dockerfile_or_context_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="Dockerfile"):
        known(ImageBuild(context=tmp_path, dockerfile=tmp_path / "Dockerfile"))
    (tmp_path / "Dockerfile").write_text("FROM base")
    with pytest.raises(EnvironmentProblem, match="nowhere"):
        known(ImageBuild(context=tmp_path / "nowhere", dockerfile=tmp_path / "Dockerfile"))


def test_what_five_services_are_costs_a_few_times_what_reading_them_costs(tmp_path: Path) -> None:
    builds = []
    for number in range(5):
        folder = tmp_path / f"service{number}"
        builds.append(build_in(folder, **{f"module{each}": "x = 1\n" * 200 for each in range(40)}))
    began = time.thread_time()
    for build in builds:
        for file in sorted(build.context.iterdir()):
            hashlib.sha256(file.read_bytes())
    reading = time.thread_time() - began
    began = time.thread_time()
    for build in builds:
        known(build)
    assert time.thread_time() - began < 30 * reading


# Dockerfiles


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM python:3.12", ["python:3.12"]),
        ("ARG BASE=python:3.12\nFROM ${BASE}", ["given"]),
        ("ARG BASE\nFROM $BASE", ["given"]),
        ("ARG TAG=1 OTHER='x y'\nFROM a:${TAG}", ["a:1"]),
        ("ARG A=1\nARG B=v$A\nFROM a:$B", ["a:v1"]),
        ("FROM ${NONE:-b}", ["b"]),
        ("FROM a AS build\nFROM build\nFROM c", ["a", "c"]),
        ("from a as Build\nFROM c\nCOPY --from=build /x /\nCOPY --from=0 /x /", ["a", "c"]),
        ("FROM a\nCOPY --chown=1 --from=tools:2 /x /", ["a", "tools:2"]),
        ("FROM a\nRUN --mount=type=bind,from=tools:3,target=/t x", ["a", "tools:3"]),
        ("FROM --platform=$BUILDPLATFORM a AS b", ["a"]),
        ("FROM scratch\nCOPY x /", []),
        ("# comment\nFROM \\\n# between\n  a", ["a"]),
        ("# escape=`\nFROM `\n a", ["a"]),
        ("FROM a\nARG BASE=x\nFROM a", ["a"]),
        ("FROM a\nFROM a", ["a"]),
        ("", []),
    ],
)
def test_the_images_that_a_dockerfile_builds_upon(text: str, images: list[str]) -> None:
    assert list(base_images(text, {"BASE": "given"})) == images


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A", "1"),
        ("${A}", "1"),
        ("x$A.y", "x1.y"),
        ("${B:-2}", "2"),
        ("${EMPTY:-2}", "2"),
        ("${EMPTY-2}", ""),
        ("${A:+3}", "3"),
        ("${B:+3}", ""),
        (r"\$A", "$A"),
        ("$B", ""),
    ],
)
def test_variables_are_put_in_as_docker_does(text: str, result: str) -> None:
    assert substitute_variables(text, {"A": "1", "EMPTY": ""}) == result


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_no_text_breaks_the_reading_of_a_dockerfile(text: str, args: dict[str, str]) -> None:
    assert isinstance(base_images(text, args), tuple)


# .dockerignore


@pytest.mark.parametrize(
    ("lines", "path", "ignored"),
    [
        (["a"], "a", True),
        (["a"], "a/b/c", True),
        (["a"], "b/a", False),
        (["/a/"], "a", True),
        (["./a/../b"], "b", True),
        (["*.md"], "x.md", True),
        (["*.md"], "d/x.md", False),
        (["**/*.md"], "d/x.md", True),
        (["**/*.md"], "x.md", True),
        (["d/**"], "d/x/y", True),
        (["*", "!keep"], "keep", False),
        (["*", "!keep"], "other", True),
        (["d", "!d/keep"], "d/keep", False),
        (["!d/keep", "d"], "d/keep", True),
        (["# a", ""], "# a", False),
        (["?.py"], "ab.py", False),
        (["[ab].py"], "b.py", True),
        (["[^ab].py"], "b.py", False),
        ([r"\*"], "x", False),
        ([r"\*"], "*", True),
        ([".."], "x", False),
    ],
)
def test_a_dockerignore_is_read_as_the_engine_reads_it(lines: list[str], path: str, ignored: bool) -> None:
    assert read_ignored(lines).covers(path) == ignored


PARTS = st.sampled_from(["a", "b", "*", "**", "?", "a*", "*.b"])
PATTERNS = st.lists(st.tuples(st.booleans(), st.lists(PARTS, min_size=1, max_size=3)), max_size=4)
FILES = [f"{one}{two}" for one in ("", "a/", "b/", "a/b/", "x.b/") for two in ("a", "b", "ab", "c.b")]


@given(PATTERNS)
def test_it_agrees_with_the_docker_library(written: list[tuple[bool, list[str]]]) -> None:
    from docker.utils.build import PatternMatcher

    lines = [("!" if exception else "") + "/".join(parts) for exception, parts in written]
    theirs: Any = PatternMatcher(lines)
    ours = read_ignored(lines)
    for path in FILES:
        if any("**" in line for line in lines):
            continue  # the library reads `a/**` and `**` in its own way; the cases above say what the engine does
        assert ours.covers(path) == bool(theirs.matches(path)), (lines, path)


@given(st.lists(st.text()), st.text())
def test_no_pattern_breaks_the_reading(lines: list[str], path: str) -> None:
    assert read_ignored(lines).covers(path) in {True, False}


# Resources and trees


def test_resources_have_an_identity_of_their_own() -> None:
    db = Resource(name="db", kind=ResourceKind.POSTGRES)
    assert artifacts.of_resource(db, {}) == artifacts.of_resource(db, {})
    assert artifacts.of_resource(db, {}) != artifacts.of_resource(replace(db, database="other"), {})
    assert artifacts.of_container(db, "sha256:1", Contents()) != artifacts.of_container(db, "sha256:2", Contents())


@given(st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=20), max_size=4), st.data())
def test_trees_are_equal_when_their_files_are(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], data: st.DataObject
) -> None:
    other = data.draw(
        st.one_of(st.just(files), st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=20)))
    )
    digests = []
    for each in (files, other):
        folder = tmp_path_factory.mktemp("tree")
        for name, content in each.items():
            (folder / name).write_bytes(content)
        digests.append(artifacts.tree_digest(folder))
    assert (digests[0] == digests[1]) == (files == other)
