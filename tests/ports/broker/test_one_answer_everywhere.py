"""Whoever is asked, the answer is one: the gate on facts, the gate on a remote broker, the broker's own matrix."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pytest
from broker_client import Client
from broker_histories import CONSUMERS, HISTORIES, PLACES, PROVIDER, WITH_DOCUMENTS, Model, Player, Step, pact
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from law_examples import examples
from remote_ledgers import own_ledger

from harness.contracts.pact_reader import read_pact
from harness.evidence import Evidence, EvidenceKind, Facts, Known
from harness.gate import can_i_deploy, resolutions
from harness.gate.decision import decide_candidates, policy_of
from harness.gate.reason_document import reason_documents
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Reason, Verdict

PASSED, FAILED, UNKNOWN = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
WORDS = {True: PASSED, False: FAILED, None: UNKNOWN}


def expected(model: Model, whose: str, number: str, place: str) -> Verdict:
    """What a version may expect in a place: the worst of the pairs that it would make there."""
    if whose == PROVIDER:
        there = [each for each in live(model, place) if each[0] != PROVIDER]
        return worst([verdict for each in there for verdict in pairs(model, *each, number)])
    providers = [each[1] for each in live(model, place) if each[0] == PROVIDER]
    broken = [in_place(model, whose, number, each) for each in providers]
    if (whose, number) not in model.pacts:
        hollow = any(owner == whose for owner, _ in model.pacts)
        return worst([UNKNOWN if hollow else PASSED, *broken])
    return worst([*(pair(model, whose, number, each) for each in providers), *broken] if providers else [UNKNOWN])


def pairs(model: Model, consumer: str, number: str, provider: str) -> list[Verdict]:
    return [pair(model, consumer, number, provider), in_place(model, consumer, number, provider)]


def in_place(model: Model, consumer: str, number: str, provider: str) -> Verdict:
    """A no where the provider breaks what was recorded in the place of the consumer's number."""
    recorded = [known for whose, known in model.pacts if whose == consumer and known.startswith(f"{number}+")]
    broken = FAILED in [pair(model, consumer, each, provider) for each in recorded]
    return FAILED if broken else PASSED


def live(model: Model, place: str) -> list[tuple[str, str]]:
    return [(whose, number) for where, whose, number in (*model.deployed, *model.released) if where == place]


def pair(model: Model, consumer: str, number: str, provider: str) -> Verdict:
    if (consumer, number) not in model.pacts:
        return UNKNOWN if any(owner == consumer for owner, _ in model.pacts) else PASSED
    content = model.pacts[consumer, number]
    told = [r for r in model.results if (r.consumer, r.content, r.number) == (consumer, content, provider)]
    for each in {r.number for r in model.results if r.number.startswith(f"{provider}+")}:
        of_it = [r for r in model.results if (r.consumer, r.content, r.number) == (consumer, content, each)]
        if of_it and not of_it[-1].success:
            return FAILED
    return (PASSED if told[-1].success else FAILED) if told else stated(model, content, provider)


def stated(model: Model, content: int, provider: str) -> Verdict:
    """What the provider's document says where nothing was run; a yes needs to have been seen."""
    promised, claim = model.documents.get(provider, (None, None))
    if promised is None:
        return UNKNOWN
    if claim is False or content not in promised:
        return FAILED
    return PASSED if (provider, content) in model.exercised else UNKNOWN


def recorded_anew(steps: list[Step]) -> list[Step]:
    """The same history where runs found other contracts under 1, and recorded in its place what was 3."""
    return [(name, tuple("1+changed.3" if part == "3" else part for part in parts)) for name, parts in steps]


ANEW = (HISTORIES | WITH_DOCUMENTS).map(recorded_anew)


def worst(verdicts: list[Verdict]) -> Verdict:
    return max(verdicts, default=PASSED)


BROKER = "http://broker.test"
CAUSE = itemgetter("verdict", "cause", "consumer", "provider", "missing", "contract")


def gate_reasons(version: Version, place: str, facts: Facts) -> Iterable[Reason]:
    """What the gate says, before a larger set is looked for."""
    return decide_candidates([version], place, facts, policy_of(place, facts, None)).reasons


