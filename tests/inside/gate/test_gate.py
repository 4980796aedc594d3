from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UnknownName, UsageError
from harness.evidence import Evidence, EvidenceKind, Facts, Known, Live, is_latest
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.services.manifest.plugin_checks import KINDS
from harness.verdicts import Cause, Verdict

NAMES = ("orders", "catalog", "payments", "web")
versions = st.builds(Version, st.sampled_from(NAMES), st.sampled_from(("1", "2")))
PRODUCTION = "production"


def evidence(provider: Version, contract: str, verdict: Verdict, **changes: object) -> Evidence:
    base: dict[str, object] = {
        "kind": EvidenceKind.PACTS,
        "contract": contract,
        "provider": provider,
        "artifact": f"artifact of {provider}",
        "identity": f"identity of {provider}",
        "verdict": verdict,
        "cause": None if verdict is Verdict.PASSED else Cause.BROKEN_PROMISE,
        "because": "" if verdict is Verdict.PASSED else "it broke",
        "promised": 1,
        "exercised": 0 if verdict is Verdict.UNKNOWN else 1,
        "complete": verdict is not Verdict.UNKNOWN,
        "run": "r1",
        "at": "2026-01-01T00:00:00+00:00",
    }
    return Evidence(**{**base, **changes})  # type: ignore[arg-type]  # the tests name real fields


def known(version: Version, pacts: Mapping[str, str] | None = None, openapi: str = "") -> Known:
    return Known(
        version=version, artifacts=frozenset([f"artifact of {version}"]), pacts=pacts or {}, openapi=openapi
    )


def facts(
    *knowns: Known, evidence: tuple[Evidence, ...] = (), live: tuple[Live, ...] = (), require: tuple[str, ...] = ()
) -> Facts:
    return Facts(
        versions={k.version: k for k in knowns},
        evidence=evidence,
        live=live,
        environments={PRODUCTION: require or ("pacts",)},
    )


WEB, ORDERS = Version("web", "1"), Version("orders", "1")
LIVE_ORDERS = Live(environment=PRODUCTION, version=ORDERS)


def test_a_verified_pair_may_be_deployed() -> None:
    world = facts(
        known(WEB, {"orders": "k"}),
        known(ORDERS),
        evidence=(evidence(ORDERS, "k", Verdict.PASSED),),
        live=(LIVE_ORDERS,),
    )
    assert can_i_deploy([WEB], PRODUCTION, world).verdict is Verdict.PASSED


def test_a_missing_verification_is_unknown_and_says_which_command_resolves_it() -> None:
    world = facts(known(WEB, {"orders": "k"}), known(ORDERS), live=(LIVE_ORDERS,))
    decision = can_i_deploy([WEB], PRODUCTION, world)
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reasons[0].cause is Cause.NOT_VERIFIED
    assert decision.reasons[0].command == "harness verify orders=1 --against web=1"


def test_a_provider_that_is_not_there_is_unknown() -> None:
    world = facts(known(WEB, {"orders": "k"}), known(ORDERS))
    decision = can_i_deploy([WEB], PRODUCTION, world)
    assert [(r.verdict, r.cause) for r in decision.reasons] == [(Verdict.UNKNOWN, Cause.NOTHING_DEPLOYED)]


def test_every_live_instance_counts() -> None:
    second = Version("orders", "2")
    world = facts(
        known(WEB, {"orders": "k"}),
        known(ORDERS),
        known(second),
        evidence=(evidence(ORDERS, "k", Verdict.PASSED),),
        live=(
            Live(environment=PRODUCTION, version=ORDERS, instance="blue"),
            Live(environment=PRODUCTION, version=second, instance="green"),
        ),
    )
    assert can_i_deploy([WEB], PRODUCTION, world).verdict is Verdict.UNKNOWN


def test_a_candidate_replaces_what_is_deployed_of_its_own_kind_but_not_what_is_released() -> None:
    new = Version("orders", "2")
    world = facts(
        known(WEB, {"orders": "k"}),
        known(ORDERS),
        known(new),
        evidence=(evidence(new, "k", Verdict.PASSED), evidence(ORDERS, "k", Verdict.FAILED)),
        live=(LIVE_ORDERS,),
    )
    assert can_i_deploy([WEB, new], PRODUCTION, world).verdict is Verdict.PASSED
    released = facts(
        *world.versions.values(),
        evidence=world.evidence,
        live=(Live(environment=PRODUCTION, version=ORDERS, released=True),),
    )
    assert can_i_deploy([WEB, new], PRODUCTION, released).verdict is Verdict.FAILED


def test_live_consumers_of_a_candidate_provider_are_asked() -> None:
    world = facts(
        known(WEB, {"orders": "k"}),
        known(ORDERS),
        evidence=(evidence(ORDERS, "k", Verdict.FAILED),),
        live=(Live(environment=PRODUCTION, version=WEB),),
    )
    decision = can_i_deploy([ORDERS], PRODUCTION, world)
    assert decision.verdict is Verdict.FAILED
    assert "web 1 is broken by orders 1" in decision.reasons[0].text


def test_a_version_that_meets_nobody_passes_and_says_so() -> None:
    decision = can_i_deploy([ORDERS], PRODUCTION, facts(known(ORDERS)))
    assert decision.verdict is Verdict.PASSED
    assert "meets nobody" in decision.reasons[0].text


def test_a_policy_can_demand_more_than_pacts() -> None:
    world = facts(known(ORDERS, openapi="doc"), require=("properties",))
    assert can_i_deploy([ORDERS], PRODUCTION, world).verdict is Verdict.UNKNOWN
    passed = evidence(ORDERS, "doc", Verdict.PASSED, kind=EvidenceKind.PROPERTIES)
    decision = can_i_deploy(
        [ORDERS], PRODUCTION, facts(*world.versions.values(), evidence=(passed,), require=("properties",))
    )
    assert decision.verdict is Verdict.PASSED
    assert decision.require == ("pacts", "properties")


