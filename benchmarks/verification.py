"""How long provider verification takes, as ratios to the plain `pact verifier` command in the same run.

    python benchmarks/verification.py [--rounds 5] [--sizes 1,10,100,500]

Ours is the whole check: recording proxy, provider states set up and torn down, one verdict per interaction.
"cold" starts the verifier process within the measured time; "warm" has one waiting, as a run has it by the time
that the services are up. The command is measured setting up states only, and with tear-down as we do it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.pact_verifier import Verifiers
from harness.checks.pact_provider import PactProvider
from harness.contracts.pact_reader import read_pact
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.runtime.states import provider_states
from harness.services.system import Service, States, StatesKind
from harness.verdicts import Exercised, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.contracts.pact import Pact

SERVICE = """
import asyncio, json, os

DELAY = float(os.environ["DELAY"])

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/states":
        if scope["method"] == "GET":
            return await answer(send, {"states": ["order exists"]})
        while (await receive()).get("more_body"):
            pass
        return await answer(send, {})
    if DELAY:
        await asyncio.sleep(DELAY)
    number = int(scope["path"].rpartition("/")[2])
    await answer(send, {"id": number, "total": 10.5, "items": [{"sku": "a", "n": 1}]})

async def answer(send, document):
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


def pact(number: int, *, states: bool, consumer: str = "web") -> dict[str, Any]:
    """A pact of so many interactions."""
    return {
        "consumer": {"name": consumer},
        "provider": {"name": "orders"},
        "interactions": [_interaction(index, states=states) for index in range(number)],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def _interaction(index: int, *, states: bool) -> dict[str, Any]:
    rules = {
        "$.total": {"combine": "AND", "matchers": [{"match": "number"}]},
        "$.items": {"combine": "AND", "matchers": [{"match": "type", "min": 1}]},
        "$.items[*].*": {"combine": "AND", "matchers": [{"match": "type"}]},
    }
    content = {"id": index, "total": 1.5, "items": [{"sku": "x", "n": 2}]}
    interaction: dict[str, Any] = {
        "type": "Synchronous/HTTP",
        "description": f"order {index}",
        "request": {"method": "GET", "path": f"/orders/{index}"},
        "response": {
            "status": 200,
            "headers": {"Content-Type": ["application/json"]},
            "body": {"contentType": "application/json", "encoded": False, "content": content},
            "matchingRules": {"body": rules},
        },
    }
    if states:
        interaction["providerStates"] = [{"name": "order exists", "params": {"id": index}}]
    return interaction


@contextlib.contextmanager
def service(folder: Path, delay: float) -> Iterator[str]:
    """The provider, in a process of its own."""
    (folder / "orders_service.py").write_text(SERVICE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "orders_service:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "DELAY": str(delay)})
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.05)
    raise SystemExit("the service did not start")


def target(url: str, document: Pact, folder: Path, jobs: int = 2) -> CheckTarget:
    """The provider under verification."""
    orders = Service(name="orders", version="1", states=States(kind=StatesKind.HTTP, target="/states"))
    instance = Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),))
    return CheckTarget(
        service=orders,
        instance=instance,
        pact=document,
        states=provider_states(orders, instance, {}, folder),
        recorder=HttpRecorder(),
        settings=CheckSettings(jobs=jobs, scratch=folder),
    )


def ours(url: str, document: dict[str, Any], folder: Path, verifiers: Verifiers, jobs: int = 2) -> None:
    """One whole check; every interaction must pass, or the figure means nothing."""
    read = read_pact(json.dumps(document), "pact.json")
    said = [e for e in PactProvider(verifiers).run(target(url, read, folder, jobs)) if isinstance(e, Exercised)]
    if len(said) != len(read.interactions) or any(each.verdict is not Verdict.PASSED for each in said):
        raise SystemExit(f"unexpected: {[each for each in said if each.verdict is not Verdict.PASSED][:3]}")


