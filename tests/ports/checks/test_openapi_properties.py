"""Property checks against small real services: each planted fault is found, and a good one is silent."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from served import plain_http

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.openapi_properties import OpenApiProperties
from harness.contracts.openapi_reader import read_openapi
from harness.ports import Endpoint, Instance, Recording
from harness.services.system import Auth, AuthKind, Budget, Service
from harness.services.trust import Trust
from harness.verdicts import Cause, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

GOOD = """
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
app = FastAPI(responses={400: {"description": "unreadable"}})
ORDERS = {1: 1}
class New(BaseModel):
    sku: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=0, le=2147483647)
class Order(BaseModel):
    id: int
    quantity: int
@app.post("/orders", status_code=201)
def create(new: New) -> Order:
    ORDERS[max(ORDERS) + 1] = new.quantity
    return Order(id=max(ORDERS), quantity=new.quantity)
@app.get("/orders/{id}", responses={404: {}})
def get(id: int) -> Order:
    if id not in ORDERS:
        raise HTTPException(404)
    return Order(id=id, quantity=ORDERS[id])
@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
"""
FAULTY = """
import os
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
app = FastAPI()
class Amount(BaseModel):
    amount: int = Field(ge=0, le=2147483647)
class Line(BaseModel):
    name: str
    price: float
@app.post("/boundary")
def boundary(body: Amount) -> int:
    return 1 // body.amount
@app.post("/greatest")
def greatest(body: Amount) -> int:
    return 1 // (body.amount - 2147483647)
@app.get("/empty-text")
def empty_text(q: str = "x") -> str:
    return q[0]
@app.get("/undocumented")
def undocumented(q: bool = False) -> Response:
    return Response(status_code=409 if q else 200, content="1", media_type="application/json")
@app.get("/wrong-type", response_model=Line)
def wrong_type() -> Response:
    return JSONResponse({"name": "x", "price": "1.0"})
@app.get("/missing-field", response_model=Line)
def missing_field() -> Response:
    return JSONResponse({"name": "x"})
@app.get("/media", response_model=Line)
def media() -> Response:
    return Response("<a/>", media_type="text/xml")
@app.get("/moved")
def moved() -> Response:
    return Response(status_code=307, headers={"Location": "/fine"})
@app.get("/fine")
def fine() -> int:
    return 1
"""
DYING = """
import os
from fastapi import FastAPI
app = FastAPI()
@app.get("/before")
def before() -> int:
    return 1
@app.get("/deadly")
def deadly(q: int = 5) -> int:
    if q == 0:
        os._exit(1)
    return q
"""
HANGING = """
import time
from fastapi import FastAPI
app = FastAPI()
@app.get("/hangs")
def hangs() -> int:
    time.sleep(30)
    return 1
@app.get("/quick")
def quick() -> int:
    return 1
"""
GUARDED = """
from fastapi import FastAPI, HTTPException, Header, Response
app = FastAPI(root_path_in_servers=False, servers=[{"url": "http://elsewhere.invalid/api"}])
@app.get("/api/open", include_in_schema=False)
def hidden(authorization: str = Header(""), x_tenant: str = Header("")) -> Response:
    if (authorization, x_tenant) != ("Bearer s3cret-token", "tenant-7"):
        raise HTTPException(401, detail=f"not {authorization}")
    return Response("7", media_type="application/json")
@app.get("/open", responses={401: {}})
def documented() -> str:
    raise HTTPException(418)
"""
SLOW = """
import time
from fastapi import FastAPI
app = FastAPI()
@app.get("/broken")
def broken(q: int = 5) -> int:
    return 1 // (q - q)
@app.get("/slow")
def slow(q: int = 5) -> int:
    time.sleep(0.3)
    return q
"""
FLASK = """
from flask import Flask, jsonify, request
app = Flask("catalog")
DOCUMENT = {"openapi": "3.1.0", "info": {"title": "c", "version": "1"}, "paths": {"/items": {
    "get": {"parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema":
                {"type": "array", "items": {"type": "string"}}}}}, "400": {"description": "bad"}}}}}}
@app.get("/openapi.json")
def document():
    return jsonify(DOCUMENT)
@app.get("/items")
def items():
    try:
        limit = int(request.args.get("limit", 1))
    except ValueError:
        return jsonify([]), 400
    if limit < 1 or len(request.args.getlist("limit")) > 1:
        return jsonify([]), 400
    return jsonify(["a"])
