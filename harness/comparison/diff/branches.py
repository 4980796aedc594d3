"""Alternatives and parts: `oneOf`, `anyOf`, `allOf`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.containment import Containment
from harness.comparison.diff.change import BRANCH
from harness.comparison.diff.flat import branches_of, fold_all_of
from harness.comparison.diff.sides import Edge, Found, Place, SchemaChange, of_judgement
from harness.comparison.openapi.dialects import Schema
from harness.comparison.openapi.document import equal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.sides import Sides

Keywords = dict[str, Any]

_WORDS = {"oneOf": "one-of", "anyOf": "any-of", "allOf": "all-of"}


# --- alternatives ------------------------------------------------------------------------------------------------


def alternatives(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    """What changed in the alternatives; both sides have some."""
    before, after = next(branches_of(old)), next(branches_of(new))
    if before != after:
        answer = sides.judged(_only(old, before), _only(new, after))
        text = f"the alternatives became {after}; they were {before}"
        kind = f"{{}}-{_WORDS[before]}-became-{_WORDS[after]}"
        if len(old[before]) == len(new[after]):
            yield SchemaChange(place=place, kind=kind, text=text, **of_judgement(answer))
    # Where a discriminator tells branches apart, a name is what travels.
    renamed = "discriminator" not in old and "discriminator" not in new
    pairing = pair_branches(sides, old[before], new[after], renamed=renamed)
    for was, now in pairing.both:
        yield Edge((*place, f"{BRANCH}{before} {_name(was)}"), was, now, (old, new))
    for was in pairing.gone:
        yield _branch_removal(sides, before, was, new, place)
    for now in pairing.added:
        yield _branch_addition(sides, after, now, old, place)


def _only(keywords: Keywords, word: str) -> Schema:
    return {word: keywords[word]}


def _branch_removal(sides: Sides, word: str, branch: Schema, new: Keywords, place: Place) -> SchemaChange:
    text = f"the {word} alternative {_name(branch)} is gone"
    kind = f"{{}}-{_WORDS[word]}-removed"
    pair = sides.whole(branch, new)
    breaks = not sides.sent and not (pair and sides.harmless(pair))
    return SchemaChange(place=place, kind=kind, text=text, breaks=breaks, pair=pair)


def _branch_addition(sides: Sides, word: str, branch: Schema, old: Keywords, place: Place) -> SchemaChange:
    text = f"the {word} alternative {_name(branch)} is new"
    kind = f"{{}}-{_WORDS[word]}-added"
    pair = sides.whole(old, branch)
    breaks = sides.sent and not (pair and sides.harmless(pair))
    return SchemaChange(place=place, kind=kind, text=text, breaks=breaks, pair=pair)


def wrapping_changes(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    """Alternatives that one side has and the other has not."""
    now = next(branches_of(new), "")
    word = now or next(branches_of(old))
    pair = sides.whole(old, new)
    answer = sides.judged(old, new, pair=pair)
    if now:
        text = f"it became {word} of {len(new[word])} alternatives"
        kind = f"{{}}-wrapped-in-{_WORDS[word]}"
        breaks = answer is not Containment.YES  # the reference tool's verdict, unless it is proven otherwise
        yield SchemaChange(place=place, kind=kind, text=text, breaks=breaks, pair=pair)
        return
    lone = [branch for branch in old[word] if sides.equivalent(branch, new)]
    text = (
        f"of {len(old[word])} alternatives ({word}) one is left" if lone else f"it is no longer {word} of several"
    )
    kind = f"{{}}-{_WORDS[word]}-removed" if lone else f"{{}}-unwrapped-from-{_WORDS[word]}"
    breaks = answer is not Containment.YES and (not sides.sent if lone else answer is Containment.NO)
    undecided = not lone and answer is Containment.UNDECIDED
    yield SchemaChange(place=place, kind=kind, text=text, breaks=breaks, undecided=undecided, pair=pair)


# --- parts -------------------------------------------------------------------------------------------------------


def parts(sides: Sides, old: Schema, new: Schema, place: Place) -> Iterator[SchemaChange]:
    """Parts of `allOf` that came or went where both sides have some; what they say is compared folded."""
    if not isinstance(old, dict) or not isinstance(new, dict) or not ("allOf" in old and "allOf" in new):
        return
    pairing = pair_branches(sides, old["allOf"], new["allOf"])
    _drop_pairs(pairing)
    before, after = fold_all_of(old, sides.old), fold_all_of(new, sides.new)
    for gone in pairing.gone:
        if _is_within(fold_all_of(sides.old.followed(gone)[0], sides.old), after):
            continue
        text = f"the allOf part {_name(gone)} is gone"
        pair = sides.whole(old, new)
        breaks = sides.sent and not (pair and sides.harmless(pair))
        yield SchemaChange(place=place, kind="{}-all-of-removed", text=text, breaks=breaks, pair=pair)
    for added in pairing.added:
        if _is_within(fold_all_of(sides.new.followed(added)[0], sides.new), before):
            continue
        text = f"the allOf part {_name(added)} is new"
        pair = sides.whole(old, added)
        breaks = not sides.sent and not (pair and sides.harmless(pair))
        yield SchemaChange(place=place, kind="{}-all-of-added", text=text, breaks=breaks, pair=pair)


def _is_within(part: Keywords, other: Keywords) -> bool:
    """Whether a part names nothing that the other side does not name: then it was only written elsewhere."""
    if not part.keys() <= other.keys():
        return False
    named = ((side.get("properties", {}).keys(), set(side.get("required", ()))) for side in (part, other))
    (mine, needed), (theirs, asked) = named
    return mine <= theirs and needed <= asked


def _drop_pairs(pairing: Pairing) -> None:
    """Parts without a name that are left on both sides are later states of each other."""
    gone = [each for each in pairing.gone if not _reference(each)]
    added = [each for each in pairing.added if not _reference(each)]
    for was, now in zip(gone, added, strict=False):
        pairing.gone.remove(was)
        pairing.added.remove(now)


# --- which is which ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which branch of one list is which of the other."""

    both: list[tuple[Schema, Schema]]
    gone: list[Schema]
    added: list[Schema]


