"""Bodies that are no JSON: forms, several parts, XML, texts; and what cannot be compared, which is never a yes."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples_of_an_answer
from pact_and_document import Json, answering, document_with, get, pact_of, taking

from harness.comparison.pact_fit import Comparison, compare
from harness.comparison.severity import Severity
from harness.verdicts import Verdict

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data"
XML = "application/xml"
TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}


def sent(schema: Any, media: str, body: Any, *, named: str = "", **parts: Any) -> Comparison:
    """A request with a body; `parts` are beside the schema in the media type's object, `encoding` for one."""
    paths = taking(schema, media, required=True)
    paths["/orders"]["post"]["requestBody"]["content"][media] |= parts
    request = {"method": "POST", "path": "/orders", "headers": {"Content-Type": named or media}, "body": body}
    return compare(pact_of({"request": request}), document_with(paths))


def came(schema: Any, media: str, body: Any, rules: Json | None = None, *, coding: str = "") -> Comparison:
    """A response with a body, held against what is promised."""
    coded = {"Content-Encoding": coding} if coding else {}
    response = {"headers": {"Content-Type": media, **coded}, "body": body, **(rules or {})}
    return compare(pact_of({"request": get(), "response": response}), document_with(answering(schema, media)))


def errors(found: Comparison) -> list[str]:
    """What is told, by its text."""
    return [each.text for each in found.findings if each.severity is Severity.ERROR]


def record(*required: str, **properties: Any) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


# --- a value has one answer, whatever it is written in -----------------------------------------------------------

# a schema, a value that it takes, and one that it does not take, as a text too
KINDS: list[tuple[Json, Any, Any]] = [
    ({"type": "string", "maxLength": 3}, "abc", "abcd"),
    ({"type": "string", "enum": ["open", "paid"]}, "paid", "lost"),
    ({"type": "string", "pattern": "^<[a-z&]+>$"}, "<a&b>", "a"),
    ({"type": "integer"}, 7, "seven"),
    ({"type": "integer", "minimum": 1}, 1, 0),
    ({"type": "number"}, 2.5, "much"),
    ({"type": "boolean"}, True, "perhaps"),
    ({"type": "string", "format": "date"}, "2026-11-30", "2026-13-30"),
]
NAMES = st.sampled_from(["id", "total", "note", "a-b", "x_y", "ünï"])


@st.composite
def flat(draw: st.DrawFn) -> tuple[Json, Json, Json]:
    """An object of plain values and lists of them: its schema, a value, and a value that does not fit."""
    parts = draw(st.dictionaries(NAMES, st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=4))
    properties, value = {}, {}
    for name, ((schema, good, _), is_list) in parts.items():
        properties[name] = {"type": "array", "items": schema} if is_list else schema
        value[name] = [good, good] if is_list else good
    broken = draw(st.sampled_from([*parts, "left out"]))
    wrong = {**value}
    if broken == "left out":
        del wrong[draw(st.sampled_from(sorted(parts)))]
    else:
        (_, good, bad), is_list = parts[broken]
        wrong[broken] = [good, bad] if is_list else bad
    return record(*parts, **properties), value, wrong


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_form(value: Json) -> str:
    pairs = [
        (name, text(each)) for name, many in value.items() for each in (many if isinstance(many, list) else [many])
    ]
    return urlencode(pairs)


def as_parts(value: Json) -> str:
    lines = []
    for name, many in value.items():
        for each in many if isinstance(many, list) else [many]:
            lines += ["--line", f'Content-Disposition: form-data; name="{name}"', "", text(each)]
    return "\r\n".join([*lines, "--line--", ""])


def as_xml(value: Json, schema: Json, name: str = "order") -> str:
    """A value as its `xml` objects say."""
    attributes, inside = "", ""
    for key, part in schema["properties"].items():
        told = part.get("xml", {})
        called, given = told.get("name", key), value.get(key)
        if given is None:
            continue
        if told.get("attribute"):
            attributes += f" {called}={quoteattr(text(given))}"
        elif part.get("type") == "array":
            item = part["items"].get("xml", {}).get("name", key)
            made = "".join(_element(each, part["items"], item) for each in given)
            inside += f"<{called}>{made}</{called}>" if told.get("wrapped") else made
        else:
            inside += _element(given, part, called)
    return f"<{name}{attributes}>{inside}</{name}>"


