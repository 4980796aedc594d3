"""What all tests share: nothing of this machine leaks into them, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker_client import (
    client,
    database,
    postgres_server,
    postgres_template,
    settings,
    sqlite_database,
)
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from law_examples import TIMES, examples

__all__ = [  # fixtures: brokers on fresh databases
    "client",
    "database",
    "postgres_server",
    "postgres_template",
    "settings",
    "sqlite_database",
]

# The same examples at every change; with HARNESS_EXAMPLES others, and that many times as many.
hypothesis_settings.register_profile(
    "laws",
    max_examples=examples(20),
    deadline=None,
    derandomize=TIMES == 1,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("laws")


# The person who runs the tests may have a broker of their own: the tests must not talk to it.
for name in ("BASE_URL", "TOKEN", "USERNAME", "PASSWORD", "CUSTOM_HEADERS"):
    os.environ.pop(f"PACT_BROKER_{name}", None)


# A shell that starts the tests in the background has them ignore Ctrl-C, and so would everything they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as nohup does
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run folders, locks and caches of the tests are kept apart from those of the person who runs them.

    The workers of one session share what can be made again: to know an interpreter's packages takes seconds.
    """
    folder = tmp_path_factory.mktemp("state")
    before = {name: os.environ.get(name) for name in ("HARNESS_STATE_DIR", "HARNESS_CACHE_DIR")}
    os.environ["HARNESS_STATE_DIR"] = str(folder)
    base = tmp_path_factory.getbasetemp()
    os.environ["HARNESS_CACHE_DIR"] = str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache")
    yield folder
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(autouse=True)
def left_as_found() -> Iterator[None]:
    """A test leaves the working folder, the environment and the threads as it found them."""
    folder, environment = Path.cwd(), dict(os.environ)
    threads = set(threading.enumerate())
    yield
    assert Path.cwd() == folder
    changed = {k for k in os.environ.keys() | environment.keys() if os.environ.get(k) != environment.get(k)}
    assert changed - {"PYTEST_CURRENT_TEST"} == set()
    lingering = [t for t in set(threading.enumerate()) - threads if t.is_alive() and not t.daemon]
    for thread in lingering:
        thread.join(timeout=5)
    assert not any(t.is_alive() for t in lingering), lingering
