"""What providers publish of themselves: an OpenAPI document, and what their own tests said of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.problems import Refused
from harness.broker.http.reading import refuse_many_values
from harness.broker.http.routing import Routes
from harness.broker.publish_notices import tell_once_kept, with_consumers
from harness.broker.publishing_texts import duplicate
from harness.broker.resources.tags import branch_from_tag
from harness.contracts.document import Contract, ContractKind
from harness.contracts.openapi_source import parse
from harness.errors import ContractError, IdentityConflict
from harness.identity import Version, content_key
from harness.ledger.db import branches, shown_versions, tags
from harness.ledger.db import provider_contracts as kept
from harness.ledger.db.provider_contracts import ProviderClaim
from harness.ledger.db.versions import mention, set_build_url

if TYPE_CHECKING:
    from harness.broker.http.request import Request

routes = Routes("provider-contracts")

_CLAIM = s.record(
    success=s.truth(),
    content=s.text("In base64."),
    contentType=s.text(),
    format=s.text(),
    verifier=s.text(),
    verifierVersion=s.text(),
)
TO_PUBLISH = s.Schema(
    "ProviderContractToPublish",
    s.record(
        {
            "pacticipantVersionNumber": s.non_blank(),
            "contract": s.record(
                {
                    "content": s.non_blank("In base64."),
                    "contentType": s.non_blank(),
                    "specification": s.text(enum=["oas"]),
                },
                selfVerificationResults=s.maybe(_CLAIM),
            ),
        },
        branch=s.maybe(s.text()),
        tags=s.maybe(s.many(s.text())),
        buildUrl=s.maybe(s.text()),
    ),
)
PUBLISHED = s.Schema(
    "PublishedProviderContract",
    s.record({"notices": s.many(s.OBJECT), "_embedded": s.OBJECT, "_links": s.LINKS}),
)
OLD = s.Schema(
    "ProviderContractOfTheOldApi",
    s.record(
        {"content": s.non_blank("In base64."), "contentType": s.non_blank(), "contractType": s.text(enum=["oas"])},
        verificationResults=s.maybe(_CLAIM),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentProviderContract:
    """A provider's document as it was sent, and what it says of itself."""

    contract: Contract
    source: bytes
    media: str
    claim: ProviderClaim | None


@routes.post(
    "/provider-contracts/provider/{provider}/publish",
    answers={200: PUBLISHED, 409: s.ERROR},
    body=TO_PUBLISH,
)
def publish(request: Request) -> Response:
    """Publish the OpenAPI document of a provider's version, with its branch, tags and build."""
    form = Form(request.document())
    number = form.text("pacticipantVersionNumber", required=True)
    form.one_line("pacticipantVersionNumber", "branch", "buildUrl")
    branch, build_url = form.text("branch"), form.url("buildUrl")
    names = form.names("tags") or []
    inside = form.nested("contract", required=True)
    given = _parse_contract(request, inside, "specification", "selfVerificationResults") if inside else None
    form.done()
    assert given is not None
    version = Version(request.path["provider"], number or "")
    new = shown_versions.find(request.db, version.pacticipant, version.number) is None
    row = _keep(request, version, given)
    if build_url is not None:
        set_build_url(request.db, row, build_url, None if new else request.now)
    if branch is not None:
        candidates = request.settings.main_candidates
        branches.add(request.db, row, branch, request.now, main_candidates=candidates, touch=not new)
    for name in names:
        if tags.add(request.db, row, name, request.now):
            branch_from_tag(request, row, name, touch=not new)
    return ok(_answer(request, version, row, names, branch, new=new))


@routes.put("/contracts/provider/{provider}/version/{version}", answers={201: PUBLISHED, 409: s.ERROR}, body=OLD)
def publish_the_old_way(request: Request) -> Response:
    """Publish the OpenAPI document of a provider's version, as older clients do."""
    form = Form(request.document())
    given = _parse_contract(request, form, "contractType", "verificationResults")
    form.done()
    assert given is not None
    version = Version(request.path["provider"], request.path["version"])
    new = shown_versions.find(request.db, version.pacticipant, version.number) is None
    row = _keep(request, version, given)
    body = _answer(request, version, row, [], None, new=new)
    where = request.to("contracts", "bi-directional", "provider", version.pacticipant, "version", version.number)
    body["_links"]["pf:ui"] = link(f"{where}/provider-contract", title="The provider contract")
    return Response(status=201, body=body)


