"""Random histories of two consumers and their provider, and what a naive model knows after them.

A step is a name and its arguments; `Model` and `Player` have a method of that name. `Player` acts through the API.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote

from broker_client import Client
from hypothesis import strategies as st

from harness.broker.http.metadata import Metadata, encode
from harness.contracts.pact_reader import pact_key
from harness.evidence import Evidence, EvidenceKind
from harness.identity import Version
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Covered, Exercised, Verdict

CONSUMERS, PROVIDER = ("c", "d"), "p"
NUMBERS, CONTENTS, BRANCHES, TAGS, PLACES = "123", (0, 1), ("main", "feat/x"), ("dev", "rc"), ("test", "prod")
Step = tuple[str, tuple[Any, ...]]
_histories = count()


def pact(consumer: str, provider: str, content: int) -> dict[str, Any]:
    """One of a few pacts."""
    request, response = {"method": "GET", "path": f"/{content}"}, {"status": 200}
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [{"description": f"reads {content}", "request": request, "response": response}],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


@dataclass
class Branch:
    """A branch; members are in the order in which they were added."""

    created: int
    members: list[str] = field(default_factory=list)
    head: str = ""


@dataclass(frozen=True)
class Result:
    """What one verification came to."""

    consumer: str
    content: int
    number: str
    success: bool
    wip: bool
    at: int


@dataclass
class Model:
    """What there must be, kept in the simplest way; time is the number of the step."""

    now: int = 0
    versions: dict[str, list[str]] = field(default_factory=dict)  # of each pacticipant, oldest first
    created: dict[tuple[str, str], int] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    pacts: dict[tuple[str, str], int] = field(default_factory=dict)
    branches: dict[tuple[str, str], Branch] = field(default_factory=dict)
    tags: list[tuple[str, str, str, int]] = field(default_factory=list)  # whose, number, tag, when
    deployed: list[tuple[str, str, str]] = field(default_factory=list)  # place, whose, number
    released: list[tuple[str, str, str]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    main: dict[str, str] = field(default_factory=dict)
    documents: dict[str, tuple[frozenset[int], bool | None]] = field(default_factory=dict)  # and the last claim
    exercised: set[tuple[str, int]] = field(default_factory=set)

    def act(self, step: Step) -> None:
        """Do one step."""
        self.now += 1
        getattr(self, step[0])(*step[1])

    def mention(self, whose: str, number: str) -> None:
        """A version becomes known."""
        if (whose, number) not in self.created:
            self.created[whose, number] = self.now
            self.order.append((whose, number))
            self.versions.setdefault(whose, []).append(number)

    def publish(self, whose: str, number: str, content: int, branch: str | None) -> None:
        """A pact; another content under the same number is refused, with everything else."""
        if self.pacts.get((whose, number), content) != content:
            return
        self.mention(whose, number)
        if branch:
            self.on_branch(whose, number, branch)
        self.pacts[whose, number] = content

    def on_branch(self, whose: str, number: str, name: str) -> None:
        """A version is on a branch."""
        self.mention(whose, number)
        branch = self.branches.setdefault((whose, name), Branch(self.now))
        if number not in branch.members:
            branch.members.append(number)
            branch.head = number
        if name == "main":
            self.main.setdefault(whose, name)

    def tag(self, whose: str, number: str, name: str) -> None:
        """A version has a tag; the first tag of a new version is its branch as well."""
        self.mention(whose, number)
        tagged = [each for each in self.tags if each[:2] == (whose, number)]
        if name in [each[2] for each in tagged]:
            return
        self.tags.append((whose, number, name, self.now))
        if not tagged and not self.branches_of(whose, number):
            self.on_branch(whose, number, name)

    def deploy(self, whose: str, number: str, place: str) -> None:
        """A version replaces what is deployed."""
        if (whose, number) in self.created:
            self.undeploy(whose, place)
            self.deployed.append((place, whose, number))

    def undeploy(self, whose: str, place: str) -> None:
        """Nothing is deployed any more."""
        self.deployed = [each for each in self.deployed if each[:2] != (place, whose)]

    def release(self, whose: str, number: str, place: str) -> None:
        """A version is added to those released."""
        if (whose, number) in self.created and (place, whose, number) not in self.released:
            self.released.append((place, whose, number))

    def verify(self, consumer: str, content: int, number: str, success: bool, wip: bool) -> None:
        """The provider's result for a content that somebody has published."""
        if content in [known for (whose, _), known in self.pacts.items() if whose == consumer]:
            self.mention(PROVIDER, number)
            self.results.append(Result(consumer, content, number, success, wip, self.now))

    def document(self, number: str, contents: tuple[int, ...], claim: bool | None) -> None:
        """A provider contract; another document under the same number is refused, with its claim."""
        before, said = self.documents.get(number, (frozenset(contents), None))
        if before == frozenset(contents):
            self.mention(PROVIDER, number)
            self.documents[number] = before, said if claim is None else claim

    def exercise(self, number: str, content: int) -> None:
        """A property run saw the answer that a content relies on."""
        self.mention(PROVIDER, number)
        self.exercised.add((number, content))

    def branches_of(self, whose: str, number: str) -> set[str]:
        """The branches that a version is on now."""
        return {name for (owner, name), each in self.branches.items() if owner == whose and number in each.members}

    def tags_of(self, whose: str, number: str) -> set[str]:
        """The tags of a version."""
        return {tag for owner, known, tag, _ in self.tags if (owner, known) == (whose, number)}

    def newest_tagged(self, whose: str, tag: str) -> str | None:
        """The newest version with a tag."""
        return next(
            (each for each in self.versions.get(whose, [])[::-1] if tag in self.tags_of(whose, each)), None
        )


