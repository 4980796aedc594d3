"""What becomes of Schemathesis' reports: reading, grouping, sharing out, judging; no process is started."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import tomllib
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.replaying import Again
from harness.checks.engines.request_headers import sent_headers
from harness.checks.engines.schemathesis_failures import CODES, pointer, sort_out
from harness.checks.engines.schemathesis_run import ShardExit, ShardOutcome
from harness.checks.engines.schemathesis_shards import (
    OPERATION_PHASES,
    SEQUENCES,
    Shard,
    arguments,
    configuration,
    shards,
)
from harness.checks.engines.schemathesis_stream import Failure, Observation, Sent, ToolError, observe
from harness.checks.openapi_properties import OpenApiProperties, judge
from harness.comparison.diff import document_of
from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.openapi import OpenApi, Operation
from harness.evidence import EvidenceKind
from harness.ports import Endpoint, Instance, Recording
from harness.services.system import Auth, AuthKind, Budget, Service
from harness.services.trust import Trust
from harness.verdicts import Cause, Exchange, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

GET, POST = "GET /orders/{id}", "POST /orders"
JSON = (("Content-Type", "application/json"),)


def document(*labels: str) -> OpenApi:
    operations = [
        Operation(method=m, path=p, statuses=("200" if m == "GET" else "201", "404"))
        for m, _, p in (label.partition(" ") for label in labels)
    ]
    return OpenApi(
        provider="orders",
        specification="3.1.0",
        operations=tuple(operations),
        key="k",
        document={},
        place="o.json",
    )


class NoRecorder:
    def record(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        trust: Trust | None = None,
    ) -> AbstractContextManager[Recording]:
        raise AssertionError(f"asked to record {upstream} with {headers} within {within}, trusting {trust}")


def target(doc: OpenApi | None, **service: Any) -> CheckTarget:
    url = "http://127.0.0.1:9"
    return CheckTarget(
        service=Service(name="orders", **service),
        instance=Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
        document=doc,
        recorder=NoRecorder(),
        settings=CheckSettings(scratch=Path("/nowhere")),
    )


def failure(kind: str = "ServerError", label: str = POST, **changes: Any) -> Failure:
    status = changes.pop("status", 500)
    body = changes.pop("body", b"{}")
    exchange = Exchange(
        method=label.split(maxsplit=1)[0],
        url="http://s/orders",
        status=status,
        request_headers=JSON,
        response_body="oops",
    )
    given: dict[str, Any] = {"message": "", "case": "c1", "lax": False, **changes}
    return Failure(kind=kind, operation=label, status=status, exchange=exchange, body=body, **given)


def seen(*labels: str, **changes: Any) -> Observation:
    """A report of a process that did all that it was asked for."""
    complete: dict[str, Any] = {
        "statuses": {label: Counter({200: 3}) for label in labels},
        "covered": {},
        "astray": {},
        "finished": {phase: frozenset(labels) for phase in OPERATION_PHASES},
        "skipped": {},
        "failures": (),
        "errors": (),
        "recent": (),
        "unanswered": (),
        "requests": 3,
        "phases": frozenset({*OPERATION_PHASES, SEQUENCES}),
        "stopped": "completed",
        "fatal": "",
    }
    return Observation(**{**complete, **changes})


def told(*labels: str, code: int = 0, cut: bool = False, tail: str = "", **changes: Any) -> ShardOutcome:
    shard = Shard(name="all", operations=labels, phases=(*OPERATION_PHASES, SEQUENCES), everything=True)
    return ShardOutcome(shard=shard, ended=ShardExit(code=code, cut=cut, tail=tail), seen=seen(*labels, **changes))


def judged_all(*reports: ShardOutcome) -> list[Exercised | Finding]:
    return list(judge(target(document(GET, POST)), document(GET, POST), reports, died=False))


def judged(*reports: ShardOutcome, died: bool = False, **service: Any) -> dict[str, Exercised]:
    items = judge(target(document(GET, POST), **service), document(GET, POST), reports, died=died)
    return {item.subject: item for item in items if isinstance(item, Exercised)}


def test_all_operations_answered_and_nothing_found_is_a_pass() -> None:
    found = judged(told(GET, POST))
    assert {e.verdict for e in found.values()} == {Verdict.PASSED}
    assert found[GET].place == "o.json#/paths/~1orders~1{id}/get"


def test_a_yes_says_which_promised_success_was_never_seen() -> None:
    statuses = {GET: Counter({404: 5}), POST: Counter({201: 1, 422: 4})}
    found = judged(told(GET, POST, statuses=statuses))
    assert found[GET].verdict is Verdict.PASSED
    assert "200 was never seen, only 404" in found[GET].remark
    assert found[POST].remark == ""


def test_methods_that_are_answered_alike_are_one_finding() -> None:
    failures = tuple(
        replace(
            failure("UnsupportedMethodResponse", GET, status=501, case=method),
            exchange=Exchange(method=method, url="http://s/orders/1", status=501),
        )
        for method in ("TRACE", "PATCH", "PUT")
    )
    found = [each for each in judged_all(told(GET, POST, failures=failures)) if isinstance(each, Finding)]
    assert [(each.code, each.count) for each in found] == [("openapi.unsupported-method", 3)]


NOT_DONE: Mapping[str, Any] = {"finished": {}, "stopped": "", "phases": frozenset()}


@pytest.mark.parametrize(
    ("report", "cause", "words"),
    [
        (told(GET, POST, code=-9, **NOT_DONE), Cause.TOOL_CRASHED, "was killed by SIGKILL"),
        (told(GET, POST, code=1, tail="x\nMemoryError", **NOT_DONE), Cause.TOOL_CRASHED, "MemoryError"),
        (told(GET, POST, code=0, **NOT_DONE), Cause.TOOL_CRASHED, "exit code 0"),
        (told(GET, POST, cut=True, **NOT_DONE), Cause.TIME_RAN_OUT, "sequences of calls"),
        (told(GET, POST, stopped="failure_limit"), Cause.TOOL_CRASHED, "before its work was done"),
        (told(GET, POST, finished={}), Cause.TOOL_CRASHED, "before its work was done"),
        (told(GET, POST, fatal="LoaderError: no such ref"), Cause.UNREADABLE, "no such ref"),
        (told(GET, POST, statuses={}), Cause.NOTHING_EXERCISED, "no request was made"),
        (told(GET, POST, statuses={}, skipped={GET: "why", POST: "why"}), Cause.NOTHING_EXERCISED, "why"),
        (
            told(GET, POST, statuses={o: Counter({401: 9, 403: 1}) for o in (GET, POST)}),
            Cause.NOTHING_EXERCISED,
            "401 and 403",
        ),
    ],
)
def test_a_process_that_did_not_do_its_work_gives_no_yes(report: ShardOutcome, cause: Cause, words: str) -> None:
    for exercised in judged(report).values():
        assert (exercised.verdict, exercised.cause) == (Verdict.UNKNOWN, cause)
        assert words in exercised.because


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("RecursionError", Cause.NOTHING_EXERCISED),
        ("ReadTimeout", Cause.TIME_RAN_OUT),
        ("ConnectionError", Cause.SERVICE_DIED),
    ],
)
def test_an_error_with_one_operation_leaves_the_others_judged(kind: str, cause: Cause) -> None:
    error = ToolError(operation=GET, kind=kind, message="m")
    found = judged(told(GET, POST, errors=(error,)))
    assert (found[GET].verdict, found[GET].cause) == (Verdict.UNKNOWN, cause)
    assert found[POST].verdict is Verdict.PASSED


def test_a_failure_in_one_process_stands_although_another_was_cut() -> None:
    found = judged(told(GET, POST, failures=(failure(),)), told(GET, POST, cut=True, **NOT_DONE))
    assert found[POST].verdict is Verdict.FAILED
    assert found[GET].cause is Cause.TIME_RAN_OUT


def test_the_death_of_a_service_fails_the_operation_that_was_asked_last() -> None:
    exchange = Exchange(method="POST", url="http://s/orders", request_body="{}")
    last = Sent(at=2.0, operation=POST, exchange=exchange, body=b"{}")
    report = told(GET, POST, stopped="server_unavailable", unanswered=(last,), recent=(last,), finished={})
    found = judged(report, died=True)
    assert (found[POST].verdict, found[GET].cause) == (Verdict.FAILED, Cause.SERVICE_DIED)
    assert "curl" in found[POST].replay


def test_an_accepted_code_lets_the_operation_pass_and_says_so() -> None:
    found = judged(told(GET, POST, failures=(failure(),)), ignore=("openapi.server-error",))
    assert found[POST].verdict is Verdict.PASSED
    assert "accepted: openapi.server-error" in found[POST].because


def test_the_undocumented_400_fails_once_unless_it_is_accepted() -> None:
    both = tuple(failure("UndefinedStatusCode", o, status=400, body=b"\xff{") for o in (GET, POST))
    found = judged(told(GET, POST, failures=both))
    assert [s for s, e in found.items() if e.verdict is Verdict.FAILED] == ["malformed request bodies"]
    assert set(judged(told(GET, POST, failures=both), ignore=("openapi.undocumented-400",))) == {GET, POST}


@pytest.mark.parametrize("doc", [None, document()])
def test_a_service_without_operations_is_unknown(doc: OpenApi | None) -> None:
    (item,) = OpenApiProperties().run(target(doc))
    assert isinstance(item, Exercised)
    assert (item.verdict, item.cause) == (Verdict.UNKNOWN, Cause.NOTHING_EXERCISED)
    assert OpenApiProperties().kind is EvidenceKind.PROPERTIES


def test_one_cause_in_many_cases_is_one_finding_with_the_smallest_request() -> None:
    many = [failure(case=f"c{n}", body=b"x" * n) for n in range(20, 0, -1)]
    (finding,) = sort_out(many, place="o.json").findings
    assert (finding.code, finding.count) == ("openapi.server-error", 20)
    assert finding.replay.endswith("--data-raw x http://s/orders")


def test_what_one_response_breaks_twice_is_told_once() -> None:
    failures = [failure("UndefinedStatusCode", message="Documented: 201"), failure("ServerError")]
    (finding,) = sort_out(failures, place="o.json").findings
    assert finding.code == "openapi.server-error"
    assert [d.actual for d in finding.differences] == ["openapi.undocumented-status"]


def test_one_break_under_two_statuses_is_two_findings() -> None:
    message = '"1" is not of type "number"\n\nSchema at /properties/a:'
    failures = [
        failure("JsonSchemaError", status=status, case=str(status), message=message) for status in (200, 201)
    ]
    assert len(sort_out(failures, place="o.json").findings) == 2


def test_what_is_malformed_in_many_operations_names_each() -> None:
    both = [failure("UndefinedStatusCode", o, status=400, body=b"{", case=o) for o in (POST, GET)]
    (finding,) = sort_out(both, place="o.json").findings
    assert (finding.code, finding.count) == ("openapi.undocumented-400", 2)
    assert [each.place for each in finding.differences] == [GET, POST]
    assert f"in {GET}, {POST}" in finding.actual


def test_two_fields_of_one_response_are_two_findings() -> None:
    messages = [
        '"1" is not of type "number"\n\nSchema at /properties/a:',
        '"id" is a required property\n\nSchema:',
    ]
    failures = [failure("JsonSchemaError", status=200, case=m, message=m) for m in messages]
    assert len(sort_out(failures, place="o.json").findings) == 2


def test_a_lenient_type_and_an_allow_header_are_remarks_not_findings() -> None:
    lax = failure("AcceptedNegativeData", status=201, lax=True, message="x\nInvalid component: in body - a: wrong")
    sorted_out = sort_out([lax, failure("AllowHeaderMismatch", case="c2", status=405)], place="o.json")
    assert sorted_out.findings == ()
    assert [r.split(" ")[0] for r in sorted_out.remarks[POST]] == [
        "openapi.accepts-invalid",
        "openapi.allow-header",
    ]
    strict = replace(lax, lax=False)
    assert [f.code for f in sort_out([strict], place="o.json").findings] == ["openapi.accepts-invalid"]


def test_a_check_without_a_name_of_ours_is_still_a_finding() -> None:
    (finding,) = sort_out([failure("SomethingNew", message="told so")], place="o.json").findings
    assert (finding.code, finding.actual) == ("openapi.other", "told so")


def test_every_failure_that_schemathesis_knows_has_a_name_here() -> None:
    from schemathesis import failure_codes

    kinds = {cls.__name__ for cls in failure_codes.FAILURE_CLASSES}
    unnamed = {k for k in kinds - set(CODES) if not k.startswith(("GraphQL", "UnexpectedGraphQL", "Custom"))}
    assert unnamed == set()


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://h:1/orders?a=1 2", """"$ORDERS_URL"'/orders?a=1 2'"""),
        ("http://h:1", '"$ORDERS_URL"'),
        ("http://h:11/orders", "http://h:11/orders"),
    ],
)
def test_a_replay_starts_the_service_that_is_gone(url: str, asked: str) -> None:
    again = Again(base="http://h:1", variable="ORDERS_URL", start="harness up orders=2a --env")
    start = 'eval "$(harness up orders=2a --env)" && ' if "$" in asked else ""
    assert again.command(Exchange(method="GET", url=url)) == f"{start}curl -i -X GET {asked}"


bodies = st.binary(max_size=40)


@given(bodies, st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=10))
def test_a_replay_gives_the_shell_exactly_the_request(body: bytes, value: str) -> None:
    url = f"http://s/?q={value}"
    exchange = Exchange(method="POST", url=url, request_headers=(("X-A", value),))
    words = shlex.split(Again().curl(exchange, body))
    assert words[-1] == url
    assert f"X-A: {value}" in words or "X-A;" in words
    if "--data-raw" in words:
        assert words[words.index("--data-raw") + 1].encode() == body


@settings(max_examples=examples(15), deadline=None)
@given(bodies, bodies)
def test_bytes_that_no_word_holds_are_made_by_printf(before: bytes, after: bytes) -> None:
    body = before + b"\xff\0" + after
    made = Again().curl(Exchange(method="POST", url="http://s/"), body).partition(" | ")[0]
    assert subprocess.run(["sh", "-c", made], capture_output=True, check=True, timeout=10).stdout == body


def scenario(phase: str = "fuzzing", label: str = POST, **interaction: Any) -> dict[str, Any]:
    body = {"$base64": base64.b64encode(b'{"a": "s3cret"}').decode()}
    request = {
        "method": label.split(maxsplit=1)[0],
        "uri": "http://s/?k=s3cret",
        "headers": {"X-Key": ["k"]},
        "body": body,
    }
    given = {"request": request, "response": {"status_code": 500, "headers": {}}, "timestamp": 1.0, **interaction}
    case = {"value": {"method": "POST", "path": "/orders", "meta": {}}}
    bad = {
        "name": "n",
        "status": "failure",
        "failure_info": {"failure": {"type": "ServerError", "operation": POST}},
    }
    recorder = {"label": label, "cases": {"c": case}, "interactions": {"c": given}, "checks": {"c": [bad]}}
    return {"ScenarioFinished": {"phase": phase, "status": "failure", "recorder": recorder}}


def lines(*events: Any) -> list[bytes]:
    return [json.dumps(event).encode() for event in events]


def test_a_report_is_read_with_failures_and_without_secrets() -> None:
    read = observe(lines(scenario()), secrets=("s3cret",), hidden=("x-key",))
    assert read.statuses == {POST: Counter({500: 1})}
    assert (read.recent[0].at, read.failures[0].at, read.failures[0].kind) == (1.0, 1.0, "ServerError")
    assert read.failures[0].exchange.request_headers == (("X-Key", "[redacted]"),)
    assert "s3cret" not in repr(read)


def test_a_report_that_was_cut_in_a_line_is_read_up_to_there() -> None:
    whole = lines(scenario(), {"EngineFinished": {"stop_reason": "completed"}})
    read = observe([whole[0], whole[1][:20]])
    assert (len(read.failures), read.stopped) == (1, "")


def test_a_sequence_counts_for_the_operation_that_each_request_meets() -> None:
    request = {"method": "POST", "uri": "http://s/orders", "headers": {}}
    assert observe(lines(scenario("stateful", "Stateful tests", request=request))).statuses == {
        POST: Counter({500: 1})
    }


def test_a_request_that_meets_another_operation_is_no_evidence_for_the_one_it_was_made_for() -> None:
    paths: dict[str, Any] = {"/{entity}/me": {"get": {}}, "/books/{id}": {"get": {}}}
    routes = routes_of(document_of({"openapi": "3.1.0", "paths": paths}, "o.json"))
    label = "GET /{entity}/me"

    def observed(path: str) -> Observation:
        event = scenario(label=label, request={"method": "GET", "uri": f"http://s{path}", "headers": {}})
        event["ScenarioFinished"]["recorder"]["checks"] = {"c": [{"name": "n", "status": "success"}]}
        return observe(lines(event), routes=routes)

    assert list(observed("/authors/me").covered) == list(observed("/authors/me").statuses) == [label]
    assert observed("/books/me").covered == observed("/books/me").statuses == {}
    assert set(observed("/books/me").astray[label].split(" and ")) == {f"GET {path}" for path in paths}
    assert observed("/books/7").astray == {label: "GET /books/{id}"}


def test_an_operation_that_no_request_meets_alone_is_unknown_and_says_so() -> None:
    item = judged(told(GET, POST, statuses={}, astray={GET: "GET /orders/latest"}))[GET]
    assert item.cause is Cause.NOTHING_EXERCISED
    assert "GET /orders/latest" in item.because


def test_another_method_on_the_same_path_is_no_evidence_for_the_operation() -> None:
    request = {"method": "TRACE", "uri": "http://s/orders", "headers": {}}
    assert observe(lines(scenario(request=request))).statuses == {}


@given(
    st.lists(
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda v: (
                st.lists(v)
                | st.dictionaries(
                    st.sampled_from(
                        ["ScenarioFinished", "NonFatalError", "recorder", "interactions", "checks", "phase"]
                    ),
                    v,
                )
            ),
        )
    )
)
def test_no_report_however_odd_makes_a_pass(events: list[Any]) -> None:
    read = observe(lines(*events))
    assert read.failures == ()
    assert read.stopped == ""


operations = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "PUT"]), st.sampled_from(["/a", "/a/{id}", "/b", "/c/d/{x}", "/{z}"])
    ),
    min_size=1,
    unique=True,
)


@given(operations, st.integers(1, 6))
def test_every_operation_is_in_exactly_one_part_and_the_sequences_are_whole(
    chosen: list[tuple[str, str]], jobs: int
) -> None:
    doc = document(*(f"{method} {path}" for method, path in chosen))
    plan = shards(doc, jobs=jobs, examples=30)
    parts = [label for shard in plan if "fuzzing" in shard.phases for label in shard.operations]
    assert sorted(parts) == sorted(o.label for o in doc.operations)
    (whole,) = [shard for shard in plan if SEQUENCES in shard.phases]
    assert whole.everything
    assert len({shard.name for shard in plan}) == len(plan) <= jobs + 1


def test_operations_on_one_resource_stay_together_where_that_is_affordable() -> None:
    doc = document(
        "POST /a", "GET /a/{id}", "POST /b", "GET /b/{id}", "POST /c", "GET /c/{id}", "GET /d", "GET /e"
    )
    for shard in shards(doc, jobs=2, examples=1)[1:]:
        assert sum("/a" in label for label in shard.operations) in (0, 2)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(1, 10**6), st.floats(0.1, 100))
def test_the_configuration_is_toml_that_says_what_was_meant(url: str, examples: int, timeout: float) -> None:
    service = Service(
        name="orders",
        budget=Budget(examples=examples, request_timeout=timeout),
        auth=Auth(kind=AuthKind.BASIC, value="user:pass"),
        headers=(("X-Tenant", "7"), ("authorization", "overruled")),
    )
    text = configuration(service, url=url, seed=3, report=Path("r.ndjson"))
    read = tomllib.loads(text)
    assert (read["base-url"], read["seed"], read["generation"]["max-examples"]) == (url, 3, examples)
    assert set(read["headers"]) == {"X-Tenant", "Authorization"}
    assert "pass" not in text
    assert sent_headers(service)["Authorization"] == "Basic dXNlcjpwYXNz"


def test_a_part_names_its_operations_on_the_command_line_and_nothing_secret() -> None:
    shard = Shard(name="part-1", operations=(GET,), phases=OPERATION_PHASES)
    words = arguments(shard, config=Path("c.toml"), document=Path("d.json"))
    assert words[-2:] == ("--include-name", GET)
    assert "examples,coverage,fuzzing" in words


def test_a_pointer_escapes_what_it_must() -> None:
    assert pointer("GET /a~b/c") == "#/paths/~1a~0b~1c/get"


def test_findings_follow_the_verdicts_in_the_stream() -> None:
    items = list(judge(target(document(POST)), document(POST), [told(POST, failures=(failure(),))], died=False))
    assert [type(item) for item in items] == [Exercised, Finding]
