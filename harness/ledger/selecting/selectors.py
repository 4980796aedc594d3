"""Consumer version selectors: what a client may ask for, and everything that is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

_BRANCH_FIELDS = ("mainBranch", "branch", "matchingBranch", "tag", "latest", "fallbackTag", "fallbackBranch")
_PLACE_FIELDS = ("deployed", "released", "deployedOrReleased", "environment")
_ONE_OF_THESE = (
    "must specify a value for environment or tag or branch, or specify mainBranch=true, matchingBranch=true,"
    " latest=true, deployed=true, released=true or deployedOrReleased=true"
)
_TRUE_ONLY = ("mainBranch", "matchingBranch", "deployed", "released", "deployedOrReleased")
_NAMES = ("tag", "branch", "consumer", "environment", "fallbackTag", "fallbackBranch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One way in which consumer versions are chosen."""

    main_branch: bool = False
    branch: str = ""
    every_branch: bool = False  # `branch: true`
    matching_branch: bool = False
    tag: str = ""
    latest: bool = False
    fallback_tag: str = ""
    fallback_branch: str = ""
    deployed: bool = False
    released: bool = False
    environment: str = ""
    consumer: str = ""
    named: bool = False  # its lines name the consumer though it does not restrict to one


def parse_selectors(
    given: Sequence[Any], branch: str, environments: Collection[str]
) -> tuple[list[Selector], list[str]]:
    """Selectors as a client wrote them, and what is wrong with each, with its place."""
    selectors, wrong = [], []
    for position, each in enumerate(given):
        texts = list(_problems(each, branch, environments))
        wrong += [f"{text} (at index {position})" for text in texts]
        if not texts:
            selectors.append(_selector(each))
    return selectors, wrong


def _selector(each: Mapping[str, Any]) -> Selector:
    either = bool(each.get("deployedOrReleased"))
    nowhere = not (either or each.get("deployed") or each.get("released"))
    anywhere = bool(each.get("environment")) and nowhere
    branch = each.get("branch")
    return Selector(
        main_branch=bool(each.get("mainBranch")),
        branch=branch if isinstance(branch, str) else "",
        every_branch=branch is True,
        matching_branch=bool(each.get("matchingBranch")),
        tag=each.get("tag") or "",
        latest=bool(each.get("latest")),
        fallback_tag=each.get("fallbackTag") or "",
        fallback_branch=each.get("fallbackBranch") or "",
        deployed=bool(each.get("deployed")) or either or anywhere,
        released=bool(each.get("released")) or either or anywhere,
        environment=each.get("environment") or "",
        consumer=each.get("consumer") or "",
    )


def _problems(each: Any, branch: str, environments: Collection[str]) -> Iterator[str]:
    if not isinstance(each, dict):
        yield "must be a hash"
        return
    shape = list(_shape(each))
    yield from shape
    if shape:
        return
    for rule in _RULES:
        yield from rule(each)
    if each.get("matchingBranch") and not branch:
        yield "the providerVersionBranch must be specified when the selector matchingBranch=true is used"
    name = each.get("environment")
    if name and name not in environments:
        yield f"environment with name '{name}' does not exist"


def _shape(each: Mapping[str, Any]) -> Iterator[str]:
    for name in _TRUE_ONLY:
        if each.get(name) is not None and each[name] is not True:
            yield f"{name} must be one of: true"
    if each.get("latest") is not None and not isinstance(each["latest"], bool):
        yield "latest must be one of: true, false"
    for name in _NAMES:
        value = each.get(name)
        if value is None or (name == "branch" and value is True):
            continue
        if not isinstance(value, str):
            yield f"{name} must be a string"
        elif not value.strip():
            yield f"{name} must be filled"


def _says_something(each: Mapping[str, Any]) -> Iterator[str]:
    if not any(each.get(name) for name in (*_TRUE_ONLY, "latest", "tag", "branch", "environment")):
        yield _ONE_OF_THESE


def _fallbacks(each: Mapping[str, Any]) -> Iterator[str]:
    if each.get("fallbackTag") and not each.get("latest"):
        yield "fallbackTag can only be set if latest is true"
    if each.get("fallbackTag") and not each.get("tag"):
        yield "a tag must be specified when a fallbackTag is specified"
    if each.get("fallbackBranch") and each.get("latest") is False:
        yield "fallbackBranch can only be set if latest is true"
    if each.get("fallbackBranch") and not each.get("branch"):
        yield "a branch must be specified when a fallbackBranch is specified"


def _tag_or_branch(each: Mapping[str, Any]) -> Iterator[str]:
    if each.get("tag") and each.get("branch"):
        yield "cannot specify both a tag and a branch"
    if each.get("branch") and each.get("latest") is False:
        yield "cannot specify a branch with latest=false"


def _alone(each: Mapping[str, Any]) -> Iterator[str]:
    for name in ("mainBranch", "matchingBranch"):
        if not each.get(name):
            continue
        if each.get("latest") is False:
            yield f"cannot specify {name}=true with latest=false"
        others = {field for field in (*_BRANCH_FIELDS, *_PLACE_FIELDS) if each.get(field)} - {name, "latest"}
        if others:
            yield f"cannot specify {name}=true with any other criteria apart from consumer"


def _deployed_or_released(each: Mapping[str, Any]) -> Iterator[str]:
    pairs = (("deployed", "released"), ("deployed", "deployedOrReleased"), ("released", "deployedOrReleased"))
    for first, second in pairs:
        if each.get(first) and each.get(second):
            yield f"cannot specify both {first}=true and {second}=true"


def _places_apart(each: Mapping[str, Any]) -> Iterator[str]:
    if each.get("mainBranch") or each.get("matchingBranch"):
        return  # told already: they stand alone
    kinds = [name for name in ("branch", "tag", "latest", "fallbackTag", "fallbackBranch") if each.get(name)]
    places = [name for name in ("deployed", "released", "deployedOrReleased", "environment") if each.get(name)]
    if kinds and places:
        yield f"cannot specify the {_fields(kinds)} with the {_fields(places)}"


def _fields(names: Sequence[str]) -> str:
    return f"field{'s' if len(names) > 1 else ''} {'/'.join(names)}"


_RULES: tuple[Callable[[Mapping[str, Any]], Iterator[str]], ...] = (
    _says_something,
    _tag_or_branch,
    _fallbacks,
    _alone,
    _deployed_or_released,
    _places_apart,
)
