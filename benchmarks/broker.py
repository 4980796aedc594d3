"""How much processor time the broker needs for each request, on estates of several sizes.

    python benchmarks/broker.py [--estate small --estate medium …] [--database-url postgresql://…]

Each operation is asked again and again over one connection. Wall time is the median; processor time is that of
the broker's process alone (PostgreSQL's is not in it), divided by the requests. The floor is an empty endpoint
with one select, measured in the same run.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from broker_estate import ESTATES, Estate, load, pact

from harness.contracts.pact_reader import pact_key
from harness.ledger.db.database import open_database

Ask = Callable[[httpx.Client, int], httpx.Response]


def operations(estate: Estate) -> dict[str, Ask]:
    """What is asked, by name."""
    last, hub = str(estate.versions - 1), estate.hub
    consumer = "service-1" if hub else "service-0"
    provider = "service-0" if hub else "service-1"
    pair = f"/pacts/provider/{provider}/consumer/{consumer}"
    one = f"q[][pacticipant]={consumer}&q[][version]={last}"
    two = f"q[][pacticipant]={consumer}&q[][pacticipant]={provider}&latestby=cvpv"
    selectors = [{"mainBranch": True}, {"deployedOrReleased": True}]
    verify = {"providerVersionBranch": "main", "consumerVersionSelectors": selectors}
    wip = {**verify, "includePendingStatus": True, "includeWipPactsSince": "2020-01-01"}

    def get(path: str) -> Ask:
        return lambda client, _: client.get(path)

    def choose(body: dict[str, object]) -> Ask:
        return lambda client, _: client.post(f"/pacts/provider/{provider}/for-verification", json=body)

    return {
        "floor (one select)": get("/diagnostic/status/dependencies"),
        "GET / (index)": get("/"),
        "GET latest pact": get(f"{pair}/latest"),
        "can-i-deploy consumer": get(
            f"/can-i-deploy?pacticipant={consumer}&version={last}&environment=production"
        ),
        "can-i-deploy provider": get(
            f"/can-i-deploy?pacticipant={provider}&version={last}&environment=production"
        ),
        "matrix cvp environment": get(f"/matrix?{one}&latestby=cvp&environment=production"),
        "matrix cvp tag latest": get(f"/matrix?{one}&latestby=cvp&tag=main&latest=true"),
        "matrix cvp mainBranch": get(f"/matrix?{one}&latestby=cvp&mainBranch=true&latest=true"),
        "matrix two pacticipants": get(f"/matrix?{two}"),
        "matrix of a pair": get(f"/matrix/provider/{provider}/consumer/{consumer}"),
        "for-verification": choose({**verify, "includePendingStatus": False}),
        "for-verification pending": choose(verify),
        "for-verification pending+WIP": choose(wip),
        "dashboard page of 30": get("/dashboard?pageSize=30"),
        "versions page of 100": get(f"/pacticipants/{consumer}/versions?pageSize=100"),
        "integrations": get("/integrations"),
        "pacticipants": get("/pacticipants"),
        "publish new content": lambda client, n: client.post(
            "/contracts/publish", json=publication(consumer, provider, f"new-{n}", n + 10**6)
        ),
        "publish same content": lambda client, n: client.post(
            "/contracts/publish", json=publication(consumer, provider, f"same-{n}", 10**7)
        ),
        "PUT pact new content": lambda client, n: client.put(
            f"{pair}/version/put-{n}", json=pact(consumer, provider, n + 2 * 10**6)
        ),
        "PUT pact same content": lambda client, n: client.put(
            f"{pair}/version/put-same-{n}", json=pact(consumer, provider, 10**7)
        ),
        "verification result": lambda client, n: client.post(
            f"{pair}/pact-version/{pact_key(pact(consumer, provider, 0))}/verification-results",
            json={"success": True, "providerApplicationVersion": f"verified-{n}"},
        ),
        "branch of a new version": lambda client, n: client.put(
            f"/pacticipants/{consumer}/branches/topic/versions/b{n}", json={}
        ),
        "record deployment": lambda client, n: client.post(
            f"/pacticipants/{consumer}/versions/{n % estate.versions}/deployed-versions/environment/e-production",
            json={"applicationInstance": "bench"},
        ),
        "tag a new version": lambda client, n: client.put(
            f"/pacticipants/{consumer}/versions/t{n}/tags/x", json={}
        ),
    }


def publication(consumer: str, provider: str, version: str, number: int) -> dict[str, object]:
    """One pact under one new version."""
    content = base64.b64encode(json.dumps(pact(consumer, provider, number)).encode()).decode()
    contract = {
        "consumerName": consumer,
        "providerName": provider,
        "content": content,
        "contentType": "application/json",
        "specification": "pact",
    }
    return {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": version,
        "branch": "bench",
        "contracts": [contract],
    }


def measure(base: str, process: psutil.Process, ask: Ask, requests: int) -> tuple[float, float, int]:
    """Median wall and mean processor milliseconds of a request, and the size of its answer."""
    with httpx.Client(base_url=base, timeout=120) as client:
        for n in range(3):
            client_answer = ask(client, -1 - n)
            assert client_answer.status_code < 300, client_answer.text[:300]
        before = processor_seconds(process)
        walls = []
        for n in range(requests):
            began = time.perf_counter()
            ask(client, n)
            walls.append((time.perf_counter() - began) * 1000)
        used = (processor_seconds(process) - before) * 1000 / requests
    return statistics.median(walls), used, len(client_answer.content)


def processor_seconds(process: psutil.Process) -> float:
    """What a process has used until now: to the nanosecond where the system tells, else in ticks of 10 ms."""
    if sys.platform == "linux":
        return time.clock_gettime(~process.pid << 3 | 2)  # as clock_getcpuclockid(3) makes it
    used = process.cpu_times()
    return used.user + used.system


def run(estate: Estate, url: str, requests: int) -> None:
    """Load an estate, serve it, ask everything, and print a line for each operation."""
    database = open_database(url)
    began = time.perf_counter()
    load(database, estate)
    database.close()
    print(f"\n{estate.name}: loaded in {time.perf_counter() - began:.1f} s")
    command = [sys.executable, "-m", "harness", "broker", "serve", "--port", "19555", "--database-url", url]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as served:
        try:
            process = psutil.Process(served.pid)
            base = "http://127.0.0.1:19555"
            while True:
                try:
                    httpx.get(f"{base}/diagnostic/status/heartbeat")
                    break
                except httpx.TransportError:
                    time.sleep(0.02)
            idle = process.memory_info().rss / 2**20
            print(f"start-up {time.perf_counter() - began:.2f} s, idle memory {idle:.0f} MB")
            for name, ask in operations(estate).items():
                wall, used, size = measure(base, process, ask, requests)
                print(f"  {name:32} {wall:8.1f} ms  cpu {used:7.2f} ms  {size:>9} B")
            print(f"memory afterwards {process.memory_info().rss / 2**20:.0f} MB")
        finally:
            served.terminate()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estate", action="append", choices=list(ESTATES))
    parser.add_argument("--database-url", default="", help="an empty database; a new SQLite file unless given")
    parser.add_argument("--requests", type=int, default=100)
    chosen = parser.parse_args()
    for name in chosen.estate or ["small", "medium", "hub"]:
        with tempfile.TemporaryDirectory() as folder:
            run(ESTATES[name], chosen.database_url or f"sqlite:///{Path(folder) / 'ledger.db'}", chosen.requests)


if __name__ == "__main__":
    main()
