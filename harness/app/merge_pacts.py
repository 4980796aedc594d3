"""`harness pacts`: parts of pacts that several runners wrote, put together in one folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.contracts.document import Contract


def merge_into(folder: Path, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Put the pacts at the paths together with those of their pairs in a folder; the files that were written.

    Raises ContractError, and writes nothing, for what is no pact and for parts that contradict each other.
    """
    from harness.contracts.pact_reader import read_pacts
    from harness.contracts.pact_writer import file_of_pair, replace_file, stable_text
    from harness.ledger.publishing import parts_together

    parts = [pact.contract() for pact in read_pacts(map(str, paths))]
    places = {pair: file_of_pair(folder, pair) for pair in dict.fromkeys(map(_pair, parts))}
    there = [str(path) for path in places.values() if path.exists()]
    whole = parts_together([*(pact.contract() for pact in read_pacts(there)), *parts])
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for each in whole:
        path, text = places[_pair(each)], stable_text(json.loads(each.text))
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            replace_file(path, text)
            written.append(path)
    return tuple(written)


def _pair(contract: Contract) -> tuple[str, str]:
    return contract.owner, contract.counterpart
