"""What a person with a browser sees."""

from __future__ import annotations

import base64
import json
import re

import pytest
from broker_client import Client, Reply
from broker_histories import provider_contract

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.ledger.db.database import Database
from harness.web.pages import Pages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
EVIL = '<script>alert("1")</script>'


@pytest.fixture
def browser(database: Database) -> Client:
    settings = BrokerSettings()
    return Client(app=broker(database, settings, pages=Pages(database=database, settings=settings)))


def look(browser: Client, path: str) -> Reply:
    return browser.get(path, accept=BROWSER)


def publish(
    browser: Client, consumer: str = "web", provider: str = "orders", description: str = "an order"
) -> None:
    asked = {"description": description, "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
    document = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [asked]}
    contract = {
        "consumerName": consumer,
        "providerName": provider,
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }
    made = browser.post(
        "/contracts/publish",
        {"pacticipantName": consumer, "pacticipantVersionNumber": "1", "branch": "main", "contracts": [contract]},
    )
    assert made.status == 200, made.text


def test_an_empty_broker_says_how_to_begin(browser: Client) -> None:
    page = look(browser, "/")
    assert page.headers["content-type"] == "text/html;charset=utf-8"
    assert page.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "harness publish" in page.text


def test_a_pact_its_results_and_the_way_to_them(browser: Client) -> None:
    publish(browser)
    assert "never verified" in look(browser, "/").text
    assert "What web 1 needs of orders" in look(browser, "/pacts/provider/orders/consumer/web/version/1").text
    assert "not verified" in look(browser, "/matrix/provider/orders/consumer/web").text


def test_a_result_that_rests_on_a_document_says_so(browser: Client) -> None:
    publish(browser)
    body = {"pacticipantVersionNumber": "7", "contract": provider_contract([0])}
    assert browser.post("/provider-contracts/provider/orders/publish", body).status == 200
    page = look(browser, "/matrix/provider/orders/consumer/web").text
    assert "failed" in page
    where = "/contracts/bi-directional/provider/orders/version/7/provider-contract"
    assert f'{where}">its document</a>: &#39;an order&#39;:' in page


def test_a_page_that_says_no_says_what_resolves_it(browser: Client) -> None:
    publish(browser)
    made = browser.post("/environments", {"name": "production", "production": True})
    assert made.status == 201, made.text
    asked = "/matrix?q[][pacticipant]=web&q[][version]=1&environment=production"
    page = look(browser, asked).text
    assert "There is no verified pact between" in page
    told = "in a checkout whose manifest has [services.orders]: harness verify orders --against web=1 --broker "
    assert f"resolve:</span> <code>{told}http" in page


def test_a_program_still_gets_the_api(browser: Client) -> None:
    assert browser.get("/", accept="application/hal+json").json["_links"]["self"]
    assert browser.get("/", accept="*/*").json["_links"]["self"]


def test_what_is_not_there_is_a_page_too(browser: Client) -> None:
    page = look(browser, "/pacts/provider/orders/consumer/web/version/9")
    assert page.status == 404
    assert "Nothing is here" in page.text


@pytest.mark.parametrize("odd", [None, 7, "x", {"a": 1}, [1, None, {"description": None}]])
def test_a_pact_of_an_odd_shape_is_shown_too(browser: Client, odd: object) -> None:
    pact = {"consumer": {"name": "web"}, "provider": {"name": "orders"}, "interactions": odd}
    place = "/pacts/provider/orders/consumer/web/version/1"
    assert browser.put(place, pact).status in (200, 201, 400)
    assert look(browser, place).status in (200, 404)


def test_the_messages_of_a_pact_are_shown(browser: Client) -> None:
    pact = {"consumer": {"name": "web"}, "provider": {"name": "orders"}, "messages": [{"description": "an order"}]}
    place = "/pacts/provider/orders/consumer/web/version/1"
    assert browser.put(place, pact).status == 201
    assert "an order" in look(browser, place).text


def test_html_in_names_and_bodies_is_text(browser: Client) -> None:
    publish(browser, f"web{EVIL}", f"orders{EVIL}", EVIL)
    seen = look(browser, "/").text
    path = seen.split('<a href="http://broker.test')[1].split('"')[0]
    for page in (seen, look(browser, path).text):
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_the_page_of_a_document_tells_what_of_it_cannot_be_read_and_for_which_operations(browser: Client) -> None:
    answer = {"200": {"description": "", "content": {"application/json": {"schema": {"type": EVIL}}}}}
    paths = {"/orders": {"get": {"responses": answer}}, "/ping": {"get": {"responses": {}}}}
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": paths})
    contract = {**provider_contract([]), "content": base64.b64encode(text.encode()).decode()}
    body = {"pacticipantVersionNumber": "1", "contract": contract}
    told = browser.post("/provider-contracts/provider/orders/publish", body)
    assert told.status == 200, told.text
    warnings = [each["text"] for each in told.json["notices"] if each["type"] == "warning"]
    assert len(warnings) == 1
    assert "#/paths/~1orders/get/responses/200/content/application~1json/schema/type" in warnings[0]
    where = "/contracts/bi-directional/provider/orders/version/1/provider-contract"
    shown = browser.get(where)
    assert ["schema/type" in each for each in shown.json["_embedded"]["providerContract"]["problems"]] == [True]
    page = look(browser, where).text
    assert "What cannot be read" in page
    assert EVIL not in page
    rows = {line.split("</td>")[0].rpartition("<td>")[2]: line for line in page.splitlines() if "<tr>" in line}
    assert "unknown: " in rows["GET /orders"]
    assert "unknown: " not in rows["GET /ping"]
    assert look(browser, where.replace("version/1", "version/2")).status == 404


def test_pages_say_commits_by_their_first_digits_and_links_and_commands_keep_them_whole(browser: Client) -> None:
    commit, other = "0123456789abcdef" * 2 + "01234567", "f" * 40
    body = {"interactions": [{"description": "a", "request": {"method": "GET", "path": "/"}, "response": {}}]}
    browser.put(f"/pacts/provider/orders/consumer/web/version/{commit}", body)
    browser.put(f"/pacticipants/orders/versions/{other}", {})
    asked = f"/matrix?q[][pacticipant]=web&q[][version]={commit}&q[][pacticipant]=orders&q[][version]={other}"
    for place in ("/", f"/pacts/provider/orders/consumer/web/version/{commit}", asked):
        text = re.sub(r"<code>.*?</code>|<[^>]*>", " ", look(browser, place).text, flags=re.DOTALL)
        assert commit[:10] in text
        assert commit not in text
        assert other not in text
    assert f"/consumer/web/version/{commit}" in look(browser, "/").text
    assert f"web={commit}" in look(browser, asked).text