def pair_branches(sides: Sides, old: list[Schema], new: list[Schema], *, renamed: bool = True) -> Pairing:
    """Branches by their names, else by their content, else, when they have no names, in order."""
    both: list[tuple[Schema, Schema]] = []
    left, right = list(old), list(new)
    for alike in (_same_name, equal, _same_title):
        for was in list(left):
            found = next((now for now in right if alike(was, now)), None)
            if found is not None:
                both.append((was, found))
                left.remove(was)
                right.remove(found)
    for was in list(left):
        found = next((now for now in right if _later(sides, was, now, renamed=renamed)), None)
        if found is not None:
            both.append((was, found))
            left.remove(was)
            right.remove(found)
    return Pairing(both, left, right)


def _later(sides: Sides, was: Schema, now: Schema, *, renamed: bool) -> bool:
    """Whether one may be a later state of the other; two names are one only when they mean the same."""
    if _reference(was) and _reference(now):
        return renamed and sides.equivalent(was, now)
    return _alike(sides, was, now)


def _alike(sides: Sides, was: Schema, now: Schema) -> bool:
    """Whether one may be a later state of the other: of one kind, and not both with names of their own."""
    before, after = sides.old.followed(was)[0], sides.new.followed(now)[0]
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    if before.get("type") != after.get("type"):
        return False
    if before.get("type") != "object" and "properties" not in before:
        return True
    had, has = before.get("properties", {}).keys(), after.get("properties", {}).keys()
    return bool(had & has) or not had or not has


def _reference(branch: Schema) -> str:
    return str(branch.get("$ref", "")) if isinstance(branch, dict) else ""


def _same_name(was: Schema, now: Schema) -> bool:
    return bool(_reference(was)) and _reference(was).rpartition("/")[2] == _reference(now).rpartition("/")[2]


def _same_title(was: Schema, now: Schema) -> bool:
    if not isinstance(was, dict) or not isinstance(now, dict):
        return False
    return isinstance(was.get("title"), str) and was.get("title") == now.get("title")


def _name(branch: Schema) -> str:
    if not isinstance(branch, dict):
        return "anything" if branch else "nothing"
    named = _reference(branch).rpartition("/")[2] or branch.get("title") or branch.get("type")
    return str(named or "without a name")
