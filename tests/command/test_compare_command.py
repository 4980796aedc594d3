"""`harness compare`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pact_and_document import answering, get
from projects import harness as command

ORDER = {"type": "object", "properties": {"id": {"type": "integer"}, "total": {"type": "number"}}}
EVIL = "<b>\x1b[31m' OR 1=1 -- %2F"


def harness(
    *arguments: str, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> CompletedProcess[str]:
    return command(*arguments, cwd=cwd or Path.cwd(), environment=environment or {})


def openapi(folder: Path, **parts: object) -> Path:
    path = folder / "openapi.json"
    document = {"openapi": "3.1.0", "info": {"title": "o", "version": "1"}, "paths": answering(ORDER), **parts}
    path.write_text(json.dumps(document))
    return path


def pact(folder: Path, body: object, name: str = "web", description: str = "an order") -> Path:
    path = folder / f"{name}.json"
    interaction = {"description": description, "request": get(), "response": {"status": 200, "body": body}}
    document = {"consumer": {"name": name}, "provider": {"name": "orders"}, "interactions": [interaction]}
    path.write_text(json.dumps({**document, "metadata": {"pactSpecification": {"version": "3.0.0"}}}))
    return path


def test_a_pact_that_fits_is_a_yes(tmp_path: Path) -> None:
    told = harness("compare", str(pact(tmp_path, {"id": 1})), str(openapi(tmp_path)))
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("web with orders: fits")


def test_a_pact_that_does_not_fit_shows_both_sides_and_the_remedy(tmp_path: Path) -> None:
    told = harness("compare", str(pact(tmp_path, {"total": "12.50"})), str(openapi(tmp_path)))
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert lines[0] == "web with orders: does not fit (1 error)"
    assert lines[2:5] == [
        "  interaction 'an order'",
        '    ✗ response body at /total: "12.50" is not of type "number"  [response.body.incompatible]',
        "        pact      12.50   #/interactions/0/response/body/total",
    ]
    assert lines[5].startswith("        document  number  #/paths/~1orders/get/responses/200/content/")
    assert "do not rely on it" in lines[6]


def test_programs_get_json_and_code_scanning_gets_sarif(tmp_path: Path) -> None:
    paths = str(pact(tmp_path, {"total": "1", "more": 1})), str(openapi(tmp_path))
    told = json.loads(harness("compare", "--json", *paths).stdout)
    assert told["verdict"] == "fail"
    assert {each["code"] for each in told["findings"]} == {"response.body.incompatible"}
    assert [each["interaction"] for each in told["findings"]] == [0, 0]
    assert told["relies_on"][0]["fields"] == ["/more", "/total"]
    sarif = json.loads(harness("compare", "--format", "sarif", *paths).stdout)
    results = sarif["runs"][0]["results"]
    assert {each["level"] for each in results} == {"error"}
    (place,) = results[0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == paths[0]
    line = place["physicalLocation"]["region"]["startLine"]
    name = place["logicalLocations"][0]["fullyQualifiedName"].rpartition("/")[2]
    assert f'"{name}"' in Path(paths[0]).read_text().splitlines()[line - 1]


def test_many_pacts_are_compared_in_one_call(tmp_path: Path) -> None:
    folder = tmp_path / "pacts"
    folder.mkdir()
    pact(folder, {"id": 1}, "billing")
    pact(folder, {"id": "1"}, "web")
    told = harness("compare", "--json", str(folder), str(openapi(tmp_path)))
    assert told.returncode == 1
    assert harness("compare", "--json", str(folder / "*.json"), str(openapi(tmp_path))).stdout == told.stdout
    document = json.loads(told.stdout)
    assert [(each["consumer"], each["verdict"]) for each in document["comparisons"]] == [
        ("billing", "pass"),
        ("web", "fail"),
    ]


def test_what_cannot_be_compared_cannot_be_told(tmp_path: Path) -> None:
    events = tmp_path / "events.yaml"
    events.write_text("asyncapi: 3.0.0\ninfo: {title: e, version: '1'}\n")
    told = harness("compare", "--json", str(pact(tmp_path, {"id": 1})), str(events))
    assert told.returncode == 3
    assert json.loads(told.stdout)["verdict"] == "unknown"
    assert "AsyncAPI" in json.loads(told.stdout)["unknown"][0]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("{", "web.json"),
        ("[]", "web.json"),
        ('{"consumer": {"name": "web"}, "provider": {"name": "orders"}}', "no interactions"),
        ("[" * 5000 + "]" * 5000, "web.json"),
    ],
)
def test_a_pact_that_is_none_is_told_with_its_place(tmp_path: Path, written: str, named: str) -> None:
    path = tmp_path / "web.json"
    path.write_text(written)
    told = harness("compare", str(path), str(openapi(tmp_path)))
    assert told.returncode == 2
    assert named in told.stderr
    assert "Traceback" not in told.stderr


def test_a_document_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    path = pact(tmp_path, {"id": 1})
    for parts, named in (({"openapi": "9.9"}, "9.9"), ({"swagger": "2.0", "openapi": None}, "openapi")):
        told = harness("compare", str(path), str(openapi(tmp_path, **parts)))
        assert told.returncode == 2, named
        assert named in told.stderr
    nowhere = harness("compare", str(path), str(tmp_path / "none.yaml"))
    assert nowhere.returncode == 2
    assert "none.yaml" in nowhere.stderr
    assert harness("compare", str(tmp_path / "none.json"), str(openapi(tmp_path))).returncode == 2


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    path = pact(tmp_path, {"total": EVIL}, description=EVIL.replace("\x1b", ""))
    told = harness("compare", str(path), str(openapi(tmp_path)))
    assert told.returncode == 1
    assert "\x1b" not in told.stdout
    assert "%2F" in told.stdout


def test_pacts_and_documents_of_the_ledger_are_named_by_their_versions(tmp_path: Path) -> None:
    environment = {"HARNESS_STATE_DIR": str(tmp_path / "state")}
    ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
    for file, more in (
        (pact(tmp_path, {"id": "1"}), ["--version", "1"]),
        (openapi(tmp_path), ["--provider", "orders", "--version", "2"]),
    ):
        sent = harness("publish", str(file), *more, "--broker", ledger, cwd=tmp_path, environment=environment)
        assert sent.returncode == 0, sent.stderr
    told = harness("compare", "web@1", "orders@2", "--broker", ledger, cwd=tmp_path, environment=environment)
    assert told.returncode == 1, told.stderr
    assert "web 1 with orders against orders@2" in told.stdout
    nobody = harness("compare", "web@9", "orders@2", "--broker", ledger, cwd=tmp_path, environment=environment)
    assert nobody.returncode == 2
    assert "web 9" in nobody.stderr


def test_a_file_of_a_batch_that_is_no_pact_spoils_none_of_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "pacts"
    folder.mkdir()
    pact(folder, {"id": 1}, "billing")
    (folder / "broken.json").write_text("{")
    told = harness("compare", str(folder), str(openapi(tmp_path)))
    assert told.returncode == 3
    assert "billing with orders: fits" in told.stdout
    assert f"{folder}/broken.json:1:2: not JSON" in told.stdout
    pact(folder, {"id": "1"}, "web")
    told = harness("compare", "--json", str(folder), str(openapi(tmp_path)))
    assert told.returncode == 1
    verdicts = {each["consumer"]: each["verdict"] for each in json.loads(told.stdout)["comparisons"]}
    assert verdicts == {"billing": "pass", "web": "fail", "": "unknown"}
    assert harness("compare", str(folder / "broken.json"), str(openapi(tmp_path))).returncode == 2


def test_a_reference_of_the_document_that_leads_nowhere_is_told_and_spoils_what_needs_it(tmp_path: Path) -> None:
    paths = answering({"type": "object", "properties": {"id": {"type": "integer"}, "far": {"$ref": "gone.yaml"}}})
    document = str(openapi(tmp_path, paths=paths))
    told = harness("compare", "--json", str(pact(tmp_path, {"id": 1})), document)
    assert told.returncode == 0
    (problem,) = json.loads(told.stdout)["document_problems"]
    assert problem.endswith("No such file or directory")
    assert "gone.yaml" in harness("compare", str(pact(tmp_path, {"id": 1})), document).stdout
    assert harness("compare", str(pact(tmp_path, {"far": 1})), document).returncode == 3
    assert harness("compare", str(pact(tmp_path, {"id": "1", "far": 1})), document).returncode == 1
