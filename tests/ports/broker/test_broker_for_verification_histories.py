"""Random histories against a naive model of BROKER-API 8, 9 and 24: the same pacts, pending and in progress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from broker_client import Client
from broker_histories import (
    BRANCHES,
    CONSUMERS,
    CONTENTS,
    HISTORIES,
    PLACES,
    PROVIDER,
    TAGS,
    Model,
    Player,
    Step,
    pact,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law_examples import examples

from harness.contracts.pact_reader import pact_key

Told = tuple[str, str, int, frozenset[str], bool, bool]  # consumer, number, content, why, pending, wip

_consumer = st.fixed_dictionaries({}, optional={"consumer": st.sampled_from(CONSUMERS)})
_kind = st.one_of(
    st.sampled_from([{"mainBranch": True}, {"latest": True}, {"branch": True}, {"matchingBranch": True}]),
    st.sampled_from([{"deployed": True}, {"released": True}, {"deployedOrReleased": True}]),
    st.builds(
        lambda place, kind: {"environment": place, **kind},
        st.sampled_from(PLACES),
        st.sampled_from([{}, {"deployed": True}]),
    ),
    st.fixed_dictionaries(
        {"branch": st.sampled_from(BRANCHES)}, optional={"fallbackBranch": st.sampled_from(BRANCHES)}
    ),
    st.fixed_dictionaries({"tag": st.sampled_from(TAGS)}),
    st.fixed_dictionaries(
        {"tag": st.sampled_from(TAGS), "latest": st.just(True)}, optional={"fallbackTag": st.sampled_from(TAGS)}
    ),
)
SELECTORS = st.lists(st.builds(lambda kind, who: {**kind, **who}, _kind, _consumer), max_size=3)
# Every question is asked of every history: what is rare in one of them alone is common in all of them.
LINES: list[dict[str, Any]] = [
    *({"providerVersionBranch": name} for name in BRANCHES),
    *({"providerVersionTags": names} for names in ([], ["dev"], ["rc"], ["dev", "rc"])),
]
NOBODY = [{"tag": "nobody", "latest": True}]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=examples(12),
    deadline=None,
)
@given(steps=HISTORIES, selectors=SELECTORS)
def test_a_provider_is_given_what_the_model_says(
    client: Client, steps: list[Step], selectors: list[dict[str, Any]]
) -> None:
    model, player = Model(), Player(client)
    for step in steps:
        model.act(step)
        player.act(step)
    for line in LINES:
        for asked in (selectors, NOBODY, [{"latest": True}]):
            if line.get("providerVersionBranch") or not any("matchingBranch" in each for each in asked):
                assert _answered(player, asked, line) == _expected(model, asked, line)


def _answered(player: Player, selectors: list[dict[str, Any]], line: dict[str, Any]) -> list[Told]:
    renamed = [
        {key: player.name(value) if key in ("consumer", "environment") else value for key, value in each.items()}
        for each in selectors
    ]
    body = {**line, "consumerVersionSelectors": renamed, "includeWipPactsSince": "2020-01-01"}
    told = player.client.post(f"/pacts/provider/{player.name(PROVIDER)}/for-verification", body)
    assert told.status == 200, told.text
    return [_read(player, each) for each in told.json["_embedded"]["pacts"]]


def _read(player: Player, told: dict[str, Any]) -> Told:
    name = told["_links"]["self"]["name"].removeprefix("Pact between ")
    who, _, rest = name.partition(" (")
    consumer = who.removesuffix(player.suffix)
    sha = told["_links"]["self"]["href"].partition("/pact-version/")[2].partition("/")[0]
    content = next(n for n in CONTENTS if pact_key(pact(who, player.name(PROVIDER), n)) == sha)
    why = told["shortDescription"].replace(player.suffix, "").split(", ")
    assert len(why) == len(set(why)), "24.6: each reason is said once"
    properties = told["verificationProperties"]
    text = " ".join(each["text"] for each in properties["notices"])
    assert ("in pending state for this version" in text) == properties["pending"]
    return consumer, rest.partition(")")[0], content, frozenset(why), properties["pending"], "wip" in properties


# --- the model -----------------------------------------------------------------------------------------------


def _expected(model: Model, selectors: list[dict[str, Any]], line: dict[str, Any]) -> list[Told]:
    branch, tags = line.get("providerVersionBranch", ""), line.get("providerVersionTags", [])
    chosen: dict[tuple[str, int], tuple[list[str], set[str]]] = {}
    for selector in selectors or [*_defaults(model), {"deployedOrReleased": True}]:
        for consumer, number, why in _selected(model, selector, branch):
            numbers, reasons = chosen.setdefault((consumer, model.pacts[consumer, number]), ([], set()))
            numbers.append(number)
            reasons.add(why)
    found = [
        (
            consumer,
            _newest(model, consumer, numbers),
            content,
            frozenset(why),
            _pending(model, consumer, content, branch, tags),
            False,
        )
        for (consumer, content), (numbers, why) in chosen.items()
    ]
    in_progress = _in_progress(model, branch, tags)
    more = [each for each in in_progress if (each[0], each[2]) not in chosen]
    return [*_sorted(model, found), *_sorted(model, more)]


def _sorted(model: Model, told: list[Told]) -> list[Told]:
    return sorted(told, key=lambda each: (each[0], model.order.index((each[0], each[1]))))


def _newest(model: Model, consumer: str, numbers: list[str]) -> str:
    return max(numbers, key=model.versions[consumer].index)


def _defaults(model: Model) -> Iterator[dict[str, Any]]:
    for consumer in {whose for whose, _ in model.pacts}:
        known = consumer in model.main
        yield {"mainBranch": True, "consumer": consumer} if known else {"latest": True, "consumer": consumer}


def _selected(model: Model, selector: dict[str, Any], branch: str) -> Iterator[tuple[str, str, str]]:
    for consumer in CONSUMERS:
        if selector.get("consumer") in (None, consumer):
            for number, why in _of(model, consumer, selector, branch):
                if number is not None and (consumer, number) in model.pacts:
                    yield consumer, number, why


def _of(model: Model, consumer: str, selector: dict[str, Any], branch: str) -> Iterator[tuple[str | None, str]]:
    if selector.get("mainBranch"):
        yield _head(model, consumer, model.main.get(consumer, "")), "latest from main branch"
    elif selector.get("branch") is True:
        for name in (name for owner, name in model.branches if owner == consumer):
            yield _head(model, consumer, name), f"latest from branch {name}"
    elif "branch" in selector or selector.get("matchingBranch"):
        names = [selector.get("branch") or branch, selector.get("fallbackBranch", "")]
        yield from _first(model, consumer, [(_head(model, consumer, n), f"latest from branch {n}") for n in names])
    elif "tag" in selector:
        yield from _of_tag(model, consumer, selector)
    elif selector.get("latest"):
        mine = [number for whose, number in model.pacts if whose == consumer]
        if mine:
            yield _newest(model, consumer, mine), "latest"
    else:
        yield from _live(model, consumer, selector)


def _of_tag(model: Model, consumer: str, selector: dict[str, Any]) -> Iterator[tuple[str | None, str]]:
    tag = selector["tag"]
    if selector.get("latest"):
        names = [tag, selector.get("fallbackTag", "")]
        heads = [(model.newest_tagged(consumer, name), f"latest with tag {name}") for name in names]
        yield from _first(model, consumer, heads)
        return
    why = f"one of {consumer} {tag}" if "consumer" in selector else f"one of {tag}"
    for number in model.versions.get(consumer, []):
        if tag in model.tags_of(consumer, number):
            yield number, why


def _first(model: Model, consumer: str, found: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    """D5: the fallback is for each consumer that has no pact otherwise."""
    return [each for each in found if each[0] is not None and (consumer, each[0]) in model.pacts][:1]


def _live(model: Model, consumer: str, selector: dict[str, Any]) -> Iterator[tuple[str | None, str]]:
    both = "deployed" not in selector and "released" not in selector
    for wanted, verb, there in (
        ("deployed", "deployed to", model.deployed),
        ("released", "released in", model.released),
    ):
        if both or wanted in selector:
            for place, whose, number in there:
                if whose == consumer and selector.get("environment") in (None, place):
                    yield number, f"{verb} {place}"


def _head(model: Model, consumer: str, name: str) -> str | None:
    branch = model.branches.get((consumer, name))
    return branch.head if branch else None


def _pending(model: Model, consumer: str, content: int, branch: str, tags: list[str]) -> bool:
    passed = [r for r in model.results if (r.consumer, r.content, r.success) == (consumer, content, True)]
    if branch:
        line = model.branches.get((PROVIDER, branch))
        return not any(_of_branch(model, r.number, r.at, branch, line.created if line else None) for r in passed)
    if tags:
        return any(
            not any(_of_tagged(model, r.number, r.at, tag, by_version=False) for r in passed) for tag in tags
        )
    return not passed


def _of_branch(model: Model, number: str, at: int, branch: str, began: int | None) -> bool:
    on = model.branches_of(PROVIDER, number)
    return branch in on or (bool(on) and (began is None or at < began))


def _of_tagged(model: Model, number: str, at: int, tag: str, *, by_version: bool) -> bool:
    marked = model.tags_of(PROVIDER, number)
    first = next((each for each in model.tags if (each[0], each[2]) == (PROVIDER, tag)), None)
    began = None if first is None else model.created[PROVIDER, first[1]] if by_version else first[3]
    return tag in marked or (bool(marked) and (began is None or at < began))


def _in_progress(model: Model, branch: str, tags: list[str]) -> list[Told]:
    found: dict[tuple[str, int], tuple[list[str], set[str]]] = {}
    for consumer in CONSUMERS:
        heads = [(b.head, f"latest from branch {n}") for (who, n), b in model.branches.items() if who == consumer]
        heads += [(model.newest_tagged(consumer, tag) or "", f"latest with tag {tag}") for tag in TAGS]
        for number, why in heads:
            content = model.pacts.get((consumer, number))
            if content is not None and _still(model, consumer, content, branch, tags):
                numbers, reasons = found.setdefault((consumer, content), ([], set()))
                numbers.append(number)
                reasons.add(why)
    return [
        (consumer, _newest(model, consumer, numbers), content, frozenset(why), True, True)
        for (consumer, content), (numbers, why) in found.items()
    ]


def _still(model: Model, consumer: str, content: int, branch: str, tags: list[str]) -> bool:
    passed = [
        r for r in model.results if (r.consumer, r.content, r.success, r.wip) == (consumer, content, True, False)
    ]
    if branch:
        line = model.branches.get((PROVIDER, branch))
        began = model.created[PROVIDER, line.members[0]] if line else None
        return not any(_of_branch(model, r.number, r.at, branch, began) for r in passed)
    return any(not any(_of_tagged(model, r.number, r.at, tag, by_version=True) for r in passed) for tag in tags)
