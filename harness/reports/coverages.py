"""What was exercised of a provider, as a table for people and as a document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.declared import DeclaredOperation, Exercise, Share

_NAMED = 8  # things that one line names


def as_document(told: Exercise) -> dict[str, Any]:
    """For programs; the schema is in docs/reference/json.md."""
    return {
        "provider": {"name": told.version.pacticipant, "version": told.version.number},
        "document": told.document or None,
        "key": told.coverage.key,
        "operations": [
            {
                "operation": row.operation,
                "parameters": _share(row.parameters),
                "statuses": _share(row.statuses) | {"undeclared": list(row.undeclared)},
                "fields": _share(row.fields),
                "unread": row.unread or None,
            }
            for row in told.rows
        ],
        "beside": list(told.beside),
        "equally": [{"request": request, "operations": list(labels)} for request, labels in told.equally],
        "seen": told.coverage.document(),
        "problems": [each.sentence for each in told.problems],
    }


def _share(share: Share) -> dict[str, list[str]]:
    return {"exercised": list(share.seen), "notExercised": list(share.unseen)}


def for_people(told: Exercise) -> Iterator[str]:
    """A line for each operation, and below it what was not exercised."""
    version, seen = told.version, told.coverage.seen
    if not seen:
        yield f"{version}: no check of ours has seen it answer yet"
        yield f"  try: harness run {version.pacticipant}"
    if not told.document:
        yield f"{version} has published no OpenAPI document: what it declares is not known"
        yield from (f"  {each.operation}  {each.status}  {len(each.fields)} fields" for each in seen)
        return
    touched = sum(bool(row.statuses.seen or row.undeclared) for row in told.rows)
    unread = sum(bool(row.unread) for row in told.rows)
    beside = f"; what {unread} of them declare{'s' if unread == 1 else ''} is unknown" if unread else ""
    yield f"{version}: {touched} of {len(told.rows)} operations exercised{beside}"
    yield from _table(told.rows)
    yield from (f"cannot be read: {each.sentence}" for each in told.problems[:_NAMED])
    if len(told.problems) > _NAMED:
        yield f"and {len(told.problems) - _NAMED} more places that cannot be read"
    if told.beside:
        yield f"seen beside the document: {_some(told.beside)}"
    for request, labels in told.equally:
        yield f"counts for none: {request} meets {' and '.join(labels)} equally"


def _table(rows: tuple[DeclaredOperation, ...]) -> Iterator[str]:
    width = max((len(row.operation) for row in rows), default=0)
    width = max(width, len("operation"))
    yield f"  {'operation':<{width}}  {'parameters':>10}  {'statuses':>10}  {'fields':>10}"
    for row in rows:
        if row.unread:
            yield f"  {row.operation:<{width}}  {'unknown':>10}  {'unknown':>10}  {'unknown':>10}"
            yield f"    {row.unread}"
            continue
        counts = (_count(row.parameters), _count(row.statuses), _count(row.fields))
        yield f"  {row.operation:<{width}}  " + "  ".join(f"{each:>10}" for each in counts)
        yield from _gaps(row)


def _gaps(row: DeclaredOperation) -> Iterator[str]:
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
