"""The commands that decide, as a person and as a program meet them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from small_systems import FAILED, PASSED, seen

from harness.cli.main import answer
from harness.cli.plan import dot, mermaid
from harness.contracts.document import Contract, ContractKind
from harness.evidence import Facts, Known, Live
from harness.gate import deployment_plan
from harness.identity import Version
from harness.ledger.sql_ledger import open_ledger
from harness.verdicts import Verdict

Said = tuple[int, str, str]


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """web needs orders, orders needs payments; 1 is live; orders 2 and web 2 break the others' 1."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url)
    for number in "12":
        for name, provider in (("web", "orders"), ("orders", "payments"), ("payments", "")):
            version = Version(name, number)
            ledger.record_version(Known(version=version, artifacts=frozenset([f"artifact of {version}"])))
            if provider:
                key = f"{name}{number}"
                ledger.publish(
                    version,
                    [Contract(kind=ContractKind.PACT, owner=name, counterpart=provider, key=key, text="{}")],
                )
    for provider, key, verdict in (
        ("orders 1", "web1", PASSED),
        ("orders 2", "web2", PASSED),
        ("orders 2", "web1", FAILED),
        ("orders 1", "web2", FAILED),
        ("payments 1", "orders1", PASSED),
        ("payments 2", "orders1", PASSED),
        ("payments 2", "orders2", PASSED),
        ("payments 1", "orders2", FAILED),
    ):
        ledger.record_evidence(seen(Version(*provider.split()), key, verdict))
    for name in ("web", "orders", "payments"):
        ledger.record_deployment("production", Version(name, "1"))
    ledger.close()
    return url


class Ask:
    def __init__(self, capsys: pytest.CaptureFixture[str], broker: str) -> None:
        self.capsys, self.broker = capsys, broker

    def __call__(self, *arguments: str) -> Said:
        code = answer([*arguments, "--broker", self.broker])
        out, error = self.capsys.readouterr()
        return code, out, error

    def json(self, *arguments: str) -> tuple[int, Any]:
        code, out, _ = self(*arguments, "--json")
        return code, json.loads(out)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], broker: str) -> Ask:
    return Ask(capsys, broker)


def test_a_set_is_answered_for_several_environments_and_the_worst_decides(ask: Ask) -> None:
    code, document = ask.json("can-i-deploy", "orders=2", "--to", "production", "--to", "test")
    assert (code, document["verdict"], document["deployable"]) == (1, "FAILED", False)
    assert [(d["environment"], d["verdict"]) for d in document["decisions"]] == [
        ("production", "FAILED"),
        ("test", "UNKNOWN"),
    ]


def test_a_no_says_since_when_and_which_set_would_be_a_yes(ask: Ask) -> None:
    code, out, _ = ask("can-i-deploy", "orders=2", "--to", "production")
    assert code == 1
    assert out.startswith("NO: orders 2 to production\n")
    assert "web 1 there since 20" in out
    command = "harness can-i-deploy orders=2 web=2 payments=2 --to production"
    assert command in out or "harness can-i-deploy orders=2 payments=2 web=2 --to production" in out
    resolving = next(line.split("resolve: harness ")[1] for line in out.splitlines() if "resolve:" in line)
    assert ask(*resolving.split())[0] == 0


def test_what_a_no_advises_and_somebody_records_is_a_yes(ask: Ask) -> None:
    """web runs on two instances: a set that leaves one of them as it is would be no way out."""
    for instance in ("blue", "green"):
        assert ask("record-deployment", f"web@{instance}=1", "--environment", "production")[0] == 0
    code, told = ask.json("can-i-deploy", "orders=2", "payments=2", "--to", "production")
    assert code == 1
    places = [(each["name"], each["version"], each.get("instance")) for each in told["together"]]
    assert {("web", "2", None), ("web", "2", "blue"), ("web", "2", "green")} < set(places)
    assert ask("can-i-deploy", "orders=2", "payments=2", "web=2", "--to", "production")[0] == 1
    command = next(reason["command"] for reason in told["reasons"] if reason["command"])
    assert "web@green=2" in command
    assert ask(*shlex.split(command)[1:])[0] == 0
    for name, number, instance in places:
        on = ["--instance", instance] if instance else []
        assert ask("record-deployment", f"{name}={number}", *on, "--environment", "production")[0] == 0
    assert ask("can-i-deploy", "orders=2", "payments=2", "--to", "production")[0] == 0


