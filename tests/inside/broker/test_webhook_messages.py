"""What webhooks say, and to whom: laws of templates, of redaction, and of the addresses that may be talked to."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.settings import BrokerSettings
from harness.broker.webhooks import templates
from harness.broker.webhooks.delivery import WebhookMessage, as_sent, courier, headers_of
from harness.broker.webhooks.redaction import without
from harness.broker.webhooks.targets import Doorkeeper, TargetRefused, url_problems

NAME = "${pactbroker.consumerName}"
ANYTHING = st.text(max_size=30) | st.sampled_from(
    ["${user.KEY}", "a\r\nX-Evil: 1", '", "admin": true, "x": "', "../..", "@evil.test", "<script>", "]]>", "\\"]
)


def values(name: str) -> dict[str, str]:
    return {"consumerName": name, "user.KEY": "hush-hush"}


@given(ANYTHING)
def test_a_value_stays_in_its_place_of_a_url(name: str) -> None:
    if any("\ud800" <= each <= "\udfff" for each in name):
        return
    filled = urlsplit(templates.in_url(f"https://ci.test/jobs/{NAME}/build?who={NAME}#end", values(name)))
    assert (filled.scheme, filled.netloc, filled.fragment) == ("https", "ci.test", "end")
    assert unquote(filled.path) == f"/jobs/{name}/build"
    assert filled.path.count("/") == 3
    assert filled.query.count("=") == 1
    assert "&" not in filled.query


@given(ANYTHING)
def test_a_value_in_a_header_is_one_line(name: str) -> None:
    assert not set(templates.in_header(f"by {NAME}", values(name))) & set("\r\n\0")


@given(ANYTHING, st.sampled_from(["application/json", ""]))
def test_a_value_in_json_that_is_text_stays_in_its_string(name: str, media: str) -> None:
    filled = templates.in_body(f'{{"who": "it is {NAME}", "n": 1, "\\"{NAME}": []}}', values(name), media)
    assert json.loads(filled) == {"who": f"it is {name}", "n": 1, f'"{name}': []}


@given(ANYTHING | st.sampled_from(["1", "true", "-0.5e3", "01", "null", "1, 2", ""]))
def test_a_value_outside_of_a_string_makes_no_other_document(name: str) -> None:
    found = json.loads(templates.in_body(f'{{"n": {NAME}, "m": 1}}', values(name), "application/json"))
    assert set(found) == {"n", "m"}
    assert not isinstance(found["n"], list | dict)


@given(ANYTHING)
def test_a_value_in_a_document_is_that_value(name: str) -> None:
    filled = json.loads(templates.in_body({"a": [NAME], NAME: {"b": None}}, values(name)))
    assert filled == {"a": [name], name: {"b": None}}


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Cc"])))
def test_a_value_in_xml_is_text(name: str) -> None:
    if {"\ufffe", "\uffff"} & set(name):
        return
    filled = ET.fromstring(templates.in_body(f"<a b='{NAME}'>{NAME}</a>", values(name), "text/xml"))
    assert filled.text == (name or None)
    assert len(filled) == 0


def test_a_name_that_looks_like_a_parameter_is_a_name() -> None:
    assert templates.in_body({"who": NAME}, values("${user.KEY}")) == '{"who":"${user.KEY}"}'


def test_a_parameter_that_nobody_knows_is_empty() -> None:
    assert templates.in_header("[${pactbroker.nothing}${user.NOT}]", {}) == "[]"


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=12).filter(
    lambda each: each.strip() == each and not set(each) <= set("*0123456789/:.-TZ ")
)


@given(SECRETS)
def test_no_log_tells_a_secret_however_it_was_written(secret: str) -> None:
    found = {"user.KEY": secret}
    template = "https://refused.invalid/x?key=${user.KEY}"
    body = templates.in_body('{"key": "${user.KEY}"}', found, "application/json")
    xml = templates.in_body("<a>${user.KEY}</a>", found, "text/xml")
    header = templates.in_header("Key ${user.KEY}", found)
    for each in (templates.in_url(template, found), body, xml, header, templates.in_body("${user.KEY}", found)):
        told = without(each, [secret])
        assert secret not in told.replace("**********", "")
        assert "**********" in told


def test_no_log_tells_a_password_or_a_secret_in_the_end() -> None:
    message = WebhookMessage(
        method="POST",
        url="https://127.0.0.1:9/told?key=pa%24%24w%20rd",
        headers={"x-plain": "pa$$w rd", "authorization": "Bearer abcdef", "x-api-key": "other"},
        body='{"key": "pa$$w rd"}',
        username="me",
        password="open sesame",
        secrets=("pa$$w rd",),
    )
    outcome = courier(BrokerSettings()).send(message)
    assert outcome.success is False
    told = f"{outcome.log}{outcome.error}{outcome.body}"
    basic = headers_of(message)["authorization"].removeprefix("Basic ")
    for never in ("pa$$w", "pa%24%24w", "sesame", "abcdef", "other", basic):
        assert never not in told
    assert "PACT_BROKER_WEBHOOK_HOST_WHITELIST" in told


REFUSED = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%lo",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "4000::1",
]


def door(**more: Any) -> Doorkeeper:
    return Doorkeeper(**{"hosts": (), "private": False, **more})


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name is these addresses."""

    def found(host: str, port: int, **_: Any) -> list[Any]:
        del host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize("address", REFUSED)