def _element(value: Any, schema: Json, name: str) -> str:
    if "properties" in schema:
        return as_xml(value, schema, name)
    return f"<{name}>{escape(text(value))}</{name}>"


@pytest.mark.parametrize("media", [FORM, PARTS])
@given(told=flat())
def test_fields_are_judged_as_the_same_values_in_json(media: str, told: tuple[Json, Json, Json]) -> None:
    schema, value, wrong = told
    write = as_form if media == FORM else as_parts
    named = media if media == FORM else f"{media}; boundary=line"
    assert sent(schema, media, write(value), named=named).verdict is Verdict.PASSED
    for body, way in ((write(wrong), media), (wrong, "application/json")):
        found = sent(schema, way, body, named=named if way == media else "")
        assert found.verdict is Verdict.FAILED, (way, found)


@st.composite
def in_xml(draw: st.DrawFn) -> tuple[Json, Json, Json]:
    """The same with `xml` objects, and with an object inside."""
    schema, value, wrong = draw(flat())
    if draw(st.booleans()):
        inner, inside, _ = draw(flat())
        schema["properties"]["inner"], value["inner"], wrong["inner"] = inner, inside, inside
    for name, part in schema["properties"].items():
        told: Json = draw(st.fixed_dictionaries({}, optional={"name": st.just(f"n-{name}")}))
        if part["type"] == "array":
            told["wrapped"] = draw(st.booleans())
            if not told["wrapped"]:
                told.pop("name", None)
            if draw(st.booleans()):
                part["items"] = {**part["items"], "xml": {"name": f"item-{name}"}}
            elif told["wrapped"]:
                part["items"] = {**part["items"], "xml": {"name": told.get("name", name)}}
        elif part["type"] != "object":
            told["attribute"] = draw(st.booleans())
        schema["properties"][name] = {**part, "xml": told}
    return schema, value, wrong


@pytest.mark.parametrize("side", ["request", "response"])
@given(told=in_xml())
def test_xml_is_judged_as_the_same_value_in_json(side: str, told: tuple[Json, Json, Json]) -> None:
    schema, value, wrong = told
    hold = sent if side == "request" else came
    assert hold(schema, XML, as_xml(value, schema)).verdict is Verdict.PASSED
    in_json = hold(schema, "application/json", wrong).verdict
    found = hold(schema, XML, as_xml(wrong, schema))
    no_list = any(
        part["type"] == "array" and not part["xml"]["wrapped"] and name not in wrong
        for name, part in schema["properties"].items()
    )
    assert found.verdict is (Verdict.PASSED if no_list else in_json), (
        found
    )  # a list without items is not to be seen


@given(told=in_xml())
def test_what_no_schema_calls_so_is_not_promised_in_xml(told: tuple[Json, Json, Json]) -> None:
    schema, value, _ = told
    body = as_xml(value, schema)
    for more in (
        body.replace("</order>", "<stranger>1</stranger></order>"),
        body.replace("<order", '<order odd="1"'),
    ):
        assert came(schema, XML, more).verdict is Verdict.FAILED
        assert sent(schema, XML, more).verdict is Verdict.PASSED


# --- XML by its own words ----------------------------------------------------------------------------------------

