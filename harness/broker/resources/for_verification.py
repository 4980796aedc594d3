"""`…/for-verification`: the pacts that a provider is to verify, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.metadata import Metadata, encode
from harness.broker.http.pact_shape import name_of, pair_of
from harness.broker.http.problems import NotFound
from harness.broker.http.routing import Routes
from harness.ledger.db import pacts, places, selectable
from harness.ledger.db.versions import exists
from harness.ledger.selecting import notices, selectors, successes
from harness.ledger.selecting.choosing import ChosenContent, choose_pacts, line_of
from harness.ledger.selecting.selectors import Selector
from harness.ledger.selecting.standing import Line, Success, in_progress, never_verified, pending_lines

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact

routes = Routes("for-verification")

_PATH = "/pacts/provider/{provider}/for-verification"
_SELECTOR = s.record(
    mainBranch=s.maybe(s.truth()),
    branch={"type": ["string", "boolean", "null"]},
    matchingBranch=s.maybe(s.truth()),
    tag=s.maybe(s.text()),
    latest=s.maybe(s.truth()),
    fallbackTag=s.maybe(s.text()),
    fallbackBranch=s.maybe(s.text()),
    deployed=s.maybe(s.truth()),
    released=s.maybe(s.truth()),
    deployedOrReleased=s.maybe(s.truth()),
    environment=s.maybe(s.text()),
    consumer=s.maybe(s.text()),
)
ASKED = s.Schema(
    "PactsForVerificationRequest",
    s.record(
        providerVersionBranch=s.maybe(s.text()),
        providerVersionTags=s.maybe(s.many(s.text())),
        includePendingStatus=s.truth("True unless it is false."),
        includeWipPactsSince=s.maybe(s.text("A date.", format="date")),
        consumerVersionSelectors=s.maybe(s.many(_SELECTOR)),
    ),
)
_NOTICE = s.record({"when": s.text(), "text": s.text()})
_PROPERTIES = s.record({"notices": s.many(_NOTICE)}, pending=s.truth(), wip=s.truth())
TO_VERIFY = s.Schema(
    "PactToVerify",
    s.record({"shortDescription": s.text(), "verificationProperties": _PROPERTIES, "_links": s.LINKS}),
)
PACTS = s.Schema(
    "PactsForVerification", s.record({"_embedded": s.record({"pacts": s.many(TO_VERIFY)}), "_links": s.LINKS})
)
_EMPTY_BRANCH = (
    "when pending or WIP pacts are enabled and there are no tags provided, the provider version branch must not be"
    " an empty string, as it is used in the calculations for WIP/pending. A value must be provided (recommended),"
    " or it must not be set at all."
)
_Names = Mapping[int, Sequence[str]]  # by the version's row
_WIP_NOTICE = "d2lwPXRydWU"  # what the notice's link remembers: wip=true


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRequest:
    """What a verifier wants to know."""

    branch: str = ""
    tags: Sequence[str] = ()
    pending: bool = True  # tell whether each pact is pending
    wip_since: str = ""  # ISO 8601; "" is no work in progress
    selectors: Sequence[Selector] = ()


@routes.get(
    _PATH,
    answers={200: PACTS},
    query=[
        s.query("provider_version_tags[]", "A tag of the provider's version; may be given again."),
        s.query(
            "consumer_version_selectors[][tag]", "A tag of consumer versions; may be given again.", s.non_blank()
        ),
        s.query("include_pending_status", "true or false."),
        s.query("include_wip_pacts_since", "A date."),
    ],
)
def show(request: Request) -> Response:
    """The pacts to verify, for old verifiers."""
    _check_provider(request)
    return _answer(request, _read_query(request), first=[notices.before(notices.BETA)])


@routes.post(_PATH, answers={200: PACTS}, body=ASKED, reads=True, role="read")
def choose(request: Request) -> Response:
    """The pacts to verify: those that the selectors choose, and work in progress."""
    asked = _parse_request(request)
    _check_provider(request)
    return _answer(request, asked, first=[])


def _check_provider(request: Request) -> None:
    if not exists(request.db, request.path["provider"]):
        raise NotFound(f"No provider with name '{request.path['provider']}' found")


# --- what is asked for ---------------------------------------------------------------------------------------


def _parse_request(request: Request) -> VerificationRequest:
    form = Form(request.document(empty=True))
    branch = form.body.get("providerVersionBranch")
    tags = form.array("providerVersionTags")
    pending = form.truth("includePendingStatus", words="must be one of: true, false")
    if "includePendingStatus" in form.body and form.body["includePendingStatus"] is None:
        form.errors["includePendingStatus"] = ["must be filled"]
    since = _date(form, "includeWipPactsSince")
    if branch is not None and not isinstance(branch, str):
        form.wrong("providerVersionBranch", "must be a string")
    if branch == "" and not tags and (pending is not False or since):
        form.wrong("providerVersionBranch", _EMPTY_BRANCH)
    found = _selectors(request, form, branch if isinstance(branch, str) else "")
    form.done()
    return VerificationRequest(
        branch=branch or "",
        tags=[tag for tag in tags or () if isinstance(tag, str)],
        pending=pending is not False,
        wip_since=since,
        selectors=found,
    )


def _selectors(request: Request, form: Form, branch: str) -> list[Selector]:
    given = form.array("consumerVersionSelectors") or []
    named = any(isinstance(each, dict) and each.get("environment") for each in given)
    known = [each.name for each in places.list_environments(request.db)] if named else []
    found, wrong = selectors.parse_selectors(given, branch, known)
    for text in wrong:
        form.wrong("consumerVersionSelectors", text)
    return found


def _date(form: Form, name: str) -> str:
    value = form.body.get(name)
    if value is None:
        return ""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC).isoformat(timespec="milliseconds")
    except (TypeError, ValueError):
        pass
    try:
        return f"{date.fromisoformat(str(value)[:10]).isoformat()}T00:00:00.000+00:00"
    except ValueError:
        form.wrong(name, "must be a date")
        return ""


def _read_query(request: Request) -> VerificationRequest:
    parameters = request.parameters
    form = Form({"since": parameters.get("include_wip_pacts_since") or None})
    since = _date(form, "since")
    if form.errors:
        form.errors = {"include_wip_pacts_since": form.errors["since"]}
    given = parameters.get("consumer_version_selectors", [])
    listed = given if isinstance(given, list) else [given]
    found = []
    for position, each in enumerate(listed):
        if not isinstance(each, dict) or not each.get("tag"):
            form.wrong("consumer_version_selectors", f"tag is missing (at index {position})")
            continue
        found.append(
            Selector(
                tag=each["tag"],
                latest=each.get("latest") == "true",
                fallback_tag=each.get("fallback_tag", ""),
                consumer=each.get("consumer", ""),
            )
        )
    form.done()
    tags = parameters.get("provider_version_tags", [])
    return VerificationRequest(
        branch=request.asked("provider_version_branch"),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        pending=parameters.get("include_pending_status") != "false",
        wip_since=since,
        selectors=found,
    )


# --- what is answered ----------------------------------------------------------------------------------------


def _answer(request: Request, asked: VerificationRequest, first: list[notices.Notice]) -> Response:
    provider = request.path["provider"]
    selected = choose_pacts(request.db, provider, asked.selectors, asked.branch)
    lines = successes.lines(request.db, provider, asked.branch, asked.tags)
    candidates = _candidates(request, asked, lines, selected)
    known = successes.of_contracts(
        request.db, {each.pact.contract for each in selected} | {pact.contract for pact in candidates}
    )
    told = [
        _pact_to_verify(request, asked, each, lines, known.get(each.pact.contract, []), first) for each in selected
    ]
    told += _wip(request, asked, candidates, lines, known)
    links = {
        "self": link(request.to("pacts", "provider", provider, "for-verification"), title="Pacts to be verified")
    }
    return ok({"_embedded": {"pacts": told}, "_links": links})


def _pact_to_verify(
    request: Request,
    asked: VerificationRequest,
    each: ChosenContent,
    lines: Sequence[Line],
    known: Sequence[Success],
    first: list[notices.Notice],
) -> dict[str, Any]:
    open_lines = pending_lines(known, lines)
    pending = bool(open_lines) if lines else never_verified(known)
    url = f"{pair_of(request, each.pact)}/pact-version/{each.pact.sha}"
    texts = [*first, notices.inclusion_notice(url, list(dict.fromkeys(map(line_of, each.reasons))))]
    if asked.pending:
        still = open_lines if pending else None
        texts += notices.standing(request.path["provider"], lines, still, wip=False)
    remembered = Metadata(
        selected=[reason.selected for reason in each.reasons], pending=pending if asked.pending else None
    )
    shorts = [short for reason in each.reasons for short in reason.shorts]
    properties: dict[str, Any] = {"pending": pending} if asked.pending else {}
    properties["notices"] = texts
    return {
        "shortDescription": ", ".join(dict.fromkeys(shorts)),
        "verificationProperties": properties,
        "_links": {"self": _link(each.pact, url, remembered)},
    }


def _link(pact: StoredPact, url: str, remembered: Metadata) -> dict[str, Any]:
    return link(f"{url}/metadata/{encode(remembered)}", name=name_of(pact))


def _candidates(
    request: Request, asked: VerificationRequest, lines: Sequence[Line], selected: Sequence[ChosenContent]
) -> list[StoredPact]:
    if not asked.wip_since or not lines:
        return []
    rows = selectable.work_in_progress(request.db, request.path["provider"], asked.wip_since)
    explicit = {(each.pact.consumer, each.pact.sha) for each in selected}
    found = pacts.of_publications(request.db, rows, newest_first=False)
    return [pact for pact in found if (pact.consumer, pact.sha) not in explicit]


def _wip(
    request: Request,
    asked: VerificationRequest,
    candidates: Sequence[StoredPact],
    lines: Sequence[Line],
    known: dict[int, list[Success]],
) -> list[dict[str, Any]]:
    since = _look_back(request)
    by_content: dict[tuple[str, str], list[StoredPact]] = {}
    for pact in candidates:
        if in_progress(known.get(pact.contract, []), lines, since):
            by_content.setdefault((pact.consumer, pact.sha), []).append(pact)
    ordered = sorted(by_content.values(), key=lambda same: (same[-1].consumer.lower(), same[-1].version))
    rows = {pact.version for same in ordered for pact in same}
    headed, marked = selectable.branches_headed_by(request.db, rows), selectable.tags_headed_by(request.db, rows)
    return [_wip_told(request, asked, same, lines, (headed, marked)) for same in ordered]


def _look_back(request: Request) -> str:
    days = timedelta(days=request.settings.verified_by_other_branch_days)
    return (datetime.fromisoformat(request.now) - days).isoformat(timespec="milliseconds")


def _wip_told(
    request: Request,
    asked: VerificationRequest,
    same: Sequence[StoredPact],
    lines: Sequence[Line],
    heads_of: tuple[_Names, _Names],
) -> dict[str, Any]:
    pact = same[-1]
    provider = request.path["provider"]
    branches, tags = (
        list(dict.fromkeys(name for each in same for name in names.get(each.version, ()))) for names in heads_of
    )
    url = f"{pair_of(request, pact)}/pact-version/{pact.sha}"
    who = notices.version_of(provider, lines)
    heads = notices.heads_told(branches, tags)
    texts = [notices.in_progress(f"{url}/metadata/{_WIP_NOTICE}", pact.consumer, heads, who)]
    if asked.pending:
        texts += notices.standing(provider, lines, lines, wip=True)
    shorts = [f"latest from branch {name}" for name in branches] + [f"latest with tag {name}" for name in tags]
    properties: dict[str, Any] = {"pending": True} if asked.pending else {}
    properties |= {"wip": True, "notices": texts}
    return {
        "shortDescription": ", ".join(shorts),
        "verificationProperties": properties,
        "_links": {"self": _link(pact, url, Metadata(wip=True, selected=()))},
    }
