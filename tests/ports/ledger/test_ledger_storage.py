"""What only a ledger that remembers can be asked: crashes, crowds, old and new schemas, wrong places."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from harness.errors import EnvironmentProblem, HarnessError, UsageError
from harness.evidence import Known
from harness.identity import Version
from harness.ledger.db.complete_tables import complete_metadata
from harness.ledger.db.database import open_database
from harness.ledger.db.tables import REVISION_TABLE, REVISIONS
from harness.ledger.sql_ledger import SqlLedger, open_ledger

PRELUDE = """
import sys
from harness.ledger.sql_ledger import open_ledger
from harness.contracts.document import Contract, ContractKind
from harness.identity import Version
from harness.evidence import Evidence, EvidenceKind, Known
from harness.verdicts import Exercised, Verdict

def seen(name, number):
    return Evidence(kind=EvidenceKind.PACTS, contract="k", consumer="web", provider=Version(name, str(number)),
        artifact="a", identity="i", verdict=Verdict.PASSED, promised=1, exercised=1, complete=True, run=name,
        at="2026-01-01T00:00:00Z", results=(Exercised(subject="x" * 5000, verdict=Verdict.PASSED),))

def pact(key):
    return Contract(kind=ContractKind.PACT, owner="web", counterpart="orders", key=key, text="{}")
