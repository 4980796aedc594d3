"""One router: coverage, what a pact relies on and the checks that run count a request for the same operation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples_of_an_answer

from harness.checks.engines.schemathesis_stream import observe
from harness.comparison.coverage import Coverage, covered_by
from harness.comparison.diff import document_of
from harness.comparison.openapi.document import Document
from harness.comparison.pact_fit import compare
from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.pact_reader import read_pact
from harness.engine.impact import template
from harness.verdicts import Exchange

EXAMPLES = examples_of_an_answer(20)

Json = dict[str, Any]
SCHEMAS: dict[str, tuple[Json, str]] = {  # with what their texts look like
    "text": ({"type": "string"}, r"(?s:.+)"),
    "number": ({"type": "integer"}, r"\d+"),
    "listed": ({"enum": ["a", "b"]}, r"a|b"),
    "begins with b": ({"type": "string", "pattern": "^b"}, r"(?s:b.*)"),
}
SHAPES = ("a", "b", "{}", "{}", "{}-{}", "{}.json", "{}-{}.json")
TEXTS = ("a", "b", "7", "a-b", "b-7", "a.json", "a-7.json", "%61", "b%2Fb", "x-y-z", "")
SERVERS = ("", "/v1", "/v1/", "https://h.example/a", "/{open}", "/{listed}")
VARIABLES = {"listed": {"default": "v1", "enum": ["v1", "b"]}, "open": {"default": "v1"}}


@dataclass(frozen=True)
class Written:
    """One operation of a generated document."""

    method: str
    shape: tuple[str, ...]
    kinds: tuple[str, ...]  # of its parameters, in order
    servers: tuple[str, ...]  # of its own

    @property
    def path(self) -> str:
        names = iter(range(9))
        return "".join(
            "/" + re.sub(r"\{\}", lambda _: f"{{p{next(names)}{self.kind}}}", step) for step in self.shape
        )

    @property
    def kind(self) -> str:
        return "_" + "".join(kind[0] for kind in self.kinds)

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    def document(self) -> Json:
        parameters = [
            {"name": f"p{number}{self.kind}", "in": "path", "required": True, "schema": SCHEMAS[kind][0]}
            for number, kind in enumerate(self.kinds)
        ]
        own = {"servers": listed(self.servers)} if self.servers else {}
        return {"parameters": parameters, "responses": {"200": {"description": ""}}, **own}


def listed(servers: tuple[str, ...]) -> list[Json]:
    return [{"url": url, "variables": VARIABLES} for url in servers]


@dataclass(frozen=True)
class Api:
    """A generated document, and a request."""

    operations: tuple[Written, ...]
    servers: tuple[str, ...]
    of_paths: dict[str, tuple[str, ...]]  # the servers that a path has for all of its operations
    method: str
    path: str

    @property
    def document(self) -> Document:
        paths: Json = {}
        for each in self.operations:
            item = paths.setdefault(
                each.path, {"servers": listed(own)} if (own := self.of_paths.get(each.path)) else {}
            )
            item[each.method.lower()] = each.document()
        told = {"servers": listed(self.servers)} if self.servers else {}
        info = {"title": "t", "version": "1"}
        return document_of({"openapi": "3.1.0", "info": info, "paths": paths, **told}, "o.json")


@st.composite
def operations(draw: st.DrawFn) -> Written:
    shape = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    count = "".join(shape).count("{}")
    kinds = draw(st.lists(st.sampled_from(sorted(SCHEMAS)), min_size=count, max_size=count))
    servers = draw(st.just(()) | st.tuples(st.sampled_from(SERVERS)))
    return Written(draw(st.sampled_from(["GET", "GET", "PUT"])), tuple(shape), tuple(kinds), servers)


@st.composite
def apis(draw: st.DrawFn) -> Api:
    """Mostly with a request that is made for one of the operations."""
    written = draw(st.lists(operations(), min_size=1, max_size=5, unique_by=lambda each: each.label))
    servers = draw(st.lists(st.sampled_from(SERVERS), max_size=2, unique=True))
    own = st.sampled_from(((), (), *((each,) for each in SERVERS)))
    of_paths = {each.path: draw(own) for each in written}
    texts = st.sampled_from(TEXTS)
    meant = draw(st.sampled_from(written))
    shape = draw(st.just(meant.shape) | st.lists(st.just("{}"), min_size=1, max_size=4).map(tuple))
    base = draw(st.sampled_from(["", "", "/v1", "/a", "/b", "/other"]))
    path = base + "".join(f"/{re.sub(re.escape('{}'), lambda _: draw(texts), step)}" for step in shape)
    method = draw(st.sampled_from([meant.method, meant.method, "PUT"]))
    return Api(tuple(written), tuple(servers), of_paths, method, path)


# --- the page docs/explanation/routing.md, done by counting ------------------------------------------------------


def steps_of(path: str) -> tuple[str, ...]:
    return tuple(step.replace("%61", "a").replace("%2F", "\0") for step in path.split("/")[1:])


def bases(api: Api, operation: Written) -> list[tuple[tuple[str, ...], int]]:
    """Base paths with their rank; `{}` is a step with any value."""
    told = operation.servers or api.of_paths[operation.path] or api.servers or ("",)
    found: list[tuple[tuple[str, ...], int]] = [((), 1)]
    for url in told:
        by_url: dict[str, list[tuple[tuple[str, ...], int]]] = {
            "": [((), 0)],
            "/v1": [(("v1",), 0)],
            "/v1/": [(("v1",), 0)],
            "https://h.example/a": [(("a",), 0)],
            "/{open}": [(("v1",), 0), (("{}",), 2)],
            "/{listed}": [(("v1",), 0), (("b",), 0)],
        }
        found += by_url[url]
    return found


def pattern(shape: str) -> str:
    return re.escape(shape).replace(re.escape("{}"), "(.+)")


def fits(shape: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    return len(shape) == len(steps) and all(
        re.fullmatch(pattern(each), step, re.DOTALL) for each, step in zip(shape, steps, strict=True)
    )


def can_be(operation: Written, steps: tuple[str, ...]) -> bool:
    kinds = iter(operation.kinds)
    for shape, step in zip(operation.shape, steps, strict=True):
        mine = [SCHEMAS[next(kinds)][1] for _ in range(shape.count("{}"))]
        exact = re.escape(shape)
        for each in mine:
            exact = exact.replace(re.escape("{}"), f"(?:{each})", 1)
        if not re.fullmatch(exact, step, re.DOTALL):
            return False
    return True


SAMPLE = ("a", "b", "v1", "7", "x-y", "x.json", "x-y.json", "other")


def is_narrower(one: tuple[str, ...], other: tuple[str, ...]) -> bool | None:
    """Whether the other takes all that the one takes, and more; None when both take the same."""
    if len(one) != len(other):
        return False
    takes = [
        ({s for s in SAMPLE if fits((a,), (s,))}, {s for s in SAMPLE if fits((b,), (s,))})
        for a, b in zip(one, other, strict=True)
    ]
    if all(mine == theirs for mine, theirs in takes):
        return None
    return all(mine <= theirs for mine, theirs in takes)


def meant(api: Api) -> tuple[set[str], bool]:
    """The operations that the request meets, and whether its values can be."""
    steps = steps_of(api.path)
    found: dict[str, tuple[int, bool, tuple[str, ...], Written]] = {}
    for operation in api.operations:
        for base, rank in bases(api, operation):
            rest = steps[len(base) :]
            if operation.method == api.method and fits(base, steps[: len(base)]) and fits(operation.shape, rest):
                known = found.get(operation.label)
                if known is None or rank < known[0]:
                    told = (rank, can_be(operation, rest), base + operation.shape, operation)
                    found[operation.label] = told
    left = [each for each in found.values() if each[1]] or list(found.values())
    left = [each for each in left if each[0] == min(rank for rank, *_ in left)]
    best = {each[3].label for each in left if not any(goes_before(other, each) for other in left)}
    return best, all(each[1] for each in left)


def goes_before(one: tuple[int, bool, tuple[str, ...], Written], other: Any) -> bool:
    narrower = is_narrower(one[2], other[2])
    if narrower is not None:
        return narrower
    bound = [{n for n, kind in enumerate(each[3].kinds) if kind != "text"} for each in (one, other)]
    return bound[0] > bound[1]


# --- what the product says --------------------------------------------------------------------------------------


def covered(api: Api) -> list[str]:
    url = f"http://127.0.0.1:4711{api.path}?q=1"
    seen = covered_by(Exchange(method=api.method, url=url, status=200))
    assert seen is not None
    known = {each.label for each in api.operations}
    return [e.operation for e in Coverage.of([seen]).within(routes_of(api.document)).seen if e.operation in known]


def relied_on(api: Api, status: int) -> list[str]:
    interaction = {
        "description": "a request",
        "request": {"method": api.method, "path": api.path},
        "response": {"status": status},
    }
    pact = {"consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": [interaction]}
    text = json.dumps({**pact, "metadata": {"pactSpecification": {"version": "3.0.0"}}})
    return [each.operation for each in compare(read_pact(text, "pact.json"), api.document).reliances]


def sent(api: Api, label: str) -> list[str]:
    """What a running check that made the request for an operation counts it for."""
    request = {"method": api.method, "uri": f"http://127.0.0.1:4711{api.path}", "headers": {}}
    recorder = {
        "label": label,
        "cases": {"c": {"value": {}}},
        "interactions": {"c": {"request": request, "response": {"status_code": 200, "headers": {}}}},
        "checks": {"c": [{"name": "n", "status": "success"}]},
    }
    event = {"ScenarioFinished": {"phase": "fuzzing", "status": "success", "recorder": recorder}}
    seen = observe([json.dumps(event).encode()], routes=routes_of(api.document))
    assert list(seen.covered) == list(seen.statuses)
    return list(seen.covered)


@settings(max_examples=EXAMPLES)
@given(apis())
def test_a_request_counts_for_the_same_operation_everywhere(api: Api) -> None:
    labels, can = meant(api)
    expected = sorted(labels) if len(labels) == 1 else []
    routes = routes_of(api.document)
    assert sorted(each.label for each in routes.route(api.method, api.path).candidates) == sorted(labels)
    # A request that reads as the label of another operation may have been kept as that: it counts for neither.
    looks_like = {each.label for each in api.operations} & {f"{api.method} {api.path}"}
    assert covered(api) == (expected if looks_like <= labels else [])
    for each in api.operations:
        assert sent(api, each.label) == [label for label in expected if label == each.label]
    assert relied_on(api, 404) == expected  # who expects an error may send what cannot be
    assert relied_on(api, 200) == (expected if can else [])
    assert template(f"{api.method} {api.path}", routes) in (*expected, f"{api.method} {api.path}")


@settings(max_examples=EXAMPLES)
@given(apis())
def test_the_order_in_which_a_document_is_written_does_not_matter(api: Api) -> None:
    other = replace(api, operations=tuple(reversed(api.operations)), servers=tuple(reversed(api.servers)))
    first, second = (routes_of(each.document).route(api.method, api.path) for each in (api, other))
    assert {each.label for each in first.candidates} == {each.label for each in second.candidates}


@settings(max_examples=EXAMPLES)
@given(apis())
def test_what_is_just_missed_is_never_what_was_met(api: Api) -> None:
    routes = routes_of(api.document)
    met = {each.operation for each in routes.route(api.method, api.path).candidates if each.reach != 1}
    assert not met & {each.operation for each in routes.near_misses(api.method, api.path)}


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.text())
def test_any_text_is_routed(method: str, target: str, paths: list[str], server: str) -> None:
    paths = [f"/{path}" for path in paths]
    servers = [{"url": server}]
    document = {"openapi": "3.1.0", "servers": servers, "paths": {path: {"get": {}} for path in paths}}
    routes = routes_of(document_of(document, "o.json"))
    for path, asked in product((target, *paths), (method, "GET")):
        routes.near_misses(asked, path)
        assert {each.operation.path for each in routes.route(asked, path).candidates} <= set(paths)
