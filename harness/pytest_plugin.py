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
    group.addoption(
        "--harness-manifest", metavar="PATH", help="The manifest. Default: harness.toml here or above."
    )
    group.addoption(
        "--harness-runtime",
        metavar="RUNTIME",  # whether anybody knows it is asked when services are to run
        default="auto",
        help="How services run, as for `harness run`. Default: auto.",
    )
    parser.addini("harness_pacts", "Where consumer tests write their pacts.", default="contracts/pacts")


def pytest_configure(config: pytest.Config) -> None:
    """Stand by for consumer tests; show provider checks when asked."""
    from harness.pytesting.consumer import Pacts

    config.pluginmanager.register(Pacts(config), "harness-pacts")
    if config.getoption("--harness"):
        from harness.pytesting.provider import register

        register(config)


@pytest.fixture
def pact_between(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Make a pact between a consumer and a provider; what a passing test promised is written at the end."""
    from harness.pytesting.consumer import between

    yield from between(request)


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The running system: `system.url("orders")`, `system["orders"]`."""
    from harness.pytesting.system import running

    yield from running(request.config)
