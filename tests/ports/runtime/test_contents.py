"""Digests that are kept are those that would be made anew; archives are what is in them."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import EnvironmentProblem
from harness.runtime.contents import Contents, sorted_tree
from harness.runtime.language_runtimes import left_by_tools, modules

NAMES = st.sampled_from(["a", "b", "d/a", "d/e/c", "x.jar"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, st.binary(min_size=1, max_size=3)),
        st.tuples(st.just("in place"), NAMES, st.binary(min_size=2, max_size=2)),
        st.tuples(st.just("remove"), NAMES, st.just(b"")),
        st.tuples(st.just("link"), NAMES, st.sampled_from([b"a", b"../outside", b"nowhere"])),
    ),
    max_size=8,
)


def tree(contents: Contents, root: Path) -> str:
    return contents.tree(root, left_by_tools, "tree")


def do(root: Path, step: tuple[str, str, bytes]) -> None:
    what, name, content = step
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "in place" and path.is_file() and not path.is_symlink():
        # The same size, the same inode and the same time: only the time of the change tells.
        before = path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return
    path.unlink(missing_ok=True)
    if what == "link":
        path.symlink_to(os.fsdecode(content))
    elif what != "remove":
        path.write_bytes(content)


def later(folder: Path) -> None:
    """Wait until the file system's clock has moved on: before that no time could tell a change."""
    probe = folder / "probe"
    probe.write_text("")
    began = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns <= began:
        probe.write_text("")


Steps = list[tuple[str, str, bytes]]


@settings(deadline=None)
@given(STEPS, STEPS)
def test_what_is_kept_is_what_would_be_made_anew(
    tmp_path_factory: pytest.TempPathFactory, first: Steps, then: Steps
) -> None:
    folder = tmp_path_factory.mktemp("contents")
    root, kept = folder / "root", folder / "kept"
    root.mkdir()
    (folder / "outside").mkdir()
    (folder / "outside" / "file").write_text("1")
    for steps in (first, then, ()):
        for step in steps:
            do(root, step)
        for _ in range(2):  # the second time from what was kept, for this clock calls every file old
            assert tree(Contents(kept, lambda: 1 << 62), root) == tree(Contents(), root)
        later(folder)


def test_a_file_of_this_moment_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a").write_text("1")
    tree(Contents(tmp_path / "kept", lambda: (tmp_path / "root" / "a").stat().st_mtime_ns), tmp_path / "root")
    (place,) = (tmp_path / "kept").iterdir()
    assert place.read_text().endswith("\n{}\n")


def jar(path: Path, entries: dict[str, bytes], second: int = 2, reverse: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(entries, reverse=reverse):
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, second)), entries[name])
    return path


ENTRIES = st.dictionaries(st.sampled_from(["a", "b", "c/d"]), st.binary(max_size=4), min_size=1)


@settings(deadline=None)
@given(ENTRIES, ENTRIES, st.booleans())
def test_archives_are_equal_when_their_entries_are(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], two: dict[str, bytes], reverse: bool
) -> None:
    folder = tmp_path_factory.mktemp("jars")
    first, second = jar(folder / "one" / "a.jar", one), jar(folder / "two" / "a.jar", two, 30, reverse)
    same = Contents().file(first) == Contents().file(second)
    assert same == (one == two)


def test_an_archive_in_an_archive_is_its_entries_too(tmp_path: Path) -> None:
    inner = [jar(tmp_path / f"{n}.jar", {"x": b"1"}, n).read_bytes() for n in (2, 30)]
    outer = [jar(tmp_path / f"outer{n}.jar", {"lib/x.jar": content}) for n, content in enumerate(inner)]
    assert inner[0] != inner[1]
    assert Contents().file(outer[0]) == Contents().file(outer[1])


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\3\4 and then nothing", b"no archive at all"])
def test_what_only_has_the_name_of_an_archive_is_its_bytes(tmp_path: Path, content: bytes) -> None:
    one, two = tmp_path / "one.jar", tmp_path / "two.jar"
    one.write_bytes(content)
    two.write_bytes(content + b"1")
    assert Contents().file(one) != Contents().file(two)


def test_links_bring_in_what_lies_elsewhere_and_circles_end(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    (other / "deep").mkdir(parents=True)
    root.mkdir()
    (other / "deep" / "file").write_text("1")
    (root / "link").symlink_to(other)
    (other / "back").symlink_to(root)
    (root / "self").symlink_to(root)
    before = tree(Contents(), root)
    (other / "deep" / "file").write_text("2")
    assert tree(Contents(), root) != before
    assert {found.name for found in sorted_tree(root, left_by_tools)} >= {"link/deep/file", "self"}


def test_the_same_tree_elsewhere_is_the_same(tmp_path: Path) -> None:
    one = tmp_path / "one"
    (one / "d").mkdir(parents=True)
    (one / "d" / "file").write_text("1")
    (one / "link").symlink_to("d")
    shutil.copytree(one, tmp_path / "two", symlinks=True)
    assert tree(Contents(), one) == tree(Contents(), tmp_path / "two")


def test_a_kept_digest_that_is_broken_is_made_again(tmp_path: Path) -> None:
    root, kept = tmp_path / "root", tmp_path / "kept"
    root.mkdir()
    (root / "a").write_text("1")
    right = tree(Contents(kept), root)
    for place in kept.iterdir():
        for broken in ("", "[", '["a"]\n{}', '["", ""]\n{"a": 1'):
            place.write_text(broken)
            assert tree(Contents(kept), root) == right


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="nowhere"):
        Contents().file(tmp_path / "nowhere")


def test_sockets_and_pipes_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert sorted_tree(tmp_path, left_by_tools) == ()


def test_modules_that_services_share_are_looked_at_once_and_again_when_something_was_built(tmp_path: Path) -> None:
    contents, folder = Contents(), tmp_path / "own"
    folder.mkdir()
    (folder / "one.py").write_text("1")
    first = modules(folder, contents)
    (folder / "two.py").write_text("2")
    assert modules(folder, contents) == first
    contents.forget()
    assert modules(folder, contents) not in {first, modules(tmp_path, contents)}
    assert modules(folder, Contents()) == modules(folder, contents)
