"""What would be started, known by its content before anything is built or started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.identity import canonical_json, digest
from harness.runtime import postgres, postgres_seeds
from harness.runtime.contents import Contents, FoundFile, unreadable
from harness.runtime.dockerfiles import base_images
from harness.runtime.ignoring import IgnorePatterns, read_ignored
from harness.runtime.language_runtimes import left_by_tools
from harness.runtime.process_files import mount_key
from harness.runtime.process_identity import inputs_key
from harness.services.system import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.ports import Unit
    from harness.services.system import ContainerSettings, ImageBuild


def tree_digest(path: Path, contents: Contents | None = None) -> str:
    """The content of a file, or of a folder without what tools leave in it."""
    return (contents or Contents()).tree(path, left_by_tools, "tree")


def of_resource(resource: Resource, environ: Mapping[str, str]) -> str:
    """The identity of a resource that runs as a process."""
    found = postgres.find(environ) if resource.kind.postgres else None
    return digest("process", postgres.version(found) if found else "", _resource(resource), *_seed_keys(resource))


def _seed_keys(resource: Resource) -> tuple[str, ...]:
    return (postgres_seeds.key_of(resource),) if postgres_seeds.seeds_of(resource) else ()


def of_container(unit: Unit, image: str, contents: Contents) -> str:
    """The identity of a container: its image's identity and what the manifest says beside it."""
    mounts = [mount_key(mount, contents) for mount in unit.container.mounts]
    if not all(mounts):
        return ""
    beside = digest(canonical_json(_settings(unit.container)), *mounts)
    if isinstance(unit, Resource):
        return digest("container", image, _resource(unit), beside)
    said = canonical_json([unit.container_command, unit.environment, unit.endpoints])
    return digest("container", image, inputs_key(unit, contents), said, beside)


def _settings(settings: ContainerSettings) -> list[object]:
    said = (settings.entrypoint, settings.working_dir, settings.user, settings.hostname, settings.platform)
    return [said, settings.names, settings.hosts, settings.tmpfs, settings.options]


def of_build(build: ImageBuild, image_id: Callable[[str], str], contents: Contents) -> str:
    """The identity of what a build makes: context, Dockerfile, arguments, and the images that it starts from."""
    text = read_dockerfile(build)
    bases = [image_id(name) for name in base_images(text, dict(build.args), build.target)]
    # The engine is sent what tools leave behind as well (a build may need .git), but no identity hangs on it.
    files = (f for f in context_files(build) if not any(left_by_tools(part, f) for part in f.split("/")))
    content = contents.of_files(build.context, [FoundFile(f, f"{build.context}/{f}") for f in files], "context")
    said = canonical_json([sorted(build.args), build.target, build.platform])
    return digest("build", content, text, said, *bases)


def read_dockerfile(build: ImageBuild) -> str:
    """The Dockerfile's text. Raises EnvironmentProblem when it cannot be read."""
    return build.inline or _content(build.dockerfile).decode("utf-8", "replace")


def context_files(build: ImageBuild) -> Iterator[str]:
    """What the engine is sent of a build context: paths with `/`, sorted, `.dockerignore` respected."""
    ignored = _dockerignore_of(build)

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
        raise unreadable(error) from error
    for entry in entries:
        path = f"{below}{entry.name}"
        skipped = skip(entry.name, path)
        if entry.is_dir(follow_symlinks=False):
            if not skipped or enter_skipped:
                yield from _walk(root, f"{path}/", skip, enter_skipped=enter_skipped)
        elif not skipped and (entry.is_symlink() or entry.is_file(follow_symlinks=False)):
            yield path


def _content(path: str | Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise unreadable(error) from error


def _dockerignore_of(build: ImageBuild) -> IgnorePatterns:
    # `NAME.Dockerfile.dockerignore` beside a Dockerfile goes before the context's own.
    for path in (Path(f"{build.dockerfile}.dockerignore"), build.context / ".dockerignore"):
        if path.is_file():
            return read_ignored(_content(path).decode("utf-8", "replace").splitlines())
    return IgnorePatterns()


def _resource(resource: Resource) -> str:
    said: Sequence[object] = (resource.container_command, resource.environment, resource.endpoints)
    return canonical_json([resource.kind.key, said, resource.database, resource.user, resource.password])
