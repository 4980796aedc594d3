"""Where a remote broker is, who is let in, and that no secret is told to anybody else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BrokerRefused, HarnessError, UsageError
from harness.ledger.remote.address import Address, address, is_remote, origin
from harness.ledger.remote.hal import fill_template, redact_url, resolve_link
from harness.ledger.remote.refused import said_by
from harness.ledger.remote.retry import Patience, asked_for

SECRET = "s3cret"


def authorization(found: Address) -> str:
    return dict(found.headers).get("Authorization", "")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://broker.example", "https://broker.example"),
        ("HTTPS://Broker.Example/", "https://broker.example"),
        ("http://127.0.0.1:9292/pact/", "http://127.0.0.1:9292/pact"),
        ("http://[::1]:9292", "http://[::1]:9292"),
        ("https://user:s3cret@broker.example/p?x=1#y", "https://broker.example/p"),
    ],
)
def test_an_address_is_a_base_url_without_credentials(url: str, base: str) -> None:
    assert address(url, {}).base == base


@pytest.mark.parametrize("url", ["http://", "https:///x", "http://a b", "http://a:0", "http://a:x", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        address(url, {})


def test_credentials_come_from_the_url_or_else_from_the_environment_a_token_first() -> None:
    here = {"PACT_BROKER_TOKEN": SECRET, "PACT_BROKER_USERNAME": "u", "PACT_BROKER_PASSWORD": "p"}
    assert authorization(address("http://a", here)) == f"Bearer {SECRET}"
    assert authorization(address("http://a", {**here, "PACT_BROKER_TOKEN": ""})) == basic("u", "p")
    assert authorization(address("http://me:p%40ss@a", here)) == basic("me", "p@ss")
    assert authorization(address("http://a", {})) == ""


def test_custom_headers_are_sent() -> None:
    found = address("http://a", {"PACT_BROKER_CUSTOM_HEADERS": "X-Team: a; X-Key: b:c"})
    assert found.headers == (("X-Team", "a"), ("X-Key", "b:c"))


def test_secrets_of_one_broker_are_not_sent_to_another() -> None:
    here = {"PACT_BROKER_TOKEN": SECRET, "PACT_BROKER_BASE_URL": "https://broker.example/pact"}
    assert authorization(address("https://broker.example", here)) == f"Bearer {SECRET}"
    assert address("https://elsewhere.example", here).headers == ()


@pytest.mark.parametrize(
    "environ",
    [
        {"PACT_BROKER_TOKEN": f"{SECRET}\n"},
        {"PACT_BROKER_CUSTOM_HEADERS": f"X-Key: {SECRET}\r\nEvil: 1"},
        {"PACT_BROKER_CUSTOM_HEADERS": f"no header {SECRET}"},
    ],
)
def test_a_secret_that_no_header_may_hold_is_told_by_its_variable_alone(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        address("http://a", environ)
    assert SECRET not in str(caught.value)
    assert next(iter(environ)) in str(caught.value)


def test_an_address_does_not_show_its_secrets() -> None:
    found = address(f"http://me:{SECRET}@a", {"PACT_BROKER_CUSTOM_HEADERS": f"X: {SECRET}"})
    assert SECRET not in repr(found)
    assert SECRET not in redact_url(f"http://me:{SECRET}@a/x?token={SECRET}")


@given(st.text())
def test_any_text_is_an_address_or_a_mistake(text: str) -> None:
    for url in (text, f"http://{text}"):
        if is_remote(url):
            try:
                found = address(url, {})
            except UsageError:
                continue
            assert origin(found.base) == origin(address(found.base, {}).base)


@given(st.text(min_size=1).filter(lambda t: t < "\ud800"))
def test_a_name_in_a_link_never_parts_its_path(name: str) -> None:
    try:
        link = fill_template("http://a/x/{name}/y", {"name": name})
    except (HarnessError, UnicodeEncodeError):
        assert name in {".", ".."} or not name.isprintable() or any("\ud800" <= c <= "\udfff" for c in name)
        return
    assert link.count("/") == 5
    assert "?" not in link
    assert "#" not in link


def test_links_of_a_broker_that_knows_itself_by_another_name_are_read_as_ours() -> None:
    base, announced = "https://broker.example/pact", "http://10.0.0.7:9292"
    assert resolve_link(f"{announced}/environments", base, announced) == f"{base}/environments"
    assert resolve_link(announced, base, announced) == base
    assert resolve_link("/pact/matrix", base, announced) == f"{base}/matrix"


@pytest.mark.parametrize(
    "link",
    ["http://evil.example/x", "https://broker.example:444/x", "http://10.0.0.7:92920/x", "//evil.example/x"],
)
def test_a_link_to_anybody_else_is_not_followed(link: str) -> None:
    with pytest.raises(BrokerRefused):
        resolve_link(link, "https://broker.example/pact", "http://10.0.0.7:9292")


@given(st.integers(1, 20), st.floats(0, 100), st.text(max_size=5))
def test_patience_ends(tries: int, seconds: float, retry_after: str) -> None:
    patience = Patience(tries=tries, seconds=seconds)
    failed, waited = 0, 0.0
    while True:
        failed += 1
        pause = patience.wait(failed=failed, waited=waited, retry_after=retry_after)
        if pause is None:
            break
        waited += pause
    assert failed <= tries
    assert waited <= seconds


def test_a_broker_may_say_when_to_come_back() -> None:
    assert asked_for("3", 0.0) == 3.0
    assert asked_for("Thu, 01 Jan 1970 00:00:07 GMT", 5.0) == 2.0
    assert asked_for("Thu, 01 Jan 1970 00:00:07 GMT", 50.0) == 0.0
    for nothing in ("", "soon", "-1", "1.5", "³"):
        assert asked_for(nothing, 0.0) is None
    assert Patience().wait(failed=1, waited=0.0, retry_after="3600") is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "no such thing"}, ["no such thing"]),
        (
            {"errors": {"name": ["is missing", "is bad"], "": ["both"]}},
            ["name: is missing", "name: is bad", "both"],
        ),
        ({"errors": ["one", "two"]}, ["one", "two"]),
        ({"error": {"message": "oops", "reference": "x"}}, ["oops"]),
        ({"notices": [{"type": "error", "text": "a"}], "errors": {"contracts": ["b"]}}, ["contracts: b", "a"]),
        ({"title": "Bad", "detail": "because", "status": 400}, ["because"]),
        (None, []),
        (7, []),
    ],
)
def test_every_shape_of_a_refusal_is_told_in_the_brokers_words(answer: object, said: list[str]) -> None:
    assert said_by(answer) == said


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_answer_can_be_told(answer: object) -> None:
    assert all(isinstance(line, str) for line in said_by(answer))
