"""The pacts that selectors choose: each content once, with every reason for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.ledger.db import chosen_pacts, pacts, selectable
from harness.ledger.db.chosen_pacts import Between, Standing
from harness.ledger.db.pacts import StoredPact
from harness.ledger.selecting.selectors import Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import sqlalchemy as sa

    from harness.ledger.db.selectable import LivePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorMatch:
    """Why a pact is to be verified: one selector, and the consumer version that it found."""

    row: int = 0  # of the consumer's version
    branch: str = ""
    tag: str = ""
    latest: bool = False
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionReason:
    """Why one pact was chosen."""

    shorts: tuple[str, ...]  # "latest from branch main"
    line: str  # "latest version from branch 'main' (1.0)"
    selected: SelectorMatch
    places: tuple[tuple[str, str], ...] = ()  # environment and number, of what is live
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenContent:
    """One content to verify."""

    pact: StoredPact
    reasons: tuple[SelectionReason, ...] = field(default=())


def choose_pacts(
    db: sa.Connection, provider: str, selectors: Sequence[Selector], branch: str
) -> list[ChosenContent]:
    """What the selectors choose; without any, the main branches and all that is live."""
    found: list[ChosenContent] = []
    if not selectors:
        found += _of_defaults(db, provider)
    for selector in selectors or (Selector(deployed=True), Selector(released=True)):
        found += _by(db, provider, selector, branch)
    return _once(found)


def _of_defaults(db: sa.Connection, provider: str) -> Iterator[ChosenContent]:
    """For each consumer its main branch, else its newest pact."""
    consumers = {each.consumer: each for each in selectable.consumers_of(db, provider)}
    on_main = {name for name, each in consumers.items() if each.main_head}
    tagged = {name for name, each in consumers.items() if each.tagged_main} - on_main
    between = Between(provider=provider)
    if on_main:
        for pact in chosen_pacts.pacts_by_standing(db, between, Standing.HEAD_OF_MAIN):
            if pact.consumer in on_main:
                named = Selector(main_branch=True, consumer=pact.consumer, named=True)
                yield _main(consumers[pact.consumer].main_branch, pact, named)
    for name in sorted(tagged):
        yield from _by(db, provider, Selector(tag=consumers[name].main_branch, latest=True, consumer=name), "")
    if len(on_main) + len(tagged) < len(consumers):
        for pact in pacts.latest_of_each(db, between.conditions):
            if pact.consumer not in on_main | tagged:
                yield _latest(pact, Selector(latest=True, consumer=pact.consumer), provider)


def _by(db: sa.Connection, provider: str, selector: Selector, branch: str) -> Iterable[ChosenContent]:
    between = Between(provider=provider, consumer=selector.consumer)
    if selector.deployed or selector.released:
        return _live(db, between, selector)
    if selector.main_branch:
        names = selectable.main_branches(db, provider)
        heads = chosen_pacts.pacts_by_standing(db, between, Standing.HEAD_OF_MAIN)
        return [_main(names.get(pact.consumer, ""), pact, selector) for pact in heads]
    if selector.every_branch:
        return _every_branch(db, between, selector)
    name = branch if selector.matching_branch else selector.branch
    if name:
        return _of_branch(db, between, selector, name)
    if selector.tag:
        return _of_tag(db, between, selector)
    return [_latest(pact, selector, provider) for pact in pacts.latest_of_each(db, between.conditions)]


def _of(selector: Selector) -> str:
    return f" of {selector.consumer}" if selector.consumer else ""


def _main(name: str, pact: StoredPact, selector: Selector) -> ChosenContent:
    line = f"latest version{_of(selector)} from the main branch '{name}' ({pact.number})"
    remembered = SelectorMatch(row=pact.version, latest=not selector.named)
    return ChosenContent(
        pact=pact, reasons=(SelectionReason(shorts=("latest from main branch",), line=line, selected=remembered),)
    )


def _every_branch(db: sa.Connection, between: Between, selector: Selector) -> Iterable[ChosenContent]:
    found = chosen_pacts.pacts_by_standing(db, between, Standing.HEAD_OF_ANY)
    headed = selectable.branches_headed_by(db, {pact.version for pact in found})
    for pact in found:
        for name in headed[pact.version]:
            yield _chosen_by_branch(pact, selector, name)


def _chosen_by_branch(pact: StoredPact, selector: Selector, name: str, more: str = "") -> ChosenContent:
    line = f"latest version{_of(selector)} from branch '{name}' ({pact.number}){more}"
    remembered = SelectorMatch(row=pact.version, branch=name, latest=True)
    return ChosenContent(
        pact=pact,
        reasons=(SelectionReason(shorts=(f"latest from branch {name}",), line=line, selected=remembered),),
    )


def _of_branch(db: sa.Connection, between: Between, selector: Selector, name: str) -> list[ChosenContent]:
    heads = chosen_pacts.pacts_by_standing(db, between, Standing.HEAD_OF, name)
    found = [_chosen_by_branch(pact, selector, name) for pact in heads]
    if selector.fallback_branch:
        told = f" (fallback branch used as no pact was found from branch '{name}')"
        fallback = selector.fallback_branch
        others = chosen_pacts.pacts_by_standing(db, between, Standing.HEAD_OF, fallback)
        found += _fallback(found, others, lambda pact: _chosen_by_branch(pact, selector, fallback, told))
    return found


def _fallback(
    found: Sequence[ChosenContent], others: Iterable[StoredPact], as_chosen: Callable[[StoredPact], ChosenContent]
) -> list[ChosenContent]:
    """Of each consumer that has nothing yet; the original asks only whether anybody has anything."""
    known = {each.pact.consumer for each in found}
    return [as_chosen(pact) for pact in others if pact.consumer not in known]


def _of_tag(db: sa.Connection, between: Between, selector: Selector) -> list[ChosenContent]:
    if not selector.latest:
        every = chosen_pacts.pacts_by_standing(db, between, Standing.TAGGED, selector.tag)
        return [_all_tagged(pact, selector) for pact in every]
    heads = chosen_pacts.pacts_by_standing(db, between, Standing.NEWEST_TAGGED, selector.tag)
    found = [_chosen_by_tag(pact, selector, selector.tag) for pact in heads]
    if selector.fallback_tag:
        told = f" (fallback tag used as no pact was found with tag '{selector.tag}')"
        fallback = selector.fallback_tag
        others = chosen_pacts.pacts_by_standing(db, between, Standing.NEWEST_TAGGED, fallback)
        found += _fallback(found, others, lambda pact: _chosen_by_tag(pact, selector, fallback, told))
    return found


def _chosen_by_tag(pact: StoredPact, selector: Selector, tag: str, more: str = "") -> ChosenContent:
    line = f"latest version{_of(selector)} tagged '{tag}' ({pact.number}){more}"
    remembered = SelectorMatch(row=pact.version, tag=tag, latest=True)
    return ChosenContent(
        pact=pact, reasons=(SelectionReason(shorts=(f"latest with tag {tag}",), line=line, selected=remembered),)
    )


def _all_tagged(pact: StoredPact, selector: Selector) -> ChosenContent:
    who = selector.consumer or "consumer"
    line = f"all {who} versions tagged '{selector.tag}' ({pact.number})"
    short = f"one of {selector.consumer} {selector.tag}" if selector.consumer else f"one of {selector.tag}"
    remembered = SelectorMatch(row=pact.version, tag=selector.tag)
    return ChosenContent(pact=pact, reasons=(SelectionReason(shorts=(short,), line=line, selected=remembered),))


def _latest(pact: StoredPact, selector: Selector, provider: str) -> ChosenContent:
    who = selector.consumer or "a consumer"
    line = f"latest version of {who} that has a pact with {provider} ({pact.number})"
    remembered = SelectorMatch(row=pact.version, latest=True)
    return ChosenContent(pact=pact, reasons=(SelectionReason(shorts=("latest",), line=line, selected=remembered),))


def _live(db: sa.Connection, between: Between, selector: Selector) -> Iterable[ChosenContent]:
    where = selector.environment
    found = chosen_pacts.pacts_by_standing(db, between, Standing.LIVE_IN if where else Standing.LIVE, where)
    rows = {pact.version for pact in found}
    wanted = selectable.live(db, rows, where, deployed=selector.deployed, released=selector.released)
    for pact in found:
        for place in wanted.get(pact.version, ()):
            yield _present(pact, place, selector)


def _present(pact: StoredPact, place: LivePlace, selector: Selector) -> ChosenContent:
    owner = f"version(s) of {selector.consumer}" if selector.consumer else "consumer version(s)"
    verb = "released and supported in" if place.released else "currently deployed to"
    short = f"{'released in' if place.released else 'deployed to'} {place.environment}"
    reason = SelectionReason(
        shorts=(short,),
        line=f"{owner} {verb}",
        selected=SelectorMatch(row=pact.version, environment=place.environment),
        places=((place.environment, pact.number),),
        number=pact.number,
    )
    return ChosenContent(pact=pact, reasons=(reason,))


def _once(found: Iterable[ChosenContent]) -> list[ChosenContent]:
    """Each consumer's content once, as its newest version has it, with the reasons of all; by names."""
    by_content: dict[tuple[str, str], ChosenContent] = {}
    for each in found:
        key = each.pact.consumer, each.pact.sha
        before = by_content.get(key)
        if before is None:
            by_content[key] = each
            continue
        newest = max(before.pact, each.pact, key=lambda pact: pact.version)
        by_content[key] = replace(before, pact=newest, reasons=_union(before.reasons, each.reasons))
    return sorted(by_content.values(), key=lambda each: (each.pact.consumer.lower(), each.pact.version))


def _union(first: tuple[SelectionReason, ...], more: tuple[SelectionReason, ...]) -> tuple[SelectionReason, ...]:
    """Both, each once; what is live in several places is one line with all of them."""
    result = list(first)
    for reason in more:
        same = [
            n for n, known in enumerate(result) if reason.places and known.line == reason.line and known.places
        ]
        if same:
            known = result[same[0]]
            places = tuple(dict.fromkeys((*known.places, *reason.places)))
            result[same[0]] = replace(
                known, places=places, shorts=tuple(dict.fromkeys((*known.shorts, *reason.shorts)))
            )
        elif reason not in result:
            result.append(reason)
    return tuple(result)


def line_of(reason: SelectionReason) -> str:
    """The whole line: what is live says where."""
    if not reason.places:
        return reason.line
    told = [f"{environment} ({number})" for environment, number in reason.places]
    places = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{reason.line} {places}"
