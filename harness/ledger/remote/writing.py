"""What a remote broker is told: versions, pacts, results, deployments and releases."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from harness.contracts.pact_merging import described_twice, put_together
from harness.contracts.pact_reader import pact_key, read_pact
from harness.errors import BrokerRefused, BrokerSilent, IdentityConflict, UsageError
from harness.ledger import refusals
from harness.ledger.remote import hal, reading
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.http import MERGE_PATCH
from harness.ledger.remote.site import with_query
from harness.verdicts import Exercised, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.contracts.document import Contract
    from harness.evidence import Evidence, Known
    from harness.identity import Version
    from harness.ledger.remote.reading import ServedPact
    from harness.ledger.remote.site import Site


def version(site: Site, known: Known) -> None:
    """Make a version known, on its branch and with its build, where those are said."""
    names = {"pacticipant": known.version.pacticipant, "version": known.version.number}
    doing = f"version {known.version.number} of {known.version.pacticipant}"
    if known.branch:
        url = site.link("pb:pacticipant-branch-version", branch=known.branch, **names)
        site.change("PUT", url, {}, doing)
    if known.build_url or not known.branch:
        told = {"buildUrl": known.build_url} if known.build_url else {}
        url = site.link("pb:pacticipant-version", **names)
        site.change("PATCH", url, told, doing, content_type=MERGE_PATCH)


def builds(site: Site, known: Known, runtime: str) -> None:
    """Tell a broker of ours what ran under a version's number; another one has no place for it."""
    for artifact in sorted(known.artifacts) if _takes_builds(site) else ():
        names = "pacticipants", known.version.pacticipant, "versions", known.version.number
        body = {"artifact": artifact, "runtime": runtime, "untraced": list(known.untraced)}
        site.offer(site.below(*names, "builds"), body, f"a build of {known.version}")


def _takes_builds(site: Site) -> bool:
    return bool(hal.links(site.index, PROVIDER_CONTRACT))


def pacts(
    site: Site, owner: Version, contracts: Sequence[Contract], *, merge: bool = False
) -> dict[str, Contract]:
    """Publish pacts under one version, all or none, and see that the broker has them as they were given.

    With `merge` they are parts, which the broker puts together with what it has. What it shows, by provider.
    """
    body = {
        "pacticipantName": owner.pacticipant,
        "pacticipantVersionNumber": owner.number,
        "contracts": [_contract_body(each, merge=merge) for each in contracts],
    }
    answer = site.change("POST", site.link("pb:publish-contracts"), body, f"the pacts of {owner}")
    kept = {}
    for link in hal.links(answer, "pb:contracts"):
        site.forget(site.at(link["href"]))
        found = reading.fetch_pact(site, link["href"])
        kept[found.contract.counterpart] = found
    for each in contracts:
        _check_kept(each, kept.get(each.counterpart), owner, merge=merge)
    return {provider: each.contract for provider, each in kept.items()}


def _contract_body(contract: Contract, *, merge: bool) -> dict[str, str]:
    return {
        **({"onConflict": "merge"} if merge else {}),
        "consumerName": contract.owner,
        "providerName": contract.counterpart,
        "content": base64.b64encode(contract.text.encode("utf-8", "surrogatepass")).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }


def _check_kept(given: Contract, kept: ServedPact | None, owner: Version, *, merge: bool) -> None:
    """A broker that merges may keep less than it was given, and call it a success."""
    if kept is not None and (is_kept(given, kept) or (merge and _is_part(given, kept.contract))):
        return
    what = "does not show it" if kept is None else f"keeps other content ({kept.contract.key[:12]})"
    raise BrokerSilent(
        f"the broker took {refusals.promise(given)} in version {owner.number} ({given.key[:12]}), but {what}",
        where=kept.contract.place if kept else given.place,
        hint="raise the version and publish again; nothing that is verified there speaks of what was given",
    )


def _is_part(given: Contract, kept: Contract) -> bool:
    """Whether what is kept has all that was given: put together, nothing is added to it."""
    return described_twice(given, kept) == () and put_together(kept, given).key == kept.key