def command_reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """What `harness can-i-deploy --broker URL --json` tells of what stands against a yes."""
    place = resolutions.CheckedOut(options=("--broker", BROKER))
    placed = [resolutions.here(each, None, place) for each in reasons if each.verdict is not PASSED]
    return reason_documents(placed)


def reasons_by_http(client: Client, version: Version, place: str) -> Iterator[list[dict[str, Any]]]:
    number = quote(version.number)
    one = f"pacticipant={version.pacticipant}&version={number}"
    many = f"q[][pacticipant]={version.pacticipant}&q[][version]={number}"
    for url in (f"/can-i-deploy?{one}", f"/matrix?{many}&latestby=cvpv", f"/matrix?{many}&limit=1"):
        yield client.get(f"{url}&environment={place}").json["reasons"]


def by_http(client: Client, version: Version, place: str) -> Iterator[tuple[str, Any]]:
    number = quote(version.number)
    one = f"pacticipant={version.pacticipant}&version={number}"
    many = f"q[][pacticipant]={version.pacticipant}&q[][version]={number}"
    for url in (
        f"/can-i-deploy?{one}&environment={place}",
        f"/matrix?{many}&latestby=cvpv&environment={place}",
        f"/matrix?{many}&latestby=cvp&environment={place}",
        f"/matrix?{many}&environment={place}&limit=1",
    ):
        yield url, WORDS[client.get(url).json["summary"]["deployable"]]


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(4),
    deadline=None,
)
@given(steps=HISTORIES | WITH_DOCUMENTS | ANEW)
def test_one_answer_whoever_is_asked(client: Client, database: Database, steps: list[Step]) -> None:
    ledger = SqlLedger(database)
    model, player = Model(), Player(client, ledger)
    for step in steps:
        model.act(step)
        player.act(step)
    with TemporaryDirectory() as folder:
        remote = own_ledger(client.app, Path(folder) / "beside.db")
        for whose, number in model.created:
            version = Version(player.name(whose), number)
            for plain in PLACES:
                place, wanted = player.name(plain), expected(model, whose, number, plain)
                near = ledger.facts_about([version], [place])
                found = {
                    "gate": can_i_deploy([version], place, near).verdict,
                    **dict(by_http(client, version, place)),
                }
                far = remote.facts_about([version], [place])
                found["remote"] = can_i_deploy([version], place, far).verdict
                found["remote alone"] = can_i_deploy([version], place, replace(far, objections=())).verdict
                assert found == dict.fromkeys(found, wanted), (whose, number, plain)
                answers = ledger.facts(), replace(far, objections=())
                by_command = [command_reasons(gate_reasons(version, place, each)) for each in answers]
                for over_http in reasons_by_http(client, version, place):
                    assert over_http == by_command[0], (whose, number, plain)
                    assert list(map(CAUSE, over_http)) == list(map(CAUSE, by_command[1]))
        remote.close()


def told(client: Client, consumer: str) -> Any:
    """What the broker says of version 1 of a consumer beside version 7 of its provider, without a place."""
    asked = f"/matrix?q[][pacticipant]={consumer}&q[][version]=1&q[][pacticipant]=p&q[][version]=7&latestby=cvpv"
    return client.get(asked).json["summary"]["deployable"]


def equal_pacts(ledger: SqlLedger) -> Evidence:
    """Two consumers promise the same; what a run of ours saw of the pact of the first."""
    for consumer in CONSUMERS:
        contract = read_pact(json.dumps(pact(consumer, PROVIDER, 0)), "a pact").contract()
        ledger.publish(Version(consumer, "1"), [contract])
        ledger.record_deployment("production", Version(consumer, "1"))
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=contract.key,
        consumer="c",
        provider=Version("p", "7"),
        artifact="built",
        identity="ran",
        verdict=PASSED,
        promised=1,
        exercised=1,
        complete=True,
        run="r",
        at="2026-01-01T00:00:00+00:00",
    )


def gate(ledger: SqlLedger) -> Verdict:
    facts: Facts = ledger.facts_about([Version("p", "7")], ["production"])
    return can_i_deploy([Version("p", "7")], "production", facts).verdict


