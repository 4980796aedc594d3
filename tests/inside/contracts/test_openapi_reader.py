"""Reading OpenAPI documents."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.openapi_reader import read_openapi
from harness.contracts.openapi_servers import base_paths
from harness.errors import ContractError, Problem

if TYPE_CHECKING:
    from pathlib import Path

YAML = """
openapi: 3.1.0
info: {title: orders, version: "1"}
servers: [{url: "http://localhost:8000/api/v1"}]
paths:
  /orders:
    get:
      operationId: list
      responses:
        200: {description: ok}
        4XX: {description: refused}
        default: {description: other}
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      responses:
        200:
          description: ok
          content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}
    delete:
      responses: {204: {description: gone}}
  /orders/latest:
    get:
      responses: {200: {description: ok}}
components:
  schemas:
    Order: {type: object, example: {on: 2024-01-01}}
"""

A = "openapi.json#/paths/~1a"
GET = f"{A}/get"


def document(**changes: Any) -> dict[str, Any]:
    paths = {"/orders": {"get": {"responses": {"200": {"description": "ok"}}}}}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **changes}


def problems(text: str | bytes | dict[str, Any], place: str = "openapi.json") -> list[Problem]:
    """Those of a document that cannot be read at all."""
    with pytest.raises(ContractError) as error:
        read_openapi(json.dumps(text) if isinstance(text, dict) else text, "orders", place)
    return list(error.value.problems)


def told(text: dict[str, Any], place: str = "openapi.json") -> list[Problem]:
    """Those of a document that can be read elsewhere."""
    read = read_openapi(json.dumps(text), "orders", place)
    return [*read.problems, *read.remarks]


def test_a_yaml_document_is_read_with_its_operations_and_statuses() -> None:
    read = read_openapi(YAML, "orders", "openapi.yaml")
    assert read.specification == "3.1.0"
    assert [(o.label, o.statuses) for o in read.operations] == [
        ("GET /orders", ("200", "4XX", "default")),
        ("GET /orders/{id}", ("200",)),
        ("DELETE /orders/{id}", ("204",)),
        ("GET /orders/latest", ("200",)),
    ]


def test_yaml_and_json_of_the_same_document_have_one_key() -> None:
    read = read_openapi(YAML, "orders", "openapi.yaml")
    again = read_openapi(json.dumps(read.document), "orders", "elsewhere.json")
    assert again.key == read.key


def test_a_date_in_yaml_stays_the_text_that_it_is() -> None:
    read = read_openapi(YAML, "orders", "openapi.yaml")
    assert read.document["components"]["schemas"]["Order"]["example"] == {"on": "2024-01-01"}


def test_version_two_is_read_with_its_base_path() -> None:
    read = read_openapi(
        json.dumps({"swagger": "2.0", "basePath": "/v2/", "paths": document()["paths"]}), "orders", "o.json"
    )
    assert (read.specification, base_paths(read.document)) == ("2.0", ("/v2",))


@pytest.mark.parametrize(
    ("changes", "text", "where"),
    [
        ({"openapi": None}, "`openapi`", "openapi.json"),
        ({"openapi": "4.0.0"}, "'4.0.0'", "openapi.json#/openapi"),
        ({"openapi": 3.1}, "3.1", "openapi.json#/openapi"),
        ({"paths": []}, "array", "openapi.json#/paths"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_its_place_and_value(
    changes: dict[str, Any], text: str, where: str
) -> None:
    found = problems(document(**changes))
    assert any((text in problem.text or text == "array") and problem.where == where for problem in found), found


@pytest.mark.parametrize(
    ("changes", "text", "where"),
    [
        ({"paths": {"orders": {}}}, "'orders'", "openapi.json#/paths/orders"),
        ({"paths": {"/a": 7}}, "7 is not", A),
        ({"paths": {"/a": {"get": []}}}, "[] is not", f"{A}/get"),
        ({"paths": {"/a": {"gte": {}}}}, "`gte`", f"{A}/gte"),
        ({"paths": {"/a/{id}": {"get": {"responses": {}}}}}, "'id'", f"{A}~1{{id}}/get"),
        ({"paths": {"/a": {"get": {"responses": {"20": {}}}}}}, "`20`", f"{GET}/responses/20"),
        ({"paths": {"/a": {"get": {"responses": {"200": 3}}}}}, "3 is not", f"{GET}/responses/200"),
        ({"paths": {"/a": {"get": {"parameters": {}}}}}, "{} is not", f"{GET}/parameters"),
        ({"paths": {"/a": {"get": {"parameters": [{}]}}}}, "`name` is missing", f"{GET}/parameters/0"),
        ({"components": {"x": {"$ref": "#/components/nowhere"}}}, "nowhere", "openapi.json#/components/x"),
        ({"components": {"schemas": {"x": {"$ref": "#nowhere"}}}}, "anchor", "openapi.json#/components/schemas/x"),
        ({"components": {"x": {"$ref": "https://example.org/a.json"}}}, "network", "openapi.json#/components/x"),
        ({"components": {"x": {"$ref": "other.json"}}}, "another file", "openapi.json#/components/x"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_value(changes: dict[str, Any], text: str, where: str) -> None:
    found = told(document(**changes))
    assert any(text in problem.text and problem.where == where for problem in found), found


def test_all_mistakes_are_told_at_once() -> None:
    unknown = {"name": "y", "in": "path", "required": True, "schema": {}}
    paths = {
        "a": {"get": {"operationId": "same", "responses": {}}},
        "/b/{x}": {"get": {"operationId": "same", "responses": {}}},
        "/c/{x}": {"get": {"parameters": [unknown], "responses": {}}},
        "/c/{z}": {},
    }
    texts = "\n".join(problem.text for problem in told(document(paths=paths)))
    for expected in ("'a'", "'same'", "'x' of GET /b/{x}", "'y'", "'/c/{x}' and '/c/{z}'"):
        assert expected in texts


def test_three_zero_wants_responses_and_three_one_does_not() -> None:
    paths: dict[str, Any] = {"/a": {"get": {}}}
    assert read_openapi(json.dumps(document(paths=paths)), "o", "o.json").operations[0].statuses == ()
    assert "responses" in told(document(openapi="3.0.3", paths=paths))[0].text


@pytest.mark.parametrize(
    ("text", "place", "told", "where"),
    [
        ("", "o.json", "empty", "o.json"),
        ("[]", "o.json", "a list", "o.json"),
        ("hello", "o.yaml", "'hello'", "o.yaml"),
        ('{"a": 1,\n "b": }', "o.json", "column 7", "o.json:2"),
        ('{"a": 1,\n "a": 2}', "o.json", '"a"', "o.json:2"),
        ("a: 1\nb: [1\nc: 2\n", "o.yaml", "not YAML", "o.yaml:3"),
        ("a: 1\nb: 2\na: 3\n", "o.yaml", '"a"', "o.yaml:3"),
        ("a: !!python/object:os.system {}\n", "o.yaml", "constructor", "o.yaml:1"),
        (b"openapi: \xff", "o.yaml", "0xff", "o.yaml:1"),
        ("a: &x [*x]\n", "o.yaml", "contains itself", "o.yaml#/a/0"),
        ("a: .nan\n", "o.yaml", "nan", "o.yaml#/a"),
        ("? [1, 2]\n: 3\n", "o.yaml", "not text", "o.yaml"),
        ("[" * 100_000, "o.json", "nested too deeply", "o.json"),
        ("a: " + "[" * 600 + "]" * 600, "o.yaml", "nested", "o.yaml"),
        ('{"a":' * 300 + "1" + "}" * 300, "o.json", "200 levels", "o.json"),
    ],
)
def test_hostile_or_broken_text_is_an_error_with_its_place(
    text: str | bytes, place: str, told: str, where: str
) -> None:
    found = problems(text, place)
    assert told in found[0].text
    assert found[0].where.startswith(where)


def test_a_bomb_of_anchors_is_refused_without_unfolding_it() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "unfold" in problems("\n".join(lines), "bomb.yaml")[0].text


def test_references_to_other_files_become_part_of_the_document(tmp_path: Path) -> None:
    schema = {
        "Order": {"properties": {"lines": {"$ref": "#/Line"}, "self": {"$ref": "../openapi.json#/paths"}}},
        "Line": {},
    }
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "schemas.json").write_text(json.dumps(schema))
    root = tmp_path / "openapi.json"
    whole = document(components={"schemas": {"Order": {"$ref": "parts/schemas.json#/Order"}}})
    root.write_text(json.dumps(whole))
    read = read_openapi(root.read_bytes(), "orders", str(root))
    files = read.document["x-contract-harness-files"]
    assert read.document["components"]["schemas"]["Order"]["$ref"].startswith("#/x-contract-harness-files/")
    assert files["parts/schemas.json"]["Order"]["properties"]["lines"]["$ref"].endswith("schemas.json/Line")
    assert files["parts/schemas.json"]["Order"]["properties"]["self"]["$ref"] == "#/paths"


def test_a_change_in_a_file_that_is_referred_to_changes_the_key(tmp_path: Path) -> None:
    root = tmp_path / "openapi.json"
    root.write_text(json.dumps(document(components={"schemas": {"A": {"$ref": "a.json"}}})))
    keys = set()
    for kind in ("string", "number"):
        (tmp_path / "a.json").write_text(json.dumps({"type": kind}))
        keys.add(read_openapi(root.read_text(), "orders", str(root)).key)
    assert len(keys) == 2


def test_a_file_that_is_not_there_is_told_with_the_reference(tmp_path: Path) -> None:
    root = tmp_path / "openapi.json"
    root.write_text(json.dumps(document(components={"schemas": {"A": {"$ref": "gone.json#/A"}}})))
    found = read_openapi(root.read_text(), "orders", str(root)).problems
    assert "gone.json#/A" in found[0].text
    assert found[0].where.endswith("#/components/schemas/A")


def test_an_operation_that_reaches_what_breaks_the_standard_says_so_and_others_do_not() -> None:
    schemas = {"A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}}, "B": {"type": "integr"}}
    answer = {"description": "", "content": {"a/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    paths = {
        "/a": {"get": {"responses": {"200": answer}}},
        "/b": {"get": {"responses": {"204": {"description": ""}}}},
    }
    read = read_openapi(json.dumps(document(paths=paths, components={"schemas": schemas})), "o", "o.json")
    assert [(each.label, "integr" in each.unread) for each in read.operations] == [
        ("GET /a", True),
        ("GET /b", False),
    ]
    assert ["integr" in each.text for each in read.problems] == [True]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(st.tuples(st.sampled_from(["openapi", "paths", "servers", "components", "info", "$ref"]), values)),
    values,
)
def test_any_json_value_is_a_document_or_a_told_mistake(changes: list[tuple[str, Any]], item: Any) -> None:
    whole = deepcopy(document(paths={"/a": item})) | dict(changes)
    try:
        read = read_openapi(json.dumps(whole), "orders", "o.json")
    except ContractError as error:
        assert error.problems  # noqa: PT017 - either way is right
    else:
        assert routes_of(read).route("GET", "/a").met is None or read.operations


@given(st.text() | st.binary())
def test_any_text_is_a_document_or_a_told_mistake(text: str | bytes) -> None:
    with pytest.raises(ContractError):
        read_openapi(text, "orders", "o.yaml")
