"""Bodies, held against what was promised: by their type as JSON, XML, a form, text, or bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_matching.heads import compare_query
from harness.comparison.pact_matching.judgement import Remark, Undecided, different
from harness.comparison.pact_matching.messages import HttpMessage, Payload, Presence, query_pairs
from harness.comparison.pact_matching.paths import path_expression
from harness.comparison.pact_matching.rulebook import PlacedRule, Rulebook, matcher_kind
from harness.comparison.pact_matching.trees import Tree
from harness.comparison.pact_matching.values import compare_value
from harness.comparison.pact_matching.wording import NOTHING
from harness.comparison.pact_matching.xml_bodies import compare_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 80  # letters of a body
_TEXTS = ("text/", "application/javascript", "application/sql", "application/graphql")
_FORM = "application/x-www-form-urlencoded"


def compare_body(expected: Payload, actual: Payload, rules: Rulebook, *, closed: bool) -> Iterator[Remark]:
    """A body; of one that nothing is said of anything may come."""
    if expected.presence is Presence.MISSING:
        return
    if expected.presence is Presence.EMPTY:
        if actual.presence is Presence.CONTENT:
            text = f"expected an empty body but received {_body_text(actual)}"
            yield from different("body", "an empty body", _body_text(actual), text)
    elif actual.presence is not Presence.CONTENT:
        text = f"expected the body {_body_text(expected)} but it is {actual.presence.value}"
        yield from different("body", _body_text(expected), NOTHING, text)
    else:
        yield from _contents(expected, actual, rules, closed=closed)


def _contents(expected: Payload, actual: Payload, rules: Rulebook, *, closed: bool) -> Iterator[Remark]:
    if kinds := [kind for kind in _kinds_of_whole(rules) if kind == "contentType"]:
        why = f"whether bytes are of a type is not judged here (rule '{kinds[0]}')"
        yield Undecided(place="body", why=why)
    elif expected.media_type != actual.media_type:
        text = f"expected a body of '{expected.media_type}' but the type was '{actual.media_type}'"
        wanted, came = (f"a body of {each.media_type}" for each in (expected, actual))
        yield from different("body", wanted, came, text)
    elif expected.is_json:
        yield from _json(expected, actual, rules, closed=closed)
    elif expected.is_xml:
        yield from compare_xml(expected.content, actual.content, rules, closed=closed)
    elif expected.media_type == _FORM:
        yield from _form(expected, actual, rules)
    elif expected.media_type.startswith("multipart/"):
        yield from _opaque(expected, actual)
    elif _is_text(expected):
        yield from _text(expected, actual, rules)
    else:
        yield from _bytes(expected, actual, rules)


def _kinds_of_whole(rules: Rulebook) -> list[str]:
    deciding = rules.at("body", ())
    return [matcher_kind(each) for each in deciding.matchers] if deciding else []


def _is_text(body: Payload) -> bool:
    return body.media_type.startswith(_TEXTS)


def _json(expected: Payload, actual: Payload, rules: Rulebook, *, closed: bool) -> Iterator[Remark]:
    try:
        wanted = parse_json(expected.content)
    except ValueError as error:
        yield Undecided(place="body", why=f"the promised body is no JSON: {error}")
        return
    try:
        came = parse_json(actual.content)
    except ValueError as error:
        yield from different("body", "JSON", _body_text(actual), f"the body is no JSON: {error}")
        return
    yield from Tree(rules=rules, closed=closed).compare((), wanted, came)


def parse_json(content: bytes) -> Any:
    """A JSON document; raises ValueError for what is none, and for what nests too deeply."""
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _form(expected: Payload, actual: Payload, rules: Rulebook) -> Iterator[Remark]:
    """A form is a query in a body, and its rules are those of the body."""
    as_query = [
        PlacedRule(part="query", tokens=each.tokens, matchers=each.matchers, any_suffices=each.any_suffices)
        for each in rules.rules
        if each.part == "body"
    ]
    wanted, came = (_fields(each) for each in (expected, actual))
    for each in compare_query(wanted, came, Rulebook(tuple(as_query))):
        yield replace(each, place=path_expression((each.place.removeprefix("query "),)))


def _fields(body: Payload) -> HttpMessage:
    return HttpMessage(query=query_pairs(body.content.decode("utf-8", "replace")))


def _opaque(expected: Payload, actual: Payload) -> Iterator[Remark]:
    if expected.content != actual.content:
        yield Undecided(place="body", why=f"bodies of '{expected.media_type}' are not judged here")


def _text(expected: Payload, actual: Payload, rules: Rulebook) -> Iterator[Remark]:
    try:
        wanted, came = expected.content.decode(), actual.content.decode()
    except UnicodeDecodeError:
        yield from _bytes(expected, actual, rules)
        return
    yield from compare_value("body", rules.at("body", ()), wanted, came)


def _bytes(expected: Payload, actual: Payload, rules: Rulebook) -> Iterator[Remark]:
    if rules.at("body", ()) is not None:
        yield Undecided(place="body", why=f"rules for bodies of '{expected.media_type}' are not judged here")
    elif expected.content != actual.content:
        text = f"expected {len(expected.content)} bytes but received {len(actual.content)} others"
        yield from different(
            "body", f"the {len(expected.content)} bytes of the example", f"{len(actual.content)} others", text
        )


def _body_text(body: Payload) -> str:
    text = body.content[:_SHOWN].decode("utf-8", "replace")
    return f"'{text}{'…' if len(body.content) > _SHOWN else ''}'"
