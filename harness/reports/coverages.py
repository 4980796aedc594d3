"""What was exercised of a provider, as a table for people and as a document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.coverage import Coverage
    from harness.comparison.declared import Row, Share
    from harness.identity import Version

_NAMED = 8  # things that one line names


Equally = tuple[tuple[str, tuple[str, ...]], ...]  # requests, and the operations that each meets equally


def as_document(
    version: Version,
    coverage: Coverage,
    rows: tuple[Row, ...],
    document: str,
    beside: tuple[str, ...],
    equally: Equally,
) -> dict[str, Any]:
    """For programs; the schema is in docs/reference/json.md."""
    return {
        "provider": {"name": version.pacticipant, "version": version.number},
        "document": document or None,
        "key": coverage.key,
        "operations": [
            {
                "operation": row.operation,
                "parameters": _share(row.parameters),
                "statuses": _share(row.statuses) | {"undeclared": list(row.undeclared)},
                "fields": _share(row.fields),
            }
            for row in rows
        ],
        "beside": list(beside),
        "equally": [{"request": request, "operations": list(labels)} for request, labels in equally],
        "seen": coverage.document(),
    }


def _share(share: Share) -> dict[str, list[str]]:
    return {"exercised": list(share.seen), "notExercised": list(share.unseen)}


def for_people(
    version: Version,
    coverage: Coverage,
    rows: tuple[Row, ...],
    document: str,
    beside: tuple[str, ...],
    equally: Equally,
) -> Iterator[str]:
    """A line for each operation, and below it what was not exercised."""
    if not coverage.seen:
        yield f"{version}: no check of ours has seen it answer yet"
        yield f"  try: harness run {version.pacticipant}"
    if not document:
        yield f"{version} has published no OpenAPI document: what it declares is not known"
        yield from (f"  {each.operation}  {each.status}  {len(each.fields)} fields" for each in coverage.seen)
        return
    touched = sum(bool(row.statuses.seen or row.undeclared) for row in rows)
    yield f"{version}: {touched} of {len(rows)} operations exercised"
    yield from _table(rows)
    if beside:
        yield f"seen beside the document: {_some(beside)}"
    for request, labels in equally:
        yield f"counts for none: {request} meets {' and '.join(labels)} equally"


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    width = max((len(row.operation) for row in rows), default=0)
    width = max(width, len("operation"))
    yield f"  {'operation':<{width}}  {'parameters':>10}  {'statuses':>10}  {'fields':>10}"
    for row in rows:
        counts = (_count(row.parameters), _count(row.statuses), _count(row.fields))
        yield f"  {row.operation:<{width}}  " + "  ".join(f"{each:>10}" for each in counts)
        yield from _gaps(row)


def _gaps(row: Row) -> Iterator[str]:
    for what, share in (("statuses", row.statuses), ("parameters", row.parameters), ("fields", row.fields)):
        if share.unseen:
            yield f"    {what} not exercised: {_some(share.unseen)}"
    if row.undeclared:
        yield f"    answered, but not declared: {_some(row.undeclared)}"


def _count(share: Share) -> str:
    return f"{len(share.seen)}/{share.of}" if share.of else "-"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