"""


# `uvicorn --fd` takes the socket for a local one and leaves Nagle's algorithm on: 40 ms per answer.
START = """
import socket, sys, uvicorn
sock = socket.socket(fileno=int(sys.argv[1]))
uvicorn.Server(uvicorn.Config("app:app", log_level="critical", interface=sys.argv[2])).run(sockets=[sock])
"""


@contextmanager
def serving(source: str, folder: Path, *, wsgi: bool = False) -> Iterator[str]:
    """A service of its own process on a port that was free; its address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(textwrap.dedent(source))
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log.txt").open("w") as log:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", START, str(number), "wsgi" if wsgi else "auto"],
            cwd=folder,
            pass_fds=[number],
            stdout=log,
            stderr=log,
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()  # the port dies with the service
        try:
            with plain_http(url, timeout=5) as client:
                for _ in range(200):
                    try:
                        client.get("/openapi.json")
                        break
                    except httpx.HTTPError:
                        time.sleep(0.05)
            yield url
        finally:
            process.kill()
            process.wait()


class NoRecorder:
    """Property checks go to the service itself."""

    def record(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        trust: Trust | None = None,
    ) -> AbstractContextManager[Recording]:
        raise AssertionError(f"asked to record {upstream} with {headers} within {within}, trusting {trust}")


def target(
    url: str, scratch: Path, *, jobs: int = 1, service: Service | None = None, path: str = ""
) -> CheckTarget:
    """The service that answers at url, with the document that it serves."""
    document = read_openapi(httpx.get(f"{url}{path}/openapi.json", verify=False).content, "orders", "openapi.json")
    return CheckTarget(
        service=service or Service(name="orders", budget=Budget(examples=10, seconds=60)),
        instance=Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
        document=document,
        recorder=NoRecorder(),
        settings=CheckSettings(jobs=jobs, scratch=scratch),
    )


def results(target: CheckTarget) -> tuple[dict[str, Exercised], list[Finding]]:
    items = list(OpenApiProperties().run(target))
    exercised = [item for item in items if isinstance(item, Exercised)]
    assert len({item.subject for item in exercised}) == len(exercised)
    return {item.subject: item for item in exercised}, [item for item in items if isinstance(item, Finding)]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_good_service_passes_in_every_operation_and_nothing_is_found(tmp_path: Path, jobs: int) -> None:
    with serving(GOOD, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, jobs=jobs))
    assert findings == []
    assert {e.subject: e.verdict for e in exercised.values()} == {
        "POST /orders": Verdict.PASSED,
        "GET /orders/{id}": Verdict.PASSED,
        "GET /health": Verdict.PASSED,
    }
    assert "200" in exercised["GET /orders/{id}"].because  # it met orders that were there