LINES = {"type": "array", "items": {**record(sku=TEXT), "xml": {"name": "line"}}, "xml": {"wrapped": True}}
ORDER = {
    **record("id", id={**NUMBER, "xml": {"attribute": True}}, total={"type": "number"}, lines=LINES),
    "xml": {"name": "order", "namespace": "urn:shop", "prefix": "s"},
}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ('<s:order xmlns:s="urn:shop" id="1"/>', Verdict.PASSED),
        ('<order xmlns="urn:shop" id="1"><total>2.5</total></order>', Verdict.PASSED),
        ('<o:order xmlns:o="urn:shop" id="1"><lines><line><sku>a</sku></line></lines></o:order>', Verdict.PASSED),
        ('<order id="1"/>', Verdict.FAILED),  # no namespace
        ('<order xmlns="urn:other" id="1"/>', Verdict.FAILED),
        ('<orders xmlns="urn:shop" id="1"/>', Verdict.FAILED),
        ('<order xmlns="urn:shop"><id>1</id></order>', Verdict.FAILED),  # it is an attribute
        ('<order xmlns="urn:shop" id="one"/>', Verdict.FAILED),
        ('<order xmlns="urn:shop" id="1"><total>much</total></order>', Verdict.FAILED),
        ('<order xmlns="urn:shop" id="1"><total>1</total><total>2</total></order>', Verdict.FAILED),
        ('<order xmlns="urn:shop" id="1"><lines><item/></lines></order>', Verdict.FAILED),
        ('<order xmlns="urn:shop" id="1"><lines/></order>', Verdict.PASSED),
        ('<order xmlns="urn:shop" id="1"><total>\n  2.5 </total></order>', Verdict.PASSED),
        ('<order xmlns="urn:shop" id="1">words <total>1</total></order>', Verdict.UNKNOWN),
        ("not xml", Verdict.UNKNOWN),
        ("<order>", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        ("<a:order/>", Verdict.UNKNOWN),  # a prefix that nobody declares
    ],
)
@pytest.mark.parametrize("media", [XML, "text/xml; charset=utf-8", "application/vnd.shop+xml"])
def test_xml_is_read_by_the_xml_objects(body: str, verdict: Verdict, media: str) -> None:
    found = sent(ORDER, media, body)
    assert found.verdict is verdict, found


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><order>&c;</order>'
FILE = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><order>&f;</order>'


@pytest.mark.parametrize(
    "body",
    [BOMB, FILE, "<order>" * 500 + "</order>" * 500, "<order>" + "<a/>" * 200_000 + "</order>"],
    ids=["entities", "a file", "depth", "size"],
)
def test_hostile_xml_is_unknown_and_nothing_of_it_is_followed(body: str) -> None:
    found = sent(record(), XML, body)
    assert found.verdict is Verdict.UNKNOWN
    assert "root:" not in str(found)


def test_nil_is_null_in_xml() -> None:
    nil = '<order xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><note xsi:nil="true"/></order>'
    assert sent(record(note={"type": ["string", "null"]}), XML, nil).verdict is Verdict.PASSED
    assert sent(record(note=NUMBER), XML, nil).verdict is Verdict.FAILED


def test_a_map_of_elements_is_judged_by_the_schema_of_its_values() -> None:
    prices = {"type": "object", "additionalProperties": NUMBER}
    assert came(prices, XML, "<prices><tea>3</tea></prices>").verdict is Verdict.PASSED
    assert came(prices, XML, "<prices><tea>cheap</tea></prices>").verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("place", "verdict"),
    [
        ("$.order.state['#text']", Verdict.PASSED),
        ("$.order.state", Verdict.PASSED),
        ("$.order.id", Verdict.FAILED),
    ],
)
def test_a_rule_of_an_xml_body_frees_the_value_at_its_place(place: str, verdict: Verdict) -> None:
    schema = record(state={"type": "string", "enum": ["open", "paid"]}, id=NUMBER)
    rules = {"matchingRules": {"body": {place: {"matchers": [{"match": "type"}]}}}}
    assert came(schema, XML, "<order><state>any</state></order>", rules).verdict is verdict


@pytest.mark.parametrize(("place", "fits"), [("$.order['@state']", True), ("$.order['@other']", False)])
def test_a_rule_of_an_attribute_frees_it(place: str, fits: bool) -> None:
    schema = record(state={"type": "string", "enum": ["open"], "xml": {"attribute": True}})
    rules = {"matchingRules": {"body": {place: {"matchers": [{"match": "type"}]}}}}
    assert (came(schema, XML, '<order state="any"/>', rules).verdict is Verdict.PASSED) is fits


