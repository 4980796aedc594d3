"""What pytest users get: mock providers that write pacts, the running system, provider checks as items.

Nothing heavy is imported until a test or an option asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the harness."""
    group = parser.getgroup("harness", "contract harness")
    group.addoption("--pacts", metavar="DIR", help="Where consumer tests write their pacts (ini: harness_pacts).")
    group.addoption("--harness", action="store_true", help="Show every provider check of the manifest as a test.")
    group.addoption("--harness-manifest", metavar="PATH", help="The manifest. Default: harness.toml here or above.")
    group.addoption(
        "--harness-runtime",
        choices=("auto", "docker", "process"),
        default="auto",
        help="How services run. Default: auto.",
    )
    parser.addini("harness_pacts", "Where consumer tests write their pacts.", default="contracts/pacts")