@dataclass
class Player:
    """The same through the API, with names that no other history has."""

    client: Client
    ledger: SqlLedger | None = None  # for what only runs of ours see
    suffix: str = field(default_factory=lambda: f"-{next(_histories)}")
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in PLACES:
            told = self.client.post("/environments", {"name": self.name(name), "production": name == "prod"})
            self.places[name] = told.json["uuid"]

    def name(self, plain: str) -> str:
        """What somebody or something is called in this history."""
        return f"{plain}{self.suffix}"

    def act(self, step: Step) -> None:
        """Do one step; two steps are never in the same millisecond."""
        time.sleep(0.0011)
        getattr(self, step[0])(*step[1])

    def publish(self, whose: str, number: str, content: int, branch: str | None) -> None:
        """PUT of the pact, after its branch; in one request with it when the version is new."""
        url = f"/pacts/provider/{self.name(PROVIDER)}/consumer/{self.name(whose)}/version/{number}"
        known = self.client.get(url)
        document = pact(self.name(whose), self.name(PROVIDER), content)
        if known.status == 200 and known.json["interactions"][0]["description"] != f"reads {content}":
            assert self.client.put(url, document).status == 409
            return
        if branch:
            self.on_branch(whose, number, branch)
        assert self.client.put(url, document).status in (200, 201)

    def on_branch(self, whose: str, number: str, name: str) -> None:
        """PUT of a branch version."""
        url = f"/pacticipants/{self.name(whose)}/branches/{quote(name, safe='')}/versions/{number}"
        assert self.client.put(url, {}).status in (200, 201)

    def tag(self, whose: str, number: str, name: str) -> None:
        """PUT of a tag."""
        url = f"/pacticipants/{self.name(whose)}/versions/{number}/tags/{name}"
        assert self.client.put(url, {}).status in (200, 201)

    def deploy(self, whose: str, number: str, place: str) -> None:
        """POST of a deployed version; 404 for a version that is not known."""
        here = f"/pacticipants/{self.name(whose)}/versions/{number}"
        self.client.post(f"{here}/deployed-versions/environment/{self.places[place]}", {})

    def undeploy(self, whose: str, place: str) -> None:
        """PATCH of what is deployed."""
        listed = self.client.get(
            f"/environments/{self.places[place]}/deployed-versions/currently-deployed"
            f"?pacticipant={self.name(whose)}"
        )
        for each in listed.json["_embedded"]["deployedVersions"]:
            self.client.patch(each["_links"]["self"]["href"], {"currentlyDeployed": False})

    def release(self, whose: str, number: str, place: str) -> None:
        """POST of a released version."""
        here = f"/pacticipants/{self.name(whose)}/versions/{number}"
        self.client.post(f"{here}/released-versions/environment/{self.places[place]}", {})

    def verify(self, consumer: str, content: int, number: str, success: bool, wip: bool) -> None:
        """POST of a result, as a verifier that was given the pact as work in progress, or not."""
        sha = pact_key(pact(self.name(consumer), self.name(PROVIDER), content))
        url = f"/pacts/provider/{self.name(PROVIDER)}/consumer/{self.name(consumer)}/pact-version/{sha}"
        remembered = f"/metadata/{encode(Metadata(wip=True))}" if wip else ""
        body = {"success": success, "providerApplicationVersion": number}
        assert self.client.post(f"{url}{remembered}/verification-results", body).status in (201, 404)

    def document(self, number: str, contents: tuple[int, ...], claim: bool | None) -> None:
        """POST of a provider contract."""
        body = provider_contract(contents)
        if claim is not None:
            body["selfVerificationResults"] = {"success": claim, "verifier": "own"}
        told = self.client.post(
            f"/provider-contracts/provider/{self.name(PROVIDER)}/publish",
            {"pacticipantVersionNumber": number, "contract": body},
        )
        assert told.status in (200, 409)

    def exercise(self, number: str, content: int) -> None:
        """Evidence of a property run, told to the ledger."""
        assert self.ledger is not None
        self.ledger.record_evidence(property_run(Version(self.name(PROVIDER), number), f"GET /{content}"))


