"""How long a document in 2,917 files takes to be read: at first, and when nothing changed.

Prints one JSON line; exits with 1 when a target is missed. Both are told as times what libyaml alone takes for the
same files in the same run: on a busy machine the ratios are what counts.
"""

from __future__ import annotations

import json
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
    told = {
        "files": len(files),
        "libyaml": alone,
        "first": first / alone,
        "again": again / alone,
    }
    sys.stdout.write(json.dumps({key: round(value, 2) for key, value in told.items()}) + "\n")
    return 0 if first / alone <= FIRST and again / alone <= AGAIN else 1


if __name__ == "__main__":
    sys.exit(main())
