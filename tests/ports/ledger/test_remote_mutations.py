"""One wrong value anywhere in what a broker answers is told, or changes nothing: it never makes a yes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_original import Original
from new_ledgers import new_ledger
from remote_ledgers import QUICK, document

from harness.errors import HarnessError
from harness.gate import can_i_deploy, rollback_targets
from harness.identity import Version
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.remote.selected import PactSelection
from harness.ledger.remote.site import Site, open_site
from harness.transfer.archive import resume_archive
from harness.transfer.from_http import Copying
from harness.verdicts import Verdict

pytestmark = pytest.mark.slow
WEB1, ORDERS2, LIVE = Version("web", "1"), Version("orders", "2"), "production"
WRONG: tuple[Any, ...] = (None, True, 0, -1.5, "", "x", [], [None], ["x"], {}, {"x": 1}, [[]], "http://evil.test/")


class Mutating:
    """Answers as the original does, but for one value of one answer."""

    def __init__(self, original: Original, draw: random.Random) -> None:
        self.original, self.draw, self.chance, self.done = original, draw, 0.08, ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        status, told, content = self.original.answer(request.method, target, dict(request.headers), request.read())
        if not self.done and content and self.draw.random() < self.chance:
            content = self._mutated(target, json.loads(content))
        return httpx.Response(status, headers=told, content=content)

    def _mutated(self, target: str, value: Any) -> bytes:
        holder, key = self.draw.choice(list(_places(value)))
        before = holder[key]
        if isinstance(holder, dict) and self.draw.random() < 0.4:
            del holder[key]
            self.done = f"{target}: {key} is gone"
        else:
            # Another type: an empty list for a list is what a broker may well mean.
            wrong = [each for each in WRONG if type(each) is not type(before)]
            holder[key] = self.draw.choice(wrong)
            self.done = f"{target}: {key} is {holder[key]!r}, not {before!r}"
        return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)


def scene(number: int) -> Original:
    """web 1 needs orders; orders 1 and 2 are live; what is known of them makes a no, or leaves it open."""
    original = Original()
    original.publish("web", "1", document())
    original.branches["web", "main"] = ["1"]
    original.mention("orders", "1")
    original.mention("orders", "2")
    sha = original.pacts["web", "1", "orders"]
    path = f"/pacts/provider/orders/consumer/web/pact-version/{sha}/verification-results"
    ids = [each["_id"] for each in original.contents["web", "orders", sha]["interactions"]]
    told = [{"interactionId": each, "success": True} for each in ids]
    for version, success in (("1", True), ("2", False))[: 1 + number % 2]:
        said = {"success": success, "providerApplicationVersion": version, "testResults": told}
        assert original.answer("POST", path, {}, json.dumps(said).encode())[0] == 201
    uuid = next(u for u, e in original.environments.items() if e["name"] == LIVE)
    for name, version, instance in (("orders", "1", "blue"), ("orders", "2", "green"), ("web", "1", "")):
        target = f"/pacticipants/{name}/versions/{version}/deployed-versions/environment/{uuid}"
        assert (
            original.answer("POST", target, {}, json.dumps({"applicationInstance": instance}).encode())[0] == 201
        )
    return original


def mutated(number: int) -> tuple[Mutating, Site]:
    mutating = Mutating(scene(number), random.Random(number))
    site = open_site("http://broker.test", {}, patience=QUICK, transport=httpx.MockTransport(mutating))
    return mutating, site


@pytest.mark.parametrize("part", range(4))
def test_no_single_wrong_value_makes_a_yes_or_a_traceback(tmp_path: Path, part: int) -> None:
    beside = new_ledger(tmp_path / "beside.db")
    refused = changed = 0
    for number in range(part * 150, part * 150 + 150):
        mutating, site = mutated(number)
        ledger = RemoteLedger(site=site, beside=beside)
        candidate = (WEB1, ORDERS2)[number // 2 % 2]
        try:
            facts = ledger.facts_about([candidate], [LIVE]) if number % 3 else ledger.facts()
            decision = can_i_deploy([candidate], LIVE, facts)
        except HarnessError:
            refused += 1
        else:
            changed += bool(mutating.done)
            assert decision.verdict is not Verdict.PASSED, (number, mutating.done, decision.reasons)
        site.close()
    beside.close()
    assert refused > 10
    assert changed > 10


def test_no_single_wrong_value_ends_anything_else_in_a_traceback(tmp_path: Path) -> None:
    beside = new_ledger(tmp_path / "beside.db")
    told = 0
    for number in range(100):
        mutating, site = mutated(number)
        mutating.chance = 0.05
        ledger = RemoteLedger(site=site, beside=beside)
        try:
            ledger.pacts_for_verification("orders", PactSelection())
            rollback_targets(["orders"], LIVE, ledger.facts_of([LIVE]))
            ledger.record_undeployment(LIVE, "orders", instance="blue")
            ledger.record_deployment(LIVE, Version("orders", "1"), instance="red")
        except HarnessError:
            told += 1
        archive = resume_archive(tmp_path / f"{number}.ndjson", "http://broker.test")
        try:
            Copying(mutated(number + 1000)[1], archive, lambda _what, _done, _all: None).everything()
        except HarnessError:
            told += 1
        site.close()
    beside.close()
    assert told > 25
