"""Who needs whom, and in which order things start."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ManifestError, UnknownName
from harness.graph import first_cycle, some_cycles
from harness.services.graph import reach, start_order, users
from harness.services.system import Resource, ResourceKind, Service, System

Needs = dict[str, tuple[str, ...]]


def system_of(needs: Needs) -> System:
    services = tuple(Service(name=name, needs=needed) for name, needed in needs.items() if name != "db")
    db = Resource(name="db", kind=ResourceKind.POSTGRES)
    return System(root=Path("/"), manifest=Path("/harness.toml"), services=services, resources=(db,))


SHOP = system_of({"web": ("orders", "catalog"), "orders": ("db", "catalog"), "catalog": (), "lonely": ()})


@st.composite
def acyclic(draw: st.DrawFn) -> Needs:
    names = [f"s{i}" for i in range(draw(st.integers(0, 8)))]
    needs = {
        n: tuple(draw(st.lists(st.sampled_from(names[:i]), unique=True))) if i else () for i, n in enumerate(names)
    }
    order = draw(st.permutations(names))
    return {name: needs[name] for name in order}


def test_what_is_needed_starts_first() -> None:
    assert start_order(SHOP, ["web"]) == ("db", "catalog", "orders", "web")
    assert start_order(SHOP, ["orders", "lonely"]) == ("db", "catalog", "orders", "lonely")
    assert start_order(SHOP, []) == ()


def test_the_order_in_which_names_are_given_does_not_matter() -> None:
    assert start_order(SHOP, ["lonely", "web"]) == start_order(SHOP, ["web", "lonely", "web"])


def test_an_unknown_name_is_never_nothing_to_start() -> None:
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        start_order(SHOP, ["order"])
    with pytest.raises(UnknownName):
        users(SHOP, "order")


def test_users_are_found_at_any_distance() -> None:
    assert users(SHOP, "db") == {"orders", "web"}
    assert users(SHOP, "web") == frozenset()


def test_reach_holds_the_unit_itself() -> None:
    assert reach(SHOP)["orders"] == {"orders", "db", "catalog"}
    assert reach(SHOP)["db"] == {"db"}


@given(acyclic(), st.data())
def test_everything_starts_once_and_after_what_it_needs(needs: Needs, data: st.DataObject) -> None:
    system = system_of(needs)
    wanted = data.draw(st.lists(st.sampled_from(sorted(needs)))) if needs else []
    order = start_order(system, wanted)
    assert len(order) == len(set(order))
    assert set(order) == set().union(*(reach(system)[name] for name in wanted))
    for name in order:
        assert all(order.index(needed) < order.index(name) for needed in needs.get(name, ()))


@given(acyclic())
def test_users_are_the_inverse_of_reach(needs: Needs) -> None:
    system = system_of(needs)
    for name in needs:
        assert users(system, name) == {other for other in needs if name in reach(system)[other]} - {name}


@given(acyclic())
def test_no_circle_is_seen_where_there_is_none(needs: Needs) -> None:
    assert first_cycle(needs) == ()


@given(st.dictionaries(st.sampled_from("abcde"), st.lists(st.sampled_from("abcde"), max_size=3).map(tuple)))
def test_a_circle_is_a_way_back_to_where_it_began(needs: Needs) -> None:
    circle = first_cycle(needs)
    assert all(needed in needs[name] for name, needed in itertools.pairwise(circle))
    assert not circle or circle[0] == circle[-1]
    closed = {name: set(needed) for name, needed in needs.items()}
    for _ in closed:  # who can reach whom, without the code under test
        closed = {n: set().union(each, *(closed.get(x, set()) for x in each)) for n, each in closed.items()}
    assert bool(circle) == any(name in each for name, each in closed.items())


def test_separate_circles_are_all_found() -> None:
    assert set(some_cycles({"a": ("b",), "b": ("a",), "c": ("c",), "d": ("a",)})) == {("a", "b", "a"), ("c", "c")}


def test_a_circle_does_not_hang_the_order() -> None:
    with pytest.raises(ManifestError, match="circle"):
        start_order(system_of({"a": ("b",), "b": ("a",)}), ["a"])


def test_a_long_chain_needs_no_deep_stack() -> None:
    names = [f"s{i}" for i in range(5_000)]
    needs: Needs = {name: (after,) for name, after in itertools.pairwise(names)} | {names[-1]: ()}
    shuffled = list(needs.items())
    random.Random(1).shuffle(shuffled)
    assert first_cycle(dict(shuffled)) == ()
    order = start_order(system_of(dict(needs)), ["s0"])
    assert order == tuple(reversed(names))