def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, address)
    with pytest.raises(TargetRefused, match=r"hooks\.test is "):
        door().address("hooks.test", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "::1"])
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises((TargetRefused, OSError)):
        door().address(host, 80)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_name_out_in_the_internet_is_not(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, address)
    assert door().address("hooks.test", 443)


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1"):
        door().address("hooks.test", 443)


def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34")
    assert door().address("hooks.test", 443) == "93.184.216.34"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "fc00::1"])
@pytest.mark.parametrize("listed", [{"hosts": ("hooks.test",)}, {"private": True}])
def test_who_is_listed_may_be_inside(
    monkeypatch: pytest.MonkeyPatch, address: str, listed: dict[str, Any]
) -> None:
    resolving(monkeypatch, address)
    assert door(**listed).address("hooks.test", 443) == address


@pytest.mark.parametrize("hosts", [("*.test",), ("/.*/",), ("other.test",), ("192.168.0.0/16",)])
def test_a_pattern_that_happens_to_match_lets_nobody_inside(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...]
) -> None:
    resolving(monkeypatch, "10.0.0.1")
    with pytest.raises(TargetRefused):
        door(hosts=hosts).address("hooks.test", 443)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "240.0.0.1", "ff02::1"])
def test_what_is_nobody_s_address_is_refused_even_where_the_inside_is_open(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolving(monkeypatch, address)
    with pytest.raises(TargetRefused):
        door(private=True).address("hooks.test", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.test/",
        "ftp://hooks.test/",
        "file:///etc/passwd",
        "gopher://hooks.test/",
        "https://",
        "https://${pactbroker.consumerName}/",
        "https://${pactbroker.consumerName}.hooks.test/",
        "${pactbroker.pactUrl}",
        "https://hooks .test/",
        "https://[::1/",
        "https://hooks.test:port/",
        "//hooks.test/",
        "",
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_when_it_is_made(url: str) -> None:
    assert list(url_problems(url, BrokerSettings()))


@given(
    st.text(max_size=10), st.text(max_size=10), st.sampled_from(["a.test", "münchen.example", "☃", "x" * 70 + "ü"])
)
def test_any_address_is_sent_in_ascii_or_fails_as_any_other_does(path: str, query: str, host: str) -> None:
    url = f"https://{host}/{path}?{query}"
    try:
        sent = as_sent(url)
    except ValueError:
        return  # no address at all: told as what cannot be sent
    if host != "x" * 70 + "ü":
        assert sent.isascii()
        assert as_sent(sent) == sent
    else:
        assert sent == url


def test_what_stands_for_itself_in_an_address_stays() -> None:
    assert as_sent("http://a.test:80/x%20/é?q=%C3%A9&r[]=1#top") == "http://a.test:80/x%20/%C3%A9?q=%C3%A9&r[]=1"
    assert as_sent("http://münchen.example/") == "http://xn--mnchen-3ya.example/"
