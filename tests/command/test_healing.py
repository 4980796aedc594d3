"""Unknowns heal: what is missing is run where it is missing, once, and what cannot be run says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from projects import harness, harness_process, project

from harness.app.heal import Attempt, MissingVerification, beyond_healing, missing_in, with_causes
from harness.contracts.pact_reader import read_pacts
from harness.evidence import Evidence, EvidenceKind, Known
from harness.identity import Version
from harness.ledger.sql_ledger import open_ledger
from harness.verdicts import Cause, Reason, Verdict

THINGS1, THINGS2, READER = Version("things", "1"), Version("things", "2"), Version("reader", "1")


def reason(verdict: Verdict = Verdict.UNKNOWN, **changes: Any) -> Reason:
    values: dict[str, Any] = {
        "verdict": verdict,
        "cause": Cause.NOT_VERIFIED,
        "text": "reader 1 is not verified on things 1",
        "consumer": READER,
        "provider": THINGS1,
        "contract": "k",
        "command": "harness verify things=1 --against reader=1",
    }
    return Reason(**{**values, **changes})


def test_what_is_missing_is_asked_for_once_however_many_miss_it() -> None:
    wanted = MissingVerification(provider=THINGS1, consumer=READER, contract="k")
    twice = [reason(), reason(), reason(consumer=Version("reader", "2"))]
    assert missing_in(twice) == (wanted,)


@pytest.mark.parametrize(
    "other",
    [reason(Verdict.FAILED), reason(Verdict.PASSED), reason(contract=""), reason(provider=None)],
    ids=["a no", "a yes", "nothing was published", "nothing is there"],
)
def test_only_a_missing_verification_can_be_run(other: Reason) -> None:
    assert missing_in([other]) == ()


def test_what_no_verification_resolves_is_told_once_with_what_does() -> None:
    bare = reason(provider=None, text="reader 1 needs things", command="harness run things")
    own = reason(consumer=None, text="things 1 has no standing evidence", command="harness run things=1")
    told = [reason(), bare, reason(Verdict.FAILED, contract=""), own, bare, reason(Verdict.PASSED, provider=None)]
    assert beyond_healing(told) == (bare, own)


def test_what_could_not_be_healed_says_why_and_all_else_stays() -> None:
    attempt = Attempt(
        missing=MissingVerification(provider=THINGS1, consumer=READER, contract="k"),
        verdict=Verdict.UNKNOWN,
        cause=Cause.DID_NOT_START,
        because="its port is taken",
    )
    other = reason(provider=THINGS2)
    told = with_causes([reason(), other], [attempt])
    assert (told[0].cause, told[1]) == (Cause.DID_NOT_START, other)
    assert told[0].text.endswith("(its port is taken)")


# --- whole commands ------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small system, with reader 1 deployed, and version 1 of its provider known and not verified."""
    project(tmp_path)
    harness("init", cwd=tmp_path)
    (pact,) = read_pacts([str(tmp_path / "pacts")])
    ledger = open_ledger(f"sqlite:///{tmp_path / '.harness' / 'ledger.db'}")
    ledger.publish(READER, [pact.contract()])
    ledger.record_version(Known(version=THINGS1))
    ledger.record_deployment("production", READER)
    ledger.close()
    return tmp_path


Ask = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def ask(folder: Path) -> Ask:
    def answer(*arguments: str) -> tuple[int, dict[str, Any], str]:
        options = ["--to", "production", "--runtime", "process", "--json"]
        done = harness("can-i-deploy", *arguments, *options, cwd=folder)
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    return answer


def evidence(folder: Path) -> tuple[Evidence, ...]:
    ledger = open_ledger(f"sqlite:///{folder / '.harness' / 'ledger.db'}")
    try:
        return ledger.facts().evidence
    finally:
        ledger.close()