"""


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    code = PRELUDE + textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def answers(*children: subprocess.Popen[str]) -> list[str]:
    told = [one.communicate(timeout=100)[0] for one in children]
    assert [one.returncode for one in children] == [0] * len(children)
    return told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "below" / "ledger.db"


@pytest.fixture
def reopened(path: Path) -> Iterator[Callable[[], SqlLedger]]:
    opened: list[SqlLedger] = []

    def again() -> SqlLedger:
        opened.append(open_ledger(str(path)))
        return opened[-1]

    yield again
    for ledger in opened:
        ledger.close()


# --- crowds and crashes --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_eight_processes_write_at_once_and_nothing_is_lost(path: Path, reopened: Callable[[], SqlLedger]) -> None:
    script = """
    ledger = open_ledger(sys.argv[1])
    for number in range(25):
        ledger.record_evidence(seen(sys.argv[2], number))
        ledger.publish(Version("web", str(number)), [pact(f"k{number}")])
        ledger.record_deployment("production", Version(sys.argv[2], str(number)))
    ledger.close()
    """
    answers(*(child(script, str(path), f"writer-{n}") for n in range(8)))
    facts = reopened().facts()
    told = [(e.provider.pacticipant, int(e.provider.number)) for e in facts.evidence]
    for writer in range(8):
        assert [number for name, number in told if name == f"writer-{writer}"] == list(range(25))
    assert len(facts.versions) == 8 * 25 + 25
    assert len(facts.live) == 8
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM contracts").fetchone() == (25,)
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_what_was_acknowledged_survives_the_death_of_its_writer(
    path: Path, reopened: Callable[[], SqlLedger], acknowledged: int
) -> None:
    script = """
    ledger = open_ledger(sys.argv[1])
    number = 0
    while True:
        ledger.record_evidence(seen("orders", number))
        print(number, flush=True)
        number += 1
    """
    writer = child(script, str(path))
    assert writer.stdout is not None
    for _ in range(acknowledged):
        last = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    writer.stdout.close()
    writer.wait(timeout=30)
    ledger = reopened()
    numbers = [int(e.provider.number) for e in ledger.facts().evidence]
    assert numbers[: last + 1] == list(range(last + 1))
    assert len(numbers) <= last + 2  # at most the one that was written and not yet told
    ledger.record_version(Known(version=Version("web", "1")))  # and it can be written to at once


@pytest.mark.slow
def test_several_processes_make_one_new_ledger_together(path: Path, reopened: Callable[[], SqlLedger]) -> None:
    script = """
    ledger = open_ledger(sys.argv[1])
    print(sorted(ledger.facts().environments))
    ledger.close()
    """
    told = answers(*(child(script, str(path)) for _ in range(6)))
    assert told == ["['production', 'test']\n"] * 6
    assert list(reopened().facts().environments) == ["test", "production"]


def test_every_connection_writes_through_to_the_disk(path: Path) -> None:
    database = open_database(str(path))
    for context in (database.writing, database.reading, database.writing):
        with context() as db:
            pragmas = {
                name: db.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    database.close()


def test_a_reader_sees_one_moment_while_others_write(reopened: Callable[[], SqlLedger]) -> None:
    reader, writer = reopened(), reopened()
    count = sa.text("SELECT count(*) FROM versions")
    with reader.database.reading() as db:
        assert db.execute(count).scalar() == 0
        writer.record_version(Known(version=Version("orders", "1")))
        assert db.execute(count).scalar() == 0
    assert len(reader.facts().versions) == 1


def test_a_write_that_fails_half_way_leaves_nothing(reopened: Callable[[], SqlLedger]) -> None:
    ledger = reopened()

    def stumble() -> None:
        with ledger.database.writing() as db:
            db.exec_driver_sql("INSERT INTO pacticipants (name) VALUES ('orders')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stumble()
    with ledger.database.reading() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM pacticipants").scalar() == 0


def test_an_instance_can_never_hold_two_versions(reopened: Callable[[], SqlLedger]) -> None:
    ledger = reopened()
    for number in ("1", "2"):
        ledger.record_version(Known(version=Version("orders", number)))
    ledger.record_deployment("production", Version("orders", "1"))

    def behind_the_back() -> None:
        with ledger.database.writing() as db:
            db.exec_driver_sql(
                "INSERT INTO deployments (environment_id, pacticipant_id, version_id, instance, since)"
                " SELECT environment_id, pacticipant_id, 2, instance, since FROM deployments"
            )

    with pytest.raises(sa.exc.IntegrityError):
        behind_the_back()


def test_history_is_kept_when_something_is_replaced(path: Path, reopened: Callable[[], SqlLedger]) -> None:
    ledger = reopened()
    for number in ("1", "2", "1"):
        ledger.record_version(Known(version=Version("orders", number)))
        ledger.record_deployment("production", Version("orders", number))
    ledger.record_undeployment("production", "orders")
    with ledger.database.reading() as db:
        rows = db.exec_driver_sql("SELECT version_id, until IS NULL FROM deployments ORDER BY id").all()
    assert [tuple(row) for row in rows] == [(1, 0), (2, 0), (1, 0)]


# --- schemas -------------------------------------------------------------------------------------------------


def differences(database_url: str) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = open_database(database_url)
    try:
        with database.reading() as db:
            options = {"version_table": REVISION_TABLE, "compare_type": True, "compare_server_default": True}
            return list(compare_metadata(MigrationContext.configure(db, opts=options), complete_metadata()))
    finally:
        database.close()


def test_a_migrated_schema_is_the_one_that_the_program_expects(path: Path) -> None:
    assert differences(str(path)) == []


def content(path: Path) -> list[str]:
    """Everything in a file, without what only says which number was given last."""
    with closing(sqlite3.connect(path)) as db:
        return [" ".join(line.split()) for line in db.iterdump() if "sqlite_sequence" not in line]


def test_a_new_file_is_what_all_steps_make_of_it(path: Path, tmp_path: Path) -> None:
    open_ledger(str(path)).close()
    stepwise = tmp_path / "stepwise.db"
    with closing(sqlite3.connect(stepwise)) as db:
        db.execute(f"CREATE TABLE {REVISION_TABLE} (version_num VARCHAR(32) NOT NULL)")
    open_ledger(str(stepwise)).close()
    left, made = content(path), content(stepwise)
    assert [line for line in left if REVISION_TABLE not in line] == [
        line for line in made if REVISION_TABLE not in line
    ], "write into new_ledger.sql what the steps make"


def test_a_migrated_schema_has_every_constraint_of_the_program_s_own(path: Path, tmp_path: Path) -> None:
    open_ledger(str(path)).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'expected.db'}")
    metadata = complete_metadata()
    metadata.create_all(engine)

    def shape(inspector: sa.Inspector) -> dict[str, Any]:
        return {
            table: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
                inspector.get_pk_constraint(table)["constrained_columns"],
                sorted((u["name"], u["column_names"]) for u in inspector.get_unique_constraints(table)),
                sorted((str(i["name"]), i["column_names"], i["unique"]) for i in inspector.get_indexes(table)),
                sorted((str(f["name"]), f["referred_table"]) for f in inspector.get_foreign_keys(table)),
            )
            for table in metadata.tables
        }

    database = open_database(str(path))
    with engine.connect() as expected, database.reading() as db:
        assert shape(sa.inspect(db)) == shape(sa.inspect(expected))
    engine.dispose()
    database.close()


def test_the_program_knows_every_step_and_in_their_order() -> None:
    from alembic.script import ScriptDirectory

    import harness.ledger.db.migrations as package

    steps = ScriptDirectory(str(Path(str(package.__file__)).parent)).walk_revisions()
    assert tuple(step.revision for step in reversed(list(steps))) == REVISIONS


def test_a_ledger_of_a_newer_harness_is_refused_and_left_alone(path: Path) -> None:
    open_ledger(str(path)).close()
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE {REVISION_TABLE} SET version_num = '9999'")
    db.close()
    with pytest.raises(EnvironmentProblem) as caught:
        open_ledger(str(path))
    told = str(caught.value)
    assert "9999" in told
    assert str(path) in told
    assert "pip install --upgrade" in told


def test_a_migration_that_was_cut_off_starts_over(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute(f"CREATE TABLE {REVISION_TABLE} (version_num VARCHAR(32) NOT NULL)")
    db.close()
    ledger = open_ledger(str(path))
    assert len(ledger.facts().environments) == 2
    ledger.close()


def test_a_step_that_fails_leaves_the_schema_as_it_was(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE releases (id INTEGER PRIMARY KEY, mine TEXT)")
    db.close()
    with pytest.raises(EnvironmentProblem, match="releases already exists"):
        open_ledger(str(path))
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("releases",)]
    db.close()


def test_opening_a_ledger_and_asking_it_loads_nothing_that_is_slow_and_not_needed(path: Path) -> None:
    open_ledger(str(path)).close()
    script = """
    ledger = open_ledger(sys.argv[1])
    ledger.facts()
    ledger.close()
    slow = {"alembic", "pydantic", "psycopg", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql"}
    print(sorted(slow & set(sys.modules)))
    """
    assert answers(child(script, str(path))) == ["[]\n"]


# --- wrong places --------------------------------------------------------------------------------------------


def refusal(error: type[HarnessError], url: str) -> str:
    with pytest.raises(error) as caught:
        open_ledger(url)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        ":memory:",
        "",
        "sqlite://relative.db",
        "postgresql+asyncpg://h/d",
        "postgresql://h:port/d",
        "sqlite:///a\0b",
    ],
)
def test_what_is_no_place_for_a_ledger_is_answered_with_the_forms_that_are(url: str) -> None:
    assert "postgresql://" in refusal(UsageError, url)


@pytest.mark.parametrize("url", ["mysql://me:s3cret@h/d", "postgresql://me:s3cret@127.0.0.1:1/d"])
def test_a_password_is_never_told(url: str) -> None:
    assert "s3cret" not in refusal(HarnessError, url)


@pytest.mark.parametrize("name", ["a b?c=%20#d'.db", "-", "é🦊.db", "file:x"])
@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_path_may_hold_anything(tmp_path: Path, form: str, name: str) -> None:
    open_ledger(form.format(tmp_path / "50% off?" / name)).close()
    assert (tmp_path / "50% off?" / name).is_file()


def test_a_relative_path_is_found_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = open_ledger("sqlite:///x/ledger.db")
    monkeypatch.chdir("/")
    ledger.record_version(Known(version=Version("orders", "1")))
    ledger.close()
    assert (tmp_path / "x" / "ledger.db").is_file()
    monkeypatch.undo()


def test_a_file_of_another_kind_is_not_touched(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a ledger\n" * 100)
    told = refusal(EnvironmentProblem, str(notes))
    assert str(notes) in told
    assert "not a database" in told
    assert "another file" in told
    assert notes.read_text() == "not a ledger\n" * 100


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    assert f"{tmp_path}/ledger.db" in refusal(UsageError, str(tmp_path))


def test_a_file_is_no_folder_for_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made" in refusal(EnvironmentProblem, str(tmp_path / "file" / "ledger.db"))


def test_a_server_that_does_not_answer_is_told_by_its_place() -> None:
    told = refusal(EnvironmentProblem, "postgresql://127.0.0.1:1/ledger")
    assert "127.0.0.1:1/ledger" in told
    assert "--broker" in told


def test_a_ledger_that_somebody_holds_is_told_as_such(path: Path, reopened: Callable[[], SqlLedger]) -> None:
    ledger = reopened()
    with ledger.database.reading() as db:
        db.exec_driver_sql("PRAGMA busy_timeout = 50")  # the connection goes back to the pool with it
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(EnvironmentProblem, match="another process has been writing"):
        ledger.record_version(Known(version=Version("orders", "1")))
    holder.close()
    ledger.record_version(Known(version=Version("orders", "1")))
