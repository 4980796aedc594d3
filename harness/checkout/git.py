"""What git and the CI service say about the version at hand.

The version number is the full commit SHA, as Pact's own clients detect it; a tree with changes that are not
committed is `SHA+dirty.HASH`, where HASH is made of the content of those changes (docs/reference/ledger.md).
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checkout.ci import from_ci
from harness.errors import EnvironmentProblem
from harness.identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATIENCE = 60.0  # seconds for one git command
_REPOSITORY_CHOICE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
_OURS = (".harness", "__pycache__")  # written by running, never part of what a version is


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where the files at hand come from; "" is what nobody could tell."""

    commit: str = ""  # full SHA
    branch: str = ""
    build_url: str = ""
    dirty: bool = False  # there are changes that the commit does not have
    dirty_key: str = ""  # made of the content of those changes
    ci: str = ""  # the CI service, "" on a desk


def version(checkout: Checkout) -> str:
    """The version number that git gives; "" outside of a repository."""
    if not checkout.commit or not checkout.dirty:
        return checkout.commit
    return f"{checkout.commit}+dirty.{checkout.dirty_key[:12]}"


def detect(folder: Path, environ: Mapping[str, str]) -> Checkout:
    """What can be known of the files in a folder; without a repository only what CI says.

    Raises EnvironmentProblem when there is a repository that git refuses to read.
    """
    build = from_ci(environ)
    tree = _tree(folder, environ)
    # A job may look at another repository than its own; then CI's branch is not this one's.
    elsewhere = bool(tree.commit and build.commit and tree.commit != build.commit)
    branch = tree.branch if elsewhere and tree.branch else build.branch or tree.branch
    return Checkout(
        commit=tree.commit or build.commit,
        branch=branch,
        build_url=build.url,
        dirty=tree.dirty,
        dirty_key=tree.dirty_key,
        ci=build.ci,
    )


def tracked_files(folder: Path, environ: Mapping[str, str]) -> frozenset[str] | None:
    """The files that git knows in the repository of a folder, as absolute paths; None without a repository."""
    git = _Git(environ)
    top = git.ask(folder, "rev-parse", "--show-toplevel")
    if not top:
        return None
    root = os.path.realpath(os.fsdecode(top.removesuffix(b"\n")))
    listed = git.ask(Path(root), "ls-files", "-z", "--recurse-submodules") or b""
    return frozenset(f"{root}/{os.fsdecode(name)}" for name in listed.split(b"\0") if name)


def ignored_files(folder: Path, files: Sequence[Path], environ: Mapping[str, str]) -> frozenset[Path]:
    """Those of the files that no commit of the folder's repository would hold: ignored, or outside of it."""
    git = _Git(environ)
    top = git.ask(folder, "rev-parse", "--show-toplevel")
    if not top or not files:
        return frozenset()
    root = os.path.realpath(os.fsdecode(top.removesuffix(b"\n")))
    real = {path: os.path.join(os.path.realpath(path.parent), path.name) for path in files}
    inside = {path: os.fsencode(where) for path, where in real.items() if where.startswith(f"{root}/")}
    told = git.ask(Path(root), "check-ignore", "-z", "--stdin", given=b"\0".join(inside.values())) or b""
    named = set(told.split(b"\0"))
    return frozenset(path for path in files if path not in inside or inside[path] in named)


# --- git -----------------------------------------------------------------------------------------------------


def _tree(folder: Path, environ: Mapping[str, str]) -> Checkout:
    """What git says about the folder; empty when it has no repository of its own, no commit, or no git."""
    git = _Git(environ)
    top = git.ask(folder, "rev-parse", "--show-toplevel")
    if not top or git.ask(folder, "check-ignore", "-q", ".") is not None:
        return Checkout()  # a folder that its repository ignores is not what the commit names
    root = Path(os.fsdecode(top.removesuffix(b"\n")))
    status = git.status(root)
    if not status.commit:
        return Checkout()
    key = _dirty_key(git, root, status.changed) if status.changed else ""
    return Checkout(commit=status.commit, branch=status.branch, dirty=bool(status.changed), dirty_key=key)


@dataclass(frozen=True, slots=True)
class _Status:
    commit: str
    branch: str
    changed: tuple[bytes, ...]  # paths below the root, sorted