def is_kept(given: Contract, kept: ServedPact) -> bool:
    """Whether the broker shows what it was given."""
    if given.key in (kept.contract.key, kept.sha):
        return True
    # What was submitted with `_id`s of its own has a key with them, and comes back without them.
    plain, _ = reading.without_ids(json.loads(given.text))
    return pact_key(plain) == kept.contract.key


def provider_contract(site: Site, owner: Version, document: Contract, *, own_tests: bool | None) -> None:
    """Publish a document to which its provider is held. Raises UsageError where the broker takes none."""
    if not hal.links(site.index, PROVIDER_CONTRACT):
        raise UsageError(
            "this broker takes no provider contracts, so no document can decide about pacts",
            where=redact_url(site.base),
            hint="leave --self-verification out, or publish to a broker that takes them: harness broker serve",
        )
    url = site.link(PROVIDER_CONTRACT, provider=owner.pacticipant)
    told = {} if own_tests is None else {"selfVerificationResults": {"success": own_tests, "verifier": "harness"}}
    contract = {
        "content": base64.b64encode(document.text.encode("utf-8", "surrogatepass")).decode(),
        "contentType": "application/json",
        "specification": "oas",
        **told,
    }
    body = {"pacticipantVersionNumber": owner.number, "contract": contract}
    site.change("POST", url, body, f"the provider contract of {owner}")


PROVIDER_CONTRACT = "pf:publish-provider-contract"


def result(site: Site, evidence: Evidence, pact: ServedPact) -> None:
    """Tell the broker what a run saw of a pact; only yes and no are told, for it has no third answer."""
    url = site.at(pact.results) if pact.results else ""
    if not url:
        raise hal.junk(pact.contract.place, "there is no link 'pb:publish-verification-results'")
    from harness import __version__

    body = {
        "success": evidence.verdict is Verdict.PASSED,
        "providerApplicationVersion": evidence.provider.number,
        "testResults": [_result_entry(each, evidence, ids) for each, ids in _with_ids(evidence, pact)],
        "verifiedBy": {"implementation": "harness", "version": __version__},
        **({"build": evidence.artifact} if evidence.artifact and _takes_builds(site) else {}),
    }
    site.change("POST", url, body, f"the result of {evidence.provider}")


def _with_ids(evidence: Evidence, pact: ServedPact) -> list[tuple[Exercised | None, str]]:
    """Each interaction of the pact that was exercised, by what the broker calls it."""
    read = read_pact(pact.contract.text, "")
    if read.unreadable:
        return []  # what cannot be read was never exercised
    interactions = list(zip(read.interactions, pact.ids, strict=True))
    if not evidence.results:
        return [(None, identity) for _, identity in interactions] if evidence.conclusive else []
    found: list[tuple[Exercised | None, str]] = []
    for each in evidence.results:
        named = next((pair for pair in interactions if each.subject == pair[0].label), None)
        if named is not None and each.verdict is not Verdict.UNKNOWN:
            interactions.remove(named)
            found.append((each, named[1]))
    return found


def _result_entry(seen: Exercised | None, evidence: Evidence, identity: str) -> dict[str, Any]:
    passed = seen is None or seen.verdict is Verdict.PASSED
    found = [each for each in evidence.findings if seen and each.subject == seen.subject]
    mismatches = [{"type": "Mismatch", "expected": each.expected, "actual": each.actual} for each in found]
    if seen and seen.because and not found:
        mismatches = [{"type": "BodyMismatch", "mismatch": seen.because}]
    why = {"mismatches": mismatches} if mismatches else {}
    return {"interactionId": identity, "success": passed, "run": evidence.run, **why}


def environment(site: Site, name: str) -> Document:
    """Make an environment; one that is called production is one."""
    body = {"name": name, "displayName": name, "production": name.lower().startswith("prod")}
    return site.change("POST", site.link("pb:environments"), body, f"the environment '{name}'")


def deployment(site: Site, place: str, deployed: Version, instance: str) -> None:
    """It runs there now."""
    body = {"applicationInstance": instance, "target": instance} if instance else {}
    url = _record(site, "pb:record-deployment", place, deployed)
    site.change("POST", url, body, f"the deployment of {deployed} to {place}")


def release(site: Site, place: str, released: Version) -> None:
    """It is supported there now."""
    url = _record(site, "pb:record-release", place, released)
    site.change("POST", url, {}, f"the release of {released} in {place}")


