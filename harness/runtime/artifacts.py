"""What would be started, known by its content before anything is built or started."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import stat
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem, ServiceDidNotStart
from harness.identity import canonical_json, digest
from harness.runtime import postgres
from harness.runtime.dockerfiles import base_images
from harness.runtime.ignoring import Ignored, read_ignored
from harness.services.system import MountKind, Resource, ResourceKind, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.ports import Unit
    from harness.services.system import Build, ContainerSettings, Mount

# What tools leave behind in a working copy; it changes without the service changing.
LEFT_BY_TOOLS = re.compile(
    r"__pycache__|.*\.py[cod]|\.git|\.hg|\.svn|\.venv|\.tox|\.nox|node_modules|\.harness|\.coverage(\..*)?|\.DS_Store"
    r"|\.(pytest|mypy|ruff|import_linter)_cache|\.hypothesis|\.idea|\.vscode|.*\.egg-info"
)

CACHES = re.compile(
    r"__pycache__|.*\.py[cod]|\.git|\.hg|\.svn|\.harness|\.coverage(\..*)?|\.(pytest|mypy|ruff)_cache"
)


def tree_digest(path: Path) -> str:
    """The content of a file, or of a folder without what tools leave in it."""
    if not path.is_dir():
        return digest("file", _content(path))
    return _digest_of(path, folder_files(path, lambda name, _: bool(LEFT_BY_TOOLS.fullmatch(name))))


def of_process(unit: Unit, environ: Mapping[str, str]) -> str:
    """The identity of what the process runtime would start; "" for what is only attached."""
    if isinstance(unit, Resource) and unit.kind is not ResourceKind.JOB:
        found = postgres.find(environ) if unit.kind is ResourceKind.POSTGRES else None
        return digest("process", postgres.version(found) if found else "", _resource(unit))
    if isinstance(unit, Service) and unit.url:
        return ""
    directory = Path(unit.directory)
    if not directory.is_dir():
        raise ServiceDidNotStart(unit.name, f"its folder {directory} does not exist")
    interpreter = _interpreter() if unit.command[:1] == ("python",) else ""
    return digest("process", tree_digest(directory), _inputs(unit), _said(unit), interpreter)


def of_container(unit: Unit, image: str) -> str:
    """The identity of a container: its image's identity and what the manifest says beside it."""
    mounts = [_mounted(mount) for mount in unit.container.mounts]
    if not all(mounts):
        return ""
    beside = digest(canonical_json(_settings(unit.container)), *mounts)
    if isinstance(unit, Resource):
        return digest("container", image, _resource(unit), beside)
    said = canonical_json([unit.container_command, unit.environment, unit.endpoints])
    return digest("container", image, _inputs(unit), said, beside)


def _settings(settings: ContainerSettings) -> list[object]:
    said = (settings.entrypoint, settings.working_dir, settings.user, settings.hostname, settings.platform)
    return [said, settings.names, settings.hosts, settings.tmpfs, settings.options]


def _mounted(mount: Mount) -> str:
    """What a container finds at a path; "" for what of this machine has no content that could be known."""
    source, content = mount.source, mount.text
    if mount.kind in {MountKind.COPY, MountKind.HOST}:
        if os.path.isfile(source):
            content = digest("file", _content(source))
        elif mount.kind is MountKind.HOST:
            return ""
        else:  # unlike an image's, its packages are not named by a lock file that is built from
            content = _digest_of(source, folder_files(Path(source), lambda name, _: bool(CACHES.fullmatch(name))))
        source = ""
    return digest(mount.target, mount.kind, source, content, f"{mount.read_only} {mount.mode} {mount.owner}")


