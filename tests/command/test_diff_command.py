"""`harness diff`, as a person and as a program meet it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openapi_changes import JSON, TEXT, part

from harness.cli.main import answer
from harness.contracts.openapi_reader import read_openapi
from harness.contracts.pact_reader import read_pact
from harness.identity import Version
from harness.ledger.sql_ledger import open_ledger

Said = tuple[int, str, str]
ID = {"name": "id", "in": "path", "required": True, "schema": TEXT}


def document(*required: str, **more: Any) -> str:
    schema = {"type": "object", "properties": {"total": TEXT, "note": TEXT}, "required": list(required)}
    answers = {"200": {"description": "ok", "content": {JSON: {"schema": schema}}}}
    paths = {"/orders/{id}": {"get": {"parameters": [ID], "responses": answers, **more}}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": paths})


def pact(consumer: str, *read: str) -> str:
    interaction = {
        "description": "an order by id",
        "request": {"method": "GET", "path": "/orders/7"},
        "response": {"status": 200, "body": dict.fromkeys(read, "a")},
    }
    return json.dumps(
        {
            "consumer": {"name": consumer},
            "provider": {"name": "orders"},
            "interactions": [interaction],
            "metadata": {"pactSpecification": {"version": "3.0.0"}},
        }
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two documents, and a ledger in which web and billing are live in production."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.json").write_text(document("total"))
    (tmp_path / "new.json").write_text(document())
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for number, name in (("1.4", "old.json"), ("1.5", "new.json")):
        read = read_openapi((tmp_path / name).read_bytes(), "orders", name)
        ledger.publish(Version("orders", number), [read.contract()])
    for version, text in (
        (Version("web", "1.4"), pact("web", "total")),
        (Version("billing", "2.0"), pact("billing", "note")),
    ):
        ledger.publish(version, [read_pact(text, "a pact").contract()])
        ledger.record_deployment("production", version)
    ledger.close()
    return tmp_path


@pytest.fixture
def ask(here: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(*arguments: str) -> Said:
        code = answer(["diff", *arguments, "--broker", f"sqlite:///{here / 'ledger.db'}"])
        return code, *capsys.readouterr()

    return asked


def test_a_breaking_change_is_told_with_a_value_that_shows_it(ask: Any) -> None:
    code, out, _ = ask("old.json", "new.json")
    assert code == 1
    assert out.splitlines() == [
        "breaking: 1 breaking change",
        "  ✗ breaks  GET /orders/{id}: the property `total` became optional",
        "      response-property-became-optional responses/200/application~1json/total",
        "      never came before, may come now: {}",
    ]


def test_who_is_hit_is_named_with_the_interaction(ask: Any) -> None:
    code, out, _ = ask("orders@1.4", "orders@1.5", "--environment", "production")
    assert code == 1
    assert "✗ breaks web 1.4" in out
    assert "interaction 'an order by id' reads `total`" in out
    assert "· not used by billing 2.0" in out


def test_only_what_is_used_fails_when_asked(ask: Any) -> None:
    used = ("orders@1.4", "orders@1.5", "--fail-on", "used")
    assert ask(*used, "--environment", "production")[0] == 1
    assert ask(*used, "--against", "web@1.4")[0] == 1
    code, out, _ = ask(*used, "--against", "billing@2.0")
    assert (code, "not used by billing 2.0" in out) == (0, True)


def test_programs_get_who_is_hit_as_json(ask: Any) -> None:
    _, out, _ = ask("old.json", "new.json", "--provider", "orders", "--environment", "production", "--json")
    told = json.loads(out)
    assert [(each["name"], each["version"], each["effect"]) for each in told["consumers"]] == [
        ("web", "1.4", "breaks"),
        ("billing", "2.0", "not used"),
    ]
    assert told["consumers"][0]["uses"] == [
        {
            "change": "response-property-became-optional",
            "operation": "GET /orders/{id}",
            "path": "responses/200/application~1json/total",
            "interaction": "an order by id",
            "certain": True,
        }
    ]
    assert told["verdict"] == "breaking"


def test_a_document_of_a_git_revision_is_read(ask: Any, here: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "old.json"], [*who, "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=here, check=True)
    (here / "old.json").write_text(document())
    assert ask("HEAD:old.json", "old.json")[0] == 1


def test_files_that_a_document_refers_to_are_those_of_its_revision(ask: Any, here: Path) -> None:
    def written(kind: str, reference: str = "../parts/order.json#/Order") -> None:
        whole = json.loads(document())
        whole["components"] = {"schemas": {"Order": {"$ref": reference}}}
        whole["paths"] = {
            "/o": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Order"}}},
                        }
                    }
                }
            }
        }
        for folder in ("api", "parts"):
            (here / folder).mkdir(exist_ok=True)
        (here / "api" / "whole.json").write_text(json.dumps(whole))
        (here / "parts" / "order.json").write_text(json.dumps({"Order": {"type": kind}}))

    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    written("integer")
    for command in (["init", "-q"], ["add", "api", "parts"], [*who, "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=here, check=True)
    written("string")
    code, out, _ = ask("HEAD:api/whole.json", "api/whole.json", "--json")
    assert (code, [each["id"] for each in json.loads(out)["changes"]]) == (1, ["response-body-type-changed"])
    assert ask("HEAD:./api/whole.json", "HEAD:api/whole.json")[0] == 0
    for far in ("../parts/absent.json", "../../../etc/passwd"):
        written("integer", far)
        subprocess.run(["git", *who, "commit", "-qam", "b"], cwd=here, check=True)
        code, told, _ = ask("HEAD:api/whole.json", "api/whole.json")
        assert code == 3
        assert f"$ref '{far}' leads to" in told


MISTAKES = (
    (("absent.json", "new.json"), "no such file"),
    ((".", "new.json"), "it is a folder"),
    (("old.json", "HEAD:absent.json"), "nor one at a git revision"),
    (("orders@9", "new.json"), "no version 9 of 'orders'"),
    (("web@1.4", "new.json"), "has published no OpenAPI document"),
    (("http://127.0.0.1:9/openapi.json", "new.json"), "cannot be fetched"),
    (("old.json", "new.json", "--environment", "production"), "whose document is it"),
    (("orders@1.4", "new.json", "--environment", "producton"), "no environment 'producton'"),
    (("orders@1.4", "new.json", "--against", "web"), "is not CONSUMER@VERSION"),
    (("orders@1.4", "new.json", "--against", "web@9"), "no version web 9"),
    (("orders@1.4", "new.json", "--against", "orders@1.4"), "has no pact with orders"),
    (("old.json", "new.json", "--provider", "order", "--environment", "production"), "no pacticipant 'order'"),
    (("old.json", "new.json", "--fail-on", "used"), "needs to know whom to ask"),
)


@pytest.mark.parametrize(("arguments", "problem"), MISTAKES, ids=[case[1] for case in MISTAKES])
def test_a_mistake_is_told_with_a_remedy(ask: Any, arguments: tuple[str, ...], problem: str) -> None:
    code, _, error = ask(*arguments)
    assert code == 2
    assert problem in error


def test_a_pull_request_gets_markdown(ask: Any) -> None:
    _, out, _ = ask("orders@1.4", "orders@1.5", "--environment", "production", "--format", "markdown")
    assert out.startswith("## OpenAPI: breaking: 1 breaking change")
    assert "- ✗ breaks web 1.4" in out
    assert (
        "| error | GET /orders/{id} | the property `total` became optional | `response-property-became-optional` |"
        in out
    )


def test_an_editor_gets_sarif(ask: Any, here: Path) -> None:
    text = json.dumps(json.loads((here / "new.json").read_text()), indent=1)
    (here / "new.json").write_text(text)
    _, out, _ = ask("old.json", "new.json", "--format", "sarif")
    (run,) = json.loads(out)["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("response-property-became-optional", "error")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "new.json"
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert text.splitlines()[line - 1].strip() == '"get": {'
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_foreign_text_does_not_steer_the_terminal_or_the_page(ask: Any, here: Path) -> None:
    name = "\x1b[31m|<script>\n"
    schema = part(TEXT, **{name: TEXT})
    for file, said in (("a.json", schema), ("b.json", {"type": "object"})):
        body = {"requestBody": {"content": {JSON: {"schema": said}}}}
        paths = {f"/{name}": {"post": {**body, "responses": {}}}}
        (here / file).write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    for form in ("text", "markdown"):
        _, out, _ = ask("a.json", "b.json", "--format", form)
        assert "\x1b" not in out
    assert "<script>" not in out
