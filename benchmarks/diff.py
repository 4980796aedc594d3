"""How long `harness diff` takes on two documents of 1,000 operations, as a process and in process.

Two cases: ten edits of schemas that many operations share, and an edit of its own in every operation. Prints one
JSON line; exits with 1 when a target is missed. `benchmarks/directory.py` looks at the documents of the world.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.comparison.diff import Notice, diff, document_of

OPERATIONS, SCHEMAS, EDITS = 1_000, 200, 10
SECONDS = 2.0  # two documents of 1,000 operations
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


def main() -> int:
    """Measure, tell, judge."""
    old = document()
    told: Json = {"shared": measured(old, shared_edits(old)), "own": measured(old, own_edits(old))}
    met = all(told[case]["process"] <= SECONDS for case in ("shared", "own"))
    told["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
