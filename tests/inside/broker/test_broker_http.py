"""What every resource shares, without a database: routes, queries, negotiation, base URLs, limits."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.http.answers import HAL, HTML, JSON, TEXT, Response, encode_body, raw
from harness.broker.http.base_url import base_url, without_prefix
from harness.broker.http.negotiation import choose, wants_page
from harness.broker.http.nested_query import parse
from harness.broker.http.problems import Invalid, Refused, UnreadableBody
from harness.broker.http.reading import as_object, read_json
from harness.broker.http.request import Request
from harness.broker.http.routing import Router, Routes
from harness.broker.http.serving import by_extension

segments = st.text(min_size=1, max_size=12).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


def _routes(*paths: str) -> Router:
    routes = Routes("test")
    for path in paths:

        @routes.get(path, answers={200: None})
        def show(request: Request) -> Response:
            """Show."""
            raise NotImplementedError(request)

    return Router([routes])


# --- routes --------------------------------------------------------------------------------------------------


@given(segments, segments)
def test_every_name_finds_its_route_and_comes_back_as_it_was(first: str, second: str) -> None:
    router = _routes("/pacticipants/{pacticipant}/versions/{version}")
    match = router.match(f"/pacticipants/{quote(first, safe='')}/versions/{quote(second, safe='')}")
    assert match is not None
    assert match.parameters(match.routes["GET"]) == {"pacticipant": first, "version": second}


def test_an_encoded_slash_stays_inside_its_segment() -> None:
    router = _routes("/branches/{branch}", "/branches/{branch}/latest")
    match = router.match("/branches/feat%2Flatest")
    assert match is not None
    assert match.parameters(match.routes["GET"]) == {"branch": "feat/latest"}


def test_a_literal_is_tried_before_a_parameter_and_the_parameter_after_it() -> None:
    router = _routes("/branch/latest", "/branch/{branch}/versions", "/branch/{branch}")
    paths = {}
    for asked in ("/branch/latest", "/branch/latest/versions", "/branch/main"):
        match = router.match(asked)
        assert match is not None
        paths[asked] = match.routes["GET"].path
    assert paths == {
        "/branch/latest": "/branch/latest",
        "/branch/latest/versions": "/branch/{branch}/versions",
        "/branch/main": "/branch/{branch}",
    }


def test_two_functions_for_one_route_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two functions for GET /a"):
        _routes("/a", "/a")


def test_a_version_that_ends_in_json_is_a_version_and_a_badge_that_ends_in_svg_a_badge() -> None:
    router = _routes("/versions/{version}", "/latest/badge")
    version, accept = by_extension(router, "/versions/1.json", "*/*")
    assert version is not None
    assert (version.values, accept) == (["1.json"], "*/*")
    badge, accept = by_extension(router, "/latest/badge.svg", "*/*")
    assert badge is not None
    assert accept == "image/svg+xml"


# --- queries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("q[][p]=A&q[][v]=1&q[][p]=B", {"q": [{"p": "A", "v": "1"}, {"p": "B"}]}),
        ("q%5B%5D%5Bp%5D=A&q%5B%5D%5Bp%5D=B", {"q": [{"p": "A"}, {"p": "B"}]}),
        ("q[]p=A&q[]v=1&q[]p=B&q[]v=2", {"q": [{"p": "A", "v": "1"}, {"p": "B", "v": "2"}]}),
        ("tags[]=a&tags[]=b", {"tags": ["a", "b"]}),
        ("s[][tags][]=a&s[][tags][]=b&s[][n]=1&s[][n]=2", {"s": [{"tags": ["a", "b"], "n": "1"}, {"n": "2"}]}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a=x%20y+z", {"a": "x y z"}),
        ("flag", {"flag": ""}),
        ("", {}),
    ],
)
def test_queries_are_read_as_rack_reads_them(query: str, expected: object) -> None:
    assert parse(query) == expected


@pytest.mark.parametrize("query", ["q=1&q[]=2", "q[]=1&q[a]=2", "q[a]=1&q[][b]=2"])
def test_one_name_used_in_two_ways_is_refused(query: str) -> None:
    with pytest.raises(Invalid):
        parse(query)


@given(st.text(alphabet="q[]=&a%25", max_size=40))
def test_no_query_breaks_the_reader(query: str) -> None:
    try:
        found = parse(query)
    except Invalid:
        return
    assert isinstance(found, dict)


# --- forms of answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", HAL),
        ("*/*", HAL),
        ("application/*", HAL),
        ("application/json", JSON),
        ("application/hal+json, application/json", HAL),
        ("application/json;q=0.1, application/hal+json", HAL),
        ("application/vnd.other.v1+json", HAL),
        ("application/problem+json", HAL),
        ("text/plain", None),
        ("application/hal+json;q=0", None),
        ("text/html, */*;q=0.5", HAL),
        ("application/json;q=x", None),
    ],
)
def test_a_client_gets_the_form_that_it_asks_for(accept: str, form: str | None) -> None:
    assert choose(accept, (HAL, JSON) if form == JSON else (HAL,)) == form


def test_text_is_given_where_it_is_offered() -> None:
    assert choose("text/plain", (HAL, TEXT)) == TEXT


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("text/html, application/json", False),
        ("*/*", False),
        ("", False),
        ("text/plain, text/html", False),
    ],
)
def test_only_a_person_with_a_browser_gets_a_page(accept: str, page: bool) -> None:
    assert wants_page(accept) is page
    assert HTML


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=3)))
def test_every_document_is_spelled_as_utf_8_json(document: object) -> None:
    import json

    assert json.loads(encode_body({"a": document}).decode()) == {"a": document}


def test_a_piece_of_json_goes_through_unread_also_beside_an_integer_that_is_too_large() -> None:
    assert encode_body({"a": raw('{"b": 1.0}'), "c": 1}) == b'{"a":{"b": 1.0},"c":1}'
    assert encode_body({"a": raw("[1]"), "c": 2**70}) == b'{"a":[1],"c":%d}' % 2**70


# --- bodies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "not JSON: Expecting property name .* line 1 column 2"),
        (b"", "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"[NaN]", "NaN is no JSON number"),
        (b"[" + b"1" * 5000 + b"]", "not JSON"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_its_place(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        read_json(body, 100)
    assert caught.match("400")
    import re

    assert re.search(why, caught.value.why)


@pytest.mark.parametrize(("body", "kind"), [(b"[]", "an array"), (b"null", "null"), (b"3", "a number")])
def test_only_an_object_is_an_object(body: bytes, kind: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        as_object(read_json(body, 100))
    assert kind in caught.value.why


@pytest.mark.parametrize("levels", [101, 5000, 200_000])
def test_a_body_that_is_nested_too_deep_is_refused(levels: int) -> None:
    with pytest.raises(Refused) as caught:
        read_json(b"[" * levels + b"]" * levels, 100)
    assert caught.value.status == 413


def test_a_body_of_many_brackets_side_by_side_is_read() -> None:
    assert len(read_json(b"[" + b",".join([b"{}"] * 1000) + b"]", 100)) == 1000


# --- the URL that links start with ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "headers", "expected"),
    [
        ((), {"host": "a:1"}, "http://a:1"),
        ((), {"host": "a", "x-forwarded-proto": "https"}, "https://a"),
        ((), {"host": "a", "x-forwarded-host": "b, c", "x-forwarded-port": "8443"}, "http://b:8443"),
        ((), {"host": "a", "x-forwarded-proto": "https", "x-forwarded-port": "443"}, "https://a"),
        ((), {"host": "a", "x-forwarded-prefix": "/pact/"}, "http://a/pact"),
        ((), {"host": 'a"><script>'}, "http://localhost"),
        ((), {"host": "a", "x-forwarded-prefix": '/"x'}, "http://a"),
        ((), {"host": "a", "x-forwarded-proto": "javascript"}, "http://a"),
        (("https://x.org/",), {"host": "a"}, "https://x.org"),
        (("https://x.org", "http://in:1/p"), {"host": "in:1"}, "http://in:1/p"),
    ],
)
def test_links_start_with_what_is_configured_or_what_was_asked_for(
    configured: tuple[str, ...], headers: dict[str, str], expected: str
) -> None:
    assert base_url(configured, headers, "http", "") == expected


def test_a_prefix_is_there_or_was_stripped_by_a_proxy() -> None:
    assert without_prefix("/pact/environments", "http://a/pact") == "/environments"
    assert without_prefix("/environments", "http://a/pact") == "/environments"
    assert without_prefix("/pact", "http://a/pact") == "/"
    assert without_prefix("/pacticipants", "http://a/pact") == "/pacticipants"
