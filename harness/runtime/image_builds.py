"""Building an image from a context that we pack ourselves: what was hashed is what is built."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.ports import Tell, silent
from harness.runtime.artifacts import context_files, read_dockerfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

    from harness.services.system import ImageBuild

LABEL = "contract-harness"  # on containers and networks: the run that made them; on images: "image"

_DOCKERFILE = ".contract-harness.Dockerfile"
_NEEDS_BUILDKIT = re.compile(r"BuildKit|unknown (flag|instruction)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BuildFailure:
    """Why there is no image, and all that was said on the way."""

    why: str
    said: str


def build_image(
    client: docker.DockerClient,
    environ: Mapping[str, str],
    build: ImageBuild,
    name: str,
    tell: Tell = silent,
    *,
    anew: bool = False,
) -> BuildFailure | None:
    """Build and name an image, each line of it told; None when that went well. `anew`: no step from a cache.

    The library knows only the classic builder; a Dockerfile that needs BuildKit is given to the docker command,
    where that has it.
    """
    with tempfile.TemporaryFile() as context:
        pack(build, context)
        failure = _build_classic(client, build, name, context, tell, anew=anew)
        if failure and _NEEDS_BUILDKIT.search(failure.why) and _has_buildkit(environ):
            failure = _build_with_buildkit(environ, build, name, context, tell, anew=anew)
    return failure


def pack(build: ImageBuild, into: IO[bytes]) -> None:
    """The context as the engine reads it; owner and time are left out, so that equal content is cached."""
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folders: set[str] = set()
        for path in context_files(build):
            for folder in _parents(path):
                if folder not in folders:
                    folders.add(folder)
                    archive.add(build.context / folder, folder, recursive=False, filter=_plain)
            archive.add(build.context / path, path, recursive=False, filter=_plain)
        text = read_dockerfile(build).encode()
        info = tarfile.TarInfo(_DOCKERFILE)
        info.size, info.mode = len(text), 0o644
        archive.addfile(info, io.BytesIO(text))


def _build_classic(
    client: docker.DockerClient, build: ImageBuild, name: str, context: IO[bytes], tell: Tell, *, anew: bool
) -> BuildFailure | None:
    import docker.errors

    said: list[str] = []
    try:
        for told in _stream(client, build, name, context, anew=anew):
            said.append(str(told.get("stream") or told.get("status") or told.get("error") or ""))
            if step := said[-1].strip():
                tell(step)
            if error := told.get("error"):
                return BuildFailure(str(error).strip(), "".join(said))
    except docker.errors.APIError as refused:
        return BuildFailure(str(refused.explanation or refused), "".join(said))
    return None


def _stream(
    client: docker.DockerClient, build: ImageBuild, name: str, context: IO[bytes], *, anew: bool
) -> Iterator[dict[str, Any]]:
    context.seek(0)
    stream: Iterator[dict[str, Any]] = client.api.build(
        fileobj=context,
        custom_context=True,
        dockerfile=_DOCKERFILE,
        tag=name,
        buildargs=dict(build.args),
        target=build.target or None,
        platform=build.platform or None,
        labels={LABEL: "image"},
        nocache=anew,
        rm=True,
        forcerm=True,
        decode=True,
    )
    return stream


def _has_buildkit(environ: Mapping[str, str]) -> bool:
    try:
        return (
            subprocess.run(
                ["docker", "buildx", "version"], env=environ, capture_output=True, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def _build_with_buildkit(
    environ: Mapping[str, str], build: ImageBuild, name: str, context: IO[bytes], tell: Tell, *, anew: bool
) -> BuildFailure | None:
    context.seek(0)
    arguments = [word for key, value in build.args for word in ("--build-arg", f"{key}={value}")]
    options = ["--file", _DOCKERFILE, "--tag", name, "--label", f"{LABEL}=image", *arguments]
    options += ["--no-cache"] if anew else []
    options += ["--target", build.target] if build.target else []
    options += ["--platform", build.platform] if build.platform else []
    said: list[str] = []
    with subprocess.Popen(
        ["docker", "build", "--progress=plain", *options, "-"],
        stdin=context,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environ, "DOCKER_BUILDKIT": "1"},
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if step := line.strip():
                tell(step)
    text = "".join(said)
    return BuildFailure(text.strip().rpartition("\n")[2], text) if process.returncode else None


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info
