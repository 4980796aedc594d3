"""The resources of the API, one file each."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from harness.hookspecs import BrokerResource

if TYPE_CHECKING:
    from collections.abc import Iterable


def contract_harness_broker_resources() -> Iterable[BrokerResource]:
    """Every file of this folder that has `routes`."""
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(BrokerResource(key=name, routes=partial(_routes_of, name)) for name in names)


def _routes_of(name: str) -> object:
    return import_module(f"{__name__}.{name}").routes