def cold(url: str, document: dict[str, Any], folder: Path) -> None:
    """The same, with the verifier process started within the measured time."""
    verifiers = Verifiers()
    try:
        ours(url, document, folder, verifiers)
    finally:
        verifiers.close()


def command(url: str, source: Path, *more: str) -> None:
    """The plain command."""
    program = shutil.which("pact", path=str(Path(sys.executable).parent)) or "pact"
    words = [program, "verifier", "-f", str(source), "-h", "127.0.0.1", "-p", url.rpartition(":")[2]]
    words += ["-n", "orders", "-s", f"{url}/states", *more]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def timed(what: Callable[[], None]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def against_command(sizes: list[int], rounds: int, folder: Path) -> None:
    """One table: each size, all ways in alternation, medians."""
    names = ("command", "+teardown", "cold", "warm", "cold/cmd", "warm/cmd")
    print(f"{'interactions':>12} " + " ".join(f"{name:>9}" for name in names))
    verifiers = Verifiers()
    with service(folder, 0.0) as url:
        for size in sizes:
            document = pact(size, states=True)
            source = folder / f"pact-{size}.json"
            source.write_text(json.dumps(document))
            verifiers.prewarm()
            ways: dict[str, Callable[[], None]] = {
                "command": lambda source=source: command(url, source),  # type: ignore[misc]
                "teardown": lambda source=source: command(url, source, "--state-change-teardown"),  # type: ignore[misc]
                "cold": lambda document=document: cold(url, document, folder),  # type: ignore[misc]
                "warm": lambda document=document: ours(url, document, folder, verifiers),  # type: ignore[misc]
            }
            took: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                for name, way in ways.items():
                    took[name].append(timed(way))
            medians = {name: statistics.median(each) for name, each in took.items()}
            figures = " ".join(f"{medians[name] * 1000:>6.0f} ms" for name in ways)
            ratios = " ".join(f"{medians[name] / medians['command']:>9.2f}" for name in ("cold", "warm"))
            print(f"{size:>12} {figures} {ratios}", flush=True)
    verifiers.close()


def side_by_side(rounds: int, folder: Path) -> None:
    """Eight pacts on a provider that takes 50 ms per answer: with eight jobs, and one after another."""
    pacts = [pact(10, states=False, consumer=f"consumer-{index}") for index in range(8)]
    alone: list[float] = []
    together: list[float] = []
    with service(folder, 0.05) as url:
        for _ in range(rounds):
            one, eight = Verifiers(), Verifiers()
            alone.append(timed(lambda one=one: _alone(url, pacts, folder, one)))  # type: ignore[misc]
            together.append(timed(lambda eight=eight: _together(url, pacts, folder, eight)))  # type: ignore[misc]
            one.close()
            eight.close()
    first, second = statistics.median(alone), statistics.median(together)
    print(f"one after another {first:.2f} s, eight jobs {second:.2f} s: ratio {second / first:.2f}")


def _alone(url: str, pacts: list[dict[str, Any]], folder: Path, verifiers: Verifiers) -> None:
    for each in pacts:
        ours(url, each, folder, verifiers, 1)


def _together(url: str, pacts: list[dict[str, Any]], folder: Path, verifiers: Verifiers) -> None:
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(ours, url, each, folder, verifiers, 8) for each in pacts]:
            future.result()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="1,10,100,500")
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",")]
    as_found = {name: os.environ.pop(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        print("With provider states; SSL_CERT_FILE and SSL_CERT_DIR unset")
        against_command(sizes, chosen.rounds, Path(folder))
        if as_found:
            os.environ.update(as_found)
            print(f"\nThe same with {' and '.join(as_found)} as this machine has them")
            against_command(sizes, chosen.rounds, Path(folder))
        print("\nEight pacts of 10 interactions, no states, a provider that takes 50 ms per answer")
        side_by_side(max(3, chosen.rounds // 2), Path(folder))


if __name__ == "__main__":
    main()
