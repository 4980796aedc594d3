"""What the verifier said, as values; no word of it is believed here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_matching.paths import tokens_of
from harness.comparison.pact_matching.rulebook import rulebook_of
from harness.comparison.pact_matching.wording import (
    NOTHING,
    both_texts,
    deciding_text,
    display_value,
    matched_texts,
)
from harness.verdicts import Difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.comparison.pact_matching.rulebook import Deciding


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingKind:
    """One way to break a promise: its documented code, and what usually mends it."""

    code: str
    remedy: str = ""


STATUS = FindingKind(code="response.status.mismatch")
BODY = FindingKind(code="response.body.mismatch")
HEADER = FindingKind(code="response.header.mismatch")
OTHER = FindingKind(code="response.mismatch")
_KINDS = {"StatusMismatch": STATUS, "HeaderMismatch": HEADER, "BodyMismatch": BODY, "BodyTypeMismatch": BODY}
# A wrong status explains a wrong body, and a wrong body its headers; never the other way round.
_WORST_FIRST = (STATUS, BODY, HEADER, OTHER)
# How it says that it cannot apply a rule: nothing is known of the promise then.
_INAPPLICABLE = ("is not a valid regular expression", "Could not apply the '", "Unable to match ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One place where the answer was not as promised."""

    kind: FindingKind
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierResult:
    """What the verifier says of one interaction."""

    token: str
    ok: bool
    mismatches: tuple[Mismatch, ...] = ()
    error: str = ""  # why there was nothing to compare

    @property
    def kind(self) -> FindingKind:
        """The kind of the mismatch which explains the others."""
        kinds = [mismatch.kind for mismatch in self.mismatches]
        return min(kinds, key=_WORST_FIRST.index, default=OTHER)

    @property
    def inapplicable(self) -> str:
        """Which rule of the pact could not be applied, when nothing else is wrong."""
        texts = [mismatch.difference.text for mismatch in self.mismatches]
        return texts[0] if texts and all(map(_is_inapplicable, texts)) else ""

    def only(self, keep: Callable[[Mismatch], bool]) -> VerifierResult:
        """The same without some of its mismatches; it is good when none is left."""
        left = tuple(each for each in self.mismatches if keep(each))
        return self if left == self.mismatches else replace(self, ok=not left, mismatches=left)

    @property
    def decided(self) -> VerifierResult:
        """The same without what could not be applied, where something else is wrong."""
        if self.inapplicable:
            return self
        return self.only(lambda each: not _is_inapplicable(each.difference.text))


def _is_inapplicable(text: str) -> bool:
    return any(sign in text for sign in _INAPPLICABLE)


def results_of(answer: dict[str, Any]) -> tuple[VerifierResult, ...]:
    """One value per entry of the verifier's results; entries that cannot be understood are left out."""
    entries = answer.get("interactionResults")
    return tuple(_result(each) for each in entries if isinstance(each, dict)) if isinstance(entries, list) else ()


def refusal_of(answer: dict[str, Any]) -> str:
    """Why the verifier took none of the interactions; empty when it does not say."""
    errors = answer.get("errors")
    for each in errors if isinstance(errors, list) else ():
        mismatch = each.get("mismatch") if isinstance(each, dict) else None
        if isinstance(mismatch, dict) and mismatch.get("message"):
            return str(mismatch["message"]).partition(" - ")[2] or str(mismatch["message"])
    return ""


def _result(entry: dict[str, Any]) -> VerifierResult:
    told = entry.get("mismatch")
    told = told if isinstance(told, dict) else {}
    listed = told.get("mismatches")
    mismatches = [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
    return VerifierResult(
        token=str(entry.get("description")),
        ok=entry.get("result") == "OK" and not told,
        mismatches=tuple(_mismatch(each) for each in mismatches),
        error="" if mismatches else str(told.get("message") or ""),
    )


def _mismatch(told: dict[str, Any]) -> Mismatch:
    kind = str(told.get("type"))
    expected, actual = told.get("expected"), told.get("actual")
    if kind == "HeaderMismatch":
        place = f"header {told.get('key')}"
    else:
        path = str(told.get("path") or "/")
        place = "status" if kind == "StatusMismatch" else "body" if path == "/" else path
    text = str(told.get("mismatch") or "")
    difference = Difference(
        place=place, expected=_text_or_empty(expected), actual=_text_or_empty(actual), text=text
    )
    return Mismatch(kind=_KINDS.get(kind, OTHER), difference=difference)


# How it says of an object that it lacks something: both sides are then lists of names.
_LACKING = re.compile(r"Actual map is missing the following keys: (.+)", re.DOTALL)


def in_words(difference: Difference, response: Mapping[str, Any]) -> Difference:
    """A difference of the verifier in the words of its rule: it shows the example, whatever the rule says."""
    lacking = _LACKING.match(difference.text)
    if lacking:
        return replace(difference, expected=f"the entries {lacking[1]}", actual=f"an object without {lacking[1]}")
    example, came = (
        _value_of(difference.expected, difference.place),
        _value_of(difference.actual, difference.place),
    )
    deciding = _rule_at(difference.place, response)
    matchers = deciding.matchers if deciding else ()
    if len(matchers) == 1 and difference.expected and difference.actual and not _is_of_size(difference.text):
        expected, actual = matched_texts(matchers[0], example, came)
    elif deciding:
        expected, actual = deciding_text(deciding, example), display_value(came)
    else:
        expected, actual = both_texts(example, came)
    return replace(
        difference,
        expected=expected if deciding or difference.expected else difference.text or "what the pact says",
        actual=actual if difference.actual else NOTHING,
    )


def is_within(place: str, outer: str) -> bool:
    """Whether a place is another one, or stands in it."""
    if outer in ("body", "$"):
        return place == "body" or place.startswith("$")
    if not outer.startswith("$"):
        return place.lower() == outer.lower()
    here, there = ([str(each) for each in tokens_of(one) or ()] for one in (place, outer))
    return place.startswith("$") and here[: len(there)] == there


# Private


def _rule_at(place: str, response: Mapping[str, Any]) -> Deciding | None:
    part, _, name = place.partition(" ")
    rules = rulebook_of(response)
    if part in ("status", "header", "body"):
        return rules.at(part, (name.lower(),) if name else ())
    steps = [each for each in tokens_of(place) or () if isinstance(each, str | int)]
    return rules.at("body", steps)


def _is_of_size(text: str) -> bool:
    """Whether it is the number of items that is wrong: what came is then of the right kind."""
    return " elements" in text or " items" in text


def _value_of(text: str, place: str) -> Any:
    """A value that the verifier shows: JSON in a body, a text elsewhere."""
    try:
        return json.loads(text) if place.startswith(("$", "status")) else text
    except (ValueError, RecursionError):
        return text


def _text_or_empty(value: Any) -> str:
    return "" if value is None else str(value)
