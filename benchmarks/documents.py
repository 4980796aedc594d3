"""How long large documents take: one in 2,917 files to be read, and two releases of 11 MB to be compared.

Prints one JSON line; exits with 1 when a target is missed. Reading is told as times what libyaml alone takes for
the same files in the same run, `harness diff` as times what it takes to parse both JSON texts ten times: on a busy
machine the ratios are what counts.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from harness.app.kept_documents import KeptDocuments
from harness.comparison.diff import read_document

OPERATIONS = 729  # four files each, and one for all
FIRST, AGAIN = 3.5, 1.0  # times what libyaml takes to read the files once
DIFF, MEGABYTES = 1.5, 300  # times what it takes to parse both documents ten times

_FIELD = "  field{n}:\n    type: string\n    description: Says something about the thing.\n    maxLength: {n}\n"
_RESPONSE = """description: A thing.
content:
  application/json:
    schema:
      type: object
      properties:
        thing: {{$ref: thing{n}.yaml}}
        links: {{type: array, items: {{$ref: thing{next}.yaml}}}}
"""
_PARAMETERS = "id: {in: path, name: id, required: true, schema: {type: string}}\n"
_OPERATION = """operationId: get{n}
description: |
  To show information about an individual thing, send a request and read what comes back.
parameters:
  - $ref: parameters{n}.yaml#/id
responses:
  '200': {{$ref: response{n}.yaml}}
  '404': {{$ref: error.yaml}}
"""


def written(folder: Path) -> Path:
    """The document, each of whose operations is behind a reference."""
    parts = folder / "resources"
    parts.mkdir()
    thing = "type: object\nproperties:\n" + "".join(_FIELD.format(n=n) for n in range(1, 11))
    for n in range(OPERATIONS):
        (parts / f"get{n}.yaml").write_text(_OPERATION.format(n=n))
        (parts / f"parameters{n}.yaml").write_text(
            "id: {in: path, name: id, required: true, schema: {type: string}}\n"
        )
        (parts / f"response{n}.yaml").write_text(_RESPONSE.format(n=n, next=(n + 7) % OPERATIONS))
        (parts / f"thing{n}.yaml").write_text(thing)
    (parts / "error.yaml").write_text("description: Not found.\n")
    paths = "".join(f"  /things{n}/{{id}}:\n    get: {{$ref: resources/get{n}.yaml}}\n" for n in range(OPERATIONS))
    place = folder / "openapi.yaml"
    place.write_text(f"openapi: 3.0.3\ninfo: {{title: many, version: '1'}}\npaths:\n{paths}")
    return place


def seconds(place: Path, reader: Any) -> float:
    """To read and examine it."""
    began = time.perf_counter()
    read = read_document(place.read_bytes(), str(place), reader)
    assert not read.problems
    return time.perf_counter() - began


Json = dict[str, Any]
SCHEMAS, UNIONS, RELEASED, ROUTES = 110, 30, 7, 900  # every seventh schema is another one in the next release

_WORDS = (
    "What this is, when it was made, and by whom it may be changed, in a sentence or two as people write them."
)
_PLAIN: list[Json] = [
    {"type": "string", "description": _WORDS},
    {"type": ["string", "null"], "format": "date-time"},
    {"type": "integer", "minimum": 0},
    {"type": "boolean"},
    {"type": "string", "enum": ["open", "closed", "merged"]},
    {"type": "string", "format": "uri"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "string", "maxLength": 100},
]


def thing(number: int, depth: int) -> Json:
    """An object with objects and unions of objects in it."""
    properties: Json = {f"field{n}": {**each, "title": f"Field {n}"} for n, each in enumerate(_PLAIN)}
    if depth:
        inner = [thing(number + n, depth - 1) for n in range(3)]
        properties |= {"part": inner[0], "other": {"anyOf": [{"type": "null"}, inner[1]]}}
        properties["owner"] = {"oneOf": [{**each, "title": f"Kind {n}"} for n, each in enumerate(inner)]}
    closed = {"additionalProperties": False} if number % 3 == 0 else {}
    return {"type": "object", "properties": properties, "required": ["field0", "field2", "field4"], **closed}


def release() -> Json:
    """A document of deeply nested schemas, large unions of them, and what leads from one to another."""
    schemas = {f"thing{n}": thing(n, 2 if n % 4 else 3) for n in range(SCHEMAS)}
    for n in range(0, SCHEMAS, 5):
        schemas[f"thing{n}"]["properties"]["next"] = {"$ref": f"#/components/schemas/thing{(n * 7 + 1) % SCHEMAS}"}
    for n in range(UNIONS):
        told = [{"$ref": f"#/components/schemas/thing{(n * 9 + k) % SCHEMAS}"} for k in range(20)]
        schemas[f"union{n}"] = {"anyOf" if n % 2 else "oneOf": told}
    paths = {f"/things{n}/{{id}}": {"put": route(n)} for n in range(ROUTES)}
    info = {"title": "large", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def route(number: int) -> Json:
    """An operation that takes and answers one of the schemas."""
    name = f"thing{number % SCHEMAS}" if number % 6 else f"union{number % UNIONS}"
    told = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    answers = {"200": {"description": "It is told.", "content": told}}
    return {"parameters": parameters, "requestBody": {"content": told}, "responses": answers}


def next_release(old: Json) -> Json:
    """A part added, a value listed, a limit gone: what releases of large documents are made of."""
    new: Json = json.loads(json.dumps(old))
    for n in range(0, SCHEMAS, RELEASED):
        properties = new["components"]["schemas"][f"thing{n}"]["properties"]
        properties["added"] = {"type": "string"}
        if n % 2:
            properties["field4"]["enum"].append("draft")
        else:
            properties["part"]["properties"]["other"] = {"type": "integer"}
        if n % 3 == 0:
            properties["field7"].pop("maxLength")
    return new


def compared(folder: Path) -> Json:
    """`harness diff` of both, what was kept of them read again: the second of two calls."""
    old = release()
    files = [folder / "old.json", folder / "new.json"]
    for file, value in zip(files, (old, next_release(old)), strict=True):
        file.write_text(json.dumps(value, indent=1))
    began = time.process_time()
    for file in files:
        json.loads(file.read_bytes())
    alone = (time.process_time() - began) * 10
    command = [sys.executable, "-m", "harness", "diff", *map(str, files), "--json"]
    times = []
    for _ in range(2):
        began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(command, capture_output=True, check=False, cwd=folder)
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began)
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    size = round(files[0].stat().st_size / 1e6, 1)
    return {"size": size, "diff_first": times[0] / alone, "diff": times[1] / alone, "megabytes": megabytes}


def main() -> int:
    """Measure, tell, judge."""
    with tempfile.TemporaryDirectory() as folder:
        place = written(Path(folder))
        files = [*Path(folder).rglob("*.yaml")]
        began = time.perf_counter()
        for file in files:
            yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        alone = time.perf_counter() - began
        reader = KeptDocuments(Path(folder) / "cache", young=-(10**18))
        first, again = seconds(place, reader), seconds(place, reader)
        large = compared(Path(folder))
    told = {"files": len(files), "libyaml": alone, "first": first / alone, "again": again / alone, **large}
    sys.stdout.write(json.dumps({key: round(value, 2) for key, value in told.items()}) + "\n")
    met = first / alone <= FIRST and again / alone <= AGAIN
    return 0 if met and large["diff"] <= DIFF and large["megabytes"] <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
