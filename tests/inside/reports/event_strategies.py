"""Arbitrary events, also ones that no sane run has; every report must survive them and tell the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Decided,
    Event,
    Noticed,
    Planned,
    PromiseExercised,
    RunFinished,
    RunStarted,
    ServiceFailed,
    ServicePreparing,
    ServiceReady,
    ServiceStarting,
    ServiceStep,
    TaskId,
    Uses,
)
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.ports import Endpoint
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Reason, Verdict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NASTY = (
    "",
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"><b>'",
    "`|` @team #1 *x* _y_ [a](http://b) ~~~ ``` ```` </details>",
    "\x1b[31mred\x1b[0m\x1b]8;;http://x\x07",
    "[bold red]markup[/] [/x]",
    "\u202egnp.exe\u2066 \u200b\ufeff",
    "line\nnext\r\nthird\ttab",
    "a\x00b\x0bc\x85d\u2028e\uffff",
    "注文 🫖 é e\u0301",
    "x" * 300,
    "]]> &amp; &#0;",
    "{{ 7*7 }} {% raw %}",
)
text = st.one_of(st.sampled_from(NASTY), st.text(max_size=30), st.sampled_from(("a", "b", "GET /a")))
small = st.integers(min_value=0, max_value=5)
seconds = st.floats(min_value=0, max_value=1e6, allow_nan=False)
verdicts = st.sampled_from(Verdict)
causes = st.sampled_from(Cause)
versions = st.builds(
    Version, st.sampled_from(("web", "orders", "catalog", *NASTY[1:4])), st.sampled_from(("", "1", "2"))
)
many_versions = st.lists(versions, max_size=3).map(tuple)
pairs = st.lists(st.tuples(text, text), max_size=2).map(tuple)
tasks = st.builds(
    TaskId,
    kind=st.sampled_from(EvidenceKind),
    provider=versions,
    consumer=st.none() | versions,
    contract=st.sampled_from(("", "c1", "c2")),
)
exchanges = st.builds(
    Exchange,
    method=text,
    url=text,
    request_headers=pairs,
    request_body=text,
    request_size=small,
    status=st.sampled_from((0, 200, 500)),
    response_headers=pairs,
    response_body=text,
    response_size=small,
    seconds=seconds,
)
findings = st.builds(
    Finding,
    code=st.sampled_from(("response.body.mismatch", "provider-state.missing", "openapi.server-error")) | text,
    subject=text,
    expected=text,
    actual=text,
    consumer=text,
    operation=text,
    place=text,
    replay=text,
    remedy=text,
    count=small,
    differences=st.lists(st.builds(Difference, place=text, expected=text, actual=text, text=text), max_size=2).map(
        tuple
    ),
    exchange=st.none() | exchanges,
    log=st.lists(text, max_size=3).map(tuple),
)


@st.composite
def exercised(draw: st.DrawFn) -> Exercised:
    verdict = draw(verdicts)
    passed = verdict is Verdict.PASSED
    return Exercised(
        subject=draw(text),
        verdict=verdict,
        cause=None if passed else draw(causes),
        because=draw(text) if passed else draw(text) + ".",
        place=draw(text),
        seconds=draw(seconds),
        replay=draw(text),
        operation=draw(text),
        exchange=draw(st.none() | exchanges),
    )


@st.composite
def reasons(draw: st.DrawFn) -> Reason:
    verdict = draw(verdicts)
    passed = verdict is Verdict.PASSED
    return Reason(
        verdict=verdict,
        text=draw(text),
        cause=None if passed else draw(causes),
        consumer=draw(st.none() | versions),
        provider=draw(st.none() | versions),
        contract=draw(st.sampled_from(("", "c1", "c2"))),
        command="" if passed else draw(text) + ".",
    )


endpoints = st.lists(st.builds(Endpoint, name=text, url=text, inside=text), max_size=2).map(tuple)
many_tasks = st.lists(tasks, max_size=3).map(tuple)
plans = st.builds(
    Planned,
    tasks=many_tasks,
    reused=many_tasks,
    starts=st.lists(text, max_size=2).map(tuple),
    uses=st.lists(
        st.builds(
            Uses,
            consumer=versions,
            provider=versions,
            contract=text,
            operations=st.lists(text, max_size=2).map(tuple),
            interactions=small,
        ),
        max_size=2,
    ).map(tuple),
)
starts = st.builds(
    RunStarted,
    run=text,
    harness=text,
    at=text,
    runtime=text,
    note=text,
    remarks=st.tuples(text),
    set=many_versions,
    seed=small,
)
ends = st.builds(RunFinished, verdict=verdicts, seconds=seconds, interrupted=st.booleans())
decisions = st.builds(
    Decided,
    verdict=verdicts,
    set=many_versions,
    environment=text,
    require=st.lists(text, max_size=2).map(tuple),
    reasons=st.lists(reasons(), max_size=2).map(tuple),
)
founds = st.builds(
    CheckFound, task=tasks, finding=findings, accepted=st.booleans(), hits=many_versions, spares=many_versions
)
checks = st.builds(
    CheckFinished,
    task=tasks,
    verdict=verdicts,
    cause=st.none() | causes,
    because=text,
    promised=small,
    exercised=small,
    seconds=seconds,
    reused=text,
    flaky=st.booleans(),
)
services = st.one_of(
    st.builds(ServicePreparing, name=text, version=text),
    st.builds(ServiceStep, name=text, version=text, text=text),
    st.builds(ServiceStarting, name=text, version=text, prepared=seconds),
    st.builds(
        ServiceReady,
        name=text,
        version=text,
        slot=text,
        endpoints=endpoints,
        seconds=seconds,
        prepared=seconds,
        proven=st.booleans(),
    ),
    st.builds(
        ServiceFailed,
        name=text,
        version=text,
        because=text,
        log_tail=st.lists(text, max_size=3).map(tuple),
        resolve=text,
    ),
)
events: SearchStrategy[Event] = st.one_of(
    starts,
    plans,
    services,
    st.builds(Noticed, about=text, text=text),
    st.builds(CheckStarted, task=tasks, promised=small),
    st.builds(PromiseExercised, task=tasks, exercised=exercised()),
    founds,
    checks,
    decisions,
    ends,
)
streams = st.lists(events, max_size=12)
