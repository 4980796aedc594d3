"""The matrix as the API tells it: as JSON, and as a table for people."""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.hal import link, omit_absent, path
from harness.broker.http.metadata import Metadata, encode
from harness.broker.http.version_shape import branch_versions
from harness.gate.promises import told_briefly
from harness.gate.reason_document import reason_documents
from harness.gate.resolutions import over_http
from harness.ledger.db import findings
from harness.ledger.db.times import moment
from harness.ledger.display_names import display_name
from harness.ledger.matrix import details as matrix_details
from harness.ledger.matrix.history import every_result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.evidence import Stated
    from harness.ledger.db.shown_versions import ShownVersion
    from harness.ledger.matrix.deciding import Answered
    from harness.ledger.matrix.details import MatrixDetails
    from harness.ledger.matrix.promised import MatrixRow
    from harness.ledger.matrix.question import Question

_NOTICE = s.record({"type": s.text(), "text": s.text()})
MATRIX = s.Schema(
    "Matrix",
    s.record(
        {
            "summary": s.record(
                {
                    "deployable": s.maybe(s.truth()),
                    "reason": s.text(),
                    "success": s.whole(),
                    "failed": s.whole(),
                    "unknown": s.whole(),
                },
                ignored=s.whole(),
            ),
            "notices": s.many(_NOTICE),
            "reasons": s.many(s.OBJECT),
            "matrix": s.many(s.OBJECT),
        }
    ),
)


def matrix_resource(request: Request, question: Question, answer: Answered) -> dict[str, Any]:
    """The answer with its rows, as many as were asked for."""
    listed = _rows_with_results(request.db, question, answer)
    details = matrix_details.of(request.db, [row for row, _ in listed])
    failed = {row.verification for row, _ in listed if row.success is False and row.verification}
    shape = _RowsAsJson(request, details, failed, typed=any(row.stated for row, _ in listed))
    return {
        "summary": _summary(answer),
        "notices": _notices(answer),
        "reasons": reason_documents(over_http(each, request.base) for each in answer.reasons),
        "matrix": [shape.row(row, ignored=ignored) for row, ignored in listed],
    }


_MOST = 1000  # rows that are looked through for those with a result that was asked for


def _rows_with_results(db: sa.Connection, question: Question, answer: Answered) -> list[tuple[MatrixRow, bool]]:
    """The rows with what stands or, where nobody says which results are meant, with every result."""
    marked: Iterator[tuple[MatrixRow, bool]]
    marked = chain(((row, False) for row in answer.considered), ((row, True) for row in answer.left_out))
    if not question.latest_by:
        marked = every_result(db, list(islice(marked, _MOST if question.success else question.limit)))
    if question.success:
        wanted = {{"true": True, "false": False}.get(word) for word in question.success}
        return list(islice(((row, ignored) for row, ignored in marked if row.success in wanted), question.limit))
    return list(islice(marked, question.limit))


def _summary(answer: Answered) -> dict[str, Any]:
    told = {
        "deployable": answer.deployable,
        "reason": answer.reason,
        "success": answer.success,
        "failed": answer.failed,
        "unknown": answer.unknown,
    }
    return told if answer.ignored is None else {**told, "ignored": answer.ignored}


def _notices(answer: Answered) -> list[dict[str, str]]:
    kinds = (("warning", answer.warnings), ("error", answer.errors), ("success", answer.successes))
    return [{"type": kind, "text": text} for kind, texts in kinds for text in texts]


