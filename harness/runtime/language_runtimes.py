"""What a program brings with it: an interpreter its packages, Node its modules, Java its JDK, Go its modules."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from harness.runtime.contents import FoundFile, sorted_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.runtime.contents import Contents

PYTHON = re.compile(r"(python|pypy)[0-9.]*(-dbg|t|d)?")
NODE = frozenset({"node", "nodejs", "bun"})
# What tools leave in a working copy; it changes without anything changing that would run.
LEFT_BY_TOOLS = re.compile(
    r"__pycache__|.*\.py[cod]|\.git|\.hg|\.svn|\.tox|\.nox|\.harness|\.coverage(\..*)?|\.DS_Store"
    r"|\.(pytest|mypy|ruff|import_linter)_cache|\.hypothesis|\.idea|\.vscode"
)
_LOCKS = {
    "node": (
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "bun.lock",
        "bun.lockb",
        ".pnp.cjs",
        ".npmrc",
    ),
    "python": ("pyproject.toml", "uv.lock", "uv.toml", "poetry.lock", "pdm.lock", "Pipfile", "Pipfile.lock"),
    "go": ("go.mod", "go.sum", "go.work", "go.work.sum"),
}
_WITHIN = 30.0  # seconds for an interpreter to say what it is
# Only `sys`, which is built in: a module in the service's folder must not be taken for one of the library's.
_QUESTION = "import sys; print(repr((sys.version, sys.base_prefix, sys.base_exec_prefix, sys.path)))"
_LOCAL_MODULE = re.compile(r"^\s*(?:replace\s+\S.*=>|use)?\s*(?:\S+(?:\s+v\S+)?\s*=>)?\s*(\.\.?(?:/\S*)?)", re.M)


def left_by_tools(name: str, path: str) -> bool:
    """Whether a file or folder is none of what runs."""
    del path
    return bool(LEFT_BY_TOOLS.fullmatch(name))


def not_installed(name: str, path: str) -> bool:
    """The same for a folder of modules, where caches of bundlers lie as well."""
    return name in {".cache", ".vite"} or left_by_tools(name, path)


class CannotBeKnown(Exception):
    """Why it is not known what would run."""


def python_packages(
    program: str, environment: Mapping[str, str], folder: Path, contents: Contents
) -> Iterator[str]:
    """The version of an interpreter, and everything that it can import beside its own library.

    Raises CannotBeKnown when it does not say.
    """
    version, *prefixes, path = _ask_interpreter(program, environment, folder)
    yield version
    for entry in path:
        if not entry or (_is_own_library(entry, prefixes) and "-packages" not in entry):
            continue
        place = folder / entry
        if place.is_file():
            yield contents.file(place)
        elif place.is_dir() and "-packages" in entry:
            yield contents.tree(place, left_by_tools, "installed")
            yield from (modules(each, contents) for each in _editable(place))
        elif place.is_dir() and not _below(place, folder):
            yield modules(place, contents)


def _ask_interpreter(
    program: str, environment: Mapping[str, str], folder: Path
) -> tuple[str, str, str, list[str]]:
    try:
        told = subprocess.run(
            [program, "-c", _QUESTION],
            cwd=folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WITHIN,
            check=True,
        ).stdout.decode("utf-8", "replace")
        version, one, two, path = ast.literal_eval(told.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, SyntaxError, IndexError) as error:
        raise CannotBeKnown(f"{program} does not say what it is ({type(error).__name__})") from error
    return str(version), str(one), str(two), [str(entry) for entry in path]


def _is_own_library(entry: str, prefixes: Sequence[str]) -> bool:
    return any(_below(Path(entry), Path(prefix)) for prefix in prefixes)


def _below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _editable(site: Path) -> Iterator[Path]:
    """The projects that are installed by reference, whatever way their sources are found."""
    for told in sorted(site.glob("*.dist-info/direct_url.json")):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            where = json.loads(told.read_text(encoding="utf-8"))
            url = urlsplit(str(where["url"])) if where.get("dir_info", {}).get("editable") else None
            if url is not None and url.scheme == "file" and Path(unquote(url.path)).is_dir():
                yield Path(unquote(url.path))


def modules(folder: Path, contents: Contents) -> str:
    """What can be imported from a folder of a person's own: modules, and everything that lies in packages."""
    return contents.once(os.path.realpath(folder), "modules", lambda: _modules(folder, contents))


def _modules(folder: Path, contents: Contents) -> str:
    found = sorted_tree(folder, _no_modules)
    packages = {os.path.dirname(each.name) for each in found if os.path.basename(each.name) == "__init__.py"}
    return contents.of_files(folder, [each for each in found if _importable(each, packages)], "modules")


def _no_modules(name: str, path: str) -> bool:
    return name in {"node_modules", ".venv", "venv"} or not_installed(name, path)


def _importable(found: FoundFile, packages: set[str]) -> bool:
    if found.name.endswith((".py", ".so", ".pyd", ".pth")):
        return True
    folder = os.path.dirname(found.name)
    while folder:
        if folder in packages:
            return True
        folder = os.path.dirname(folder)
    return False


def node_modules(folders: list[Path], contents: Contents) -> Iterator[str]:
    """What `require` finds from some folders: every node_modules there and above, links followed."""
    for folder in dict.fromkeys(above for each in folders for above in (each, *each.parents)):
        place = folder / "node_modules"
        if place.is_dir():
            yield contents.tree(place, not_installed, "modules of node")


def locks(kind: str, folder: Path, contents: Contents) -> Iterator[str]:
    """The files beside a service and above it that say what its packages are, as far as its repository goes."""
    for above in (folder, *folder.parents):
        yield from (contents.file(path) for name in _LOCKS[kind] if (path := above / name).is_file())
        if (above / ".git").exists():
            return


def java_home(program: str, contents: Contents) -> Iterator[str]:
    """The JDK that a `java` belongs to: what its release file says, its modules and its settings."""
    home = Path(os.path.realpath(program)).parent.parent
    for name in ("release", "lib/modules", "lib/jvm.cfg"):
        if (home / name).is_file():
            yield contents.file(home / name)
    if (home / "conf").is_dir():
        yield contents.tree(home / "conf", left_by_tools, "settings")


def class_path(jar: Path) -> Iterator[Path]:
    """The jars and folders that a jar's own manifest names beside it; Java reads its names in any case."""
    try:
        with zipfile.ZipFile(jar) as archive:
            named = [name for name in archive.namelist() if name.upper() == "META-INF/MANIFEST.MF"]
            manifest = b"\n".join(map(archive.read, named)).decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return  # Java cannot read it either; its own bytes are part of the build all the same
    whole = re.sub(r"\r?\n ", "", manifest)
    for line in whole.splitlines():
        if line.lower().startswith("class-path:"):
            yield from (jar.parent / unquote(name.removeprefix("file:")) for name in line[11:].split())


def go_modules(program: str, folder: Path, contents: Contents) -> Iterator[str]:
    """The version of Go, and the modules that lie on this machine; go.sum speaks for all others."""
    version = Path(os.path.realpath(program)).parent.parent / "VERSION"
    if version.is_file():
        yield contents.file(version)
    yield from locks("go", folder, contents)
    for above in (folder, *folder.parents):
        for name in ("go.mod", "go.work"):
            with contextlib.suppress(OSError):
                for local in _LOCAL_MODULE.findall((above / name).read_text(encoding="utf-8")):
                    if (above / local).is_dir() and not _below(above / local, folder):
                        yield contents.tree(above / local, left_by_tools, "tree")
        if (above / ".git").exists():
            return
