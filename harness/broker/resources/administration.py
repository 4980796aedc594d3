"""Tokens, the audit log, and who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.hal import link
from harness.broker.http.paging import asked_page
from harness.broker.http.problems import Invalid, NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import audit, tokens
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.audit import Entry
    from harness.ledger.db.tokens import Token

routes = Routes("administration")

TOKEN = s.Schema(
    "Token",
    s.record(
        {"uuid": s.text(), "description": s.text(), "role": s.text()},
        pacticipants=s.many(s.text()),
        createdAt=s.moment(),
        lastUsedAt=s.moment(),
        _links=s.LINKS,
    ),
)
TOKENS = s.paged_list("Tokens", "items", TOKEN)
REGENERATED = s.Schema("RegeneratedToken", s.record({"uuid": s.text(), "value": s.text("Shown this once.")}))
USER = s.Schema(
    "User", s.record({"uuid": s.text(), "name": s.text(), "active": s.truth()}, role=s.text(), email=s.text())
)
PREFERENCES = s.paged_list("Preferences", "preferences", s.OBJECT)
ENTRY = s.Schema(
    "AuditEntry",
    s.record(
        {"uuid": s.text(), "type": s.text(), "timestamp": s.moment(), "user": s.OBJECT, "resource": s.OBJECT}
    ),
)
AUDIT = s.Schema("Audit", s.record({"events": s.many(ENTRY), "_links": s.LINKS}))

ENTITLEMENT = s.Schema(
    "AiEntitlement",
    s.record({"aiEnabled": s.truth(), "organizationEntitlements": s.OBJECT, "userEntitlements": s.OBJECT}),
)
_SORTS = {"": True, "asc": True, "timestamp": True, "+timestamp": True, "desc": False, "-timestamp": False}


@routes.get("/settings/tokens", answers={200: TOKENS}, role="admin")
def show_tokens(request: Request) -> Response:
    """The live tokens, without their secrets."""
    found = [_token(request, each) for each in tokens.all_tokens(request.db) if not each.revoked_at]
    return ok({"_embedded": {"items": found}, "_links": {"self": link(request.here(), title="Tokens")}})


@routes.post("/settings/tokens/{uuid}/regenerate", answers={201: REGENERATED}, role="admin")
def regenerate(request: Request) -> Response:
    """Another secret for a token; the old one ends."""
    secret = tokens.regenerate(request.db, request.path["uuid"])
    if secret is None:
        raise NotHere
    return Response(status=201, body={"uuid": request.path["uuid"], "value": secret})


@routes.get("/user", answers={200: USER})
def show_user(request: Request) -> Response:
    """Who is asking."""
    who = request.who
    return ok(
        {"uuid": who.token or who.name, "name": who.name, "email": "", "active": True, "role": str(who.role)}
    )


@routes.get("/preferences/current-user", answers={200: PREFERENCES})
@routes.get("/preferences/system", answers={200: PREFERENCES})
def show_preferences(request: Request) -> Response:
    """What can be preferred: nothing, yet."""
    return ok({"_embedded": {"preferences": []}, "_links": {"self": link(request.here(), title="Preferences")}})


@routes.get(
    "/audit",
    answers={200: AUDIT},
    role="admin",
    query=[
        s.query("since", "Only changes since this time."),
        s.query("userUuid", "Only changes by this one."),
        s.query("from", "Only what comes after the entry with this uuid."),
        s.query("type", "Only changes of this type, such as `PUT /environments/{uuid}`."),
        s.query(
            "sort", "By time: +timestamp (oldest first, the default) or -timestamp.", s.text(enum=sorted(_SORTS))
        ),
        *s.PAGES,
    ],
)
def show_audit(request: Request) -> Response:
    """Who changed what and when."""
    page = asked_page(request, always=True)
    assert page is not None
    # A plus sign that nobody encoded is a blank.
    oldest_first = _SORTS.get(request.asked("sort").strip().lower())
    if oldest_first is None:
        raise Invalid({"sort": [f"{request.asked('sort')!r} is not one of +timestamp, -timestamp"]})
    wanted = audit.Wanted(
        since=request.asked("since"),
        after=request.asked("from"),
        who=request.asked("userUuid"),
        action=request.asked("type"),
        newest_first=not oldest_first,
        limit=page.size,
    )
    found = audit.entries(request.db, wanted)
    return ok(
        {"events": [_entry(each) for each in found], "_links": {"self": link(request.here(), title="Audit")}}
    )


@routes.get("/api/ai/entitlement", answers={200: ENTITLEMENT})
def show_entitlement(request: Request) -> Response:
    """Whether PactFlow's artificial intelligence may be asked: there is none here."""
    del request
    none = {"planAiEnabled": False, "preferencesAiEnabled": False, "aiCredits": {"total": 0, "used": 0}}
    return ok(
        {
            "aiEnabled": False,
            "organizationEntitlements": {"name": "", **none},
            "userEntitlements": {"aiPermissions": []},
        }
    )


def _token(request: Request, each: Token) -> dict[str, Any]:
    told = {
        "uuid": each.uuid,
        "description": each.description,
        "role": each.role,
        "pacticipants": list(each.pacticipants),
        "createdAt": moment(each.created_at),
        "_links": {"pf:regenerate": link(request.to("settings", "tokens", each.uuid, "regenerate"))},
    }
    return {**told, "lastUsedAt": moment(each.used_at)} if each.used_at else told


def _entry(each: Entry) -> dict[str, Any]:
    return {
        "uuid": each.uuid,
        "type": each.action,
        "timestamp": moment(each.at),
        "user": {"name": each.who},
        "resource": {"path": each.subject, **each.details},
    }