def test_equal_content_under_a_new_number_is_verified_at_once() -> None:
    bumped = Version("orders", "1.0.1")
    same = Known(version=bumped, artifacts=frozenset([f"artifact of {ORDERS}"]))
    world = facts(
        known(WEB, {"orders": "k"}),
        known(ORDERS),
        same,
        evidence=(evidence(ORDERS, "k", Verdict.PASSED),),
        live=(Live(environment=PRODUCTION, version=bumped),),
    )
    assert can_i_deploy([WEB], PRODUCTION, world).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("candidates", "environment", "error", "hint"),
    [
        ([], PRODUCTION, UsageError, "SERVICE=VERSION"),
        ([Version("order", "1")], PRODUCTION, UnknownName, "did you mean 'orders'?"),
        ([Version("orders", "9")], PRODUCTION, UnknownName, "harness publish"),
        ([ORDERS], "produktion", UnknownName, "did you mean 'production'?"),
        ([ORDERS, Version("orders", "2")], PRODUCTION, UsageError, "one version"),
    ],
)
def test_a_name_that_does_not_exist_is_an_error_never_nothing_to_check(
    candidates: list[Version], environment: str, error: type[Exception], hint: str
) -> None:
    world = facts(known(ORDERS), known(Version("orders", "2")))
    with pytest.raises(error) as caught:
        can_i_deploy(candidates, environment, world)
    assert hint in str(caught.value)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Version], Facts]:
    everything = draw(st.lists(versions, min_size=1, unique=True))
    keys = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("k1", "k2")), max_size=3)
    knowns = {v: known(v, {p: k for p, k in draw(keys).items() if p != v.pacticipant}) for v in everything}
    live = draw(
        st.lists(
            st.builds(
                Live,
                environment=st.just(PRODUCTION),
                version=st.sampled_from(everything),
                instance=st.sampled_from(("", "blue")),
                released=st.booleans(),
            ),
            max_size=4,
        )
    )
    seen = draw(
        st.lists(
            st.builds(
                evidence, st.sampled_from(everything), st.sampled_from(("k1", "k2")), st.sampled_from(Verdict)
            ),
            max_size=12,
        )
    )
    by_name = {v.pacticipant: v for v in draw(st.lists(st.sampled_from(everything), min_size=1))}
    world = Facts(versions=knowns, evidence=tuple(seen), live=tuple(live), environments={PRODUCTION: ("pacts",)})
    return list(by_name.values()), world


def oracle(candidates: list[Version], world: Facts) -> Verdict:
    """The definition, in the plainest words: every pair that will meet, with a candidate in it."""
    names = {c.pacticipant for c in candidates}
    others = [e.version for e in world.live if e.released or e.version.pacticipant not in names]
    there = set(candidates) | set(others)
    verdicts = [Verdict.PASSED]
    for consumer in there:
        for provider_name, key in world.versions[consumer].pacts.items():
            providers = [p for p in there if p.pacticipant == provider_name]
            if not providers and consumer in candidates:
                verdicts.append(Verdict.UNKNOWN)
            for provider in providers:
                if consumer in candidates or provider in candidates:
                    history = [
                        e.verdict
                        for e in world.evidence
                        if e.provider == provider and e.contract == key and e.verdict is not Verdict.UNKNOWN
                    ]
                    verdicts.append(history[-1] if history else Verdict.UNKNOWN)
    return max(verdicts)


@given(worlds())
def test_the_gate_agrees_with_its_definition(case: tuple[list[Version], Facts]) -> None:
    candidates, world = case
    assert can_i_deploy(candidates, PRODUCTION, world).verdict is oracle(candidates, world)


@given(worlds())
def test_every_no_and_every_unknown_has_a_cause_and_a_command(case: tuple[list[Version], Facts]) -> None:
    candidates, world = case
    decision = can_i_deploy(candidates, PRODUCTION, world)
    assert decision.verdict is max(r.verdict for r in decision.reasons)
    assert all(r.cause and r.command for r in decision.reasons if r.verdict is not Verdict.PASSED)


@given(worlds(), st.data())
def test_a_failed_verification_never_opens_the_gate(
    case: tuple[list[Version], Facts], data: st.DataObject
) -> None:
    candidates, world = case
    considered = can_i_deploy(candidates, PRODUCTION, world).considered
    if considered:
        pair = data.draw(st.sampled_from(considered))
        broken = evidence(pair.provider, pair.contract, Verdict.FAILED)
        worse = Facts(
            versions=world.versions,
            evidence=(*world.evidence, broken),
            live=world.live,
            environments=world.environments,
        )
        assert can_i_deploy(candidates, PRODUCTION, worse).verdict is Verdict.FAILED


def test_the_manifest_knows_the_same_kinds_of_evidence_as_the_matrix() -> None:
    assert set(KINDS) == {kind.value for kind in EvidenceKind}


def test_earlier_evidence_stands_until_something_later_speaks_of_the_same_artifact() -> None:
    first = evidence(ORDERS, "k", Verdict.FAILED, identity="beside catalog 1")
    later = evidence(ORDERS, "k", Verdict.PASSED, identity="beside catalog 2")
    assert is_latest(facts(known(ORDERS), evidence=(first,)), first)
    assert not is_latest(facts(known(ORDERS), evidence=(first, later)), first)
    assert is_latest(facts(known(ORDERS), evidence=(first, later, first)), first)
    assert not is_latest(facts(known(ORDERS)), first)
