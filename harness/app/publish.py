"""What `harness publish` keeps: the manifest's contracts, or those at the paths that were named."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.app import content
from harness.app.kept_documents import keeping_reader
from harness.contracts.document import ContractKind
from harness.errors import ContractError, UnknownName, UsageError, did_you_mean
from harness.gate import commands
from harness.identity import argument_of
from harness.ports import Publication

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.app.opened import OpenLedger
    from harness.contracts.document import Contract
    from harness.contracts.openapi import OpenApi
    from harness.contracts.pact import Pact
    from harness.ports import Ledger
    from harness.services.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """What the person asked to publish, and what they say about it."""

    paths: tuple[Path, ...] = ()  # empty: the manifest's own contracts
    number: str = ""  # instead of the manifest's or git's
    pacticipant: str = ""  # whose contracts; "" is everybody's
    branch: str = ""
    build_url: str = ""
    provider: str = ""  # whose the OpenAPI documents among the paths are
    allow_dirty: bool = False
    self_verification: str = ""  # passed, failed, none: the documents are provider contracts; "": they are not


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedContracts:
    """What was published, and on which branch, for selectors find versions by it; "" when nobody knows one."""

    publications: tuple[Publication, ...]
    branch: str
    untold: tuple[str, ...] = ()  # services whose document only a run can ask for


OWN_TESTS = {"passed": True, "failed": False, "none": None}  # what the provider's own tests said of its document


def publish(system: System | None, open_ledger: OpenLedger, wish: PublishOptions) -> PublishedContracts:
    """Publish, all or nothing; contracts at named paths can be published without a system.

    Raises UsageError for nothing to publish and for a dirty tree.
    """
    from harness.checkout import detect, version
    from harness.ledger import publishing

    root = system.root if system else Path.cwd()
    checkout = detect(root, os.environ)
    source = replace(
        checkout,
        branch=wish.branch or checkout.branch,
        build_url=wish.build_url or checkout.build_url,
    )
    contracts = _wanted_contracts(system, wish)
    untold = _untold(system, wish)
    if untold and not contracts:
        raise UsageError(
            f"there is nothing to publish: only the running service tells the document of {', '.join(untold)}",
            hint=f"start it and publish what it tells with: {commands.run(argument_of(untold[0]))}",
        )
    declared = {s.name: s.version for s in system.services if s.version} if system else {}
    with open_ledger() as ledger:
        published = publishing.publish(
            ledger,
            contracts,
            {c.owner: wish.number for c in contracts} if wish.number else declared,
            source,
            number=version(checkout),
            allow_dirty=wish.allow_dirty,
        )
        if wish.self_verification:
            _hold_to_documents(ledger, published, own_tests=OWN_TESTS[wish.self_verification])
        return PublishedContracts(publications=published, branch=source.branch, untold=untold)


def _wanted_contracts(system: System | None, wish: PublishOptions) -> tuple[Contract, ...]:
    """What there is to publish, of the pacticipant that was named. Raises UnknownName where that has nothing."""
    found = tuple(_at_paths(wish) if wish.paths else _of_manifest(system))
    wanted = tuple(each for each in found if wish.pacticipant in ("", each.owner))
    if found and not wanted and wish.pacticipant not in _untold(system, wish):
        raise UnknownName(
            f"there is nothing of '{wish.pacticipant}' to publish here",
            hint=did_you_mean(wish.pacticipant, dict.fromkeys(each.owner for each in found)),
        )
    return wanted


def _untold(system: System | None, wish: PublishOptions) -> tuple[str, ...]:
    """The services whose document only a run can ask for."""
    if system is None or wish.paths:
        return ()
    told = (each.name for each in system.services if each.tells_document)
    return tuple(name for name in told if wish.pacticipant in ("", name))


def _hold_to_documents(ledger: Ledger, published: Sequence[Publication], *, own_tests: bool | None) -> None:
    documents = [each for each in published if each.contract.kind is ContractKind.OPENAPI]
    if not documents:
        raise UsageError(
            "there is no OpenAPI document among what was published, so no provider is held to one",
            hint="name it: harness publish openapi.yaml --provider NAME --self-verification passed",
        )
    for each in documents:
        ledger.hold_to_document(each.version, each.contract, own_tests=own_tests)


def _of_manifest(system: System | None) -> Iterator[Contract]:
    from harness.contracts.openapi_reader import read_openapi

    if system is None:
        return
    for pact in content.pacts_of(system):
        yield _publishable(pact)
    for service in system.services:
        path = Path(service.openapi) if service.openapi else None
        if path is not None and path.is_file():
            yield read_openapi(path.read_bytes(), service.name, str(path), keeping_reader(os.environ)).contract()


def _at_paths(wish: PublishOptions) -> Iterator[Contract]:
    from harness.contracts.openapi_reader import read_openapi
    from harness.contracts.pact_reader import read_pacts

    for path in wish.paths:
        if not path.exists():
            raise UsageError("no such file or folder", where=str(path))
    if wish.provider:
        for path in wish.paths:
            if not path.is_file():
                raise UsageError("with --provider each PATH is an OpenAPI document", where=str(path))
            yield read_openapi(path.read_bytes(), wish.provider, str(path), keeping_reader(os.environ)).contract()
        return
    for pact in read_pacts(map(str, wish.paths)):
        yield _publishable(pact)


def _publishable(pact: Pact) -> Contract:
    """A pact as the ledger keeps it. Raises ContractError for one that says nothing, or contradicts itself."""
    contradictions = [f"{pact.place}{each.contradicts}" for each in pact.interactions if each.contradicts]
    if pact.unreadable or contradictions:
        raise ContractError(*(contradictions or [f"{pact.place}{pact.unreadable}"]))
    return pact.contract()


def of_document(text: str | bytes, provider: str, place: str) -> OpenApi:
    """A document, with the lines of what breaks its standard or leads nowhere. Raises ContractError."""
    from harness.app.source_lines import LinesOfFiles, on_lines
    from harness.contracts.openapi_reader import read_openapi

    read = read_openapi(text, provider, place, keeping_reader(os.environ))
    lines = LinesOfFiles()
    return replace(read, problems=on_lines(read.problems, lines), remarks=on_lines(read.remarks, lines))


def notices(publication: Publication) -> tuple[str, ...]:
    """What of a published pact nobody can verify, and what of a document nobody can read, with its place."""
    from harness.contracts.pact_reader import read_pact

    contract = publication.contract
    if contract.kind is ContractKind.OPENAPI:
        read = of_document(contract.text, contract.owner, contract.place)
        return tuple(each.sentence for each in (*read.problems, *read.remarks))
    if contract.kind is not ContractKind.PACT:
        return ()
    pact = read_pact(contract.text, contract.place)
    return tuple(
        f"'{each.label}' cannot be verified: {pact.place}{each.unreadable}"
        for each in pact.interactions
        if each.unreadable
    )
