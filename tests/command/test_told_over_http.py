"""What a served broker tells to do in its JSON, done as it is told: each command runs, and leads to a yes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from projects import harness, project
from served_broker import Served

from harness.evidence import Known
from harness.identity import Version
from harness.ledger.db.database import open_database
from harness.ledger.sql_ledger import SqlLedger

MOST = 6  # steps, until whoever follows them has given up
PROCESSES = {"HARNESS_RUNTIME": "process"}
DOCUMENT = 'openapi = "openapi.json"\n'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    database = open_database(str(tmp_path / "broker.db"))
    yield SqlLedger(database)
    database.close()


@pytest.fixture
def base(ledger: SqlLedger) -> Iterator[str]:
    served = Served(ledger.database)
    yield served.base
    served.stop()


def ask(base: str, candidates: Sequence[str]) -> dict[str, Any]:
    """The route for one version, and the matrix for several."""
    named = [each.partition("=") for each in candidates]
    if len(named) == 1:
        ((name, _, number),) = named
        asked = f"can-i-deploy?pacticipant={quote(name)}&version={quote(number)}"
    else:
        asked = "matrix?latestby=cvpv" + "".join(
            f"&q[][pacticipant]={quote(name)}&q[][version]={quote(number)}" for name, _, number in named
        )
    with urlopen(f"{base}/{asked}&environment=production") as answer:
        return dict(json.load(answer))


def follow(base: str, folder: Path, *candidates: str) -> list[dict[str, Any]]:
    """Whoever reads an answer runs its first command, and asks again, until it is a yes; what was told."""
    told: list[dict[str, Any]] = []
    for _ in range(MOST):
        answer = ask(base, candidates)
        if answer["summary"]["deployable"]:
            assert answer["reasons"] == []
            return told
        told.append(answer["reasons"][0])
        words = shlex.split(told[-1]["command"])
        assert words[-2:] == ["--broker", base]
        if words[:2] == ["harness", "can-i-deploy"]:
            candidates = tuple(each for each in words[2:] if "=" in each)
            continue
        done = harness(*words[1:], cwd=folder, environment=PROCESSES)
        assert done.returncode in (0, 1), done.stderr
        if told[-1]["cause"] == "broken promise":
            return told
    raise AssertionError(f"no end: {told}")


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def record(ledger: SqlLedger, version: Version) -> None:
    ledger.record_version(Known(version=version))
    ledger.record_deployment("production", version)


def published(folder: Path, base: str) -> None:
    project(folder)
    change(folder, "harness.toml", DOCUMENT, "")
    done = harness("publish", "--broker", base, cwd=folder)
    assert done.returncode == 0, done.stderr


def beside_its_provider(_: Path, ledger: SqlLedger) -> tuple[str, ...]:
    record(ledger, Version("things", "1"))
    return ("reader=1",)


def of_a_provider_that_is_not_there(_: Path, ledger: SqlLedger) -> tuple[str, ...]:
    record(ledger, Version("reader", "1"))
    return ("reader=1",)


def only_a_number(folder: Path, ledger: SqlLedger) -> tuple[str, ...]:
    change(folder, "harness.toml", '[services.reader]\nversion = "1"', '[services.reader]\nversion = "2"')
    record(ledger, Version("things", "1"))
    record(ledger, Version("reader", "2"))
    return ("reader=2",)


SITUATIONS: dict[str, tuple[Callable[[Path, SqlLedger], tuple[str, ...]], list[str]]] = {
    "a pact that nobody verified": (beside_its_provider, ["not verified"]),
    "a provider that is not there": (of_a_provider_that_is_not_there, ["nothing deployed there"]),
    "a version that published nothing": (only_a_number, ["not published"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_whoever_does_what_is_told_over_http_comes_to_a_yes(
    name: str, base: str, ledger: SqlLedger, tmp_path: Path
) -> None:
    make, causes = SITUATIONS[name]
    published(tmp_path / "here", base)
    told = follow(base, tmp_path / "here", *make(tmp_path / "here", ledger))
    assert [each["cause"] for each in told][: len(causes)] == causes


@pytest.mark.slow
def test_a_broken_promise_is_told_over_http_in_the_words_of_its_rule(
    base: str, ledger: SqlLedger, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    published(folder, base)
    change(folder, "things/service.py", '"name": "seven"}', '"title": "seven"}')
    asked = beside_its_provider(folder, ledger)
    assert harness("verify", "things", "--broker", base, cwd=folder, environment=PROCESSES).returncode == 1
    (told,) = follow(base, folder, *asked)
    (broken,) = told["broken"]
    assert (broken["came"], broken["expected"][:8]) == ("nothing", "$.name: ")
    done = harness("can-i-deploy", *asked, "--to", "production", "--broker", base, "--json", cwd=tmp_path)
    assert [each for each in json.loads(done.stdout)["reasons"] if each["verdict"] != "PASSED"] == [told]
    with urlopen(f"{base}/matrix/provider/things/consumer/reader") as answer:
        beside = json.load(answer)["reasons"]
    assert [(each["cause"], each["command"]) for each in beside] == [
        ("broken promise", f"harness verify things=1 --against reader --broker {base}")
    ]
