"""The page about the manifest cannot drift from what is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ManifestError
from harness.services.manifest.entries import RESOURCE_KEYS, SERVICE_KEYS
from harness.services.manifest.file import KEYS, parse
from harness.services.manifest.plugin_checks import KINDS
from harness.services.system import AuthKind, ReadyKind, contract_harness_resource_kinds

RESOURCES = [kind.key for kind in contract_harness_resource_kinds()]
PAGE = Path(__file__).parents[3] / "docs/reference/manifest.md"


@pytest.mark.parametrize(
    "word",
    sorted({*KEYS, *SERVICE_KEYS, *RESOURCE_KEYS, *KINDS, *AuthKind, *ReadyKind, *RESOURCES}),
)
def test_every_word_of_the_manifest_is_explained(word: str) -> None:
    text = re.sub(r"```toml.*?```", "", PAGE.read_text(), flags=re.DOTALL)
    assert re.search(rf'[`.\[{{ "]{re.escape(word)}["`.\] ]', text), word


def test_the_error_names_the_page_that_is_there() -> None:
    assert (PAGE.parents[1] / ManifestError.page).is_file()


def test_the_example_on_the_page_loads(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)[0]
    for folder in ("suites/consumer", "suites/integration", "fixtures/clients", "services/catalog", "shared/lib"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("services/catalog/Dockerfile", "services/catalog/openapi.yaml"):
        (tmp_path / file).touch()
    system = parse(example, tmp_path / "harness.toml", {})
    assert [service.name for service in system.services] == ["catalog", "orders", "web"]
    assert system.service("orders").needs == ("cache", "catalog", "orders-db")
