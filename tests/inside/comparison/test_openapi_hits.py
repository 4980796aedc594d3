"""Which consumers a diff hits: what their pacts use of what changed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from openapi_changes import JSON, TEXT, Json, but, part

from harness.comparison.affected_consumers import Affected, Consumer, ConsumerEffect, exit_of, who_is_hit
from harness.comparison.diff import Notice, diff, document_of
from harness.contracts.pact_reader import read_pact
from harness.errors import Exit
from harness.identity import Version

NOTICE = Notice(today=date(2026, 11, 23))
WEB = Version("web", "1.4")


def orders(operation: Json | None = None, **more: Any) -> Json:
    """A document with one operation on an order, and one on all of them."""
    answer = {"200": {"content": {JSON: {"schema": part(TEXT, "x")}}}}
    get = {"responses": answer, **(operation or {})}
    other: Json = {"get": {"responses": {"200": {}}}}
    return {"openapi": "3.1.0", "paths": {"/orders/{id}": {"get": get}, "/orders/recent": other}, **more}


def answered(schema: Json, status: str = "200", **more: Any) -> Json:
    return orders({"responses": {status: {"content": {JSON: {"schema": schema}}, **more}}})


def asked(*parameters: Json) -> Json:
    return orders({"parameters": list(parameters)})


def sent(schema: Json, **more: Any) -> Json:
    return orders({"requestBody": {"content": {JSON: {"schema": schema}}, **more}})


def interaction(
    body: Any = None, *, path: str = "/orders/7", status: int = 200, headers: Any = None, **request: Any
) -> Json:
    response = {"status": status, "headers": headers or {}}
    return {
        "description": "an order by id",
        "request": {"method": "GET", "path": path, **request},
        "response": response if body is None else {**response, "body": body},
    }


def consumer(*interactions: Json) -> Consumer:
    pact = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": list(interactions),
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    return Consumer(version=WEB, pact=read_pact(json.dumps(pact), "web.json"))


def hit(old: Json, new: Json, *interactions: Json) -> Affected:
    before = document_of(old, "old")
    found = diff(before, document_of(new, "new"), NOTICE)
    (affected,) = who_is_hit(found, before, [consumer(*interactions)])
    return affected


Q = {"name": "q", "in": "query", "schema": TEXT}
HEADED = answered(part(TEXT, "x"), headers={"X-Total": {"schema": TEXT, "required": True}})
LIST: Json = {"type": "array", "items": part(TEXT, "x")}


def dependent(*names: str) -> Json:
    return part({"type": "object", "dependentRequired": {"a": list(names)}})


CASES = (
    (
        "a property that it reads is gone",
        answered(part(TEXT, "x")),
        answered(part(TEXT, y=TEXT) | {"properties": {"y": TEXT}}),
        interaction({"x": "a"}),
        ConsumerEffect.BREAKS,
    ),
    (
        "a property that it does not read is gone",
        answered(part(TEXT, "x", y=TEXT)),
        answered({"type": "object", "properties": {"y": TEXT}}),
        interaction({"y": "a"}),
        ConsumerEffect.NONE,
    ),
    ("it reads no body", answered(part(TEXT, "x")), answered(part(TEXT)), interaction(), ConsumerEffect.NONE),
    (
        "it reads another status",
        answered(part(TEXT, "x")),
        answered(part(TEXT)),
        interaction({"x": "a"}, status=404),
        ConsumerEffect.NONE,
    ),
    (
        "it reads another operation",
        answered(part(TEXT, "x")),
        answered(part(TEXT)),
        interaction({"x": "a"}, path="/orders/recent"),
        ConsumerEffect.NONE,
    ),
    (
        "it reads it in a list",
        answered(LIST),
        answered(but(LIST, items=part(TEXT))),
        interaction([{"x": "a"}]),
        ConsumerEffect.BREAKS,
    ),
    (
        "its list is empty",
        answered(LIST),
        answered(but(LIST, items=part(TEXT))),
        interaction([]),
        ConsumerEffect.BREAKS,
    ),
    (
        "the operation is gone",
        orders(),
        {**orders(), "paths": {"/orders/recent": orders()["paths"]["/orders/recent"]}},
        interaction(),
        ConsumerEffect.BREAKS,
    ),
    (
        "a parameter is required now, and it sends none",
        asked(Q),
        asked(but(Q, required=True)),
        interaction(),
        ConsumerEffect.BREAKS,
    ),
    (
        "a parameter is required now, and it sends it",
        asked(Q),
        asked(but(Q, required=True)),
        interaction(query={"q": ["a"]}),
        ConsumerEffect.NONE,
    ),
    (
        "a default changed, and it sends the parameter",
        asked(but(Q, schema=but(TEXT, default="a"))),
        asked(Q),
        interaction(query="q=b"),
        ConsumerEffect.NONE,
    ),
    (
        "a parameter takes less, and it sends it",
        asked(Q),
        asked(but(Q, schema=but(TEXT, enum=["a"]))),
        interaction(query={"q": ["a"]}),
        ConsumerEffect.BREAKS,
    ),
    (
        "a parameter takes less, and it sends none",
        asked(Q),
        asked(but(Q, schema=but(TEXT, enum=["a"]))),
        interaction(),
        ConsumerEffect.NONE,
    ),
    (
        "a cookie takes less",
        asked({**Q, "in": "cookie"}),
        asked({**Q, "in": "cookie", "schema": but(TEXT, enum=["a"])}),
        interaction(),
        ConsumerEffect.BREAKS,
    ),
    (
        "a body is required now, and it sends none",
        sent(TEXT),
        sent(TEXT, required=True),
        interaction(),
        ConsumerEffect.BREAKS,
    ),
    (
        "a property is required now, and it sends it",
        sent(part(TEXT)),
        sent(part(TEXT, "x")),
        interaction() | {"request": {"method": "GET", "path": "/orders/7", "body": {"x": "a"}}},
        ConsumerEffect.NONE,
    ),
    (
        "a property is required now, and it does not send it",
        sent(part(TEXT)),
        sent(part(TEXT, "x")),
        interaction() | {"request": {"method": "GET", "path": "/orders/7", "body": {"y": "a"}}},
        ConsumerEffect.BREAKS,
    ),
    (
        "a property that it sends asks for one more beside it",
        sent(dependent("b")),
        sent(dependent("b", "c")),
        interaction() | {"request": {"method": "GET", "path": "/orders/7", "body": {"x": {"a": 1, "b": 2}}}},
        ConsumerEffect.BREAKS,
    ),
    (
        "a property that it does not send asks for one more beside it",
        sent(dependent("b")),
        sent(dependent("b", "c")),
        interaction() | {"request": {"method": "GET", "path": "/orders/7", "body": {"y": 1}}},
        ConsumerEffect.NONE,
    ),
    (
        "a header takes less, and it sends it",
        asked({**Q, "name": "X-Q", "in": "header"}),
        asked({**Q, "name": "X-Q", "in": "header", "schema": but(TEXT, enum=["a"])}),
        interaction() | {"request": {"method": "GET", "path": "/orders/7", "headers": {"x-q": "b"}}},
        ConsumerEffect.BREAKS,
    ),
    (
        "a header takes less, and it sends none",
        asked({**Q, "name": "X-Q", "in": "header"}),
        asked({**Q, "name": "X-Q", "in": "header", "schema": but(TEXT, enum=["a"])}),
        interaction(),
        ConsumerEffect.NONE,
    ),
    (
        "a header that it reads is gone",
        HEADED,
        answered(part(TEXT, "x")),
        interaction(headers={"x-total": "7"}),
        ConsumerEffect.BREAKS,
    ),
    (
        "a header that it does not read is gone",
        HEADED,
        answered(part(TEXT, "x")),
        interaction(),
        ConsumerEffect.NONE,
    ),
    (
        "it is deprecated",
        orders(),
        orders({"deprecated": True, "x-sunset": "2027-11-30"}),
        interaction(),
        ConsumerEffect.ENDS,
    ),
    (
        "another is deprecated",
        orders(),
        orders({"deprecated": True}),
        interaction(path="/orders/recent"),
        ConsumerEffect.NONE,
    ),
    (
        "a value more may come",
        answered(part(but(TEXT, enum=["a"]))),
        answered(part(but(TEXT, enum=["a", "b"]))),
        interaction({"x": "a"}),
        ConsumerEffect.BREAKS,
    ),
    (
        "what is compatible",
        answered(part(TEXT)),
        answered(part(TEXT, "x")),
        interaction({"x": "a"}),
        ConsumerEffect.NONE,
    ),
    (
        "it is below a base path",
        answered(part(TEXT, "x")) | {"servers": [{"url": "/v1"}]},
        answered(part(TEXT)) | {"servers": [{"url": "/v1"}]},
        interaction({"x": "a"}, path="/v1/orders/7"),
        ConsumerEffect.BREAKS,
    ),
    (
        "its media type is another",
        answered(part(TEXT, "x")),
        answered(part(TEXT)),
        interaction("x,y", headers={"Content-Type": "text/csv"}),
        ConsumerEffect.NONE,
    ),
)


@pytest.mark.parametrize(("old", "new", "used", "effect"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_consumer_is_hit_by_what_it_uses(old: Json, new: Json, used: Json, effect: ConsumerEffect) -> None:
    assert hit(old, new, used).effect is effect


def test_what_is_used_is_told() -> None:
    (first,) = hit(answered(part(TEXT, "x")), answered(part(TEXT)), interaction({"x": "a"})).hits
    assert (first.interaction, first.what, first.certain) == ("an order by id", "reads `x`", True)


def test_what_cannot_be_decided_counts_as_used_and_says_so() -> None:
    (first,) = hit(answered(LIST), answered(but(LIST, items=part(TEXT))), interaction([])).hits
    assert not first.certain


def test_without_a_pact_nobody_can_tell_unless_nothing_matters() -> None:
    unknown = Consumer(version=WEB, pact=None)
    for new, effect, code in (
        (part(TEXT), ConsumerEffect.UNKNOWN, Exit.UNKNOWN),
        (part(TEXT, "x"), ConsumerEffect.NONE, Exit.PASSED),
    ):
        before = document_of(answered(part(TEXT, "x")), "old")
        affected = who_is_hit(diff(before, document_of(answered(new), "new"), NOTICE), before, [unknown])
        assert (affected[0].effect, exit_of(affected)) == (effect, code)


def test_a_webhook_hits_everybody_because_no_operation_tells_who_takes_it() -> None:
    hooked = orders(webhooks={"shipped": {"post": {"requestBody": {"content": {JSON: {"schema": TEXT}}}}}})
    affected = hit(hooked, orders(), interaction())
    assert affected.effect is ConsumerEffect.BREAKS
    assert not affected.hits[0].certain


@pytest.mark.parametrize("content", [{"x": "a"}, "eyJ4IjogImEifQ=="], ids=["as it is", "in base64"])
def test_a_body_of_the_fourth_specification_is_read(content: Any) -> None:
    encoded = "base64" if isinstance(content, str) else False
    body = {"content": content, "contentType": JSON, "encoded": encoded}
    made = {"type": "Synchronous/HTTP", **interaction(body)}
    pact = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [made],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    one = Consumer(version=WEB, pact=read_pact(json.dumps(pact), "web.json"))
    before = document_of(answered(part(TEXT, "x")), "old")
    (affected,) = who_is_hit(diff(before, document_of(answered(part(TEXT)), "new"), NOTICE), before, [one])
    assert (affected.effect, affected.hits[0].certain) == (ConsumerEffect.BREAKS, True)


def test_a_body_of_the_fourth_specification_without_a_content_is_the_content() -> None:
    made = {"type": "Synchronous/HTTP", **interaction({"x": "a"})}
    pact = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [made],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    one = Consumer(version=WEB, pact=read_pact(json.dumps(pact), "web.json"))
    before = document_of(answered(part(TEXT, "x")), "old")
    (affected,) = who_is_hit(diff(before, document_of(answered(part(TEXT)), "new"), NOTICE), before, [one])
    assert affected.effect is ConsumerEffect.BREAKS