OWN_SERVERS = """
from fastapi import APIRouter, FastAPI
app = FastAPI(servers=[{"url": "/shop"}], redirect_slashes=False)
@app.get("/shop/orders")
def orders() -> list[int]:
    return [1]
@app.get("/files/v2/files")
def files() -> dict[str, str]:
    return {"name": "a"}
@app.get("/files/v2/broken")
def broken() -> list[int]:
    return {"name": "a"}["none"]
written = app.openapi
def openapi():
    told = written()
    paths = {}
    for path, item in told["paths"].items():
        base = "/files/v2" if path.startswith("/files/v2") else "/shop"
        apart = {"servers": [{"url": base}]} if base != "/shop" else {}
        paths[path.removeprefix(base)] = {**item, **apart}
    return {**told, "paths": paths}
app.openapi = openapi
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_operations_with_servers_of_their_own_are_asked_where_they_live(tmp_path: Path, jobs: int) -> None:
    with serving(OWN_SERVERS, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, jobs=jobs))
    assert {e.subject: e.verdict for e in exercised.values()} == {
        "GET /orders": Verdict.PASSED,
        "GET /files": Verdict.PASSED,
        "GET /broken": Verdict.FAILED,
    }, exercised
    assert {f.code for f in findings} == {"openapi.server-error"}
    assert [each.operation for each in exercised["GET /files"].covered] == ["GET /files"]
    assert all("/files/v2/broken" in (f.exchange.url if f.exchange else "") for f in findings)


@pytest.mark.slow
def test_each_planted_fault_is_found_once_and_the_fine_operation_passes(tmp_path: Path) -> None:
    with serving(FAULTY, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, jobs=2))
        replayed = {f.subject: _status(f.replay, url) for f in findings}
    assert sorted((f.code, f.subject) for f in findings) == [
        ("openapi.content-type", "GET /media"),
        ("openapi.response-schema", "GET /missing-field"),
        ("openapi.response-schema", "GET /wrong-type"),
        ("openapi.server-error", "GET /empty-text"),
        ("openapi.server-error", "POST /boundary"),
        ("openapi.server-error", "POST /greatest"),
        ("openapi.undocumented-400", "malformed request bodies"),
        ("openapi.undocumented-status", "GET /moved"),
        ("openapi.undocumented-status", "GET /undocumented"),
    ]
    passed = {e.subject for e in exercised.values() if e.verdict is Verdict.PASSED}
    assert passed == {"GET /fine"}
    assert replayed["POST /boundary"] == 500
    assert replayed["GET /undocumented"] == 409
    assert replayed["malformed request bodies"] == 400


def _status(replay: str, url: str) -> int:
    start, sent = replay.split(" && ", 1)
    assert start == 'eval "$(harness up orders --env)"'
    command = ["env", f"ORDERS_URL={url}", "sh", "-c", sent]
    answer = subprocess.run(command, capture_output=True, timeout=20, check=False).stdout
    return int(answer.split()[1])


@pytest.mark.slow
def test_an_undocumented_400_fails_once_and_names_the_operations_it_touches(tmp_path: Path) -> None:
    source = GOOD.replace('responses={400: {"description": "unreadable"}}', "")
    with serving(source, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path))
    (finding,) = findings
    assert (finding.code, [d.place for d in finding.differences]) == ("openapi.undocumented-400", ["POST /orders"])
    assert [e.subject for e in exercised.values() if e.verdict is Verdict.FAILED] == [finding.subject]
    assert finding.remedy


@pytest.mark.slow
def test_a_service_that_dies_is_a_finding_and_the_rest_is_unknown(tmp_path: Path) -> None:
    with serving(DYING, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, jobs=2))
    assert [(f.code, f.subject) for f in findings] == [("openapi.service-died", "GET /deadly")]
    assert "q=0" in findings[0].replay
    assert findings[0].differences
    assert exercised["GET /deadly"].verdict is Verdict.FAILED
    assert exercised["GET /before"].verdict is not Verdict.FAILED


@pytest.mark.slow
def test_an_operation_that_hangs_is_unknown_and_the_others_are_judged(tmp_path: Path) -> None:
    service = Service(name="orders", budget=Budget(examples=3, seconds=30, request_timeout=0.3))
    with serving(HANGING, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, service=service))
    assert findings == []
    assert (exercised["GET /hangs"].verdict, exercised["GET /hangs"].cause) == (
        Verdict.UNKNOWN,
        Cause.TIME_RAN_OUT,
    )
    assert exercised["GET /quick"].verdict is Verdict.PASSED


@pytest.mark.slow
def test_what_the_brake_cuts_is_unknown_and_what_was_seen_broken_stays_broken(tmp_path: Path) -> None:
    service = Service(name="orders", budget=Budget(examples=500, seconds=25))
    with serving(SLOW, tmp_path / "app") as url:
        began = time.monotonic()
        exercised, findings = results(target(url, tmp_path, service=service))
        assert time.monotonic() - began < 100  # its slow requests alone would take longer
    assert exercised["GET /broken"].verdict is Verdict.FAILED
    assert [f.code for f in findings] == ["openapi.server-error"]
    assert (exercised["GET /slow"].verdict, exercised["GET /slow"].cause) == (Verdict.UNKNOWN, Cause.TIME_RAN_OUT)


@pytest.mark.slow
def test_a_flask_service_is_exercised_like_any_other(tmp_path: Path) -> None:
    with serving(FLASK, tmp_path / "app", wsgi=True) as url:
        exercised, findings = results(target(url, tmp_path))
    assert findings == []
    assert exercised["GET /items"].verdict is Verdict.PASSED


@pytest.mark.slow
def test_credentials_are_sent_below_the_servers_path_and_never_recorded(tmp_path: Path) -> None:
    service = Service(
        name="orders",
        budget=Budget(examples=5),
        auth=Auth(kind=AuthKind.BEARER, value="s3cret-token"),
        headers=(("X-Tenant", "tenant-7"),),
    )
    with serving(GUARDED, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, service=service))
    (finding,) = [f for f in findings if f.code == "openapi.response-schema"]  # 7 is no text: it got in
    assert '"Authorization: $AUTHORIZATION"' in finding.replay
    assert '"X-Tenant: $X_TENANT"' in finding.replay
    for secret in ("s3cret-token", "tenant-7"):
        assert secret not in repr((exercised, findings))


@pytest.mark.slow
def test_refused_credentials_are_no_evidence(tmp_path: Path) -> None:
    with serving(GUARDED, tmp_path / "app") as url:
        exercised, _ = results(target(url, tmp_path))
    found = exercised["GET /open"]
    assert (found.verdict, found.cause) == (Verdict.UNKNOWN, Cause.NOTHING_EXERCISED)


@pytest.mark.slow
def test_accepted_codes_do_not_fail_an_operation_and_are_still_told(tmp_path: Path) -> None:
    service = Service(name="orders", budget=Budget(examples=5), ignore=("openapi.server-error",))
    source = SLOW.replace("0.3", "0")
    with serving(source, tmp_path / "app") as url:
        exercised, findings = results(target(url, tmp_path, service=service))
    assert exercised["GET /broken"].verdict is Verdict.PASSED
    assert "accepted: openapi.server-error" in exercised["GET /broken"].because
    assert [f.code for f in findings] == ["openapi.server-error"]


def test_a_service_that_does_not_listen_is_unknown_at_once(tmp_path: Path) -> None:
    with serving(GOOD, tmp_path / "app") as url:
        gone = target(url, tmp_path)
    exercised, findings = results(gone)
    assert findings == []
    assert {e.cause for e in exercised.values()} == {Cause.SERVICE_DIED}


RUNNER = """
import sys
from pathlib import Path
import httpx
from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.openapi_properties import OpenApiProperties
from harness.contracts.openapi_reader import read_openapi
from harness.ports import Endpoint, Instance
from harness.services.system import Budget, Service
url = sys.argv[1]
target = CheckTarget(
    service=Service(name="orders", budget=Budget(examples=100000)),
    instance=Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
    document=read_openapi(httpx.get(url + "/openapi.json").content, "orders", "o"),
    recorder=None,
    settings=CheckSettings(jobs=2, scratch=Path(sys.argv[2])),
)
list(OpenApiProperties().run(target))
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["interrupted", "killed"])
def test_no_child_outlives_a_run_however_it_ends(tmp_path: Path, ending: str) -> None:
    with serving(GOOD, tmp_path / "app") as url:
        run = subprocess.Popen(
            [sys.executable, "-c", RUNNER, url, str(tmp_path)], stderr=subprocess.DEVNULL, cwd=os.getcwd()
        )
        try:
            children = _wait_for(lambda: psutil.Process(run.pid).children(recursive=True), 4)
            time.sleep(0.5)
            run.send_signal(2 if ending == "interrupted" else 9)
            run.wait(20)
            _, alive = psutil.wait_procs(children, timeout=10)
            assert alive == []
        finally:
            run.kill()
            run.wait()