# --- parts -------------------------------------------------------------------------------------------------------


def part(name: str, content: str, *more: str) -> str:
    return "\r\n".join(
        [f'Content-Disposition: form-data; name="{name}"{"; filename=x" if more else ""}', *more, "", content]
    )


def parts(*written: str) -> str:
    return "".join(f"--xyz\r\n{each}\r\n" for each in written) + "--xyz--\r\n"


UPLOAD = record(
    "title", "file", title={**TEXT, "maxLength": 5}, file={**TEXT, "format": "binary"}, about=record("by", by=TEXT)
)
PNG = {"file": {"contentType": "image/png, image/jpeg"}}
TITLE, IMAGE = part("title", "cat"), part("file", "\x89PNG", "Content-Type: image/png")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (parts(TITLE, IMAGE), Verdict.PASSED),
        (parts(IMAGE, TITLE), Verdict.PASSED),
        (parts(TITLE), Verdict.FAILED),
        (parts(IMAGE), Verdict.FAILED),
        (parts(part("title", "too long"), IMAGE), Verdict.FAILED),
        (parts(TITLE, part("file", "x", "Content-Type: text/plain")), Verdict.FAILED),
        (parts(TITLE, IMAGE, part("about", '{"by": "me"}', "Content-Type: application/json")), Verdict.PASSED),
        (parts(TITLE, IMAGE, part("about", '{"by": "me"}')), Verdict.PASSED),
        (parts(TITLE, IMAGE, part("about", '{"by": 1}', "Content-Type: application/json")), Verdict.FAILED),
        (parts(TITLE, IMAGE, part("about", "no json", "Content-Type: application/json")), Verdict.FAILED),
        (parts(TITLE, IMAGE, part("about", "<a/>", "Content-Type: text/xml")), Verdict.UNKNOWN),
        (parts(TITLE, IMAGE, "Content-Type: text/plain\r\n\r\nwithout a name"), Verdict.UNKNOWN),
        (parts(TITLE, IMAGE).replace("\r\n", "\n"), Verdict.PASSED),
        (base64.b64encode(parts(TITLE, IMAGE).encode()).decode(), Verdict.PASSED),
        (parts(TITLE, IMAGE).replace("--xyz--", ""), Verdict.UNKNOWN),
        ("title=cat", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        ({"title": "cat"}, Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    "named", ["multipart/form-data; boundary=xyz", 'multipart/form-data;boundary="xyz"', PARTS]
)
def test_parts_are_judged_by_name_value_and_media_type(body: Any, verdict: Verdict, named: str) -> None:
    found = sent(UPLOAD, PARTS, body, named=named, encoding=PNG)
    assert found.verdict is verdict, found


@pytest.mark.parametrize("boundary", ["x", "XyzX", "--x--", "X'()+_,-./:=?X"])
def test_a_boundary_is_whatever_its_media_type_names_in_quotes_or_not(boundary: str) -> None:
    body = parts(TITLE, IMAGE).replace("--xyz", f"--{boundary}")
    for written in (boundary, f'"{boundary}"'):
        found = sent(UPLOAD, PARTS, body, named=f"multipart/form-data; boundary={written}", encoding=PNG)
        assert found.verdict is Verdict.PASSED, found


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        (["a", "b"], Verdict.PASSED),
        (["a", 1], Verdict.FAILED),
        (['["a", "b"]'], Verdict.PASSED),
        (['["a", 1]'], Verdict.FAILED),
    ],
)
def test_a_list_is_one_part_for_each_or_one_part_of_json(written: list[Any], verdict: Verdict) -> None:
    kind = "Content-Type: application/json"
    whole = len(written) == 1
    body = parts(*(part("tags", each if whole else json.dumps(each), kind) for each in written))
    assert sent(record(tags={"type": "array", "items": TEXT}), PARTS, body).verdict is verdict


