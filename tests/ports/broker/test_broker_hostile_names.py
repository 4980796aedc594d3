"""Whatever stands in the paths, queries and bodies of pacticipants, versions, branches, tags, labels and stays."""

from __future__ import annotations

import json
from urllib.parse import quote

from broker_client import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from law_examples import examples

from harness.broker.app import router

_TAGS = {
    "pacticipants",
    "labels",
    "versions",
    "tags",
    "branches",
    "environments",
    "deployed-versions",
    "released-versions",
}
ROUTES = sorted({(route.method, route.path) for route in router().routes if route.tag in _TAGS})
NASTY = st.sampled_from(
    [
        "%00",
        "%0A",
        "%09",
        "%FF%FE",
        "%ED%A0%80",
        "%",
        "%2",
        "%2F",
        "%2e%2e",
        "..",
        "+",
        "'",
        "%22",
        "%3Cscript%3E",
        "%27%3B%20DROP%20TABLE%20tags",
        "%F0%9F%98%80",
        "x" * 501,
        "label",
        "versions",
        "latest-version",
        "a.json",
        "a.csv",
        "0",
        "{version}",
    ]
)
SEGMENT = st.one_of(
    NASTY, st.text(min_size=1, max_size=8).map(lambda t: quote(t.encode("utf-8", "replace"), safe=""))
)
NAME = st.sampled_from(["known", "1"])
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20))
FIELDS = st.sampled_from(
    [
        "name",
        "displayName",
        "mainBranch",
        "repositoryUrl",
        "buildUrl",
        "tags",
        "contacts",
        "production",
        "applicationInstance",
        "target",
        "currentlyDeployed",
        "currentlySupported",
        "",
        "\x00",
    ]
)
JSON = st.recursive(
    SCALAR, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(FIELDS, inside, max_size=4), max_leaves=6
)
BODY = st.one_of(
    st.none(),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=20),
    st.just(b'{"name": "\\ud800"}'),
    st.just(b"[" * 2000),
    st.just(b'{"a": 1e999, "name": 123456789012345678901234567890}'),
)
PARAMETER = st.sampled_from(
    [
        "q",
        "page",
        "size",
        "pageNumber",
        "pageSize",
        "name",
        "pacticipant",
        "version",
        "applicationInstance",
        "target",
    ]
)
ARRAY = st.sampled_from(["", "[]", "[a]", "[][a]", "%5B%5D"])
QUERY = st.lists(st.tuples(PARAMETER | st.just("exclude"), ARRAY, SEGMENT | st.just("")), max_size=3)
MEDIA = st.sampled_from(
    ["application/json", "application/merge-patch+json", "text/plain", "", "application/hal+json"]
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)
@given(data=st.data(), route=st.sampled_from(ROUTES), body=BODY, query=QUERY, media=MEDIA)
def test_nothing_that_is_sent_makes_the_broker_fail(
    client: Client, data: st.DataObject, route: tuple[str, str], body: bytes | None, query: object, media: str
) -> None:
    method, path = route
    parts = [data.draw(SEGMENT | NAME) if part.startswith("{") else part for part in path.split("/")]
    asked = "&".join(f"{name}{array}={value}" for name, array, value in query)  # type: ignore[attr-defined]
    target = "/".join(parts) + (f"?{asked}" if asked else "")
    told = client.send(method, target, body, media=media)
    assert told.status < 500, (method, target, body, told.text)
    again = client.send("GET", "/pacticipants")
    assert again.status == 200, again.text