@pytest.mark.slow
def test_shards_end_with_the_process_that_bore_them_and_the_check_says_so(tmp_path: Path) -> None:
    with serving(GOOD, tmp_path / "app") as url, ThreadPoolExecutor(1) as pool:
        before = {child.pid for child in psutil.Process().children()}
        endless = Service(name="orders", budget=Budget(examples=100_000))
        running = pool.submit(results, target(url, tmp_path, jobs=2, service=endless))
        (nursery,) = _wait_for(lambda: [c for c in psutil.Process().children() if c.pid not in before], 1)
        shards = _wait_for(nursery.children, 3)
        nursery.kill()
        _, alive = psutil.wait_procs(shards, timeout=10)
        exercised, findings = running.result(20)
    assert (alive, findings) == ([], [])
    assert {e.cause for e in exercised.values()} == {Cause.TOOL_CRASHED}
    assert all("killed by SIGKILL" in e.because for e in exercised.values())


@pytest.mark.slow
def test_what_was_computed_once_is_kept_for_the_next_run(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with serving(GOOD, tmp_path / "app") as url:
        first = target(url, tmp_path)
        results(replace(first, settings=replace(first.settings, kept=kept)))
    assert list(kept.rglob("charmap.json.gz"))


def _wait_for(look: Callable[[], list[psutil.Process]], count: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 120  # Schemathesis is slow to import where much else runs
    while len(found := look()) < count:
        assert time.monotonic() < deadline, f"never saw {count} children"
        time.sleep(0.05)
    return found
