"""The pages in a real browser: what a person sees, and that nothing that anybody wrote is more than text."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from served_broker import Served

from harness.ledger.db.database import open_database

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
EVIL = """<script>document.title='taken'</script><img src=x onerror="document.title='taken'">"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not CHROMIUM:
        assert not os.environ.get("CI"), "CI has a browser"
        pytest.skip("no chromium here")
    database = open_database(str(tmp_path_factory.mktemp("pages") / "ledger.db"))
    found = Served(database)
    publish(found, "web", "orders", "a request for an order")
    publish(found, f"shop {EVIL}", f"stock {EVIL}", EVIL)
    yield found
    found.stop()
    database.close()


def publish(served: Served, consumer: str, provider: str, description: str) -> None:
    pact = {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [
            {
                "description": description,
                "request": {"method": "GET", "path": "/orders/1"},
                "response": {"status": 200, "body": {"evil": EVIL}},
            }
        ],
    }
    contract = {
        "consumerName": consumer,
        "providerName": provider,
        "content": base64.b64encode(json.dumps(pact).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }
    asked = {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": "1",
        "branch": "main",
        "contracts": [contract],
    }
    answer = httpx.post(f"{served.base}/contracts/publish", json=asked, headers={"accept": "application/hal+json"})
    assert answer.status_code == 200, answer.text
    with httpx.Client(headers={"accept": "application/hal+json"}) as http:
        there = f"{served.base}/pacts/provider/{quote(provider, safe='')}/consumer/{quote(consumer, safe='')}"
        place = http.get(f"{there}/latest").json()["_links"]["pb:publish-verification-results"]["href"]
        told = http.post(place, json={"success": True, "providerApplicationVersion": "7"})
        assert told.status_code == 201, told.text


class Seen(HTMLParser):
    """What a browser made of a page: its texts, its title, and elements that only a script could have made."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(dom)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def look(address: str, folder: Path) -> Seen:
    """Open a page in Chromium; its document after every script that it would have run."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--disable-dev-shm-usage", "--virtual-time-budget=2000"]
    picture = f"--screenshot={folder / 'page.png'}"
    ran = subprocess.run(
        [*command, picture, "--window-size=1100,700", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return Seen(ran.stdout)


def test_a_person_walks_from_the_list_to_a_pact_and_to_its_results(served: Served, tmp_path: Path) -> None:
    index = look(served.base, tmp_path)
    assert "web 1 orders" in index.text
    assert "verified by 7" in index.text
    pact_page = look(next(each for each in index.links if "/consumer/web/version/1" in each), tmp_path)
    assert "a request for an order" in pact_page.text
    results = look(
        next(each for each in index.links if each.endswith("/matrix/provider/orders/consumer/web")), tmp_path
    )
    assert "7" in results.text


def test_names_and_bodies_are_text_in_every_page(served: Served, tmp_path: Path) -> None:
    index = look(served.base, tmp_path)
    pages = [index, *(look(each, tmp_path) for each in index.links if "shop" in each)]
    assert len(pages) == 3
    for each in pages:
        assert "script" not in each.elements
        assert "img" not in each.elements
        assert "<script>document.title='taken'</script>" in each.text
        assert "taken" not in each.texts  # the title that a script would have set


def test_a_relation_says_where_it_leads(served: Served, tmp_path: Path) -> None:
    seen = look(f"{served.base}/doc/provider-pacts-for-verification?context=index", tmp_path)
    assert "/pacts/provider/{provider}/for-verification" in seen.text
    assert "POST" in seen.text
    evil = look(f"{served.base}/doc/{quote(EVIL, safe='')}", tmp_path)
    assert "script" not in evil.elements
