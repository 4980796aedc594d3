"""What the answers of a property run held, gathered while its report is read; equal answers are read once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.comparison.coverage import Coverage, covered_by, fields_of, media_of
from harness.verdicts import Covered

if TYPE_CHECKING:
    from harness.verdicts import Exchange

_LARGEST = 256 * 1024  # bytes of an answer that are read for its fields
_MOST = 2000  # fields of one operation that are told


@dataclass(slots=True)
class Covering:
    """Gathers what passing cases saw, each operation by itself."""

    _found: dict[str, dict[Covered, None]] = field(default_factory=lambda: defaultdict(dict))
    _read: dict[tuple[str, bytes], tuple[str, ...]] = field(default_factory=dict)

    def take(self, operation: str, exchange: Exchange, body: bytes) -> None:
        """Take one case whose request meets the operation."""
        covered = covered_by(replace(exchange, response_body="", response_size=0), operation)
        if covered is None:
            return
        fields = self._fields(body, media_of(exchange)) if len(body) <= _LARGEST else ()
        self._found[operation][replace(covered, fields=fields)] = None

    def _fields(self, body: bytes, media: str) -> tuple[str, ...]:
        key = media, body
        if key not in self._read:
            self._read[key] = fields_of(body, media)
        return self._read[key]

    def told(self) -> dict[str, Coverage]:
        """What was seen of each operation, merged; of very many fields only the first ones."""
        merged = {operation: Coverage.of(found) for operation, found in self._found.items()}
        return {
            operation: Coverage(tuple(replace(each, fields=each.fields[:_MOST]) for each in coverage.seen))
            for operation, coverage in merged.items()
        }