class _RowsAsJson:
    """Rows as JSON; whatever several rows share is told once and used in all of them."""

    def __init__(self, request: Request, details: MatrixDetails, failed: Collection[int], *, typed: bool) -> None:
        self.request = request
        self.details = details
        self.typed = typed  # rows say what their result is: of a run (CDCT), or of a document (BDCT)
        self.versions: dict[int, dict[str, Any]] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.pairs: dict[tuple[str, str], str] = {}
        self.broken = findings.of_results(request.db, failed)

    def row(self, row: MatrixRow, *, ignored: bool) -> dict[str, Any]:
        """One row."""
        consumer = self.details.versions[row.consumer_version]
        pact = self._pair(row) + path("version", consumer.number)
        published = self.details.published[row.publication]
        told: dict[str, Any] = {
            "consumer": self._party(row.consumer, self._version(row.consumer_version)),
            "provider": self._party(
                row.provider, None if row.provider_version is None else self._version(row.provider_version)
            ),
            "pact": {"createdAt": moment(published.at), "_links": {"self": {"href": pact}}},
            "verificationResult": self._result(row, consumer, published.sha),
        }
        if row.success is False and (found := self.broken.get(row.verification or 0)):
            told["broken"] = [
                {"request": each.request, "expected": each.expected, "came": each.came}
                for each in told_briefly(found)
            ]
        if self.typed:
            told["verificationType"] = "BDCT" if row.stated else "CDCT"
            told["because"] = row.stated.because if row.stated else None
        if row.disagreement:
            told["disagreement"] = row.disagreement
        return {**told, "ignored": True} if ignored else told

    def _party(self, name: str, version: dict[str, Any] | None) -> dict[str, Any]:
        if name not in self.links:
            self.links[name] = {"self": {"href": self.request.to("pacticipants", name)}}
        return {"name": name, "version": version, "_links": self.links[name]}

    def _pair(self, row: MatrixRow) -> str:
        """The address below which everything of two pacticipants is."""
        pair = row.provider, row.consumer
        if pair not in self.pairs:
            self.pairs[pair] = self.request.to("pacts", "provider", row.provider, "consumer", row.consumer)
        return self.pairs[pair]

    def _result(self, row: MatrixRow, consumer: ShownVersion, sha: str) -> dict[str, Any] | None:
        if row.stated is not None:
            return self._stated(row, row.stated, consumer)
        if row.verification is None or row.success is None:
            return None
        metadata = encode(Metadata(number=consumer.number))
        result = "verification-results", str(row.verification)
        where = self._pair(row) + path("pact-version", sha, "metadata", metadata, *result)
        at = moment(self.details.verified[row.verification])
        return {"success": row.success, "verifiedAt": at, "_links": {"self": {"href": where}}}

    def _stated(self, row: MatrixRow, stated: Stated, consumer: ShownVersion) -> dict[str, Any] | None:
        if row.success is None or row.provider_version is None:
            return None
        number = self.details.versions[row.provider_version].number
        where = self.request.to(
            *("contracts", "bi-directional", "provider", row.provider, "version", number),
            *("consumer", row.consumer, "version", consumer.number, "cross-contract-verification-results"),
        )
        at = moment(max(stated.at, self.details.published[row.publication].at))  # both sides said so since then
        told = {"success": row.success, "verifiedAt": at, "claimed": stated.claimed}
        return {**told, "_links": {"self": {"href": where}}}

    def _version(self, row: int) -> dict[str, Any]:
        if row not in self.versions:
            self.versions[row] = self._told(self.details.versions[row])
        return self.versions[row]

    def _told(self, version: ShownVersion) -> dict[str, Any]:
        here = self.request.to("pacticipants", version.pacticipant, "versions", version.number)
        on = branch_versions(self.request, version)
        return {
            "number": version.number,
            "branch": version.branches[-1].name if version.branches else None,
            "branches": on,
            "branchVersions": on,
            "environments": [self._environment(uuid) for uuid in self.details.places.get(version.id, ())],
            "_links": {"self": {"href": here}},
            "tags": [
                {
                    "name": each.name,
                    "latest": each.head,
                    "_links": {"self": {"href": here + path("tags", each.name)}},
                }
                for each in version.tags
            ],
        }

    def _environment(self, uuid: str) -> dict[str, Any]:
        row = self.details.environments[uuid]
        told = omit_absent(
            uuid=row.uuid,
            name=row.name,
            displayName=row.display_name or display_name(row.name),
            production=row.production,
            contacts=None if row.contacts is None else json.loads(row.contacts),
            createdAt=moment(row.created_at or ""),
            updatedAt=moment(row.updated_at) if row.updated_at else None,
        )
        where = link(f"{self.request.base}/environments/{uuid}", title="Environment", name=row.name)
        return {**told, "_links": {"self": where}}


def table(request: Request, question: Question, answer: Answered) -> str:
    """The answer as a table."""
    listed = [row for row, _ in _rows_with_results(request.db, question, answer)]
    details = matrix_details.of(request.db, listed)
    head = ("CONSUMER", "C_VERSION", "REVISION", "PROVIDER", "P_VERSION", "NUMBER", "SUCCESS")
    lines = [_line(row, details) for row in listed]
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    rule = "|".join("-" * (w + (1 if at in (0, len(widths) - 1) else 2)) for at, w in enumerate(widths))
    told = [_cells(head, widths), rule, *(_cells(line, widths) for line in lines)]
    verdict = {True: "true", False: "false", None: ""}[answer.deployable]
    resolving = dict.fromkeys(over_http(each, request.base).resolution for each in answer.reasons)
    said = [f"Deployable: {verdict}", f"Reason: {answer.reason}", *(f"Resolve: {each}" for each in resolving)]
    return "\n".join([*told, "", *said]) + "\n"


def _line(row: MatrixRow, details: MatrixDetails) -> Sequence[str]:
    provider = "" if row.provider_version is None else details.versions[row.provider_version].number
    known = row.success is not None
    return (
        row.consumer,
        details.versions[row.consumer_version].number,
        str(details.published[row.publication].revision),
        row.provider,
        provider,
        str(row.verification) if known else "",
        str(row.success).lower() if known else "",
    )


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
