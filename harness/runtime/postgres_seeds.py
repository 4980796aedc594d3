"""What a PostgreSQL image runs once from `/docker-entrypoint-initdb.d`, run for a database that is a process."""

from __future__ import annotations

import gzip
import os
import posixpath
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from harness.errors import ServiceDidNotStart
from harness.identity import digest
from harness.runtime import postgres
from harness.services.system import MountKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.services.system import Resource

PLACE = "/docker-entrypoint-initdb.d"
_WITHIN = 300  # seconds for one of them
_LINES = 20  # of what a seed said, when it fails
_ELSEWHERE = "run with --runtime docker"


@dataclass(frozen=True, slots=True)
class Seed:
    """One file that fills a database; its name says how it is run."""

    name: str
    content: bytes = field(repr=False)


def seeds_of(resource: Resource) -> tuple[Seed, ...]:
    """The seeds of a database, in the order in which they are run."""
    return tuple(sorted(_find_seeds(resource), key=lambda seed: seed.name))


def key_of(resource: Resource) -> str:
    """What the seeds of a database are known by."""
    parts = (part for each in seeds_of(resource) for part in (each.name, each.content.hex()))
    return digest("seeds", *parts)


def plant(resource: Resource, url: str, environ: Mapping[str, str], folder: Path) -> None:
    """Run every seed against a database that answers. Raises ServiceDidNotStart with what it said."""
    for seed in seeds_of(resource):
        command, told = _run_of(seed, resource, environ, folder)
        try:
            ended = subprocess.run(
                command,
                input=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(url, resource, environ),
                timeout=_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            why = f"its seed {seed.name} did not end within {_WITHIN} s"
            raise ServiceDidNotStart(resource.name, why) from error
        if ended.returncode:
            said = tuple(ended.stdout.decode("utf-8", "replace").splitlines()[-_LINES:])
            why = f"its seed {seed.name} ended with exit code {ended.returncode}"
            raise ServiceDidNotStart(resource.name, f"{why}: {said[-1] if said else 'it said nothing'}", said)


def _find_seeds(resource: Resource) -> Iterator[Seed]:
    for mount in resource.container.mounts:
        name = posixpath.basename(mount.target)
        if mount.target.rstrip("/") == PLACE and os.path.isdir(mount.source):
            files = [path for path in Path(mount.source).iterdir() if path.is_file()]
            yield from (Seed(path.name, path.read_bytes()) for path in files)
        elif posixpath.dirname(mount.target) == PLACE and mount.kind is MountKind.TEXT:
            yield Seed(name, mount.text.encode())
        elif posixpath.dirname(mount.target) == PLACE and os.path.isfile(mount.source):
            yield Seed(name, Path(mount.source).read_bytes())


def _run_of(seed: Seed, resource: Resource, environ: Mapping[str, str], folder: Path) -> tuple[list[str], bytes]:
    """How the image's entrypoint runs a file of that name, and what is written to it."""
    psql = postgres.binaries(resource.name, environ) / "psql"
    ask = [str(psql), "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc", "--quiet"]
    if seed.name.endswith(".sh"):
        script = folder / seed.name
        script.write_bytes(seed.content)
        return ["bash", str(script)], b""
    if not seed.name.endswith((".sql", ".sql.gz")):
        # The image passes over most other names, but it knows more ways to pack than we do.
        if seed.name.endswith((".sql.xz", ".sql.zst")):
            raise ServiceDidNotStart(resource.name, f"its seed {seed.name} cannot be unpacked here; {_ELSEWHERE}")
        return ["true"], b""
    if not psql.exists():
        why = f"its seed {seed.name} needs psql, which is not here"
        raise ServiceDidNotStart(resource.name, f"{why}; {_ELSEWHERE}")
    return ask, gzip.decompress(seed.content) if seed.name.endswith(".gz") else seed.content


def _environment(url: str, resource: Resource, environ: Mapping[str, str]) -> dict[str, str]:
    there = urlsplit(url)
    programs = f"{postgres.binaries(resource.name, environ)}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {
        **environ,
        **dict(resource.environment),
        "PATH": programs,
        "PGHOST": there.hostname or "",
        "PGPORT": str(there.port or ""),
        "PGUSER": unquote(there.username or ""),
        "PGPASSWORD": unquote(there.password or ""),
        "PGDATABASE": resource.database,
        "POSTGRES_USER": resource.user,
        "POSTGRES_PASSWORD": resource.password,
        "POSTGRES_DB": resource.database,
    }
