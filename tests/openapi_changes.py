"""Every documented kind of breaking change as a pair of documents, and look-alikes that break nobody.

A row of `NARROWER` is one schema that allows more and one that allows less. Accepting less breaks, and so does
sending more; each row stands for a body, for a property and, where that can be, for a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two documents, and the name of what changed from the old one to the new one."""

    kind: str
    old: Json
    new: Json
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.where}".strip()


# --- documents ---------------------------------------------------------------------------------------------------


def document(**operation: Any) -> Json:
    made = {"responses": {"200": {"description": "ok"}}, **operation}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/orders/{id}": {"post": made}}}


def accepting(schema: Any, media: str = JSON, **more: Any) -> Json:
    return document(requestBody={"content": {media: {} if schema is None else {"schema": schema}}, **more})


def answering(**response: Any) -> Json:
    return document(responses={"200": {"description": "ok", **response}})


def sending(schema: Any, media: str = JSON) -> Json:
    return answering(content={media: {} if schema is None else {"schema": schema}})


def header(schema: Any, **more: Any) -> Json:
    return answering(headers={"X-Total": {"schema": schema, **more}})


def taking(schema: Any, place: str = "query", **more: Any) -> Json:
    return document(parameters=[{"name": "q", "in": place, "schema": schema, **more}])


def part(schema: Any, *required: str, **more: Any) -> Json:
    return {"type": "object", "properties": {"x": schema, **more}, "required": list(required)}


# --- one schema that allows less ---------------------------------------------------------------------------------

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
LIST: Json = {"type": "array", "items": TEXT}
THING: Json = {"type": "object"}
ONE: Json = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
TWO: Json = {"type": "object", "properties": {"b": TEXT}, "required": ["b"]}
NAMED = {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}


def but(schema: Json, /, **more: Any) -> Json:
    return {**schema, **more}