def test_two_versions_for_one_instance_and_two_ways_to_name_it_are_refused(ask: Ask) -> None:
    code, _, error = ask("can-i-deploy", "web@blue=1", "web@blue=2", "--to", "production")
    assert (code, "'web' is named twice for the instance 'blue'" in error) == (2, True)
    asked = ["record-deployment", "web@blue=1", "--instance", "green", "--environment", "production"]
    code, _, error = ask(*asked)
    assert (code, "two instances are named" in error) == (2, True)


def test_a_plan_for_one_instance_leaves_the_others_as_they_are(ask: Ask) -> None:
    for instance in ("blue", "green"):
        ask("record-deployment", f"payments@{instance}=1", "--environment", "production")
    code, plan = ask.json("plan", "payments@blue=2", "--to", "production")
    steps = [(step["service"], step["instance"], step["from"], step["to"]) for step in plan["steps"]]
    assert (code, steps) == (0, [("payments", "blue", ["1"], "2")])


def test_a_missing_provider_names_the_set_that_brings_it(ask: Ask) -> None:
    code, out, _ = ask("can-i-deploy", "orders=2", "--to", "test")
    assert code == 3
    assert "resolve: harness can-i-deploy orders=2 payments=2 --to test" in out
    assert ask("can-i-deploy", "orders=2", "payments=2", "--to", "test")[0] == 0


def test_what_if_is_said_in_the_answer_and_records_nothing(ask: Ask) -> None:
    code, out, _ = ask(
        "can-i-deploy", "orders=2", "--to", "production", "--if-gone", "web", "--if-deployed", "payments=2"
    )
    assert code == 0
    assert out.startswith("YES: orders 2 to production if payments 2 ran there and no web was there\n")
    assert ask("can-i-deploy", "orders=2", "--to", "production")[0] == 1


@pytest.mark.parametrize("option", [["--if-gone", "weeb"], ["--if-deployed", "web=9"], ["--if-deployed", "web"]])
def test_a_supposition_about_a_name_that_nobody_knows_is_an_error(ask: Ask, option: list[str]) -> None:
    code, out, error = ask("plan", "orders=2", "--to", "production", *option)
    assert (code, out) == (2, "")
    assert "try:" in error


def test_an_order_is_told_step_by_step_with_its_ways_back(ask: Ask) -> None:
    code, out, _ = ask("plan", "orders=2", "payments=2", "--to", "production", "--if-gone", "web")
    assert code == 0
    lines = out.splitlines()
    assert lines[1:] == [
        "  1. payments: 1 -> 2",
        "       after this step you can still roll back to: payments 1",
        "  2. orders: 1 -> 2",
        "       after payments: orders 2 is broken by payments 1 (it broke)",
        "       after this step you can still roll back to: orders 1",
    ]


def test_an_order_as_json_names_waves_and_links(ask: Ask) -> None:
    code, plan = ask.json("plan", "orders=2", "payments=2", "--to", "production", "--if-gone", "web")
    assert (code, plan["verdict"], plan["at_once"]) == (0, "PASSED", "PASSED")
    assert [(s["number"], s["wave"], s["service"], s["from"], s["to"]) for s in plan["steps"]] == [
        (1, 1, "payments", ["1"], "2"),
        (2, 2, "orders", ["1"], "2"),
    ]
    assert [link["first"]["service"] for link in plan["steps"][1]["after"]] == ["payments"]


def test_a_circle_is_told_with_both_sides_and_the_way_out(ask: Ask) -> None:
    code, out, _ = ask("plan", "orders=2", "payments=2", "web=2", "--to", "production")
    assert code == 1
    assert "orders 2 and web 2 wait for one another" in out
    assert "a way out: a version of orders that fits web 1 as well" in out
    assert "What can be done all the same:\n  1. payments: 1 -> 2" in out
    assert "harness can-i-deploy orders=2 payments=2 web=2 --to production" in out


