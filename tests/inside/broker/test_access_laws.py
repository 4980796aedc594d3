"""Who may what, and how often: laws of the pure parts of access control."""

from __future__ import annotations

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.access.guard import Credentials, Rate, credentials
from harness.broker.access.roles import Role
from harness.broker.http.problems import Refused
from harness.broker.http.request import Who

ORDER = (Role.READ, Role.PUBLISH, Role.DEPLOY, Role.ADMIN)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.sampled_from(Role), st.sampled_from(Role), st.sampled_from(Role))
def test_a_role_may_what_those_below_it_may(high: Role, middle: Role, low: Role) -> None:
    assert high.includes(high)
    assert not (high.includes(middle) and middle.includes(low)) or high.includes(low)
    assert high.includes(low) == (ORDER.index(high) >= ORDER.index(low))


def test_every_role_may_more_than_the_one_before() -> None:
    assert set(ORDER) == set(Role)
    assert all(above.includes(below) and not below.includes(above) for below, above in pairwise(ORDER))


@given(st.lists(_TEXT.filter(bool), max_size=4), _TEXT)
def test_a_scope_permits_its_own_names_exactly_as_they_are_written(scope: list[str], name: str) -> None:
    who = Who(name="ci", role=Role.ADMIN, pacticipants=tuple(scope))
    if not scope or name in scope:
        who.permit(name)
        return
    with pytest.raises(Refused, match="403"):
        who.permit(name)
    for odd in (scope[0] + " ", scope[0].swapcase(), scope[0] + "/x", ""):
        if odd not in scope:
            with pytest.raises(Refused):
                who.permit(odd)


@given(_TEXT.filter(lambda name: ":" not in name), _TEXT)
def test_a_name_and_a_password_are_read_as_they_were_sent(name: str, password: str) -> None:
    sent = base64.b64encode(f"{name}:{password}".encode()).decode()
    assert credentials(f"Basic {sent}") == Credentials(name=name, secret=password)
    assert credentials(f"basic  {sent} ") == Credentials(name=name, secret=password)


@given(st.text(max_size=60))
def test_whatever_is_sent_it_is_credentials_or_nothing(header: str) -> None:
    found = credentials(header)
    assert found is None or found.bearer or header.lstrip().lower().startswith("basic")
    assert found is None or not found.bearer or (found.secret and not found.name)


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.floats(0, 90), st.sampled_from("ab")), max_size=60),
)
def test_nobody_gets_more_than_the_rate_in_any_time(per_minute: int, asked: list[tuple[float, str]]) -> None:
    now = [0.0]
    rate, admitted = Rate(per_minute=per_minute, clock=lambda: now[0]), list[tuple[float, str]]()
    for pause, client in asked:
        now[0] += pause / 10
        wait = rate.wait(client)
        if wait == 0:
            admitted.append((now[0], client))
        else:
            assert 0 < wait <= 60 / per_minute + 1e-6
    for client in "ab":
        times = [at for at, who in admitted if who == client]
        for start, first in enumerate(times):
            for end in range(start, len(times)):
                assert end - start + 1 <= per_minute + (times[end] - first) * per_minute / 60 + 1e-6


@given(st.integers(1, 60))
def test_whoever_waits_as_told_may_ask_again(per_minute: int) -> None:
    now = [0.0]
    rate = Rate(per_minute=per_minute, clock=lambda: now[0])
    assert all(rate.wait("a") == 0 for _ in range(per_minute))
    wait = rate.wait("a")
    assert wait > 0
    assert rate.wait("b") == 0
    now[0] += wait + 1e-6
    assert rate.wait("a") == 0


def test_no_limit_is_no_limit() -> None:
    rate = Rate(per_minute=0, clock=lambda: 0.0)
    assert {rate.wait("a") for _ in range(1000)} == {0.0}
    assert not rate.exhausted("a")
