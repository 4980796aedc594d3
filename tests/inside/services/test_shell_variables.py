"""Which shell variables say where services are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.services.shell import exports, variable


@pytest.mark.parametrize(
    ("service", "endpoint", "name"),
    [
        ("orders", "", "ORDERS_URL"),
        ("orders", "admin", "ORDERS_ADMIN_URL"),
        ("order-service.v2", "", "ORDER_SERVICE_V2_URL"),
        ("2fa", "", "_2FA_URL"),
    ],
)
def test_a_variable_is_named_after_its_service(service: str, endpoint: str, name: str) -> None:
    assert variable(service, endpoint) == name


@given(st.text(min_size=1))
def test_every_name_makes_a_variable_that_a_shell_takes(name: str) -> None:
    assert re.fullmatch(r"[A-Z_][A-Z0-9_]*", variable(name))


def test_the_first_address_is_the_main_one_and_values_are_quoted() -> None:
    found = [
        ("orders", "http", "http://h:1"),
        ("orders", "admin", "http://h:2/$x"),
        ("db", "", "postgresql://h:3"),
    ]
    assert exports(found) == [
        "export ORDERS_URL=http://h:1",
        "export ORDERS_ADMIN_URL='http://h:2/$x'",
        "export DB_URL=postgresql://h:3",
    ]
