"""How long a static comparison takes: a document of 320 operations, a pact of 500 interactions.

    python benchmarks/compare.py [--operations 320] [--interactions 500] [--rounds 5]

The document and the pact are generated, always the same. As a process: `harness compare --json PACT OPENAPI`, wall
time and largest resident memory. In process: reading both texts, preparing and comparing, in an interpreter that
has everything imported. Warm: one more pact with a document whose schemas are ready. Each is the median.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
JSON = "application/json"


def schema(number: int) -> Json:
    """A record with some twenty parts, a list and two references."""
    texts = {f"text{index}": {"type": "string", "maxLength": 50 + index} for index in range(8)}
    numbers = {f"number{index}": {"type": "integer", "minimum": index} for index in range(6)}
    line = {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}
    role = {"type": "object", "properties": {"role": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["id", "state"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "state": {"type": "string", "enum": ["open", "paid", f"state{number}"]},
            "at": {"type": "string", "format": "date-time"},
            "lines": {"type": "array", "items": line},
            "next": {"$ref": f"#/components/schemas/Record{(number + 1) % 80}"},
            "owner": {"allOf": [{"$ref": "#/components/schemas/Owner"}, role]},
            **texts,
            **numbers,
        },
    }


def record(number: int) -> Json:
    """A value of the schema."""
    return {
        "id": "0a55a2b0-34f1-4bc5-9d0a-6a4d3f2e1c77",
        "state": f"state{number}",
        "at": "2026-11-23T20:00:00Z",
        "lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}],
        "next": {"id": "0a55a2b0-34f1-4bc5-9d0a-6a4d3f2e1c77", "state": "open", "text3": "words"},
        "owner": {"name": "ann", "role": "buyer"},
        "text1": "some words",
        "number2": 7,
    }


def operation(number: int, method: str) -> Json:
    """One operation with parameters, a body and two responses."""
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/Record{number % 80}"}}}
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
    ]
    made: Json = {
        "parameters": parameters,
        "responses": {
            "200": {"description": "ok", "content": content},
            "404": {
                "description": "none",
                "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    return {**made, "requestBody": {"content": content}} if method in ("put", "post") else made


def document(operations: int) -> Json:
    """A document with so many operations, four to a path."""
    paths: Json = {}
    for number in range(operations):
        method = ("get", "put", "post", "delete")[number % 4]
        paths.setdefault(f"/area{number // 40}/things{number // 4}/{{id}}", {})[method] = operation(number, method)
    schemas = {f"Record{number}": schema(number) for number in range(80)}
    schemas["Owner"] = {"type": "object", "properties": {"name": {"type": "string"}}}
    schemas["Problem"] = {"type": "object", "properties": {"title": {"type": "string"}}}
    info = {"title": "things", "version": "1"}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": schemas}}


def pact(interactions: int, operations: int) -> Json:
    """A pact that fits, over all operations in turn."""
    return {
        "consumer": {"name": "web"},
        "provider": {"name": "things"},
        "interactions": [interaction(index, index % operations) for index in range(interactions)],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }


def interaction(index: int, number: int) -> Json:
    """One exchange with matching rules."""
    method = ("GET", "PUT", "POST", "DELETE")[number % 4]
    request: Json = {
        "method": method,
        "path": f"/area{number // 40}/things{number // 4}/{index}",
        "query": {"limit": ["10"]},
        "headers": {"Accept": JSON},
    }
    if method in ("PUT", "POST"):
        request["headers"] = {"Accept": JSON, "Content-Type": JSON}
        request["body"] = record(number % 80)
    rules = {
        "body": {"$": {"matchers": [{"match": "type"}]}, "$.lines": {"matchers": [{"match": "type", "min": 1}]}}
    }
    response = {
        "status": 200,
        "headers": {"Content-Type": JSON},
        "body": record(number % 80),
        "matchingRules": rules,
    }
    return {"description": f"exchange {index}", "request": request, "response": response}


def median(ask: Callable[[], object], rounds: int) -> str:
    """The median time in milliseconds: on the clock, and of the processor."""
    walls, processors = [], []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        ask()
        walls.append(time.perf_counter() - began)
        processors.append(time.process_time() - busy)
    return (
        f"{statistics.median(walls) * 1000:8.0f} ms   {statistics.median(processors) * 1000:.0f} ms of processor"
    )


def as_process(files: list[str]) -> float:
    """The wall time of the command in milliseconds; it has to say that the pact fits."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "harness", "compare", "--json", *files], check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


def memory_of(files: list[str]) -> float:
    """The largest resident memory of the command, in MB."""
    process = psutil.Popen(
        [sys.executable, "-m", "harness", "compare", "--json", *files], stdout=subprocess.DEVNULL
    )
    largest = 0
    while process.poll() is None:
        try:
            largest = max(largest, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.005)
    return largest / 1e6


def main() -> None:
    """Measure, and print one line for each number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=320)
    parser.add_argument("--interactions", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    texts = json.dumps(document(given.operations)), json.dumps(pact(given.interactions, given.operations))
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("pact.json", "openapi.json")]
        for file, text in zip(files, reversed(texts), strict=True):
            Path(file).write_text(text, encoding="utf-8")
        processes = [as_process(files) for _ in range(given.rounds)]
        memory = memory_of(files)
    print(f"as a process     {statistics.median(processes):8.0f} ms   {memory:.0f} MB")
    inside(texts, given.rounds)


def inside(texts: tuple[str, str], rounds: int) -> None:
    """The same within this interpreter."""
    from harness.comparison.diff import read_document
    from harness.comparison.pact_fit import compare, compare_all
    from harness.contracts.pact_reader import read_pact
    from harness.verdicts import Verdict

    def all_of_it() -> None:
        found = compare(read_pact(texts[1], "pact.json"), read_document(texts[0], "openapi.json"))
        assert found.verdict is Verdict.PASSED, found.findings[:3]

    all_of_it()
    print(f"in process       {median(all_of_it, rounds)}")
    read, offered = read_pact(texts[1], "pact.json"), read_document(texts[0], "openapi.json")
    print(f"comparing alone  {median(lambda: compare(read, offered), rounds)}")
    several = compare_all([read] * (rounds + 1), offered)
    next(several)
    print(f"warm             {median(lambda: next(several), rounds)}")


if __name__ == "__main__":
    main()