@dataclass(frozen=True, slots=True)
class _Git:
    """The git program; it is told where to look, takes no lock and runs none of the repository's own hooks."""

    environ: Mapping[str, str]

    def ask(self, folder: Path, *arguments: str, given: bytes = b"") -> bytes | None:
        """The program's answer; None for "no", for no repository, and where there is no git."""
        command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, env=self._environ(), timeout=_PATIENCE, check=False
            )
        except FileNotFoundError:
            return None
        except subprocess.TimeoutExpired as error:
            raise EnvironmentProblem(
                f"git did not answer within {_PATIENCE:.0f} seconds", where=str(folder), hint=" ".join(command)
            ) from error
        if done.returncode == 0:
            return done.stdout
        words = done.stderr.decode(errors="replace")
        if done.returncode == 1 or any(said in words for said in _NO_REPOSITORY):
            return None
        raise _git_problem(folder, words.strip().partition("\n")[0] or f"exit code {done.returncode}")

    def status(self, root: Path) -> _Status:
        """HEAD and every path that differs from it, read exactly: names may hold anything but NUL."""
        answer = self.ask(
            root,
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=none",
        )
        return _parse_status(answer or b"")

    def _environ(self) -> dict[str, str]:
        # A hook of another repository would otherwise choose the repository; and its words must be English.
        kept = {k: v for k, v in self.environ.items() if k not in _REPOSITORY_CHOICE}
        return {**kept, "LC_ALL": "C", "LANGUAGE": "", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


_EXACTLY = (  # whatever the person's own settings say
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=none",
)
_NO_REPOSITORY = ("not a git repository", "must be run in a work tree")


def _git_problem(folder: Path, why: str) -> EnvironmentProblem:
    hint = f"git -C {folder} status"
    if "ownership" in why:
        hint = f"git config --global --add safe.directory {folder}"
    return EnvironmentProblem(f"git cannot read this repository: {why}", where=str(folder), hint=hint)


def _parse_status(answer: bytes) -> _Status:
    head = {b"branch.oid": b"", b"branch.head": b""}
    changed = set()
    for line in filter(None, answer.split(b"\0")):
        kind, _, rest = line.partition(b" ")
        if kind == b"#":
            name, _, value = rest.partition(b" ")
            head[name] = value
        else:
            path = rest.split(b" ", _FIELDS[kind])[-1]
            if not set(os.fsdecode(path).split("/")) & set(_OURS):
                changed.add(path)
    commit, branch = head[b"branch.oid"], head[b"branch.head"]
    return _Status(
        commit="" if commit == b"(initial)" else commit.decode(),
        branch="" if branch == b"(detached)" else os.fsdecode(branch),
        changed=tuple(sorted(changed)),
    )


_FIELDS = {b"1": 7, b"u": 9, b"?": 0, b"!": 0}  # how many fields stand between an entry's kind and its path


def _dirty_key(git: _Git, root: Path, changed: tuple[bytes, ...]) -> str:
    return digest("dirty", *(part for path in changed for part in (path, *_content(git, root, path))))


def _content(git: _Git, root: Path, name: bytes) -> Iterator[bytes]:
    """What is there now, whether staged or not: what kind of thing, and what is in it."""
    path = root / os.fsdecode(name)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield from (b"link", os.fsencode(path.readlink()))
        elif stat.S_ISDIR(mode):
            yield from (b"repository", *_repository(git, path))
        elif stat.S_ISREG(mode):
            yield from (b"program" if mode & stat.S_IXUSR else b"file", _sha256(path))
        else:
            yield b"special"
    except (FileNotFoundError, NotADirectoryError):
        yield b"gone"
    except OSError as error:
        raise EnvironmentProblem(
            f"a changed file cannot be read: {error.strerror}",
            where=str(path),
            hint="make it readable, or list it in .gitignore",
        ) from error


def _repository(git: _Git, path: Path) -> Iterator[bytes]:
    """A submodule, or another repository inside this one: its commit, and its own changes."""
    if not (path / ".git").exists():
        yield from (b"not checked out", b"")  # git would answer for the repository around it
        return
    status = git.status(path)
    yield status.commit.encode()
    yield _dirty_key(git, path, status.changed).encode()


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
