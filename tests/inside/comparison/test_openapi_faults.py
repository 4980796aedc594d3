"""What breaks the standard is told and unknown: no answer becomes a yes, and what does not need it stays."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples
from openapi_changes import Json, accepting, answering, document, part, schema_cases, sending, single_cases
from pact_and_document import pact_of
from pact_openapi_worlds import World, worlds

from harness.comparison.coverage import Coverage
from harness.comparison.declared import rows
from harness.comparison.diff import Diff, Notice, diff, document_of, read_document
from harness.comparison.openapi.document import bundle_document
from harness.comparison.pact_fit import compare
from harness.contracts.openapi_faults import examine_document
from harness.contracts.openapi_reader import read_openapi
from harness.contracts.openapi_standard import VERSIONS, breaches
from harness.errors import Exit
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SPOILT = settings(max_examples=examples(12), deadline=None)
NOTICE = Notice(today=date(2026, 11, 23))
TEXT: Json = {"type": "string"}
Step = str | int
Place = tuple[Step, ...]

# --- ways to spoil one place -------------------------------------------------------------------------------------

# What stands under a key, in a kind that no version of the standard takes there.
_WRONG: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("type",), ("integr", 5, {})),
    **dict.fromkeys(("maximum", "minimum", "maxLength", "minLength", "minItems", "maxItems"), ("1", [], True)),
    **dict.fromkeys(("required",), ("amount", 5, {})),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), ({"type": "string"}, "x")),
    **dict.fromkeys(("properties", "content", "headers", "components", "schemas"), ([], "x", 3)),
    **dict.fromkeys(("parameters",), ({"q": {"in": "query"}}, "x")),
    **dict.fromkeys(("responses", "requestBody", "schema", "items", "paths"), ([], "x", 5)),
    **dict.fromkeys(("enum",), ("a", {"a": 1})),
    **dict.fromkeys(("additionalProperties",), ("false", 3)),
    **dict.fromkeys(("in",), ("qurey", 5)),
    **dict.fromkeys(("pattern", "format", "name"), (5, [])),
    **dict.fromkeys(("security", "servers"), ("x", {})),
}
# Definitions that only refer to themselves; they stand in the place of a schema.
_CIRCLES: tuple[dict[str, Any], ...] = (
    {"Loop": {"$ref": "Loop"}},
    {"Loop": {"$ref": "Turn"}, "Turn": {"$ref": "Loop"}},
    {"Loop": {"allOf": [{"$ref": "Loop"}], "description": "itself"}},
    {"Loop": {"allOf": [{"$ref": "Turn"}]}, "Turn": {"allOf": [{"allOf": [{"$ref": "Loop"}]}]}},
)
_DATA = frozenset(
    {"example", "examples", "default", "const", "enum", "info", "properties", "headers", "description"}
)
_NAMED = frozenset({"properties", "schemas", "definitions", "headers", "responses", "securitySchemes"})


def spoilable(value: Any, here: Place = (), above: Step = "") -> Iterator[Place]:
    """Places of keywords and fields, not names that people chose."""
    items: list[tuple[Step, Any]] = list(enumerate(value)) if isinstance(value, list) else []
    items += list(value.items()) if isinstance(value, dict) else []
    for key, each in items:
        if key in _WRONG and above not in _NAMED:
            yield (*here, key)
        if key not in _DATA or above in _NAMED or key in _NAMED:
            yield from spoilable(each, (*here, key), key if above not in _NAMED else "")


def spoilt(whole: Json, place: Place, wrong: Any) -> Json:
    made = deepcopy(whole)
    holder: Any = made
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = wrong
    return made


def circling(whole: Json, place: Place, circle: Json) -> Json:
    """The document with a definition that only refers to itself in the place of a schema."""
    above: Place = ("definitions",) if "swagger" in whole else ("components", "schemas")
    start = f"#/{'/'.join(map(str, above))}/"
    made = spoilt(whole, place, {"$ref": f"{start}Loop"})
    holder = made
    for step in above:
        holder = holder.setdefault(str(step), {})
    holder |= json.loads(json.dumps(circle).replace('"$ref": "', f'"$ref": "{start}'))
    return made


@st.composite
def spoilings(draw: st.DrawFn, whole: Json) -> tuple[Place, Json]:
    place = draw(st.sampled_from(sorted(spoilable(whole), key=repr)))
    if place[-1] == "schema" and draw(st.booleans()):
        return place, circling(whole, place, draw(st.sampled_from(_CIRCLES)))
    return place, spoilt(whole, place, draw(st.sampled_from(_WRONG[str(place[-1])])))


def difference(old: Json, new: Json) -> Diff:
    return diff(document_of(old, "old.json"), document_of(new, "new.json"), NOTICE)


def verdict(whole: Json, interaction: Json) -> Verdict:
    return compare(pact_of(interaction), bundle_document(whole, "openapi.json")).verdict


# --- the laws ----------------------------------------------------------------------------------------------------


def complete(world: World) -> Json:
    whole = deepcopy(world.document)
    whole["info"] = {"title": "t", "version": "1"}
    return whole


@SPOILT
@given(world=worlds(), data=st.data())
def test_a_place_that_breaks_the_standard_turns_no_comparison_into_a_yes_or_a_no(
    world: World, data: st.DataObject
) -> None:
    whole = complete(world)
    interaction = deepcopy(world.interaction)
    if data.draw(st.booleans()):
        interaction["response"]["status"] = 299
    place, broken = data.draw(spoilings(whole))
    before, after = verdict(whole, interaction), verdict(broken, interaction)
    assert after in (before, Verdict.UNKNOWN), (place, before, after)
    assert bundle_document(broken, "openapi.json").problems, place


@SPOILT
@given(world=worlds(), data=st.data(), good=st.booleans())
def test_an_operation_that_does_not_reach_the_place_is_answered_as_before(
    world: World, data: st.DataObject, good: bool
) -> None:
    whole = complete(world)
    place, broken = data.draw(spoilings(whole))
    if place[0] in ("servers", "security", "paths", "consumes", "produces") and len(place) == 1:
        return  # every operation reaches these
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    answer: Json = {"description": "", "content": {"application/json": {"schema": schema}}}
    if "swagger" in whole:
        answer = {"description": "", "schema": schema}
    for each in (whole, broken):
        each["paths"]["/apart"] = {"get": {"responses": {"200": answer}, "security": []}}
    asked: Json = {
        "description": "apart",
        "request": {"method": "GET", "path": "/apart"},
        "response": {"status": 200, "body": {"n": 1 if good else "one"}},
    }
    assert verdict(broken, asked) is verdict(whole, asked)


@SPOILT
@given(world=worlds(), data=st.data())
def test_what_coverage_calls_unknown_is_what_the_checks_call_unknown(world: World, data: st.DataObject) -> None:
    _, broken = data.draw(spoilings(complete(world)))
    listed = rows(bundle_document(broken, "openapi.json"), Coverage())
    if not isinstance(broken["paths"], dict):
        assert not listed
        return
    checked = read_openapi(json.dumps(broken), "orders", "openapi.json")
    assert {each.operation: each.unread for each in listed} == {op.label: op.unread for op in checked.operations}


CASES = [*schema_cases(), *single_cases()]


@SPOILT
@given(case=st.sampled_from(CASES), data=st.data(), side=st.booleans())
def test_a_place_that_breaks_the_standard_makes_no_change_compatible(
    case: Any, data: st.DataObject, side: bool
) -> None:
    """But for what only one of the two documents has: that it came or went is told, whatever it says."""
    old, new = case.old, case.new
    place, broken = data.draw(spoilings(old if side else new))
    found = difference(broken, new) if side else difference(old, broken)
    assert found.exit is not Exit.PASSED or not stands(new if side else old, place[:-1]), place
    assert found.exit is not Exit.PASSED or difference(old, new).exit is Exit.PASSED, place
    assert found.problems


def stands(document: Any, place: Sequence[Any]) -> bool:
    """Whether a document has something at a place."""
    try:
        reduce(lambda value, step: value[step], place, document)
    except (LookupError, TypeError):
        return False
    return True


@SPOILT
@given(case=st.sampled_from(CASES), data=st.data())
def test_an_equal_document_that_is_spoilt_is_undecided_and_never_breaking(case: Any, data: st.DataObject) -> None:
    place, broken = data.draw(spoilings(case.old))
    assert difference(case.old, broken).exit is Exit.UNKNOWN, place
    assert difference(broken, case.old).exit is Exit.UNKNOWN, place
    assert difference(broken, broken).exit is Exit.PASSED, place


def test_a_change_elsewhere_is_told_all_the_same() -> None:
    old, new = accepting(TEXT), accepting(TEXT)
    for each, limit in ((old, 9), (new, 5)):
        schema = {"type": "object", "properties": {"x": {"type": "string", "maxLength": limit}}}
        each["paths"]["/apart"] = {"post": accepting(schema)["paths"]["/orders/{id}"]["post"]}
    new["paths"]["/orders/{id}"]["post"]["requestBody"] = 5
    found = difference(old, new)
    assert found.exit is Exit.FAILED
    assert {each.id for each in found.changes if each.undecided} == {"request-body-unreadable"}


# --- what is told ------------------------------------------------------------------------------------------------


def test_one_fault_is_told_once_with_its_place_and_rule() -> None:
    schema = part({"anyOf": [{"type": "integr"}, {"oneOf": [TEXT, {"maximum": "10"}]}]})
    found = examine_document(accepting(schema), "3.1", "openapi.json")
    at = "openapi.json#/paths/~1orders~1{id}/post/requestBody/content/application~1json/schema/properties/x/anyOf"
    assert [each.where for each in found.faults] == [f"{at}/0/type", f"{at}/1/oneOf/1/maximum"]
    assert '"10" is not of type "number"' in found.faults[1].text


@pytest.mark.parametrize("version", VERSIONS)
def test_keys_that_no_version_knows_are_remarks(version: str) -> None:
    for kind, key in (("schema", "maxLenght"), ("response", "contentOf"), ("operation", "responsesOf")):
        (strange,) = [each for each in breaches(version, kind, {key: 3, "x-mine": 1}) if each.unknown]
        assert strange.unknown == (key,)
    read = document_of(sending({**TEXT, "maxLenght": 3}), "openapi.json")
    assert read.problems == ()
    assert ["maxLength" in each.hint for each in read.remarks] == [True]


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        ({"info": {}}, "`title` is missing"),
        ({"info": 5}, "5 is not of type"),
        ({"tags": {}}, "is not of type"),
    ],
)
def test_what_nothing_is_judged_by_is_a_remark(whole: Json, told: str) -> None:
    read = document_of({**document(), **whole}, "openapi.json")
    assert read.problems == ()
    assert any(told in each.text for each in read.remarks)


@pytest.mark.parametrize("url", ["http://[::1", "http://a:b:c/v1", "{", "//"])
def test_an_address_that_is_none_is_no_error(url: str) -> None:
    assert difference(document(), {**document(), "servers": [{"url": url}]}).exit is Exit.PASSED


# --- references anywhere -----------------------------------------------------------------------------------------

_MANY = st.sampled_from(
    ["paths", "get", "parameters", "responses", "content", "schema", "properties", "items", "enum"]
)


def in_files(value: Any, folder: Path, chosen: frozenset[str], key: str = "openapi", data: bool = False) -> Any:
    """The same document, with what stands under the chosen keys in files of their own."""
    if isinstance(value, list):
        return [in_files(each, folder, chosen, "", data) for each in value]
    if not isinstance(value, dict):
        return value
    made: Json = {}
    for name, item in value.items():
        inner = data or name in ("example", "examples", "default", "const", "enum")
        made[name] = in_files(item, folder, chosen, name, inner)
        if not data and name in chosen and key not in _NAMED and isinstance(item, (dict, list)):
            file = folder / f"{len(list(folder.iterdir()))}.json"
            file.write_text(json.dumps(made[name]))
            made[name] = {"$ref": file.name}
    return made


@SPOILT
@given(case=st.sampled_from(CASES), chosen=st.frozensets(_MANY, min_size=1))
def test_bundled_and_in_many_files_the_answers_are_equal(
    case: Any, chosen: frozenset[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    read = []
    for side in (case.old, case.new):
        folder = tmp_path_factory.mktemp("many")
        place = folder / "openapi.json"
        place.write_text(json.dumps(in_files(side, folder, chosen)))
        read.append(read_document(place.read_text(), str(place)))
    whole, many = difference(case.old, case.new), diff(read[0], read[1], NOTICE)
    assert not many.problems
    assert {(c.id, c.severity, c.operation) for c in many.changes} == {
        (c.id, c.severity, c.operation) for c in whole.changes
    }


@SPOILT
@given(world=worlds(), chosen=st.frozensets(_MANY, min_size=1))
def test_bundled_and_in_many_files_a_pact_fits_alike(
    world: World, chosen: frozenset[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole, folder = complete(world), tmp_path_factory.mktemp("many")
    place = folder / "openapi.json"
    named = json.loads(json.dumps(whole).replace('"$ref": "#/', '"$ref": "openapi.json#/'))
    place.touch()  # so that no part gets its name
    place.write_text(json.dumps(in_files(named, folder, chosen)))
    many = read_document(place.read_text(), str(place))
    assert not many.problems
    told = [compare(pact_of(world.interaction), each) for each in (bundle_document(whole, "openapi.json"), many)]
    assert told[0].verdict is told[1].verdict
    assert told[0].unknown == told[1].unknown
    assert [(f.severity, f.description, f.text) for f in told[0].findings] == [
        (f.severity, f.description, f.text) for f in told[1].findings
    ]


def test_a_reference_in_the_place_of_an_operation_that_leads_nowhere_is_undecided() -> None:
    old, new = document(), document()
    new["paths"]["/orders/{id}"]["post"] = {"$ref": "gone.json"}
    found = difference(old, new)
    assert found.exit is Exit.UNKNOWN
    assert any("gone.json" in each.text for each in found.problems)


def test_references_in_a_circle_where_the_standard_has_none_are_undecided() -> None:
    new = answering(content={"$ref": "#/x-a"})
    new["x-a"] = {"$ref": "#/x-b"}
    new["x-b"] = {"$ref": "#/x-a"}
    found = difference(sending(TEXT), new)
    assert found.exit is Exit.UNKNOWN
    assert found.problems


LOOP: Json = {"$ref": "#/components/schemas/Loop"}
TURN: Json = {"$ref": "#/components/schemas/Turn"}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("named", "circles"),
    [
        ({"Loop": LOOP}, ["Loop"]),
        ({"Loop": TURN, "Turn": LOOP}, ["Loop", "Turn"]),
        ({"Loop": {"allOf": [LOOP]}}, ["Loop"]),
        ({"Loop": {"oneOf": [LOOP], "title": "itself"}}, ["Loop"]),
        ({"Loop": TURN, "Turn": TURN}, ["Loop", "Turn"]),
        ({"Loop": {"allOf": [LOOP, TEXT]}}, []),
        ({"Loop": {"allOf": [LOOP, TURN]}, "Turn": TEXT}, []),
        ({"Loop": {"properties": {"again": LOOP}}}, []),
        ({"Loop": {"oneOf": [LOOP, TEXT]}}, []),
    ],
)
def test_a_definition_that_only_refers_to_itself_is_told_and_undecided_where_it_is_needed(
    version: str, named: Json, circles: list[str]
) -> None:
    old, new = ({**sending(schema), "openapi": version} for schema in (TEXT, LOOP))
    for each in (old, new):
        each["components"] = {**each.get("components", {}), "schemas": named if each is new else {}}
        each["paths"]["/apart"] = {"post": accepting(TEXT)["paths"]["/orders/{id}"]["post"]}
    read = document_of(new, "new.json")
    start = "new.json#/components/schemas/"
    assert [(each.text, each.where) for each in read.problems] == [
        ("it only refers to itself", f"{start}{name}") for name in circles
    ]
    found = difference(old, new)
    if circles:
        assert found.exit is Exit.UNKNOWN
        assert {(each.id, each.undecided) for each in found.changes} == {("schema-unreadable", True)}
    new["paths"]["/apart"] = {"post": accepting({**TEXT, "maxLength": 3})["paths"]["/orders/{id}"]["post"]}
    assert difference(old, new).exit is Exit.FAILED


def test_a_file_outside_of_the_repository_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"type": "string"}')
    (tmp_path / "project").mkdir()
    place = tmp_path / "project" / "openapi.json"
    for reference in ("../secret.json", "link.json"):
        place.write_text(json.dumps(sending({"$ref": reference})))
        if reference == "link.json":
            (tmp_path / "project" / "link.json").symlink_to(tmp_path / "secret.json")
        read = read_document(place.read_text(), str(place))
        assert ["is outside of" in each.text for each in read.problems] == [True]
        assert difference(sending(TEXT), read.value).exit is Exit.UNKNOWN
    (tmp_path / "harness.toml").touch()
    assert read_document(place.read_text(), str(place)).problems == ()


@pytest.mark.parametrize(
    ("schema", "is_unread"),
    [
        ({"required": []}, False),
        ({"required": ["a", "a"]}, False),
        ({"enum": ["a", "a"]}, False),
        ({"required": [1]}, True),
        ({"required": "a"}, True),
        ({"enum": []}, True),
        ({"enum": "a"}, True),
    ],
)
def test_a_list_that_says_nothing_or_the_same_twice_is_understood(schema: Json, *, is_unread: bool) -> None:
    assert bool(examine_document({**accepting(schema), "openapi": "3.0.3"}, "3.0", "o.yaml").faults) is is_unread


def test_a_variable_of_a_server_without_a_default_is_told_and_stands_for_any_value() -> None:
    servers = [{"url": "/{place}/x", "variables": {"place": {"enum": ["a", "b"]}}}]
    told = examine_document({**document(), "servers": servers}, "3.1", "o.yaml")
    assert (told.faults, told.value["servers"]) == ((), servers)
    assert "`default` is missing" in told.remarks[0].text
