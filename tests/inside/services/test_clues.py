"""What a service's own files give away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.services.drafting.clues import (
    arguments_wanted,
    command_of,
    health_in,
    peers_in,
    states_in,
    texts,
)
from harness.services.drafting.draft import draft
from harness.services.manifest.file import load

SOURCE = """
import os, httpx
from flask import Flask
app = Flask(__name__)
STOCK = os.environ["STOCK_URL"]
BILLS = os.getenv("BILL_PAYMENTS_BASE_URL")
DATABASE = os.environ["DATABASE_URL"]
@app.get("/healthz")
def well(): return {}
@app.post("/_pact/provider-states")
def states(): return {}
"""


def test_a_source_names_its_health_its_states_and_its_peers() -> None:
    assert health_in([SOURCE]) == "/healthz"
    assert states_in([SOURCE]) == "/_pact/provider-states"
    assert peers_in([SOURCE], ["stock", "bill-payments", "other"]) == {
        "STOCK_URL": "stock",
        "BILL_PAYMENTS_BASE_URL": "bill-payments",
    }


@pytest.mark.parametrize("source", ["", "healthy = '/healthily'", "STOCKING_URL", "states = 'provider_states'"])
def test_what_only_resembles_a_clue_is_none(source: str) -> None:
    assert (health_in([source]), states_in([source]), peers_in([source], ["stock"])) == ("", "", {})


@pytest.mark.parametrize(
    ("cmd", "words"),
    [
        (
            'CMD ["run", "--host", "0.0.0.0", "--port", "8000"]',
            ["run", "--host", "127.0.0.1", "--port", "${self.port}"],
        ),
        ('CMD ["gunicorn", "-b", "0.0.0.0:8000", "a:b"]', ["gunicorn", "-b", "127.0.0.1:${self.port}", "a:b"]),
        ('CMD ["old"]\ncmd ["new", "$HOME"]', ["new", "$$HOME"]),
        ("CMD run --port 8000", []),
        ('CMD ["broken"', []),
        ('CMD ["a", 1]', []),
        ("", []),
    ],
)
def test_the_command_of_an_image_is_taken_where_it_is_a_list(cmd: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM python\nEXPOSE 8000\n{cmd}\n")
    assert command_of(tmp_path / "Dockerfile", 8000) == words


def test_a_base_without_a_default_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("ARG BASE\nARG TAG=1\nARG NOTE\nFROM ${BASE}:$TAG\nRUN echo $NOTE\n")
    assert arguments_wanted(file) == ["BASE"]


def test_a_draft_of_two_services_says_how_they_start_and_who_calls_whom(tmp_path: Path) -> None:
    for name, text in {
        "shop/app.py": SOURCE,
        "shop/Dockerfile": "ARG BASE\nFROM $BASE\nRUN pip install flask\nEXPOSE 8000\n",
        "stock/server.js": "app.get('/health')",
        "stock/Dockerfile": 'FROM node\nEXPOSE 3000\nCMD ["node", "server.js", "--port=3000"]\n',
        "tests/consumer/test_shop.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    written = draft(tmp_path).text
    (tmp_path / "harness.toml").write_text(written)
    system = load(tmp_path / "harness.toml", {})
    shop, stock = system.service("shop"), system.service("stock")
    assert dict(shop.environment) == {"STOCK_URL": "${stock.url}"}
    assert shop.command[:3] == ("python", "-m", "flask")
    assert stock.command == ("node", "server.js", "--port=${self.port}")
    assert 'ready = "/healthz"' in written
    assert 'states = "/_pact/provider-states"' in written
    assert 'args = { BASE = "…" }' in written
    assert 'pacts = ["contracts/pacts"]' in written


def test_sources_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe'/health'")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "fake.py").write_text("'/readyz'")
    assert health_in(texts(tmp_path)) == "/health"


@given(st.text(), st.lists(st.text(max_size=8), max_size=3))
def test_any_text_is_read_without_an_error(source: str, names: list[str]) -> None:
    health_in([source])
    states_in([source])
    assert set(peers_in([source], names).values()) <= set(names)
