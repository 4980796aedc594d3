"""Paths that the broker answers stay the broker's, whatever a plug-in brings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.app import router
from harness.broker.http.answers import Response
from harness.broker.http.request import Request
from harness.broker.http.routing import Router, Routes

PATHS = sorted({route.path for route in router().routes})
METHODS = ("get", "put", "post", "patch", "delete")


def answer(request: Request) -> Response:
    """Nothing."""
    raise AssertionError(request)


def group(method: str, *paths: str) -> Routes:
    made = Routes("mine")
    for path in paths:
        getattr(made, method)(path, answers={200: None})(answer)
    return made


def copy_of_the_broker() -> Router:
    whole = Routes("all")
    whole.listed = list(router().routes)
    return Router([whole])


@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(METHODS),
    value=st.sampled_from(["orders", "latest", "1", "{other}"]),
)
def test_no_plugin_takes_a_path_that_the_broker_answers(path: str, method: str, value: str) -> None:
    own = copy_of_the_broker()
    before = list(own.routes)
    with pytest.raises(ValueError, match="the broker answers that path already"):
        own.extend(group(method, "/free/of/everything", re.sub(r"\{\w+\}", value, path)))
    assert own.routes == before
    assert own.match("/free/of/everything") is None, "all or none"


def test_two_functions_for_one_path_of_a_plugin_are_refused() -> None:
    own = copy_of_the_broker()
    with pytest.raises(ValueError, match="two functions for GET /free"):
        own.extend(group("get", "/free", "/free"))
    assert own.match("/free") is None


def test_a_path_that_is_free_is_answered() -> None:
    own = copy_of_the_broker()
    own.extend(group("get", "/pacticipants/{pacticipant}/owner-of-it"))
    found = own.match("/pacticipants/a%2Fb/owner-of-it")
    assert found is not None
    assert found.parameters(found.routes["GET"]) == {"pacticipant": "a/b"}
