"""What orders needs of payments: to charge, to look at a charge, and to give the money back."""

from __future__ import annotations

from collections.abc import Callable

from orders_service.payments_client import ChargeStatus, PaymentsClient
from pact import Pact, generate, match

PactBetween = Callable[[str, str], Pact]

ORDER = "2f1f6e0c-4f0a-4c57-9a53-6a8f6f9f5a10"
CHARGE = "5b0a4a0e-7a1d-4c44-8a8e-2d4b1c9e7f21"


def charge(status: str) -> dict[str, object]:
    # The words are promised literally: the client understands these three and no other.
    return {"id": match.uuid(CHARGE), "status": status}


def path_of_the_charge(after: str = "") -> match.AbstractMatcher[str]:
    """The provider chooses ids, so its state tells the path."""
    return match.type(f"/charges/{CHARGE}{after}", generator=generate.provider_state("/charges/${id}" + after))


def asked(amount_cents: int) -> dict[str, object]:
    return {"order_id": match.uuid(ORDER), "amount_cents": amount_cents, "currency": "EUR"}


def test_a_charge_is_captured(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a charge")
        .with_request("POST", "/charges")
        .with_body(asked(900), "application/json")
        .will_respond_with(201)
        .with_body(charge("captured"), "application/json")
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        made = client.charge(ORDER, 900, "EUR")
    assert made.status is ChargeStatus.CAPTURED


def test_a_charge_above_the_limit_is_declined(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a charge above the limit")
        .with_request("POST", "/charges")
        .with_body(asked(900_000), "application/json")
        .will_respond_with(201)
        .with_body(charge("declined"), "application/json")
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        made = client.charge(ORDER, 900_000, "EUR")
    assert made.status is ChargeStatus.DECLINED


def test_a_charge_can_be_looked_at(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a look at a charge")
        .given("a captured charge")
        .with_request("GET", path_of_the_charge())
        .will_respond_with(200)
        .with_body(charge("captured"), "application/json")
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        found = client.look(CHARGE)
    assert found is not None
    assert found.status is ChargeStatus.CAPTURED


def test_an_unknown_charge_is_not_found(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a look at a charge")
        .given("no such charge")
        .with_request("GET", f"/charges/{CHARGE}")
        .will_respond_with(404)
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        assert client.look(CHARGE) is None


def test_a_captured_charge_is_given_back(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a refund")
        .given("a captured charge")
        .with_request("POST", path_of_the_charge("/refund"))
        .will_respond_with(200)
        .with_body(charge("refunded"), "application/json")
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        refunded = client.refund(CHARGE)
    assert refunded is not None
    assert refunded.status is ChargeStatus.REFUNDED


def test_no_charge_is_given_back_twice(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "payments")
    (
        pact.upon_receiving("a refund")
        .given("a refunded charge")
        .with_request("POST", path_of_the_charge("/refund"))
        .will_respond_with(409)
    )
    with pact.serve() as payments, PaymentsClient(str(payments.url)) as client:
        assert client.refund(CHARGE) is None