def of_build(build: Build, image_id: Callable[[str], str]) -> str:
    """The identity of what a build makes: context, Dockerfile, arguments, and the images that it starts from."""
    text = read_dockerfile(build)
    bases = [image_id(name) for name in base_images(text, dict(build.args), build.target)]
    # The engine is sent what tools leave behind as well (a build may need .git), but no identity hangs on it.
    files = (f for f in context_files(build) if not any(map(LEFT_BY_TOOLS.fullmatch, f.split("/"))))
    content = _digest_of(build.context, files)
    said = canonical_json([sorted(build.args), build.target, build.platform])
    return digest("build", content, text, said, *bases)


def read_dockerfile(build: Build) -> str:
    """The Dockerfile's text. Raises EnvironmentProblem when it cannot be read."""
    return build.inline or _content(build.dockerfile).decode("utf-8", "replace")


def context_files(build: Build) -> Iterator[str]:
    """What the engine is sent of a build context: paths with `/`, sorted, `.dockerignore` respected."""
    ignored = _ignored(build)

    def skip(name: str, path: str) -> bool:
        del name
        return ignored.covers(path)

    # `!kept/file` may bring back what lies below an ignored folder, so such folders must be entered.
    return folder_files(build.context, skip, enter_skipped=ignored.has_exceptions)


def folder_files(root: Path, skip: Callable[[str, str], bool], *, enter_skipped: bool = False) -> Iterator[str]:
    """The files and links below a folder, sorted; `skip` is asked with each name and path."""
    return iter(sorted(_walk(str(root), "", skip, enter_skipped=enter_skipped)))


def _walk(root: str, below: str, skip: Callable[[str, str], bool], *, enter_skipped: bool) -> Iterator[str]:
    try:
        entries = list(os.scandir(f"{root}/{below}"))
    except OSError as error:
        raise _unreadable(error) from error
    for entry in entries:
        path = f"{below}{entry.name}"
        skipped = skip(entry.name, path)
        if entry.is_dir(follow_symlinks=False):
            if not skipped or enter_skipped:
                yield from _walk(root, f"{path}/", skip, enter_skipped=enter_skipped)
        elif not skipped and (entry.is_symlink() or entry.is_file(follow_symlinks=False)):
            yield path


def _digest_of(root: str | Path, paths: Iterator[str]) -> str:
    total = hashlib.sha256()
    for path in paths:
        full = f"{root}/{path}"
        try:
            mode = os.lstat(full).st_mode
        except OSError as error:
            raise _unreadable(error) from error
        kind = "link" if stat.S_ISLNK(mode) else "program" if mode & stat.S_IXUSR else "file"
        content = os.readlink(full).encode() if kind == "link" else _content(full)
        total.update(digest(kind, os.fsencode(path), content).encode())
    return total.hexdigest()


def _content(path: str | Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"a file that decides what is tested cannot be read: {error}", hint="mend it, or list it in .dockerignore"
    )


def _ignored(build: Build) -> Ignored:
    # `NAME.Dockerfile.dockerignore` beside a Dockerfile goes before the context's own.
    for path in (Path(f"{build.dockerfile}.dockerignore"), build.context / ".dockerignore"):
        if path.is_file():
            return read_ignored(_content(path).decode("utf-8", "replace").splitlines())
    return Ignored()


def _inputs(service: Unit) -> str:
    if isinstance(service, Resource):
        return ""
    for path in service.inputs:
        if not path.exists():
            raise ServiceDidNotStart(service.name, f"its input {path} does not exist")
    return digest(*(tree_digest(path) for path in service.inputs))


def _said(service: Unit) -> str:
    return canonical_json([service.command, service.environment, service.endpoints])


def _resource(resource: Resource) -> str:
    said: Sequence[object] = (resource.container_command, resource.environment, resource.endpoints)
    return canonical_json([resource.kind, said, resource.database, resource.user, resource.password])


@cache
def _interpreter() -> str:
    """This interpreter and what is installed for it, for services that run on it."""
    packages = {
        name
        for folder in sys.path
        if "-packages" in folder and os.path.isdir(folder)
        for name in os.listdir(folder)
    }
    installed = sorted(name for name in packages if name.endswith(".dist-info"))
    return digest(platform.python_implementation(), platform.python_version(), *installed)