def test_a_part_brings_the_headers_that_its_encoding_needs() -> None:
    encoding = {"file": {"headers": {"X-Hash": {"required": True, "schema": TEXT}}}}
    schema = record(file={})
    with_hash = part("file", "x", "Content-Type: image/png", "X-Hash: 1")
    assert sent(schema, PARTS, parts(with_hash), encoding=encoding).verdict is Verdict.PASSED
    assert errors(sent(schema, PARTS, parts(IMAGE), encoding=encoding)) == [
        "request body: the part `file` has no header `X-Hash`"
    ]


def test_a_list_of_files_is_one_part_for_each() -> None:
    schema = record(files={"type": "array", "items": {**TEXT, "format": "binary"}, "maxItems": 2})
    file = part("files", "x", "Content-Type: image/png")
    assert sent(schema, PARTS, parts(file, file)).verdict is Verdict.PASSED
    assert sent(schema, PARTS, parts(file, file, file)).verdict is Verdict.FAILED


# --- forms -------------------------------------------------------------------------------------------------------

AREA = record("x", x=NUMBER, y=NUMBER)


@pytest.mark.parametrize(
    ("encoding", "body", "verdict"),
    [
        ({}, "area=%7B%22x%22%3A1%7D", Verdict.PASSED),  # an object is written as JSON
        ({}, "area=%7B%22x%22%3A%22one%22%7D", Verdict.FAILED),
        ({}, "area=one", Verdict.FAILED),
        ({"area": {"style": "deepObject"}}, "area[x]=1&area[y]=2", Verdict.PASSED),
        ({"area": {"style": "deepObject"}}, "area[x]=one", Verdict.FAILED),
        ({"area": {"style": "deepObject"}}, "area[y]=1", Verdict.FAILED),
        ({"area": {"style": "form"}}, "x=1&y=2", Verdict.PASSED),
        ({"area": {"style": "form"}}, "x=one", Verdict.FAILED),
        ({"area": {"style": "form", "explode": False}}, "area=x,1,y,2", Verdict.PASSED),
        ({"area": {"style": "form", "explode": False}}, "area=x,one", Verdict.FAILED),
        (
            {"tags": {"style": "pipeDelimited", "explode": False}},
            "area=%7B%22x%22%3A1%7D&tags=1|2",
            Verdict.PASSED,
        ),
        (
            {"tags": {"style": "pipeDelimited", "explode": False}},
            "area=%7B%22x%22%3A1%7D&tags=1|b",
            Verdict.FAILED,
        ),
        ({"tags": {"contentType": "application/json"}}, "area=%7B%22x%22%3A1%7D&tags=[1,2]", Verdict.PASSED),
        ({"tags": {"contentType": "application/json"}}, "area=%7B%22x%22%3A1%7D&tags=[true]", Verdict.FAILED),
    ],
)
def test_the_fields_of_a_form_are_written_as_their_encoding_says(
    encoding: Json, body: str, verdict: Verdict
) -> None:
    schema = record("area", area=AREA, tags={"type": "array", "items": NUMBER})
    found = sent(schema, FORM, body, encoding=encoding)
    assert found.verdict is verdict, found


@settings(max_examples=examples_of_an_answer(10))
@given(
    items=st.sampled_from([TEXT, NUMBER, {}, {"type": ["string", "null"]}, {"oneOf": [TEXT, {"type": "object"}]}]),
    text=st.sampled_from(["[1", "{", "a", '"a', "[1]x", "", "[}", "'a'", "1 2"]),
    listed=st.booleans(),
    written=st.sampled_from(["application/json", "application/problem+json", "application/json, text/json"]),
)
def test_a_text_that_is_said_to_be_json_and_is_none_never_fits(
    items: Json, text: str, listed: bool, written: str
) -> None:
    schema = record(it={"type": "array", "items": items} if listed else items)
    named = "application/json" if "," in written else written
    found = [
        sent(schema, PARTS, parts(part("it", text, f"Content-Type: {named}"))),
        sent(schema, PARTS, parts(part("it", text)), encoding={"it": {"contentType": written}}),
        sent(schema, FORM, urlencode({"it": text}), encoding={"it": {"contentType": written}}),
        came(schema, PARTS, parts(part("it", text, f"Content-Type: {named}"))),
    ]
    for each in found:
        assert each.verdict is Verdict.FAILED, each
        assert any("its text is not JSON" in told for told in errors(each))


