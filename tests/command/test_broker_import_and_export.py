"""A team moves from its Pact Broker: by URL, by file, interrupted and again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original, served
from remote_ledgers import document

from harness.cli.main import answer


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Original]:
    monkeypatch.chdir(tmp_path)
    made = Original()
    for number in range(30):
        made.publish("web", str(number), document("web", "orders", f"/{number}"))
    with served(made) as _:
        for number in range(0, 30, 3):
            sha = made.pacts["web", str(number), "orders"]
            path = f"/pacts/provider/orders/consumer/web/pact-version/{sha}/verification-results"
            said = json.dumps({"success": True, "providerApplicationVersion": "1"}).encode()
            assert made.answer("POST", path, {}, said)[0] == 201
        uuid = next(u for u, e in made.environments.items() if e["name"] == "production")
        for name, live in (("orders", "1"), ("web", "0")):
            target = f"/pacticipants/{name}/versions/{live}/deployed-versions/environment/{uuid}"
            assert made.answer("POST", target, {}, b"{}")[0] == 201
        made.requests.clear()
        yield made


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = answer(list(arguments))
    out, error = capsys.readouterr()
    return code, out, error


@pytest.mark.slow
def test_an_import_says_what_was_copied_and_the_ledger_decides(
    original: Original, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, error = told(capsys, "broker", "import", "--from", original.base, "--to", "team.db")
    assert (code, out.splitlines()[0]) == (0, f"DONE: everything of {original.base}")
    assert "       31 of 31 versions" in out
    assert "can-i-deploy of what is live: 2 of 2 answers are the same" in out
    assert "results: 30" in error
    assert list((tmp_path / ".harness").glob("import-*")) == []
    assert told(capsys, "can-i-deploy", "web=3", "--to", "production", "--broker", "team.db")[0] == 0
    assert told(capsys, "can-i-deploy", "web=4", "--to", "production", "--broker", "team.db")[0] == 3


@pytest.mark.slow
def test_an_export_can_be_imported_elsewhere_without_the_broker(
    original: Original, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = told(capsys, "broker", "export", "--from", original.base, "copy.ndjson")
    assert (code, "31 versions" in out) == (0, True)
    original.faults.append(lambda _m, _t: (503, {"Retry-After": "9999"}, b""))
    code, out, _ = told(capsys, "broker", "import", "--from", "copy.ndjson", "--to", "team.db", "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["complete"], document["answers"]) == (0, True, 2)
    code, out, _ = told(capsys, "broker", "export", "--from", "sqlite:///team.db", "again.ndjson", "--json")
    assert json.loads(out)["counts"]["version"] == 31
    code, _, _ = told(capsys, "broker", "import", "--from", "sqlite:///team.db", "--to", "third.db")
    assert code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["import", "--from", "nowhere.ndjson", "--to", "x.db"], 2, "no such file"),
        (["import", "--from", "x", "--to", "https://broker.example"], 2, "name the database of that broker"),
        (["export", "--from", "somewhere", "x"], 2, "there is no broker at 'somewhere'"),
        (["export", "--from", "http://127.0.0.1:9", "x"], 3, "does not answer"),
    ],
)
def test_what_cannot_be_copied_says_why(
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    got, out, error = told(capsys, "broker", *arguments)
    assert (got, out) == (code, "")
    assert said in error
    assert not (tmp_path / "x.db").exists()


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_when_it_is_run_again(
    original: Original, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def slow(_method: str, _target: str) -> None:
        time.sleep(0.02)

    original.faults.append(slow)
    arguments = [sys.executable, "-m", "harness", "broker", "import", "--from", original.base, "--to", "team.db"]
    process = subprocess.Popen(arguments, env=dict(os.environ), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while len(original.requests) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    original.faults.clear()
    first = len(original.requests)
    left = list((tmp_path / ".harness").glob("import-*"))
    assert len(left) == 1
    code, out, _ = told(capsys, "broker", "import", "--from", original.base, "--to", "team.db")
    assert code == 0, out
    assert "       31 of 31 versions" in out
    rest = len(original.requests) - first
    original.requests.clear()
    told(capsys, "broker", "import", "--from", original.base, "--to", "other.db")
    assert rest < len(original.requests)
