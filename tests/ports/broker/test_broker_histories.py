"""Random histories of versions, branches, tags and stays, against a naive model of BROKER-API 7 and 24."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from broker_client import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from law_examples import examples

NUMBERS, BRANCHES, TAGS, SLOTS = "123", ("main", "x/y"), ("dev", "main", "PLACE"), ("", "blue")
_names = count()


@dataclass
class Branch:
    members: list[str] = field(default_factory=list)
    head: str | None = None


@dataclass
class Model:
    """What there must be; versions are in the order in which they came."""

    versions: list[str] = field(default_factory=list)
    main: str | None = None
    branches: dict[str, Branch] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    stays: list[list[Any]] = field(default_factory=list)  # number, slot, live
    releases: dict[str, bool] = field(default_factory=dict)

    def mention(self, number: str) -> None:
        if number not in self.versions:
            self.versions.append(number)
            self.tags[number] = []

    def on_branch(self, name: str, number: str) -> None:
        self.mention(number)
        branch = self.branches.setdefault(name, Branch())
        if number not in branch.members:
            branch.members.append(number)
            branch.head = number
        self.detect(name)

    def detect(self, name: str) -> None:
        if self.main is None and name == "main":
            self.main = name

    def off_branch(self, name: str, number: str) -> None:
        branch = self.branches.get(name)
        if branch and number in branch.members:
            branch.members.remove(number)
            if branch.head == number:
                branch.head = max(branch.members, key=self.versions.index, default=None)

    def tag(self, number: str, name: str) -> None:
        self.mention(number)
        alone = not self.tags[number] and not any(number in each.members for each in self.branches.values())
        if name not in self.tags[number]:
            self.tags[number].append(name)
            self.detect(name)
            if alone:
                self.on_branch(name, number)
        if name == "PLACE" and [number, True] not in [[each[0], each[2]] for each in self.stays]:
            self.deploy(number, "")

    def untag(self, number: str, name: str) -> None:
        if number in self.versions and name in self.tags[number]:
            self.tags[number].remove(name)

    def deploy(self, number: str, slot: str) -> None:
        if number not in self.versions or [number, slot, True] in self.stays:
            return
        self.undeploy(slot)
        self.stays.append([number, slot, True])

    def undeploy(self, slot: str) -> None:
        for each in self.stays:
            if each[1] == slot:
                each[2] = False

    def release(self, number: str) -> None:
        if number in self.versions:
            self.releases[number] = True

    def end(self, number: str) -> None:
        if number in self.releases:
            self.releases[number] = False

    def delete_branch(self, name: str) -> None:
        self.branches.pop(name, None)

    def delete(self, number: str) -> None:
        if number in self.versions:
            for name in self.branches:
                self.off_branch(name, number)
            self.versions.remove(number)
            self.stays = [each for each in self.stays if each[0] != number]
            self.releases.pop(number, None)
            self.tags.pop(number)


@dataclass
class Broker:
    """The same through the API, for one pacticipant and one environment of its own."""

    client: Client
    name: str
    place: str

    @property
    def here(self) -> str:
        return f"/pacticipants/{self.name}"

    def get(self, path: str) -> Any:
        told = self.client.get(path)
        return told.json if told.status == 200 else None

    def on_branch(self, name: str, number: str) -> None:
        self.client.put(f"{self.here}/branches/{name.replace('/', '%2F')}/versions/{number}", {})

    def off_branch(self, name: str, number: str) -> None:
        self.client.delete(f"{self.here}/branches/{name.replace('/', '%2F')}/versions/{number}")

    def delete_branch(self, name: str) -> None:
        self.client.delete(f"{self.here}/branches/{name.replace('/', '%2F')}")

    def tag(self, number: str, name: str) -> None:
        self.client.put(f"{self.here}/versions/{number}/tags/{self._tag(name)}", {})

    def untag(self, number: str, name: str) -> None:
        self.client.delete(f"{self.here}/versions/{number}/tags/{self._tag(name)}")

    def _tag(self, name: str) -> str:
        return f"e{self.name}" if name == "PLACE" else name

    def mention(self, number: str) -> None:
        self.client.put(f"{self.here}/versions/{number}", {})

    def delete(self, number: str) -> None:
        self.client.delete(f"{self.here}/versions/{number}")

    def deploy(self, number: str, slot: str) -> None:
        where = f"{self.here}/versions/{number}/deployed-versions/environment/{self.place}"
        self.client.post(where, {"applicationInstance": slot})

    def undeploy(self, slot: str) -> None:
        where = f"/environments/{self.place}/deployed-versions/currently-deployed?applicationInstance={slot}"
        for each in self.get(where)["_embedded"]["deployedVersions"]:
            self.client.patch(each["_links"]["self"]["href"], {"currentlyDeployed": False})

    def release(self, number: str) -> None:
        self.client.post(f"{self.here}/versions/{number}/released-versions/environment/{self.place}", {})

    def end(self, number: str) -> None:
        where = f"/environments/{self.place}/released-versions/currently-supported?version={number}"
        for each in self.get(where)["_embedded"]["releasedVersions"]:
            self.client.patch(each["_links"]["self"]["href"], {"currentlySupported": False})


number, branch, tag, slot = map(st.sampled_from, (NUMBERS, ("main", *BRANCHES), TAGS, SLOTS))
STEPS: st.SearchStrategy[tuple[str, tuple[str, ...]]] = st.one_of(
    st.tuples(st.just("on_branch"), st.tuples(branch, number)),
    st.tuples(st.just("on_branch"), st.tuples(branch, number)),
    st.tuples(st.just("off_branch"), st.tuples(branch, number)),
    st.tuples(st.just("delete_branch"), st.tuples(branch)),
    st.tuples(st.just("tag"), st.tuples(number, tag)),
    st.tuples(st.just("tag"), st.tuples(number, tag)),
    st.tuples(st.just("untag"), st.tuples(number, tag)),
    st.tuples(st.just("mention"), st.tuples(number)),
    st.tuples(st.just("delete"), st.tuples(number)),
    st.tuples(st.just("deploy"), st.tuples(number, slot)),
    st.tuples(st.just("deploy"), st.tuples(number, slot)),
    st.tuples(st.just("undeploy"), st.tuples(slot)),
    st.tuples(st.just("release"), st.tuples(number)),
    st.tuples(st.just("end"), st.tuples(number)),
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(12),
    deadline=None,
)
@given(steps=st.lists(STEPS, min_size=15, max_size=45))
def test_every_history_ends_as_the_model_says(client: Client, steps: list[tuple[str, tuple[str, ...]]]) -> None:
    name = f"p{next(_names)}"
    place = client.post("/environments", {"name": f"e{name}", "production": True}).json["uuid"]
    model, broker = Model(), Broker(client, name, place)
    for what, with_ in (("mention", ("0",)), *steps):
        for side in (model, broker):
            act: Callable[..., None] = getattr(side, what)
            act(*with_)
    _compare(model, broker)


def _compare(model: Model, broker: Broker) -> None:
    listed = broker.get(f"{broker.here}/versions")["_embedded"]["versions"]
    assert [each["number"] for each in listed] == model.versions[::-1]
    assert broker.get(broker.here).get("mainBranch") == model.main
    known = {broker._tag(each) if each == "PLACE" else each: each for each in (*BRANCHES, *TAGS)}
    found = broker.get(f"{broker.here}/branches")["_embedded"]["branches"]
    assert {known[each["name"]] for each in found} == set(model.branches)
    for each in listed:
        assert [known[told["name"]] for told in each["_embedded"]["tags"]] == model.tags[each["number"]]
        on = {known[told["name"]]: told["latest"] for told in each["_embedded"]["branchVersions"]}
        assert on == {
            name: there.head == each["number"]
            for name, there in model.branches.items()
            if each["number"] in there.members
        }
    for name in TAGS:
        tagged = [each for each in model.versions if name in model.tags[each]]
        latest = broker.get(f"{broker.here}/latest-version/{broker._tag(name)}")
        assert (latest and latest["number"]) == (tagged[-1] if tagged else None)
    _compare_places(model, broker)


def _compare_places(model: Model, broker: Broker) -> None:
    there = f"/environments/{broker.place}"
    history = broker.get(f"{there}/deployed-versions")["_embedded"]["deployedVersions"]
    assert [
        [each["_embedded"]["version"]["number"], each.get("applicationInstance", ""), each["currentlyDeployed"]]
        for each in history
    ] == model.stays
    supported = broker.get(f"{there}/released-versions/currently-supported")["_embedded"]["releasedVersions"]
    live = {number for number, lasts in model.releases.items() if lasts}
    assert {each["_embedded"]["version"]["number"] for each in supported} == live
    inside = broker.get(f"{broker.here}/environments/{broker.place}/versions")["_embedded"]["versions"]
    deployed = {each[0] for each in model.stays if each[2]}
    assert [each["number"] for each in inside] == [v for v in model.versions[::-1] if v in live | deployed]
