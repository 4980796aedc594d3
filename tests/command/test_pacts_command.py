"""`harness pacts merge`, and shards of pacts that are published, as a CI job runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import answer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shard(folder: str, *numbers: int, status: int = 200, provider: str = "orders") -> Path:
    document: dict[str, Any] = {
        "consumer": {"name": "web"},
        "provider": {"name": provider},
        "interactions": [
            {
                "type": "Synchronous/HTTP",
                "description": f"order {number}",
                "request": {"method": "GET", "path": f"/orders/{number}"},
                "response": {"status": status},
            }
            for number in numbers
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    path = Path(folder) / f"web-{provider}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def described(path: str) -> list[str]:
    return [each["description"] for each in json.loads(Path(path).read_text())["interactions"]]


def test_parts_come_into_one_file_beside_what_is_there() -> None:
    shard("whole", 1)
    parts = [str(shard("half-a", 2, 3)), str(shard("half-b", 3, 4))]
    assert answer(["pacts", "merge", *parts, "--into", "whole"]) == 0
    assert described("whole/web-orders.json") == ["order 1", "order 2", "order 3", "order 4"]
    before = Path("whole/web-orders.json").read_bytes()
    assert answer(["pacts", "merge", "half-b", "half-a", "--into", "whole"]) == 0
    assert Path("whole/web-orders.json").read_bytes() == before


def test_parts_that_contradict_each_other_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shard("half-a", 1)
    shard("half-a", 7, provider="catalog")
    shard("half-b", 1, status=404)
    assert answer(["pacts", "merge", "half-a", "half-b", "--into", "whole"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "half-a/web-orders.json" in told
    assert "half-b/web-orders.json" in told
    assert "'order 1'" in told
    assert not Path("whole").exists()


def test_what_is_no_pact_is_named_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    shard("half-a", 1)
    Path("half-a/broken.json").write_text("{")
    assert answer(["pacts", "merge", "half-a", "--into", "whole"]) == 2
    assert "half-a/broken.json" in capsys.readouterr().err
    assert not Path("whole").exists()


def test_runners_publish_their_parts_at_once_or_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    publish = ["publish", "--version", "1", "--allow-dirty", "--broker", "sqlite:///ledger.db"]
    assert answer([*publish, str(shard("half-a", 1)), str(shard("half-b", 2))]) == 0
    assert answer([*publish, str(shard("half-c", 3))]) == 0
    assert "put together with the parts" in capsys.readouterr().out
    assert answer([*publish, str(shard("half-d", 2, status=404))]) == 2
    assert "contradict each other in 'order 2'" in " ".join(capsys.readouterr().err.split())
