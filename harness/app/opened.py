"""A ledger that is opened only by whoever has a question to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from harness.ports import Ledger

OpenLedger = Callable[[], AbstractContextManager[Ledger]]
