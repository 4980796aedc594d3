"""The provider states that a real client's contract with a broker names, each told to a database."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from broker_client import Client, Reply

from harness.ledger.db.database import Database
from harness.ledger.db.tables import deployments, environments, metadata

TEST = "cb632df3-0a0d-4227-aac3-60114dd36479"
OTHER_TEST = "16926ef3-590f-4e3f-838e-719717aa88c9"
DEPLOYED = "ff3adecf-cfc5-4653-a4e3-f1861092f8e0"
WEBHOOK = "696c5f93-1b7f-44bc-8d03-59440fcaa9a0"
COMMIT = "5556b8149bf8bac76bc30f50a8a2dd4c22c85f30"
DEPLOYED_COMMIT = "26f353580936ad3b9baddb17b00e84f33c69e7cb"
PRICING = "Pricing Service"


@dataclass(kw_only=True)
class ConformanceStates:
    """Empties the store and makes what a state says, through the API, and the fixed names through the tables."""

    database: Database
    client: Client

    def names(self) -> frozenset[str] | None:
        return frozenset(STATES)

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        del params
        self.empty()
        STATES[state](self)
        return {}

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        del state, params
        self.empty()

    def empty(self) -> None:
        with self.database.writing() as db:
            for table in reversed(metadata.sorted_tables):
                db.execute(sa.delete(table))

    def done(self, reply: Reply) -> Reply:
        assert reply.status < 300, reply.text
        return reply

    def version(self, name: str, number: str, *, tags: tuple[str, ...] = ()) -> None:
        self.done(self.client.put(f"/pacticipants/{name.replace(' ', '%20')}/versions/{number}", {}))
        for tag in tags:
            self.tag(name, number, tag)

    def tag(self, name: str, number: str, tag: str) -> None:
        self.done(self.client.put(f"/pacticipants/{name.replace(' ', '%20')}/versions/{number}/tags/{tag}", {}))

    def pact(self, consumer: str, number: str, provider: str, *, interactions: int = 1, at: str = "") -> str:
        asked = [
            {
                "description": f"request {n}",
                "request": {"method": "GET", "path": f"/{at}{n}"},
                "response": {"status": 200},
            }
            for n in range(interactions)
        ]
        document = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": asked}
        content = base64.b64encode(json.dumps(document).encode()).decode()
        contract = {
            "consumerName": consumer,
            "providerName": provider,
            "content": content,
            "contentType": "application/json",
            "specification": "pact",
        }
        body = {"pacticipantName": consumer, "pacticipantVersionNumber": number, "contracts": [contract]}
        made = self.done(self.client.post("/contracts/publish", body)).links["pb:contracts"][0]["href"]
        pact = self.done(self.client.get(made.replace("http://example.org", "")))
        return str(pact.links["pb:publish-verification-results"]["href"]).replace("http://example.org", "")

    def verified(self, results: str, number: str, *, success: bool = True) -> None:
        self.done(self.client.post(results, {"success": success, "providerApplicationVersion": number}))

    def environment(self, name: str, uuid: str = "") -> None:
        contacts = [{"name": "Foo team", "details": {"emailAddress": "foo@bar.com"}}]
        body = {"name": name, "displayName": name.capitalize(), "production": False, "contacts": contacts}
        self.done(self.client.post("/environments", body))
        if uuid:
            with self.database.writing() as db:
                db.execute(sa.update(environments).where(environments.c.name == name).values(uuid=uuid))

    def deployed(self, uuid: str, number: str, instance: str) -> None:
        self.environment("test", uuid)
        self.version("Foo", number)
        where = f"/pacticipants/Foo/versions/{number}/deployed-versions/environment/{uuid}"
        self.done(self.client.post(where, {"applicationInstance": instance}))
        with self.database.writing() as db:
            db.execute(sa.update(deployments).values(uuid=DEPLOYED))

    def both(self) -> None:
        for name in ("Condor", PRICING):
            self.done(self.client.post("/pacticipants", {"name": name}))

    def webhook(self) -> None:
        self.both()
        request = {"method": "POST", "url": "https://webhook"}
        body = {"description": "a webhook", "events": [{"name": "contract_content_changed"}], "request": request}
        self.done(self.client.put(f"/webhooks/{WEBHOOK}", body))


def _two_results(here: ConformanceStates, *, second: bool, tag: str = "") -> None:
    first = here.pact("Foo", "1.2.3", "Bar")
    here.verified(first, "4.5.6")
    other = here.pact("Foo", "1.2.4", "Bar", at="other")
    here.verified(other, "9.9.9", success=second)
    if tag:
        here.tag("Bar", "4.5.6", tag)


def _two_versions(here: ConformanceStates, *, tag: str = "") -> None:
    results = here.pact("Foo", "1.2.3", "Bar")
    here.verified(results, "4.5.6")
    here.verified(results, "5.6.7")
    if tag:
        here.tag("Bar", "4.5.6", tag)


def _ignored(here: ConformanceStates) -> None:
    here.verified(here.pact("Foo", "1.2.3", "Bar"), "4.5.6")
    here.verified(here.pact("Foo", "3.4.5", "Bar", at="other"), "4.5.6", success=False)
    for number in ("1.2.3", "3.4.5"):
        here.tag("Foo", number, "prod")


def _tagged_pact(here: ConformanceStates) -> None:
    here.pact("Condor", "1.3.0", PRICING, interactions=0)
    here.tag("Condor", "1.3.0", "prod")


def _empty_pact(here: ConformanceStates) -> None:
    here.pact("Condor", "1.3.0", PRICING, interactions=0)


def _pricing(here: ConformanceStates) -> None:
    url = "git@git.realestate.com.au:business-systems/pricing-service"
    here.done(here.client.post("/pacticipants", {"name": PRICING, "repositoryUrl": url}))
    here.version(PRICING, "1.3.0")


def _both_verified(here: ConformanceStates) -> None:
    for number in ("1.2.3", "1.2.4"):
        here.verified(here.pact("Foo", number, "Bar", at=number), "4.5.6")


def _foo(here: ConformanceStates) -> None:
    here.done(here.client.post("/pacticipants", {"name": "Foo"}))


def _deployable(here: ConformanceStates) -> None:
    here.environment("test", TEST)
    here.version("Foo", COMMIT)


def _two_environments(here: ConformanceStates) -> None:
    here.environment("prod")
    here.environment("dev")
    here.version("Foo", COMMIT)


def _nothing(here: ConformanceStates) -> None:
    del here


_VERIFIED = "the pact for Foo version 1.2.3 has been"
STATES: dict[str, Callable[[ConformanceStates], None]] = {
    "'Condor' does not exist in the pact-broker": _nothing,
    "'Condor' exists in the pact-broker": lambda here: here.version("Condor", "1.3.0"),
    "'Condor' exists in the pact-broker with the latest tagged 'production' version 1.2.3": lambda here: (
        here.version("Condor", "1.2.3", tags=("production",))
    ),
    "'Condor' exists in the pact-broker with the latest version 1.2.3": lambda here: here.version(
        "Condor", "1.2.3"
    ),
    "'Condor' exists in the pact-broker with version 1.3.0, tagged with 'prod'": lambda here: here.version(
        "Condor", "1.3.0", tags=("prod",)
    ),
    "a branch named main exists for pacticipant Foo": lambda here: _done(
        here, here.client.put("/pacticipants/Foo/branches/main/versions/1", {})
    ),
    "a currently deployed version exists": lambda here: here.deployed(TEST, "2", ""),
    "a latest pact between Condor and the Pricing Service exists": _empty_pact,
    "a pact between Condor and the Pricing Service exists": _empty_pact,
    "a pact between Condor and the Pricing Service exists for the production version of Condor": _tagged_pact,
    "a pacticipant with name Foo exists": _foo,
    f"a webhook with the uuid {WEBHOOK} exists": ConformanceStates.webhook,
    "an environment exists": lambda here: here.environment("test"),
    f"an environment with name test and UUID {OTHER_TEST} exists": lambda here: here.environment(
        "test", OTHER_TEST
    ),
    "an environment with name test exists": lambda here: here.environment("test"),
    f"an version is deployed to environment with UUID {OTHER_TEST} with target customer-1": lambda here: (
        here.deployed(OTHER_TEST, DEPLOYED_COMMIT, "customer-1")
    ),
    "no pact between Condor and the Pricing Service exists": ConformanceStates.both,
    "provider Bar version 4.5.6 has a successful verification for Foo version 1.2.3 tagged prod and a failed"
    " verification for version 3.4.5 tagged prod": _ignored,
    "tagged as prod pact between Condor and the Pricing Service exists": _tagged_pact,
    "the 'Pricing Service' already exists in the pact-broker": _pricing,
    "the 'Pricing Service' and 'Condor' already exist in the pact-broker": ConformanceStates.both,
    "the 'Pricing Service' and 'Condor' already exist in the pact-broker, and Condor already has a pact published"
    " for version 1.3.0": _empty_pact,
    "the 'Pricing Service' does not exist in the pact-broker": _nothing,
    "the pact for Foo Thing version 1.2.3 has been verified by Bar version 4.5.6": lambda here: here.verified(
        here.pact("Foo Thing", "1.2.3", "Bar"), "4.5.6"
    ),
    "the pact for Foo version 1.2.3 and 1.2.4 has been verified by Bar version 4.5.6": _both_verified,
    f"{_VERIFIED} successfully verified by Bar version 4.5.6 (tagged prod) and version 5.6.7": lambda here: (
        _two_versions(here, tag="prod")
    ),
    f"{_VERIFIED} successfully verified by Bar version 4.5.6 with tag prod, and 1.2.4 unsuccessfully by 9.9.9": (
        lambda here: _two_results(here, second=False, tag="prod")
    ),
    f"{_VERIFIED} successfully verified by Bar version 4.5.6, and 1.2.4 unsuccessfully by 9.9.9": lambda here: (
        _two_results(here, second=False)
    ),
    f"{_VERIFIED} verified by Bar version 4.5.6": lambda here: here.verified(
        here.pact("Foo", "1.2.3", "Bar"), "4.5.6"
    ),
    f"{_VERIFIED} verified by Bar version 4.5.6 and version 5.6.7": _two_versions,
    f"version {COMMIT} of pacticipant Foo exists with 2 environments that aren't test available for deployment": (
        _two_environments
    ),
    f"version {COMMIT} of pacticipant Foo exists with a test environment available for deployment": _deployable,
    f"version {COMMIT} of pacticipant Foo exists with a test environment available for release": _deployable,
    "a team with UUID 2abbc12a-427d-432a-a521-c870af1739d9 exists": _nothing,
    "there is a pf:ui href in the response": _nothing,
    **{
        f"the {relation} in the index resource": _nothing
        for relation in (
            "pb:environments relation exists",
            "pb:latest-tagged-version relation exists",
            "pb:latest-version relation exists",
            "pb:pacticipant-branch relation exists",
            "pb:pacticipant-version and pb:environments relations exist",
            "pb:publish-contracts relations exists",
            "pb:publish-provider-contract relation exists",
        )
    },
    "the pacticipant relations are present": _nothing,
}


def _done(here: ConformanceStates, reply: Reply) -> None:
    here.done(reply)