def _keep(request: Request, version: Version, given: SentProviderContract) -> int:
    text = duplicate(request, [version.pacticipant])
    if text:
        raise Refused(409, text)
    row = mention(request.db, version, request.now)
    try:
        contract = kept.publish(request.db, version, given.contract, (given.source, given.media), request.now)
    except IdentityConflict as error:
        told = "; ".join(problem.text for problem in error.problems)
        raise Refused(409, f"{told}. Publish it under another version.") from error
    kept.claim(request.db, row, contract, given.claim or ProviderClaim(success=None), request.now)
    return row


def _parse_contract(request: Request, form: Form, kind: str, claimed: str) -> SentProviderContract | None:
    encoded = form.text("content", required=True)
    media = form.text("contentType", required=True) or ""
    specification = form.text(kind, required=True)
    if specification is not None and specification not in ("oas", "openapi"):
        form.wrong(kind, "must be one of: oas")
    source = _bytes(form, "content", encoded)
    document = _parse_document(form, source, media) if source is not None else None
    inside = form.nested(claimed)
    told = _claim(inside) if inside else None
    if form.errors or source is None:
        return None
    contract = Contract(
        kind=ContractKind.OPENAPI,
        owner=request.path["provider"],
        key=content_key(document),
        text=_json(document),
    )
    return SentProviderContract(contract=contract, source=source, media=media, claim=told)


def _bytes(form: Form, name: str, encoded: str | None) -> bytes | None:
    if encoded is None:
        return None
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        form.wrong(name, "is not valid Base64")
        return None


def _parse_document(form: Form, source: bytes, media: str) -> Any:
    place = "document.json" if "json" in media else "document.yaml"
    refuse_many_values(source)
    if len(source) > _LARGEST_YAML and source.lstrip()[:1] not in (b"{", b"["):
        raise Refused(413, f"more than {_LARGEST_YAML} bytes of YAML are not read: publish the document as JSON")
    try:
        return parse(source, place)
    except ContractError as error:
        for problem in error.problems:
            form.wrong("content", f"could not be parsed as {media}: {problem.text} ({problem.where})")
        return None


_LARGEST_YAML = 4_000_000  # bytes: it takes twenty times as long as JSON


def _json(document: Any) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, indent=2)


def _claim(form: Form) -> ProviderClaim:
    return ProviderClaim(
        success=form.truth("success"),
        content=_bytes(form, "content", form.text("content", blank=True) or None),
        content_type=form.text("contentType", blank=True),
        format=form.text("format", blank=True),
        verifier=form.text("verifier", blank=True),
        verifier_version=form.text("verifierVersion", blank=True),
    )


def _answer(
    request: Request, version: Version, row: int, names: list[str], branch: str | None, *, new: bool
) -> dict[str, Any]:
    owner, number = version.pacticipant, version.number
    where = request.to("pacticipants", owner, "versions", number)
    notices = [
        {"type": "debug", "text": f"{'Created' if new else 'Updated'} {owner} version {number}"},
        {"type": "success", "text": f"Provider contract published for {owner} version {number}"},
    ]
    tell_once_kept(request, notices, lambda db: with_consumers(request, db, owner, row))
    links: dict[str, Any] = {
        "pb:pacticipant-version": link(where, title="Pacticipant version", name=number),
        "pb:pacticipant-version-tags": [
            link(request.to("pacticipants", owner, "versions", number, "tags", name), title="Tag", name=name)
            for name in names
        ],
    }
    if branch is not None:
        links["pb:branch-version"] = link(
            request.to("pacticipants", owner, "branches", branch, "versions", number), title="Branch version"
        )
    itself = {"number": number, "_links": {"self": link(where, title="Version", name=number)}}
    return {"notices": notices, "_embedded": {"version": itself}, "_links": links}
