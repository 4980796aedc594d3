"""Pacts and a document, wherever they are, read and compared."""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from harness import wiring
from harness.comparison.openapi_diff.document import bundled
from harness.comparison.pact_openapi import Compared, Comparison, compare_all
from harness.contracts.document import ContractKind
from harness.contracts.pact_reader import read_pact, read_pacts
from harness.errors import UnknownName, UsageError
from harness.wiring.documents import document_source, fetched, version_named
from harness.wiring.kept_documents import keeping_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.contracts.pact import Pact
    from harness.identity import Version

PACT_FORMS = "a file, a folder, a pattern, a URL, or a version in the ledger (web@1.4)"


def compared(pacts: Sequence[str], document: str, manifest: Path | None, broker: str | None) -> list[Compared]:
    """Every pact that is meant, compared with the document. Raises UsageError, UnknownName, ContractError."""
    source = document_source(document, manifest, broker)
    read = [pact for given in pacts for pact in _pacts(given, source.service, manifest, broker)]
    reader = keeping_reader(os.environ)
    value = reader(source.text, source.place)
    if isinstance(value, dict) and "asyncapi" in value and "openapi" not in value:
        told = Comparison(unknown=("the document is AsyncAPI; messages are not compared with it",))
        return [Compared(pact=each, document=source.place, comparison=told) for each in read]
    found = compare_all(read, bundled(value, source.place, reader, source.beside))
    return [
        Compared(pact=pact, document=source.place, comparison=comparison)
        for pact, comparison in zip(read, found, strict=True)
    ]


def _pacts(given: str, provider: str, manifest: Path | None, broker: str | None) -> Iterator[Pact]:
    if Path(given).exists():
        found = read_pacts([given])
        if not found:
            raise UsageError("there is no pact in the folder", where=given, hint="a pact is a *.json file")
        yield from found
    elif set(given) & set("*?[") and (paths := sorted(glob(given, recursive=True))):
        yield from read_pacts(paths)
    elif given.startswith(("http://", "https://")):
        yield read_pact(fetched(given), given)
    elif (version := version_named(given)) is not None:
        yield from _kept(version, provider, manifest, broker)
    else:
        raise UsageError("cannot read the pact: no such file", where=given, hint=f"give {PACT_FORMS}")


def _kept(version: Version, provider: str, manifest: Path | None, broker: str | None) -> Iterator[Pact]:
    """The pacts of a version, those with the document's provider where that is known."""
    with wiring.memory(manifest, broker) as ledger:
        known = ledger.facts_about([version], []).versions.get(version)
        if known is None:
            raise UnknownName(f"no version {version}", hint="publish it first: harness publish")
        keys = {name: key for name, key in known.pacts.items() if provider in ("", name)}
        if not keys:
            raise UnknownName(f"{version} has published no pact{f' with {provider}' if provider else ''}")
        for name, key in sorted(keys.items()):
            contract = ledger.contract(key)
            if contract is not None and contract.kind is ContractKind.PACT:
                yield read_pact(contract.text, f"{version} with {name}")