def less(schema: Json, *keys: str) -> Json:
    return {key: item for key, item in schema.items() if key not in keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A schema and a narrower one; how the step is called where it is accepted, and back where it is sent."""

    wide: Json
    narrow: Json
    accepted: str = ""  # "max-decreased"; "" where that breaks nobody or has no name
    sent: str = ""
    parameter: bool = False
    back: bool = True  # the reverse breaks nobody


def row(
    wide: Json, narrow: Json, accepted: str, sent: str = "", *, parameter: bool = False, back: bool = True
) -> Row:
    return Row(wide=wide, narrow=narrow, accepted=accepted, sent=sent, parameter=parameter, back=back)


BOTH = ["string", "integer"]
NARROWER = (
    row(but(NUMBER, maximum=9), but(NUMBER, maximum=5), "max-decreased", "max-increased", parameter=True),
    row(NUMBER, but(NUMBER, maximum=5), "max-set", "max-unset", parameter=True),
    row(
        but(NUMBER, exclusiveMaximum=9),
        but(NUMBER, exclusiveMaximum=5),
        "exclusive-max-decreased",
        "exclusive-max-increased",
        parameter=True,
    ),
    row(NUMBER, but(NUMBER, exclusiveMaximum=5), "exclusive-max-set", "exclusive-max-unset", parameter=True),
    row(but(NUMBER, minimum=1), but(NUMBER, minimum=5), "min-increased", "min-decreased", parameter=True),
    row(NUMBER, but(NUMBER, minimum=5), "min-set", "min-unset", parameter=True),
    row(
        but(NUMBER, exclusiveMinimum=1),
        but(NUMBER, exclusiveMinimum=5),
        "exclusive-min-increased",
        "exclusive-min-decreased",
        parameter=True,
    ),
    row(NUMBER, but(NUMBER, exclusiveMinimum=5), "exclusive-min-set", "exclusive-min-unset", parameter=True),
    row(
        but(TEXT, maxLength=9),
        but(TEXT, maxLength=5),
        "max-length-decreased",
        "max-length-increased",
        parameter=True,
    ),
    row(TEXT, but(TEXT, maxLength=5), "max-length-set", "max-length-unset", parameter=True),
    row(
        but(TEXT, minLength=1),
        but(TEXT, minLength=5),
        "min-length-increased",
        "min-length-decreased",
        parameter=True,
    ),
    row(
        but(LIST, maxItems=9), but(LIST, maxItems=5), "max-items-decreased", "max-items-increased", parameter=True
    ),
    row(
        but(LIST, minItems=1), but(LIST, minItems=2), "min-items-increased", "min-items-decreased", parameter=True
    ),
    row(LIST, but(LIST, minItems=2), "min-items-set", "min-items-unset", parameter=True),
    row(TEXT, but(TEXT, pattern="^[a-f]+$"), "pattern-added", "pattern-removed", parameter=True),
    row(
        but(TEXT, pattern="^[a-z]+$"),
        but(TEXT, pattern="^[a-f]+$"),
        "pattern-changed",
        "pattern-changed",
        parameter=True,
        back=False,
    ),
    row(
        but(LIST, contains={"const": "a"}, minContains=1),
        but(LIST, contains={"const": "a"}, minContains=2),
        "min-contains-increased",
        "min-contains-decreased",
    ),
    row(
        but(LIST, contains={"const": "a"}, maxContains=5),
        but(LIST, contains={"const": "a"}, maxContains=2),
        "max-contains-decreased",
        "max-contains-increased",
    ),
    row(THING, but(THING, patternProperties={"^n": NUMBER}), "pattern-property-added", "pattern-property-removed"),
    row(TEXT, but(TEXT, contentSchema=ONE), "content-schema-added", "content-schema-removed"),
    row({"type": ["string", "null"]}, TEXT, "became-not-nullable", "became-nullable"),
    row(but(THING, allOf=[ONE]), but(THING, allOf=[ONE, TWO]), "all-of-added", back=False),
    row({"anyOf": [TEXT, NUMBER]}, {"anyOf": [TEXT]}, "any-of-removed", "any-of-added"),
    row({"oneOf": [TEXT, NUMBER, LIST]}, {"oneOf": [TEXT, NUMBER]}, "one-of-removed", "one-of-added"),
    row(THING, {"oneOf": [ONE, but(THING, properties={"b": NUMBER}, required=["b"])]}, "wrapped-in-one-of"),
    row(but(THING, **less(NAMED, "then")), but(THING, **NAMED), "then-added", "then-removed"),
    row(but(THING, **less(NAMED, "else")), but(THING, **NAMED), "else-added", "else-removed"),
    row(THING, but(THING, **NAMED), "if-added", "if-removed"),
    row(LIST, but(LIST, contains={"const": "a"}), "contains-added", "contains-removed"),
    row(
        THING, but(THING, dependentRequired={"a": ["b"]}), "dependent-required-added", "dependent-required-removed"
    ),
    row(
        but(THING, dependentRequired={"a": ["b"]}),
        but(THING, dependentRequired={"a": ["b", "c"]}),
        "dependent-required-changed",
        "dependent-required-changed",
    ),
    row(THING, but(THING, dependentSchemas={"a": TWO}), "dependent-schema-added", "dependent-schema-removed"),
    row(THING, but(THING, propertyNames={"maxLength": 5}), "property-names-added", "property-names-removed"),
    row(
        {"type": "array", "prefixItems": [TEXT]},
        {"type": "array", "prefixItems": [TEXT], "unevaluatedItems": False},
        "unevaluated-items-added",
        "unevaluated-items-removed",
    ),
    row(
        ONE,
        but(ONE, unevaluatedProperties=False),
        "unevaluated-properties-added",
        "unevaluated-properties-removed",
    ),
    row({"type": BOTH}, TEXT, "list-of-types-narrowed", "list-of-types-widened"),
    row(
        {"type": ["integer", "boolean"]},
        NUMBER,
        "list-of-types-narrowed",
        "list-of-types-widened",
        parameter=True,
    ),
    row({"type": "number"}, NUMBER, "type-changed", "type-generalized", parameter=True),
    row(TEXT, but(TEXT, enum=["a", "b"]), "became-enum", "became-not-enum", parameter=True),
    row(
        but(TEXT, enum=["a", "b"]), but(TEXT, enum=["a"]), "enum-value-removed", "enum-value-added", parameter=True
    ),
    row(TEXT, but(TEXT, const="a"), "const-added", "const-removed"),
    row(TEXT, but(TEXT, minLength=2), "min-length-set", "min-length-unset", parameter=True),
    row(LIST, but(LIST, maxItems=2), "max-items-set", "max-items-unset", parameter=True),
    row(LIST, but(LIST, uniqueItems=True), "unique-items-set", "unique-items-unset", parameter=True),
    row(THING, but(THING, minProperties=2), "min-properties-set", "min-properties-unset"),
    row(THING, but(THING, maxProperties=2), "max-properties-set", "max-properties-unset"),
    row(
        but(THING, minProperties=1),
        but(THING, minProperties=2),
        "min-properties-increased",
        "min-properties-decreased",
    ),
    row(
        but(THING, maxProperties=3),
        but(THING, maxProperties=2),
        "max-properties-decreased",
        "max-properties-increased",
    ),
    row(NUMBER, but(NUMBER, multipleOf=5), "multiple-of-set", "multiple-of-unset", parameter=True),
    row(
        but(NUMBER, multipleOf=2),
        but(NUMBER, multipleOf=4),
        "multiple-of-changed",
        "multiple-of-changed",
        parameter=True,
    ),
    row(
        but(LIST, contains={"const": "a"}),
        but(LIST, contains={"const": "a"}, maxContains=2),
        "max-contains-set",
        "max-contains-unset",
    ),
    row({}, {"not": TEXT}, "not-added", "not-removed", parameter=True),
    row(but(LIST, items={}), but(LIST, items=False), "items-closed", "items-opened"),
    row(ONE, but(ONE, additionalProperties=False), ""),
    row(TEXT, but(TEXT, format="uuid"), "type-changed", "type-generalized", parameter=True),
)
OTHER = (  # neither allows what the other does: it breaks both ways
    row(TEXT, NUMBER, "type-changed", "type-changed"),
    row(LIST, TEXT, "type-changed", "type-changed", parameter=True),
    row(but(TEXT, const="a"), but(TEXT, const="b"), "const-changed", "const-changed"),
    row(
        but(TEXT, contentMediaType="text/csv"),
        but(TEXT, contentMediaType="text/xml"),
        "content-media-type-changed",
        "content-media-type-changed",
    ),
    row(
        but(TEXT, contentEncoding="base64"),
        but(TEXT, contentEncoding="base32"),
        "content-encoding-changed",
        "content-encoding-changed",
    ),
    row(
        {"type": "array", "prefixItems": [TEXT, TEXT]},
        {"type": "array", "prefixItems": [TEXT]},
        "prefix-items-removed",
    ),
    row(
        {"type": "array", "prefixItems": [TEXT, TEXT]},
        {"type": "array", "prefixItems": [TEXT]},
        "",
        "prefix-items-added",
    ),
    row(TEXT, {"oneOf": [ONE, TWO]}, "wrapped-in-one-of"),
    row({"oneOf": [ONE, TWO]}, ONE, "", "wrapped-in-one-of"),
    row(
        but(TEXT, **{"x-extensible-enum": ["a", "b"]}),
        but(TEXT, **{"x-extensible-enum": ["a"]}),
        "x-extensible-enum-value-removed",
        parameter=True,
    ),
    row(but(THING, allOf=[ONE]), but(THING, allOf=[ONE, TWO]), "", "all-of-removed"),
)


def schema_cases() -> Iterator[Case]:
    """Every row as what a body, a property and a parameter accept, and as what a body and a property hold."""
    for each in (*NARROWER, *OTHER):
        if each.accepted:
            yield from _cases("request-{}-" + each.accepted, accepting, each.wide, each.narrow)
        if each.accepted and each.parameter:
            kind = f"request-parameter-{each.accepted}"
            yield Case(kind=kind, old=taking(each.wide), new=taking(each.narrow))
        if each.sent:
            yield from _cases("response-{}-" + each.sent, sending, each.narrow, each.wide)


def _cases(kind: str, made: Any, old: Json, new: Json) -> Iterator[Case]:
    yield Case(kind=kind.format("body"), old=made(old), new=made(new))
    yield Case(kind=kind.format("property"), old=made(part(old)), new=made(part(new)))
    nested = part(part({"type": "array", "items": old})), part(part({"type": "array", "items": new}))
    yield Case(kind=kind.format("property"), old=made(nested[0]), new=made(nested[1]), where="in an array, nested")


def look_alikes() -> Iterator[Case]:
    """The same steps in the other direction: accepting more, sending less."""
    for each in NARROWER:
        if not each.back:
            continue
        word = each.accepted
        yield Case(kind=word, where="accepted", old=accepting(each.narrow), new=accepting(each.wide))
        yield Case(
            kind=word, where="accepted within", old=accepting(part(each.narrow)), new=accepting(part(each.wide))
        )
        yield Case(kind=word, where="taken", old=taking(each.narrow), new=taking(each.wide))
        yield Case(kind=word, where="sent", old=sending(each.wide), new=sending(each.narrow))
        yield Case(kind=word, where="sent within", old=sending(part(each.wide)), new=sending(part(each.narrow)))
        yield Case(kind=word, where="sent as header", old=header(each.wide), new=header(each.narrow))


# --- one change each ---------------------------------------------------------------------------------------------

SOON, LATER, PAST = "2026-11-30", "2027-11-30", "2026-11-01"  # seen from 2026-11-23, with 30 days of notice
GONE: Json = {**document(), "paths": {}}
OTHER_METHOD: Json = {
    **document(),
    "paths": {"/orders/{id}": {"get": {"responses": {"200": {"description": "ok"}}}}},
}


def sunset(day: Any = None, **more: Any) -> Json:
    return {"deprecated": True, **({} if day is None else {"x-sunset": day}), **more}


def level(name: str) -> Json:
    return {"x-stability-level": name}


def webhook(**operation: Any) -> Json:
    return {
        **document(),
        "webhooks": {"shipped": {"post": {"responses": {"200": {"description": "ok"}}, **operation}}},
    }


def hook(schema: Json) -> Json:
    return webhook(requestBody={"content": {JSON: {"schema": schema}}})


def told(schema: Json) -> Json:
    """A webhook whose body is what another place in the document says."""
    made = webhook(requestBody={"$ref": "#/components/requestBodies/Told"})
    bodies = {"Told": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Told"}}}}}
    return {**made, "components": {"requestBodies": bodies, "schemas": {"Told": schema}}}


def path_parameter(*names: str) -> Json:
    made = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    return {
        **document(),
        "paths": {"/orders/{id}": {"post": document(parameters=made)["paths"]["/orders/{id}"]["post"]}},
    }


def called(operation: Json) -> Json:
    return document(**operation)


def _case(kind: str, old: Json, new: Json, where: str = "") -> Case:
    return Case(kind=kind, old=old, new=new, where=where)


HIDDEN = but(TEXT, writeOnly=True)
SINGLE = (
    # operations
    _case("webhook-removed", webhook(), document()),
    _case("api-path-removed-without-deprecation", document(), GONE),
    _case("api-path-removed-before-sunset", document(**sunset(LATER)), GONE),
    _case("api-path-sunset-parse", document(**sunset("soon")), GONE),
    _case("api-removed-without-deprecation", document(), OTHER_METHOD),
    _case("api-removed-before-sunset", document(**sunset(LATER)), OTHER_METHOD),
    _case("api-deprecated-sunset-parse", document(), document(**sunset("soon"))),
    _case("api-deprecated-sunset-missing", document(), document(**sunset())),
    _case("api-sunset-date-too-small", document(), document(**sunset(SOON))),
    _case("api-sunset-date-changed-too-small", document(**sunset(LATER)), document(**sunset(SOON))),
    _case("sunset-deleted", document(**sunset(LATER)), document(**sunset())),
    _case("api-stability-decreased", document(**level("stable")), document(**level("beta"))),
    _case("api-invalid-stability-level", document(), document(**level("firm"))),
    # parameters
    _case("new-required-request-parameter", document(), taking(TEXT, required=True)),
    _case("new-required-request-parameter", document(), taking(TEXT, "header", required=True), "header"),
    _case(
        "new-required-request-default-parameter-to-existing-path",
        document(),
        taking(but(TEXT, default="a"), required=True),
    ),
    _case("new-request-path-parameter", path_parameter(), path_parameter("id")),
    _case("request-parameter-removed", taking(TEXT), document()),
    _case("request-parameter-removed-before-sunset", taking(TEXT, **sunset(LATER)), document()),
    _case("request-parameter-became-required", taking(TEXT), taking(TEXT, required=True)),
    _case("request-parameter-deprecated-sunset-missing", taking(TEXT), taking(TEXT, **sunset())),
    _case("request-parameter-sunset-date-too-small", taking(TEXT), taking(TEXT, **sunset(SOON))),
    _case("request-parameter-sunset-deleted", taking(TEXT, **sunset(LATER)), taking(TEXT, **sunset())),
    _case(
        "request-parameter-sunset-date-changed-too-small",
        taking(TEXT, **sunset(LATER)),
        taking(TEXT, **sunset(SOON)),
    ),
    _case("request-parameter-sunset-parse", taking(TEXT), taking(TEXT, **sunset("soon"))),
    _case("request-parameter-default-value-added", taking(TEXT), taking(but(TEXT, default="a"))),
    _case(
        "request-parameter-default-value-changed", taking(but(TEXT, default="a")), taking(but(TEXT, default="b"))
    ),
    _case("request-parameter-default-value-removed", taking(but(TEXT, default="a")), taking(TEXT)),
    _case("request-parameter-property-type-changed", taking(part(LIST)), taking(part(THING))),
    _case("request-parameter-property-type-specialized", taking(part({"type": "number"})), taking(part(NUMBER))),
    _case("request-parameter-became-not-nullable", taking({"type": ["integer", "null"]}), taking(NUMBER)),
    _case(
        "request-parameter-property-became-not-nullable",
        taking(part({"type": ["integer", "null"]})),
        taking(part(NUMBER)),
    ),
    _case(
        "request-parameter-property-list-of-types-narrowed",
        taking(part({"type": ["integer", "boolean"]})),
        taking(part(NUMBER)),
    ),
    _case(
        "request-parameter-property-enum-value-removed",
        taking(part(but(TEXT, enum=["a", "b"]))),
        taking(part(but(TEXT, enum=["a"]))),
    ),
    _case("new-required-request-header-property", taking(THING, "header"), taking(part(TEXT, "x"), "header")),
    _case(
        "request-header-property-became-required", taking(part(TEXT), "header"), taking(part(TEXT, "x"), "header")
    ),
    _case(
        "request-header-property-became-enum",
        taking(part(TEXT), "header"),
        taking(part(but(TEXT, enum=["a"])), "header"),
    ),
    # request bodies
    _case("request-body-added-required", document(), accepting(TEXT, required=True)),
    _case("request-body-became-required", accepting(TEXT), accepting(TEXT, required=True)),
    _case("request-body-removed", accepting(TEXT), document()),
    _case("request-body-media-type-removed", accepting(TEXT, "text/csv"), accepting(TEXT)),
    _case("request-body-media-type-schema-added", accepting(None), accepting(TEXT)),
    _case("new-required-request-property", accepting(THING), accepting(part(TEXT, "x"))),
    _case(
        "new-required-request-property-with-default",
        accepting(THING),
        accepting(part(but(TEXT, default="a"), "x")),
    ),
    _case("request-property-became-required", accepting(part(TEXT)), accepting(part(TEXT, "x"))),
    _case(
        "request-property-became-required-with-default",
        accepting(part(but(TEXT, default="a"))),
        accepting(part(but(TEXT, default="a"), "x")),
    ),
    _case("request-property-removed", accepting(part(TEXT)), accepting(THING)),
    # responses
    _case("response-success-status-removed", document(), document(responses={"204": {"description": "none"}})),
    _case("response-media-type-removed", sending(TEXT, "text/csv"), sending(TEXT)),
    _case("response-media-type-name-generalized", sending(TEXT, "application/problem+json"), sending(TEXT)),
    _case("response-body-media-type-schema-removed", sending(TEXT), sending(None)),
    _case("response-required-property-removed", sending(part(TEXT, "x")), sending(THING)),
    _case("response-optional-property-removed", sending(part(TEXT)), sending(THING)),
    _case("response-property-became-optional", sending(part(TEXT, "x")), sending(part(TEXT))),
    _case("response-required-property-became-write-only", sending(part(TEXT, "x")), sending(part(HIDDEN, "x"))),
    _case(
        "request-required-property-became-not-read-only",
        accepting(part(but(TEXT, readOnly=True), "x")),
        accepting(part(TEXT, "x")),
    ),
    _case(
        "request-required-property-became-read-only",
        accepting(part(TEXT, "x")),
        accepting(part(but(TEXT, readOnly=True), "x")),
    ),
    _case(
        "request-optional-property-became-read-only",
        accepting(part(TEXT)),
        accepting(part(but(TEXT, readOnly=True))),
    ),
    _case("required-response-header-removed", header(TEXT, required=True), document()),
    _case("optional-response-header-removed", header(TEXT), document()),
    _case("response-header-became-optional", header(TEXT, required=True), header(TEXT)),
    _case("response-header-became-nullable", header(NUMBER), header({"type": ["integer", "null"]})),
    _case("response-header-type-changed", header(NUMBER), header(LIST)),
    _case("response-header-type-generalized", header(NUMBER), header({"type": "number"})),
)


def single_cases() -> Iterator[Case]:
    """Every kind that is not a matter of one schema alone."""
    yield from SINGLE
    for side, made in (("request", accepting), ("response", sending)):
        for kind, old, new in (
            ("deprecated-sunset-missing", TEXT, sunset(**TEXT)),
            ("deprecated-sunset-invalid", TEXT, sunset("soon", **TEXT)),
            ("sunset-date-too-small", TEXT, sunset(SOON, **TEXT)),
            ("stability-decreased", but(TEXT, **level("stable")), but(TEXT, **level("beta"))),
        ):
            yield Case(kind=f"{side}-property-{kind}", old=made(part(old)), new=made(part(new)))


TWO_STATUSES = document(responses={"200": {"description": "ok"}, "404": {"description": "none"}})
ALIKE = (
    _case("an operation is new", GONE, document()),
    _case("a webhook is new", document(), webhook()),
    _case("a webhook sends less", hook({"type": BOTH}), hook(TEXT)),
    _case("a webhook sends less, told elsewhere", told({"type": BOTH}), told(TEXT)),
    _case("it goes after its sunset date", document(**sunset(PAST)), GONE),
    _case("it goes after it was deprecated", document(**sunset()), GONE),
    _case("it was but a draft", document(**level("draft")), GONE),
    _case("it is deprecated in time", document(), document(**sunset(LATER))),
    _case("it stays for longer", document(**sunset(SOON)), document(**sunset(LATER))),
    _case("it is not deprecated any more", document(**sunset(LATER)), document()),
    _case("it became stable", document(**level("beta")), document(**level("stable"))),
    _case("a parameter is new", document(), taking(TEXT)),
    _case("a parameter need not be given any more", taking(TEXT, required=True), taking(TEXT)),
    _case("a parameter is deprecated in time", taking(TEXT), taking(TEXT, **sunset(LATER))),
    _case("a parameter goes after its sunset date", taking(TEXT, **sunset(PAST)), document()),
    _case("a number in a query becomes any text", taking(NUMBER), taking(TEXT)),
    _case(
        "a header is written in capitals",
        document(parameters=[{"name": "x-a", "in": "header", "schema": TEXT}]),
        document(parameters=[{"name": "X-A", "in": "header", "schema": TEXT}]),
    ),
    _case(
        "a parameter is written for the whole path",
        taking(TEXT),
        {
            **document(),
            "paths": {
                "/orders/{id}": {
                    "post": document()["paths"]["/orders/{id}"]["post"],
                    "parameters": [{"name": "q", "in": "query", "schema": TEXT}],
                }
            },
        },
    ),
    _case("a body may be given", document(), accepting(TEXT)),
    _case("a body need not be given any more", accepting(TEXT, required=True), accepting(TEXT)),
    _case("a body of any kind", accepting(TEXT), accepting(None)),
    _case(
        "a media type more is taken",
        accepting(TEXT),
        document(requestBody={"content": {JSON: {"schema": TEXT}, "text/csv": {"schema": TEXT}}}),
    ),
    _case("a property more may be given", accepting(part(TEXT)), accepting(part(TEXT, y=TEXT))),
    _case("a property need not be given any more", accepting(part(TEXT, "x")), accepting(part(TEXT))),
    _case(
        "a read-only property is new and required",
        accepting(THING),
        accepting(part(but(TEXT, readOnly=True), "x")),
    ),
    _case(
        "a read-only property got narrower",
        accepting(part(but(TEXT, readOnly=True))),
        accepting(part(but(TEXT, readOnly=True, maxLength=5))),
    ),
    _case("a write-only property got wider", sending(part(HIDDEN)), sending(part(but(HIDDEN, type=BOTH)))),
    _case("a write-only property is gone", sending(part(HIDDEN, "x")), sending(THING)),
    _case(
        "a list grows that says that it may",
        sending(part(but(TEXT, enum=["a"], **{"x-extensible-enum": ["a"]}))),
        sending(part(but(TEXT, enum=["a", "b"], **{"x-extensible-enum": ["a", "b"]}))),
    ),
    _case(
        "an alternative takes what another does not any more",
        accepting({"anyOf": [but(NUMBER, maximum=9), {"type": "number"}]}),
        accepting({"anyOf": [but(NUMBER, maximum=5), {"type": "number"}]}),
    ),
    _case("a property that was hidden is sent", sending(part(HIDDEN, "x")), sending(part(TEXT, "x"))),
    _case(
        "a part of allOf less is asked for",
        accepting(but(ONE, allOf=[{"required": ["b"]}, {"required": ["c"]}])),
        accepting(but(ONE, allOf=[{"required": ["b"]}])),
    ),
    _case("a property more is sent", sending(part(TEXT)), sending(part(TEXT, y=TEXT))),
    _case("a property is always sent now", sending(part(TEXT)), sending(part(TEXT, "x"))),
    _case("a property is deprecated in time", sending(part(TEXT)), sending(part(sunset(LATER, **TEXT)))),
    _case("an error is no longer documented", TWO_STATUSES, document()),
    _case("an error more is documented", document(), TWO_STATUSES),
    _case(
        "a media type more is sent",
        sending(TEXT),
        answering(content={JSON: {"schema": TEXT}, "text/csv": {"schema": TEXT}}),
    ),
    _case("a response has a schema now", sending(None), sending(TEXT)),
    _case("a header more is sent", document(), header(TEXT)),
    _case("a header is always sent now", header(TEXT), header(TEXT, required=True)),
    _case("a header is never null now", header({"type": ["string", "null"]}), header(TEXT)),
    _case(
        "parts are folded",
        accepting(but(THING, allOf=[ONE, TWO])),
        accepting(part(TEXT, "a", "b") | {"properties": {"a": TEXT, "b": TEXT}}),
    ),
    _case("words for people", sending(but(TEXT, title="a", description="b")), sending(but(TEXT, example="c"))),
    _case("values in another order", sending(but(TEXT, enum=["a", "b"])), sending(but(TEXT, enum=["b", "a"]))),
    _case("one alternative less is sent", sending({"oneOf": [TEXT, NUMBER]}), sending({"oneOf": [TEXT]})),
    _case("alternatives in another order", sending({"oneOf": [TEXT, NUMBER]}), sending({"oneOf": [NUMBER, TEXT]})),
    _case("a value alone instead of a list of one", sending(but(TEXT, enum=["a"])), sending(but(TEXT, const="a"))),
    _case("a property default", accepting(part(TEXT)), accepting(part(but(TEXT, default="a")))),
)