def _record(site: Site, rel: str, place: str, subject: Version) -> str:
    found = known_version(site, subject)
    named = [each for each in hal.links(found, rel) if each.get("name") == place]
    if not named:
        raise refusals.unknown_environment(place, [str(each.get("name")) for each in hal.links(found, rel)])
    return site.at(named[0]["href"])


def known_version(site: Site, wanted: Version) -> Document:
    """The document of a version. Raises UnknownName for one that nobody mentioned, with what was meant."""
    url = site.link("pb:pacticipant-version", pacticipant=wanted.pacticipant, version=wanted.number)
    found = site.find(url)
    if found is not None:
        return found
    others = known_pacticipant(site, wanted.pacticipant)
    raise refusals.unknown_version(wanted, [each.version.number for each in reversed(others)])


def known_pacticipant(site: Site, name: str) -> Sequence[reading.DescribedVersion]:
    """The versions of a pacticipant, oldest first. Raises UnknownName where nobody knows it."""
    if site.find(site.link("pb:pacticipant", pacticipant=name)) is None:
        names = [hal.maybe_text(each, "name") for each in reading.pacticipants(site)]
        raise refusals.unknown_pacticipant(name, names)
    return reading.versions_of(site, name)


def undeployment(site: Site, place: str, environments: Mapping[str, Document], name: str, instance: str) -> int:
    """It no longer runs on that instance; how many were."""
    found = _live(site, place, environments, "pb:currently-deployed-deployed-versions", name)
    wanted = [each for each in found if _instance(each) == instance]
    if not wanted:
        raise refusals.not_deployed(place, name, instance, [_instance(each) for each in found])
    for each in wanted:
        _end(site, each, "currentlyDeployed", f"the end of {name} in {place}")
    return len(wanted)


def support_ended(site: Site, place: str, environments: Mapping[str, Document], ended: Version) -> None:
    """It is no longer supported there."""
    found = _live(site, place, environments, "pb:currently-supported-released-versions", ended.pacticipant)
    known_version(site, ended)
    wanted = [each for each in found if _number(each) == ended.number]
    if not wanted:
        raise refusals.not_released(place, ended, [_number(each) for each in found])
    for each in wanted:
        _end(site, each, "currentlySupported", f"the end of the support of {ended} in {place}")


def _live(
    site: Site, place: str, environments: Mapping[str, Document], rel: str, pacticipant: str
) -> list[Document]:
    if place not in environments:
        raise refusals.unknown_environment(place, environments)
    known_pacticipant(site, pacticipant)
    key = "deployedVersions" if "deployed" in rel else "releasedVersions"
    url = with_query(site.at(hal.href(environments[place], rel, site.base)), {"pacticipant": pacticipant})
    found = site.all_pages(url, key)
    return [each for each in found if _pacticipant(each, redact_url(url)) == pacticipant]


def _pacticipant(record: Document, place: str) -> str:
    return hal.text(hal.part(hal.part(record, "_embedded", place), "pacticipant", place), "name", place)


def _number(record: Document) -> str:
    return hal.text(hal.part(hal.part(record, "_embedded", "a release"), "version", "a release"), "number", "")


def _instance(record: Document) -> str:
    return hal.maybe_text(record, "applicationInstance") or hal.maybe_text(record, "target")


def _end(site: Site, record: Document, what: str, doing: str) -> None:
    url = site.at(hal.href(record, "self", site.base))
    answer = site.change("PATCH", url, {what: False}, doing, content_type=MERGE_PATCH)
    if answer.get(what) is True:
        raise BrokerRefused(f"the broker took {doing}, but it is still there", where=redact_url(url))


def conflict(
    owner: Version, before: Mapping[str, ServedPact], contracts: Sequence[Contract], *, merge: bool = False
) -> None:
    """Raises IdentityConflict where the version has already promised something else; with `merge` parts may."""
    problems = [
        problem
        for each in contracts
        if each.counterpart in before and not is_kept(each, before[each.counterpart])
        for problem in refusals.conflicts(owner, before[each.counterpart].contract, each, merge=merge)
    ]
    if problems:
        raise IdentityConflict(*problems)
