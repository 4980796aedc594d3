"""Pacts and a document, wherever they are, read and compared."""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from harness.app.documents import document_source, fetch_document, version_named
from harness.app.kept_documents import keeping_reader
from harness.app.source_lines import LinesOfFiles, on_lines
from harness.comparison.openapi.document import bundle_document
from harness.comparison.pact_fit import Comparison, PactComparison, compare_all
from harness.contracts.document import ContractKind
from harness.contracts.pact import Pact
from harness.contracts.pact_reader import find_pacts, read_pact
from harness.errors import ContractError, Problem, UnknownName, UsageError
from harness.gate import commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.app.opened import OpenLedger
    from harness.identity import Version

PACT_FORMS = "a file, a folder, a pattern, a URL, or a version in the ledger (web@1.4)"


def compare_pacts(pacts: Sequence[str], document: str, open_ledger: OpenLedger) -> list[PactComparison]:
    """Every pact that is meant, compared with the document. Raises UsageError, UnknownName, ContractError."""
    source = document_source(document, open_ledger)
    problems: list[Problem] = []
    read = [pact for given in pacts for pact in _pacts(given, source.service, open_ledger, problems)]
    if problems and not read:
        raise ContractError(*problems)
    spoilt = [_not_read(each, source.place) for each in problems]
    reader = keeping_reader(os.environ)
    value = reader(source.text, source.place)
    if isinstance(value, dict) and "asyncapi" in value and "openapi" not in value:
        told = Comparison(unknown=("the document is AsyncAPI; messages are not compared with it",))
        return [*(PactComparison(pact=each, document=source.place, comparison=told) for each in read), *spoilt]
    read_document = bundle_document(value, source.place, reader, source.beside)
    found = compare_all(read, read_document)
    lines = LinesOfFiles()
    problems_there, remarks = on_lines(read_document.problems, lines), on_lines(read_document.remarks, lines)
    told_of = [
        PactComparison(
            pact=pact, document=source.place, comparison=comparison, problems=problems_there, remarks=remarks
        )
        for pact, comparison in zip(read, found, strict=True)
    ]
    return [*told_of, *spoilt]


def _not_read(problem: Problem, document: str) -> PactComparison:
    """A file of a batch that is no pact: what it promises is not known, and the others are none the worse."""
    nobody = Pact(
        consumer="", provider="", specification="", interactions=(), key="", document={}, place=problem.where
    )
    told = Comparison(unknown=(f"the pact cannot be read: {problem.where}: {problem.text}",))
    return PactComparison(pact=nobody, document=document, comparison=told)


def _pacts(given: str, provider: str, open_ledger: OpenLedger, problems: list[Problem]) -> Iterator[Pact]:
    is_pattern = not Path(given).exists() and bool(set(given) & set("*?["))
    paths = sorted(glob(given, recursive=True)) if is_pattern else [given] if Path(given).exists() else []
    if paths:
        found = find_pacts(paths)
        if not (found.pacts or found.problems):
            raise UsageError("there is no pact in the folder", where=given, hint="a pact is a *.json file")
        problems.extend(found.problems)
        yield from found.pacts
    elif given.startswith(("http://", "https://")):
        yield read_pact(fetch_document(given), given)
    elif (version := version_named(given)) is not None:
        yield from _published_pacts(version, provider, open_ledger)
    else:
        raise UsageError("cannot read the pact: no such file", where=given, hint=f"give {PACT_FORMS}")


def _published_pacts(version: Version, provider: str, open_ledger: OpenLedger) -> Iterator[Pact]:
    """The pacts of a version, those with the document's provider where that is known."""
    with open_ledger() as ledger:
        known = ledger.facts_about([version], []).versions.get(version)
        if known is None:
            raise UnknownName(f"no version {version}", hint=commands.first_known(version))
        keys = {name: key for name, key in known.pacts.items() if provider in ("", name)}
        if not keys:
            raise UnknownName(f"{version} has published no pact{f' with {provider}' if provider else ''}")
        for name, key in sorted(keys.items()):
            contract = ledger.contract(key)
            if contract is not None and contract.kind is ContractKind.PACT:
                yield read_pact(contract.text, f"{version} with {name}")