def provider_contract(contents: Sequence[int]) -> dict[str, Any]:
    """A document that promises what some of the pacts need."""
    paths = {f"/{each}": {"get": {"responses": {"200": {"description": "fine"}}}} for each in contents}
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "p", "version": "1"}, "paths": paths})
    encoded = base64.b64encode(text.encode()).decode()
    return {"content": encoded, "contentType": "application/json", "specification": "oas"}


def property_run(provider: Version, operation: str) -> Evidence:
    """What a property run saw of one operation."""
    covered = Covered(operation=operation, status=200)
    return Evidence(
        kind=EvidenceKind.PROPERTIES,
        contract="document",
        provider=provider,
        artifact="",
        identity="",
        verdict=Verdict.PASSED,
        promised=1,
        exercised=1,
        complete=True,
        run="r",
        at="2026-01-01T00:00:00+00:00",
        results=(Exercised(subject=operation, verdict=Verdict.PASSED, covered=(covered,)),),
    )


def _steps() -> Iterator[st.SearchStrategy[Step]]:
    consumer, anybody = st.sampled_from(CONSUMERS), st.sampled_from((*CONSUMERS, PROVIDER))
    number, content, place = st.sampled_from(NUMBERS), st.sampled_from(CONTENTS), st.sampled_from(PLACES)
    branch, tag = st.sampled_from(BRANCHES), st.sampled_from(TAGS)
    publish = st.tuples(st.just("publish"), st.tuples(consumer, number, content, st.none() | branch))
    verify = st.tuples(
        st.just("verify"),
        st.tuples(consumer, content, number, st.sampled_from([True, True, False]), st.booleans()),
    )
    yield from (publish, publish, verify, verify, verify)
    yield st.tuples(st.just("on_branch"), st.tuples(anybody, number, branch))
    yield st.tuples(st.just("on_branch"), st.tuples(st.just(PROVIDER), number, branch))
    yield st.tuples(st.just("tag"), st.tuples(anybody, number, tag))
    yield st.tuples(st.just("tag"), st.tuples(st.just(PROVIDER), number, tag))
    yield st.tuples(st.just("deploy"), st.tuples(anybody, number, place))
    yield st.tuples(st.just("undeploy"), st.tuples(anybody, place))
    yield st.tuples(st.just("release"), st.tuples(anybody, number, place))


def _documents() -> Iterator[st.SearchStrategy[Step]]:
    number, contents = st.sampled_from(NUMBERS), st.sampled_from([(0,), (0,), (1,), (0, 1)])
    claim = st.sampled_from([None, None, True, False])
    yield st.tuples(st.just("document"), st.tuples(number, contents, claim))
    yield st.tuples(st.just("exercise"), st.tuples(number, st.sampled_from(CONTENTS)))


# The provider is known, and somebody has published something, so that there is always something to ask.
FIRST: Sequence[Step] = (("publish", ("c", "1", 0, None)),)
HISTORIES = st.lists(st.one_of(*_steps()), min_size=15, max_size=40).map(lambda steps: [*FIRST, *steps])
WITH_DOCUMENTS = st.lists(st.one_of(*_steps(), *_documents(), *_documents()), min_size=15, max_size=40).map(
    lambda steps: [*FIRST, *steps]
)