def test_a_result_of_a_known_build_speaks_for_every_consumer_with_that_content(
    client: Client, database: Database
) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = equal_pacts(ledger)
    ledger.record_version(Known(version=seen.provider, artifacts=frozenset(["built"])), runtime="docker")
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (UNKNOWN, None, None)
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (PASSED, True, True)
    broken = replace(seen, verdict=FAILED, cause=Cause.BROKEN_PROMISE, consumer="d", run="r2")
    ledger.record_evidence(broken)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (FAILED, False, False)


def test_a_result_of_a_foreign_verifier_speaks_for_its_own_consumer_alone(
    client: Client, database: Database
) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = replace(equal_pacts(ledger), artifact="", identity="")
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (UNKNOWN, True, None)
    ledger.record_evidence(replace(seen, consumer="d"))
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (PASSED, True, True)


def test_a_result_of_a_foreign_verifier_speaks_for_its_own_number_alone(
    client: Client, database: Database
) -> None:
    """Two numbers are one build; nobody knows on what the foreign verifier ran."""
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = replace(equal_pacts(ledger), provider=Version("p", "6"))
    for number in ("6", "7"):
        known = Known(version=Version("p", number), artifacts=frozenset(["built"]))
        ledger.record_version(known, runtime="docker")
    for consumer in CONSUMERS:
        ledger.record_evidence(replace(seen, consumer=consumer, artifact="", identity=""))
    assert (gate(ledger), told(client, "c")) == (UNKNOWN, None)
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c")) == (PASSED, True)


def test_a_success_that_left_interactions_out_takes_nothing_back(client: Client, database: Database) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = equal_pacts(ledger)
    ledger.record_version(Known(version=seen.provider, artifacts=frozenset(["built"])), runtime="docker")
    ledger.record_evidence(replace(seen, exercised=0, complete=False))
    assert (gate(ledger), told(client, "c")) == (UNKNOWN, None)
    ledger.record_evidence(seen)
    ledger.record_evidence(replace(seen, exercised=0, complete=False))
    assert (gate(ledger), told(client, "c")) == (PASSED, True)


@pytest.mark.parametrize("side", ["consumer", "provider"])
def test_what_a_run_recorded_in_a_versions_place_hides_no_broken_pact_from_whoever_asks_about_it(
    client: Client, database: Database, tmp_path: Path, side: str
) -> None:
    """`abc` is kept; what a run recorded as `abc+changed.1` is broken: at the broker, near and far it is a no."""
    player, changed = Player(client), "abc+changed.1"
    player.publish("c", "abc", 0, None)
    player.verify("c", 0, "abc", True, False)
    player.deploy("p", "abc", "prod")
    version, place = Version(player.name("c"), "abc"), player.name("prod")

    def answers() -> dict[str, Verdict]:
        ledger, remote = SqlLedger(database), own_ledger(client.app, tmp_path / "beside.db")
        near = can_i_deploy([version], place, ledger.facts_about([version], [place]))
        far = can_i_deploy([version], place, replace(remote.facts_about([version], [place]), objections=()))
        whole = can_i_deploy([version], place, replace(remote.facts(), objections=()))
        remote.close()
        pair = f"q[][pacticipant]={version.pacticipant}&q[][version]=abc&q[][pacticipant]={player.name('p')}"
        beside = client.get(f"/matrix?{pair}&q[][version]=abc").json
        said = {"gate": near.verdict, "remote": far.verdict, "all of it": whole.verdict}
        return {**said, "beside": WORDS[beside["summary"]["deployable"]], **dict(by_http(client, version, place))}

    assert set(answers().values()) == {PASSED}
    if side == "consumer":
        player.publish("c", changed, 1, None)
        player.verify("c", 1, "abc", True, False)
        assert set(answers().values()) == {PASSED}
        player.verify("c", 1, "abc", False, False)
    else:
        player.verify("c", 0, changed, False, False)
    found = answers()
    assert found == dict.fromkeys(found, FAILED)
    told = client.get(f"/can-i-deploy?pacticipant={version.pacticipant}&version=abc&environment={place}").json
    assert "abc+changed.1" in told["summary"]["reason"]