@pytest.mark.slow
def test_what_cannot_be_healed_is_named_with_the_command_that_resolves_it(folder: Path, ask: Ask) -> None:
    ledger = open_ledger(f"sqlite:///{folder / '.harness' / 'ledger.db'}")
    ledger.declare_environment("production", ["integration"])
    ledger.close()
    code, document, said = ask("things=1", "--heal")
    assert (code, document["verdict"]) == (3, "UNKNOWN"), said
    assert "verified reader 1 on things 1: PASSED" in said
    left = [line for line in said.splitlines() if line.startswith("not healed, as no verification is missing: ")]
    (command,) = {line.partition("resolve it: ")[2] for line in left}
    assert command == "harness run things=1 --only integration"


@pytest.mark.slow
def test_a_missing_verification_is_run_and_the_answer_is_a_yes(folder: Path, ask: Ask) -> None:
    assert ask("things=1")[0] == 3
    code, document, said = ask("things=1", "--heal")
    assert code == 0, said
    assert document["verdict"] == "PASSED"
    assert [(h["verdict"], h["provider"]["name"]) for h in document["healed"]] == [("PASSED", "things")]
    assert "verified reader 1 on things 1: PASSED" in said
    assert "healed" not in ask("things=1", "--heal")[1]
    assert len(evidence(folder)) == 1


@pytest.mark.slow
def test_a_healed_unknown_may_be_a_no(folder: Path, ask: Ask) -> None:
    ledger = open_ledger(f"sqlite:///{folder / '.harness' / 'ledger.db'}")
    ledger.record_version(Known(version=THINGS2))
    ledger.close()
    code, document, _ = ask("things=2", "--heal")
    assert (code, document["verdict"]) == (1, "FAILED")


@pytest.mark.slow
def test_a_version_that_only_the_ledger_remembers_is_started_as_it_was(folder: Path, ask: Ask) -> None:
    assert harness("run", "things=2", "--only", "properties", "--runtime", "process", cwd=folder).returncode in (
        0,
        3,
    )
    manifest = folder / "harness.toml"
    manifest.write_text(manifest.read_text().replace('versions."2"', 'versions."3"'))
    code, document, said = ask("things=2", "--heal")
    assert (code, document["verdict"]) == (1, "FAILED"), said
    assert document["reasons"][0]["provider"] == {"name": "things", "version": "2"}


@pytest.mark.slow
def test_a_version_whose_content_is_gone_stays_unknown_and_says_so(folder: Path, ask: Ask) -> None:
    assert harness("run", "--only", "properties", "--runtime", "process", cwd=folder).returncode in (0, 3)
    service = folder / "things" / "service.py"
    service.write_text(service.read_text() + "\n# changed\n")
    code, document, said = ask("things=1", "--heal")
    assert (code, document["reasons"][0]["cause"]) == (3, "service did not start"), said
    assert "what things 1 was built from is not here any more" in document["reasons"][0]["text"]
    assert not any(e.kind is EvidenceKind.PACTS for e in evidence(folder))


@pytest.mark.slow
def test_a_version_that_nobody_knows_how_to_start_stays_unknown_and_says_so(folder: Path, ask: Ask) -> None:
    ledger = open_ledger(f"sqlite:///{folder / '.harness' / 'ledger.db'}")
    ledger.record_version(Known(version=Version("things", "9")))
    ledger.close()
    code, document, _ = ask("things=9", "--heal")
    assert (code, document["reasons"][0]["cause"]) == (3, "service did not start")
    assert "does not know how to start things 9" in document["reasons"][0]["text"]


@pytest.mark.slow
def test_two_that_ask_for_the_same_run_it_once(folder: Path) -> None:
    asked = ("can-i-deploy", "things=1", "--heal", "--to", "production", "--runtime", "process")
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda _: harness_process(*asked, cwd=folder).returncode, range(2)))
    assert codes == [0, 0]
    assert len({e.run for e in evidence(folder) if e.kind is EvidenceKind.PACTS}) == 1
