"""A database that is a local process finds the seeds that its image's entrypoint would run."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from runtime_bench import REAL, Bench, bench_for, database, need_postgres, on

from harness.errors import ServiceDidNotStart
from harness.runtime import artifacts
from harness.runtime.postgres_seeds import PLACE, seeds_of
from harness.services.system import ContainerSettings, Mount, MountKind, Resource

PACKED = gzip.compress(b"insert into pets values ('first');\nCOPY pets FROM stdin;\nsecond\n\\.\n")
SCRIPT = (
    b"""psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "insert into pets values ('third')" """
)


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_for(request.param, tmp_path)


def seeded(folder: Path, files: dict[str, bytes]) -> Resource:
    """A database whose image would find these files."""
    place = folder / "seeds"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    mounts = (Mount(target=PLACE, kind=MountKind.COPY, source=str(place)),)
    return replace(database(), container=ContainerSettings(mounts=mounts))


@pytest.mark.slow
@on(REAL[0])
def test_a_database_is_filled_by_its_seeds_in_their_order(bench: Bench, tmp_path: Path) -> None:
    need_postgres(bench)
    files = {
        "a1.sql": b"create table pets (name text);",
        "a2.sql.gz": PACKED,
        "a3.sh": SCRIPT,
        "readme.md": b"none",
    }
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(seeded(tmp_path, files), {})
        with psycopg.connect(instance.url) as connection:
            names = connection.execute("select name from pets order by 1").fetchall()
    assert names == [("first",), ("second",), ("third",)]


@pytest.mark.slow
@on(REAL[0])
def test_a_seed_that_fails_is_told_with_what_it_said(bench: Bench, tmp_path: Path) -> None:
    need_postgres(bench)
    resource = seeded(tmp_path, {"a1.sql": b"insert into nowhere values (1);"})
    with (
        bench.runtime.session(bench.run()) as session,
        pytest.raises(ServiceDidNotStart, match=r"its seed a1\.sql ended with exit code 3: "),
    ):
        session.start(resource, {})
    assert bench.left() == []


def test_a_changed_seed_is_another_database(tmp_path: Path) -> None:
    one = seeded(tmp_path, {"a.sql": b"select 1"})
    before = artifacts.of_resource(one, {})
    seeded(tmp_path, {"a.sql": b"select 2"})
    assert artifacts.of_resource(one, {}) != before
    text = Mount(target=f"{PLACE}/b.sql", kind=MountKind.TEXT, text="select 3")
    both = replace(one, container=ContainerSettings(mounts=(text, *one.container.mounts)))
    assert [(seed.name, seed.content) for seed in seeds_of(both)] == [
        ("a.sql", b"select 2"),
        ("b.sql", b"select 3"),
    ]
