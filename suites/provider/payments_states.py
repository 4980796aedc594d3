"""The states of payments, brought about from outside: payments itself has no code for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Params = dict[str, Any]


class Running(Protocol):
    """What is needed of a started service."""

    @property
    def url(self) -> str:
        """Where it answers."""


def a_captured_charge(params: Params, system: Mapping[str, Running]) -> dict[str, str]:
    """Take some money; the consumer learns the id."""
    asked = {
        "order_id": "2f1f6e0c-4f0a-4c57-9a53-6a8f6f9f5a10",
        "amount_cents": 900,
        "currency": "EUR",
        "customer": "ada",
        **params,
    }
    answer = httpx.post(f"{system['payments'].url}/charges", json=asked, timeout=5)
    return {"id": answer.raise_for_status().json()["id"]}


def a_refunded_charge(params: Params, system: Mapping[str, Running]) -> dict[str, str]:
    """Take some money and give it back."""
    made = a_captured_charge(params, system)
    refund = f"{system['payments'].url}/charges/{made['id']}/refund"
    httpx.post(refund, follow_redirects=True, timeout=5).raise_for_status()
    return made


def no_such_charge() -> None:
    """Nothing needs doing: ids are never reused."""


STATES: dict[str, Callable[..., object]] = {
    "a captured charge": a_captured_charge,
    "a refunded charge": a_refunded_charge,
    "no such charge": no_such_charge,
}
