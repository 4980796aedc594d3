"""Every command that asks or writes the ledger, with a broker behind HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original, served
from remote_ledgers import document

from harness.cli.main import answer

Said = tuple[int, str, str]


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Original]:
    """web 1 needs orders; orders 1 is verified and live, orders 2 breaks web 1."""
    monkeypatch.chdir(tmp_path)
    made = Original()
    made.publish("web", "1", document())
    sha = made.pacts["web", "1", "orders"]
    with served(made) as url:
        monkeypatch.setenv("PACT_BROKER_BASE_URL", url)
        results = f"/pacts/provider/orders/consumer/web/pact-version/{sha}/verification-results"
        for number in "12":
            said = json.dumps({"success": number == "1", "providerApplicationVersion": number}).encode()
            assert made.answer("POST", results, {}, said)[0] == 201
        yield made


class Ask:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> Said:
        code = answer(list(arguments))
        out, error = self.capsys.readouterr()
        return code, out, error


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    return Ask(capsys)


def test_deployments_are_recorded_and_decided_about(original: Original, ask: Ask) -> None:
    assert ask("record-deployment", "orders=1", "--environment", "production")[0] == 0
    code, out, _ = ask("can-i-deploy", "web=1", "--to", "production")
    assert (code, out.splitlines()[0]) == (0, "YES: web 1 to production")
    assert ask("record-deployment", "web=1", "--environment", "production")[0] == 0
    code, out, _ = ask("can-i-deploy", "orders=2", "--to", "production")
    assert code == 1
    assert "web 1 is broken by orders 2" in out
    assert ask("record-release", "orders=2", "--environment", "production")[0] == 0
    assert ask("record-support-ended", "orders=2", "--environment", "production")[0] == 0
    assert ask("record-undeployment", "orders", "--environment", "production")[0] == 0
    assert [r["until"] == "" for r in original.records] == [False, True, False]


def test_an_order_and_a_way_back_are_told(original: Original, ask: Ask) -> None:
    for number in "12":
        ask("record-deployment", f"orders={number}", "--environment", "production")
    ask("record-deployment", "web=1", "--environment", "production")
    code, out, _ = ask("plan", "orders=1", "--to", "production")
    assert code == 0, out
    code, out, _ = ask("rollback", "orders", "--in", "production")
    assert code == 0
    assert "orders 1" in out


def test_pacts_are_published_with_branch_and_build(original: Original, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "pact.json").write_text(json.dumps(document("shop", "orders", "/new")))
    arguments = ["--version", "7", "--branch", "feat/x", "--build-url", "http://ci/7", "--allow-dirty"]
    code, _out, error = ask("publish", "pact.json", *arguments)
    assert (code, error) == (0, ""), error
    assert original.branches["shop", "feat/x"] == ["7"]
    assert original.builds["shop", "7"] == "http://ci/7"
    assert ("shop", "7", "orders") in original.pacts


def test_a_further_part_of_a_pact_is_put_to_what_the_broker_has(
    original: Original, ask: Ask, tmp_path: Path
) -> None:
    for path in "/new", "/newer":
        (tmp_path / "pact.json").write_text(json.dumps(document("shop", "orders", path)))
        code, _, error = ask("publish", "pact.json", "--version", "7", "--branch", "feat/x", "--allow-dirty")
        assert (code, error) == (0, ""), error
    kept = original.contents["shop", "orders", original.pacts["shop", "7", "orders"]]["interactions"]
    assert [each["request"]["path"] for each in kept] == ["/new", "/newer"]


def test_a_part_that_contradicts_what_the_broker_has_is_refused(
    original: Original, ask: Ask, tmp_path: Path
) -> None:
    arguments = ["--version", "7", "--branch", "feat/x", "--allow-dirty"]
    told = document("shop", "orders", "/new")
    (tmp_path / "pact.json").write_text(json.dumps(told))
    assert ask("publish", "pact.json", *arguments)[0] == 0
    told["interactions"][0]["response"]["status"] = 404
    (tmp_path / "pact.json").write_text(json.dumps(told))
    code, _, error = ask("publish", "pact.json", *arguments)
    assert code == 2
    assert "two parts of the pact of shop with orders contradict each other in 'a request for /new'" in error
    assert original.contents["shop", "orders", original.pacts["shop", "7", "orders"]]["interactions"][0][
        "response"
    ] == {"status": 200}


def test_the_environment_names_the_broker_and_an_option_names_another(original: Original, ask: Ask) -> None:
    assert ask("can-i-deploy", "web=1", "--to", "production")[0] == 3  # nothing is deployed there
    code, _, error = ask("can-i-deploy", "web=1", "--to", "production", "--broker", "sqlite:///other.db")
    assert (code, "no pacticipant 'web'" in error) == (2, True)
    assert ask("can-i-deploy", "web=1", "--to", "production", "--broker", original.base)[0] == 3


def test_a_manifest_names_the_broker(original: Original, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_text(f'[broker]\nurl = "{original.base}"\n[environments.staging]\n')
    code, out, _ = ask("can-i-deploy", "web=1", "--to", "staging")
    assert (code, "web 1 needs orders, and no version of it is in staging" in out) == (3, True), out
    code, _, error = ask("can-i-deploy", "web=1", "--to", "stagin")
    assert (code, "no environment 'stagin'" in error) == (2, True)
    assert ask("record-deployment", "orders=1", "--environment", "staging")[0] == 0
    assert ask("can-i-deploy", "web=1", "--to", "staging")[0] == 0


@pytest.mark.parametrize(
    "command", [["can-i-deploy", "web=1", "--to", "production"], ["rollback", "web", "--in", "x"]]
)
def test_a_broker_that_is_down_is_unknown_with_its_cause(ask: Ask, command: list[str]) -> None:
    code, out, error = ask(*command, "--broker", "http://127.0.0.1:9")
    assert (code, out) == (3, "")
    assert "the broker does not answer: ConnectError" in error
    assert "try: is it running" in error


def test_a_secret_is_in_no_word_of_a_command(
    original: Original, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "s3cret-token"
    original.password = "Bearer right"
    monkeypatch.setenv("PACT_BROKER_TOKEN", secret)
    told = [ask("can-i-deploy", "web=1", "--to", "production")]
    with_login = original.base.replace("://", f"://me:{secret}@")
    told.append(ask("can-i-deploy", "web=1", "--to", "production", "--broker", with_login))
    told.append(ask("can-i-deploy", "web=1", "--to", "production", "--broker", f"http://me:{secret}@127.0.0.1:9"))
    assert [code for code, _, _ in told] == [2, 2, 3]
    everything = "".join(out + error for _, out, error in told)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert secret not in everything
    assert secret.encode() not in kept


def test_an_answer_for_programs_tells_what_the_broker_objects(original: Original, ask: Ask) -> None:
    ask("record-deployment", "orders=1", "--environment", "production")
    original.says_no = "web is \x1b[31mred"
    code, out, _ = ask("can-i-deploy", "web=1", "--to", "production", "--json")
    told: dict[str, Any] = json.loads(out)
    assert (code, told["verdict"]) == (3, "UNKNOWN")
    assert "the broker itself does not say yes" in json.dumps(told)
    _, out, _ = ask("can-i-deploy", "web=1", "--to", "production")
    assert "\x1b" not in out
