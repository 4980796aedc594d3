"""Status, method, path, query and headers, held against what was promised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.comparison.pact_matching.judgement import Remark, Undecided, any_of, different
from harness.comparison.pact_matching.messages import HttpMessage, decoded_path
from harness.comparison.pact_matching.rulebook import Deciding, Rulebook, matcher_kind
from harness.comparison.pact_matching.values import compare_size, compare_text, compare_value
from harness.comparison.pact_matching.wording import (
    NOTHING,
    STATUS_CLASSES,
    both_texts,
    deciding_text,
    status_text,
    texts_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.comparison.pact_matching.rulebook import Matcher

_PARAMETERISED = frozenset({"accept", "content-type"})
_LISTS = frozenset({"type", "min-type", "max-type", "values", "eachValue"})  # rules that leave a length open


def compare_status(expected: HttpMessage, actual: HttpMessage, rules: Rulebook) -> Iterator[Remark]:
    """The status, which a rule may leave open within its class."""
    deciding = rules.at("status", ())
    if deciding is None:
        wanted = expected.status if expected.status is not None else 200
        if actual.status != wanted:
            text = f"expected {wanted} but was {actual.status}"
            yield from different("status", wanted, actual.status, text)
        return
    answers = [_status_by(each, expected, actual) for each in deciding.matchers]
    yield from any_of(answers) if deciding.any_suffices else [each for answer in answers for each in answer]


def _status_by(matcher: Matcher, expected: HttpMessage, actual: HttpMessage) -> list[Remark]:
    if matcher_kind(matcher) != "statusCode":
        single = Deciding(matchers=(matcher,), any_suffices=False, inherited=False)
        return compare_value("status", single, expected.status, actual.status)
    wanted = matcher.get("status")
    listed = STATUS_CLASSES.get(wanted) if isinstance(wanted, str) else wanted
    if not isinstance(listed, list | range):
        return [Undecided(place="status", why=f"'{wanted}' is no kind of status")]
    if actual.status in listed:
        return []
    text = f"expected {status_text(wanted)} but was {actual.status}"
    return list(different("status", status_text(wanted), actual.status, text))


def compare_method(expected: HttpMessage, actual: HttpMessage) -> Iterator[Remark]:
    """The method, in any case."""
    if expected.method.upper() != actual.method.upper():
        text = f"expected {expected.method} but was {actual.method}"
        yield from different("method", expected.method, actual.method, text)


def compare_path(expected: HttpMessage, actual: HttpMessage, rules: Rulebook) -> Iterator[Remark]:
    """The path, to the letter, or by its rule."""
    deciding = rules.at("path", ())
    if deciding is not None:
        yield from compare_text("path", deciding, expected.path, actual.path)
    elif decoded_path(expected.path) != decoded_path(actual.path):
        text = f"expected {expected.path} but was {actual.path}"
        yield from different("path", expected.path, actual.path, text)


def compare_query(expected: HttpMessage, actual: HttpMessage, rules: Rulebook) -> Iterator[Remark]:
    """The query: the same names, each with the same values in the same order."""
    wanted, came = _group_by_name(expected.query or ()), _group_by_name(actual.query or ())
    for name, values in wanted.items():
        place = f"query {name}"
        if name not in came:
            yield from different(place, texts_text(values), NOTHING, f"expected the parameter {name}={values}")
            continue
        yield from _listed_texts(place, "query", name, (values, came[name]), rules)
    for name in came.keys() - wanted.keys():
        text = f"unexpected {name}={came[name]}"
        yield from different(f"query {name}", NOTHING, texts_text(came[name]), text)


def _group_by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _listed_texts(
    place: str, part: str, name: str, values: tuple[Sequence[str], Sequence[str]], rules: Rulebook
) -> Iterator[Remark]:
    """The values of one name, one by one; a rule of types leaves their number open."""
    wanted, came = values
    whole = rules.at(part, (name,))
    for matcher in whole.matchers if whole is not None else ():
        yield from compare_size(place, matcher, len(came))
    is_free = whole is not None and any(matcher_kind(each) in _LISTS for each in whole.matchers)
    if len(wanted) != len(came) and not is_free:
        text = f"expected {len(wanted)} values, {list(wanted)}, but received {len(came)}, {list(came)}"
        yield from different(place, texts_text(wanted), texts_text(came), text)
    for index, value in enumerate(came if is_free else came[: len(wanted)]):
        example = wanted[index] if index < len(wanted) else wanted[0] if wanted else ""
        yield from compare_text(place, rules.at(part, (name, index)), example, value)


def compare_headers(expected: HttpMessage, actual: HttpMessage, rules: Rulebook) -> Iterator[Remark]:
    """Each header that was promised; others may be there."""
    for name, values in expected.headers or ():
        came = actual.header(name)
        place = f"header {name}"
        if came is None:
            text = f"expected the header '{name}', which is missing"
            ruled = deciding_text(rules.at("header", (name.lower(),)), ", ".join(values))
            yield from different(place, ruled, NOTHING, text)
        elif rules.at("header", (name.lower(),)) is not None:
            yield from _ruled_header(place, name.lower(), (values, came), rules)
        elif name.lower() in _PARAMETERISED:
            yield from _compare_media_type(place, ", ".join(values), ", ".join(came))
        elif _without_spaces(values) != _without_spaces(came):
            text = f"expected the header '{name}' to be '{', '.join(values)}' but was '{', '.join(came)}'"
            yield from different(place, *both_texts(", ".join(values), ", ".join(came)), text)


def _ruled_header(
    place: str, name: str, values: tuple[tuple[str, ...], tuple[str, ...]], rules: Rulebook
) -> Iterator[Remark]:
    """A header by its rule: the line as a whole, or else each value of its list."""
    wanted, came = values
    whole = compare_text(place, rules.at("header", (name,)), ", ".join(wanted), ", ".join(came))
    if not whole or len(wanted) == len(came) == 1:
        yield from whole
        return
    each = list(_listed_texts(place, "header", name, (wanted, came), rules))
    yield from any_of([whole, each])


def _without_spaces(values: Sequence[str]) -> str:
    """Values as one line; spaces behind a comma mean nothing."""
    return re.sub(r",\s+", ",", ",".join(values))


def _compare_media_type(place: str, expected: str, actual: str) -> Iterator[Remark]:
    """A media type: parameters in any order, in any case."""
    wanted, came = _parts_of(expected), _parts_of(actual)
    if wanted[0] != came[0] or any(came[1].get(name) != value for name, value in wanted[1].items()):
        name = place.removeprefix("header ")
        text = f"expected the header '{name}' to be '{expected}' but was '{actual}'"
        yield from different(place, *both_texts(expected, actual), text)


def _parts_of(value: str) -> tuple[str, Mapping[str, str]]:
    first, *rest = (piece.strip() for piece in value.split(";"))
    parameters = {}
    for piece in rest:
        name, _, told = piece.partition("=")
        told = told.strip().strip('"')
        parameters[name.strip().lower()] = told.lower()
    return first, parameters