@pytest.mark.parametrize("told", [{}, {"contentType": "*/*"}, {"contentType": "application/json, text/plain"}])
def test_a_text_that_need_not_be_json_is_a_text(told: Json) -> None:
    schema = record(it={"type": "array", "items": TEXT})
    assert sent(schema, PARTS, parts(part("it", "[1")), encoding={"it": told}).verdict is Verdict.PASSED
    assert sent(schema, FORM, urlencode({"it": "[1"}), encoding={"it": told}).verdict is Verdict.PASSED
    styled = {"it": {**told, "contentType": "application/json", "style": "form"}}
    assert sent(schema, FORM, urlencode({"it": "[1"}), encoding=styled).verdict is Verdict.PASSED


# --- texts, bytes, and what nobody reads -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "media", "body", "verdict"),
    [
        ({"type": "string", "maxLength": 4}, "text/plain", "long", Verdict.PASSED),
        ({"type": "string", "maxLength": 3}, "text/plain", "long", Verdict.FAILED),
        ({"type": "string", "enum": ["up"]}, "text/plain; charset=utf-8", "down", Verdict.FAILED),
        (NUMBER, "text/plain", "7", Verdict.PASSED),
        (NUMBER, "text/plain", "seven", Verdict.FAILED),
        ({**TEXT, "format": "binary"}, "image/png", "iVBORw0=", Verdict.PASSED),
        ({}, "application/octet-stream", "bytes", Verdict.PASSED),
        ({"type": "object"}, "text/csv", "a,b", Verdict.UNKNOWN),
        ({"type": "array", "items": NUMBER}, "text/csv", "1,2", Verdict.UNKNOWN),
        ({"type": "object"}, "application/x-protobuf", "x", Verdict.UNKNOWN),
        ({"type": "object"}, "application/yaml", "a: 1", Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("hold", [sent, came])
def test_a_text_is_a_value_and_what_nobody_reads_is_unknown(
    hold: Any, schema: Json, media: str, body: str, verdict: Verdict
) -> None:
    found = hold(schema, media, body)
    assert found.verdict is verdict, found


@pytest.mark.parametrize(("coding", "verdict"), [("gzip", Verdict.UNKNOWN), ("identity", Verdict.PASSED)])
def test_a_coded_body_is_unknown(coding: str, verdict: Verdict) -> None:
    found = came(record(id=NUMBER), "application/json", {"id": 1}, coding=coding)
    assert found.verdict is verdict, found


def test_what_is_unknown_is_told_with_its_place_and_its_reason() -> None:
    found = sent({"type": "object"}, "text/csv", "a,b")
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("request.body.uncompared", Severity.INFO)
    assert finding.place == "#/paths/~1orders/post/requestBody/content/text~1csv/schema"
    assert found.unknown == ("'number 0': the request body could not be compared: nothing here reads text/csv",)


def test_a_body_that_names_no_media_type_is_unknown_where_it_may_be_of_several() -> None:
    paths = taking(record(), XML)
    paths["/orders"]["post"]["requestBody"]["content"][FORM] = {"schema": record()}
    request = {"method": "POST", "path": "/orders", "body": "a=1"}
    assert compare(pact_of({"request": request}), document_with(paths)).verdict is Verdict.UNKNOWN


@given(
    st.binary(max_size=60), st.sampled_from([XML, PARTS, f"{PARTS}; boundary=x", FORM, "text/plain", "image/png"])
)
def test_no_body_at_all_ends_a_comparison(body: bytes, media: str) -> None:
    """Written in base64, as specification 4 has it."""
    wrapped = {"content": base64.b64encode(body).decode(), "contentType": media, "encoded": "base64"}
    document = document_with(taking(record("id", id=NUMBER), media.partition(";")[0]))
    request = {"method": "POST", "path": "/orders", "headers": {"Content-Type": [media]}, "body": wrapped}
    assert compare(pact_of({"request": request}, version="4.0"), document).verdict is not Verdict.PASSED