def test_nothing_to_do_is_a_yes_without_steps(ask: Ask) -> None:
    code, out, _ = ask("plan", "orders=1", "--to", "production")
    assert (code, out.splitlines()[0]) == (0, "YES: nothing to do for orders 1 to production")


def test_a_rollback_drags_along_what_needs_it_and_is_told_as_json(ask: Ask) -> None:
    for name in ("payments", "orders", "web"):
        ask("record-deployment", f"{name}=2", "--environment", "production")
    code, document = ask.json("rollback", "orders", "--in", "production")
    assert (code, document["verdict"]) == (0, "PASSED")
    assert [v["name"] for v in document["together"]] == ["orders", "web"]
    assert [v["name"] for v in document["dragged"]] == ["web"]
    assert [(t["version"], t["verdict"]) for t in document["targets"]] == [("1", "FAILED")]
    assert document["plan"]["verdict"] == "FAILED"
    code, out, _ = ask("rollback", "orders", "--in", "production")
    assert (code, out.splitlines()[:2]) == (
        0,
        ["YES: orders in production can go back to orders 1, web 1", "  web has to go back along, to 1"],
    )


def test_a_service_that_was_never_there_in_another_version_cannot_tell(ask: Ask) -> None:
    code, out, _ = ask("rollback", "web", "--in", "production")
    assert code == 3
    assert out.startswith("CANNOT TELL: ")
    assert "no other version of web was ever in production" in out


def test_a_deployment_of_a_version_that_is_only_a_number_says_so(ask: Ask, broker: str) -> None:
    ledger = open_ledger(broker)
    ledger.record_version(Known(version=Version("web", "3")))
    ledger.close()
    code, out, _ = ask("record-deployment", "web=3", "--environment", "production")
    assert code == 0
    assert "nothing is known of web 3 but its number" in out
    assert "harness publish --pacticipant web --version 3" in out
    assert ask.json("record-release", "web=3", "--environment", "test")[1]["note"]
    assert ask.json("record-deployment", "web=2", "--environment", "production")[1]["note"] is None
    ask("record-deployment", "web=3", "--environment", "production")
    code, out, _ = ask("can-i-deploy", "orders=2", "payments=2", "--to", "production")
    assert (code, "[not published]" in out) == (3, True)


HOSTILE = 'a"]; end\n<script>&'


def test_a_picture_holds_whatever_a_service_is_called() -> None:
    version = Version(HOSTILE, "\x1b[31m2")
    facts = Facts(
        versions={version: Known(version=version)},
        live=(Live(environment="production", version=Version(HOSTILE, "1")),),
        environments={"production": ("pacts",)},
    )
    plan = deployment_plan([version], "production", facts)
    assert plan.verdict is Verdict.PASSED
    assert len(mermaid(plan).splitlines()) == 3
    assert mermaid(plan).splitlines()[1].count('"') == 2
    assert "<script>" not in mermaid(plan)
    assert len(dot(plan).splitlines()) == 5
    assert '\\"]; end\\n' in dot(plan)


def test_commits_are_said_briefly_and_commands_in_full(ask: Ask, broker: str) -> None:
    commits = ["ab" * 20, "ab" * 3 + "c" * 34]
    ledger = open_ledger(broker)
    for commit in commits:
        content = Contract(kind=ContractKind.PACT, owner="web", counterpart="orders", key="web2", text="{}")
        ledger.publish(Version("web", commit), [content])
    ledger.close()
    code, said, _ = ask("can-i-deploy", f"web={commits[0]}", "--to", "production")
    assert code == 1
    assert "web abababa is broken by orders 1" in said
    assert f"web={commits[0]}" in next(line for line in said.splitlines() if "resolve:" in line)
    assert said.count(commits[0]) == 1
    assert ask("can-i-deploy", "web=abababa", "--to", "production")[0] == 1  # as it was said it can be typed
