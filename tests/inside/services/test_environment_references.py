"""References in environments: what they mean, and that nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ManifestError
from harness.services.environment import escape, expand, from_environ, references, resolve, settle

PEERS = {
    "catalog": {"http": "http://catalog:8000", "admin": "http://catalog:9000"},
    "db": {"postgres": "postgresql://app:secret@db:5432/app"},
    "db.old": {"postgres": "postgresql://app@db.old/app"},
    "six": {"http": "http://[::1]:80"},
    "away": {"main": "https://example.test"},
    "worker": {},
}
PORTS = {"http": 8000, "admin": 9000}
ENVIRON = {"TOKEN": "t", "EMPTY": ""}
TEXTS = st.text(st.sampled_from("${}:-.abX env"), max_size=12) | st.text(max_size=8)


def mean(value: str) -> str:
    return expand(value, PEERS, PORTS, ENVIRON)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("${catalog.url}/x", "http://catalog:8000/x"),
        ("${catalog.host}:${catalog.port}", "catalog:8000"),
        ("${catalog.admin.url}", "http://catalog:9000"),
        ("${catalog.admin.port}", "9000"),
        ("${db.url}", "postgresql://app:secret@db:5432/app"),
        ("${db.host}", "db"),
        ("${db.old.host}:${db.old.port}", "db.old:5432"),
        ("${db.old.postgres.port}", "5432"),
        ("${six.host}", "::1"),
        ("${away.port}", "443"),
        ("${self.port} ${self.admin.port}", "8000 9000"),
        ("${env.TOKEN}${env.EMPTY}${env.EMPTY:-d}${env.NONE:-}", "td"),
        ("${env.NONE:-http://x:1/?a=b}", "http://x:1/?a=b"),
        ("$${catalog.url} $$ $x $", "${catalog.url} $$ $x $"),
        ("${ catalog.url }", "http://catalog:8000"),
    ],
)
def test_a_reference_means_the_address_of_the_run(written: str, meant: str) -> None:
    assert mean(written) == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("${catalgo.url}", "did you mean 'catalog'?"),
        ("${catalog.adm.url}", "no endpoint 'adm'"),
        ("${worker.url}", "it has no endpoint"),
        ("${self.amdin.port}", "did you mean 'admin'?"),
        ("${self.url}", "is not a reference"),
        ("${env.NONE}", "the environment variable NONE is not set"),
        ("${env.9}", "is not a reference"),
        ("${catalog}", "is not a reference"),
        ("${}", "is not a reference"),
        ("${catalog.url", "is not closed"),
    ],
)
def test_what_has_no_meaning_is_an_error_that_says_what_was_meant(written: str, said: str) -> None:
    with pytest.raises(ManifestError, match=r".") as caught:
        mean(written)
    assert said in str(caught.value)


def test_a_whole_environment_keeps_its_order() -> None:
    resolved = resolve([("B", "${db.port}"), ("A", "1")], PEERS, PORTS, ENVIRON)
    assert list(resolved.items()) == [("B", "5432"), ("A", "1")]


def test_the_names_that_are_used_are_found_once_each() -> None:
    assert references("${a.url} ${b.http.port} ${a.host} $${c.url} ${env.D:-${}") == ("a", "b")
    assert references("${db.old.url}", {"db", "db.old"}) == ("db.old",)
    assert references("${db.old.url}", {"db"}) == ("db",)


def test_only_the_environment_may_stand_where_services_are_not_known() -> None:
    assert from_environ("x-${env.TOKEN}-$${y}", ENVIRON) == "x-t-${y}"
    with pytest.raises(ManifestError, match="has no meaning here"):
        from_environ("${catalog.url}", ENVIRON)


@given(TEXTS)
def test_escaped_text_means_itself(text: str) -> None:
    assert mean(escape(text)) == text


@given(st.lists(st.sampled_from(["${env.TOKEN}", "${env.ODD}", "${catalog.url}", "$${", "{", "x", "}"])), TEXTS)
def test_settling_the_environment_first_changes_nothing(pieces: list[str], odd: str) -> None:
    value, environ = "".join(pieces), ENVIRON | {"ODD": odd}
    meant = expand(value, PEERS, PORTS, environ)
    try:
        settled = settle(value, environ)
    except ManifestError as error:
        assert "cannot stand directly before" in str(error)  # noqa: PT017 - one of two right outcomes
        return
    assert expand(settled, PEERS, PORTS, {}) == meant


@given(TEXTS)
def test_whatever_is_written_is_a_value_or_a_manifest_error(text: str) -> None:
    try:
        found = mean(text)
    except ManifestError as error:
        found = str(error)
    assert isinstance(found, str)
