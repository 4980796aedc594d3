"""The OpenAPI documents of services: from files, from the ledger, from the running service."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.app.content import display_place
from harness.app.kept_documents import keeping_reader
from harness.contracts.document import ContractKind
from harness.errors import ContractError
from harness.services.spelling import heading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contracts.openapi import OpenApi
    from harness.ports import Instance, Ledger
    from harness.services.system import Service, System


def known_documents(system: System, artifacts: Mapping[str, str], ledger: Ledger) -> dict[str, OpenApi]:
    """The OpenAPI documents that are files, and those that the same artifact has told before."""
    documents = {}
    for service in system.services:
        if not service.openapi:
            continue
        document = _from_file(system, service) or _from_ledger(service, artifacts.get(service.name, ""), ledger)
        if document is not None:
            documents[service.name] = document
    return documents


def _from_file(system: System, service: Service) -> OpenApi | None:
    from pathlib import Path

    from harness.contracts.openapi_reader import read_openapi

    path = Path(service.openapi)
    if not path.is_file():
        return None
    document = read_openapi(path.read_bytes(), service.name, str(path), keeping_reader(os.environ))
    return replace(document, place=display_place(system, str(path)))


def _from_ledger(service: Service, artifact: str, ledger: Ledger) -> OpenApi | None:
    from harness.contracts.openapi_reader import read_openapi

    if not artifact:
        return None
    for known in ledger.facts().versions.values():
        if known.version.pacticipant == service.name and artifact in known.artifacts and known.openapi:
            contract = ledger.contract(known.openapi)
            if contract is not None and contract.kind is ContractKind.OPENAPI:
                return read_openapi(contract.text, service.name, contract.place)
    return None


def read_document(service: Service, instance: Instance) -> OpenApi:
    """The OpenAPI document that the running service tells of itself."""
    import httpx

    from harness.contracts.openapi_reader import read_openapi

    url = instance.url.rstrip("/") + service.openapi
    try:
        trust = service.trust.context(urlsplit(url).hostname or "")
        response = httpx.get(url, timeout=10, follow_redirects=True, trust_env=False, verify=trust)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise ContractError(
            f"the OpenAPI document of {service.name} cannot be fetched: {error}",
            where=url,
            hint=f"openapi = in {heading(service.called)} is a path on the running service, or a file",
        ) from error
    return read_openapi(response.content, service.name, service.openapi, keeping_reader(os.environ))
