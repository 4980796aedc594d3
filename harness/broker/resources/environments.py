"""`/environments`: where versions are deployed and released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import places
from harness.ledger.db.times import moment
from harness.ledger.display_names import display_name

if TYPE_CHECKING:
    from harness.broker.http.request import Request

routes = Routes("environments")

CONTACT = s.Schema("Contact", s.record({"name": s.text()}, details=s.OBJECT))
ENVIRONMENT = s.Schema(
    "Environment",
    s.record(
        {"uuid": s.text(), "name": s.text(), "displayName": s.text(), "production": s.truth(), "_links": s.LINKS},
        contacts=s.many(CONTACT),
        createdAt=s.moment(),
        updatedAt=s.moment(),
    ),
)
ENVIRONMENTS = s.paged_list("Environments", "environments", ENVIRONMENT)
ENVIRONMENT_TO_KEEP = s.Schema(
    "EnvironmentToKeep",
    s.record(
        {"name": s.text("Unique; no spaces.", pattern=r"^\S+$"), "production": s.truth()},
        displayName=s.text(),
        contacts=s.many(CONTACT),
    ),
)


@routes.get("/environments", answers={200: ENVIRONMENTS}, query=[s.query("name", "Only the one with this name.")])
def show_all(request: Request) -> Response:
    """All environments, by name."""
    found = places.list_environments(request.db, request.asked("name"))
    links = {
        "self": link(request.to("environments"), title="Environments"),
        "pb:environments": [
            link(request.to("environments", each.uuid), title="Environment", name=each.name) for each in found
        ],
    }
    return ok(
        {"_embedded": {"environments": [environment_resource(request, each) for each in found]}, "_links": links}
    )


@routes.post(
    "/environments",
    answers={201: ENVIRONMENT},
    body=ENVIRONMENT_TO_KEEP,
    role="admin",
)
def create(request: Request) -> Response:
    """Make an environment known."""
    found = places.create(request.db, _parse_environment(request, ""), request.now)
    return created(environment_resource(request, found), request.to("environments", found.uuid))


@routes.get("/environments/{environment}", answers={200: ENVIRONMENT})
def show(request: Request) -> Response:
    """One environment."""
    return ok(environment_resource(request, the_environment(request)))


@routes.put("/environments/{environment}", answers={200: ENVIRONMENT}, body=ENVIRONMENT_TO_KEEP, role="admin")
def replace(request: Request) -> Response:
    """Describe an environment anew; what is left out is cleared."""
    there = the_environment(request)
    return ok(
        environment_resource(
            request, places.replace(request.db, there, _parse_environment(request, there.uuid), request.now)
        )
    )


@routes.delete("/environments/{environment}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget an environment with everything that was recorded there."""
    places.delete(request.db, the_environment(request), request.now)
    return no_content()


def the_environment(request: Request) -> places.Environment:
    """The one that the path names. Raises Missing."""
    found = places.by_uuid(request.db, request.path["environment"])
    if found is None:
        raise NotHere
    return found


def _parse_environment(request: Request, uuid: str) -> places.EnvironmentDescription:
    form = Form(request.document())
    name = form.text("name", required=True)
    display = form.text("displayName", blank=True)
    production = form.truth("production", required=True, words="must be one of: true, false")
    contacts = form.array("contacts")
    form.no_spaces("name")
    form.one_line("name")
    for position, contact in enumerate(contacts or ()):
        _check_contact(form, contact, position)
    if name and not form.is_wrong("name") and places.is_name_taken(request.db, name, but_by=uuid):
        form.wrong("name", f"name '{name}' is already used by an existing environment.")
    form.done()
    return places.EnvironmentDescription(
        name=name or "",
        display_name=display or display_name(name or ""),
        production=bool(production),
        contacts=contacts,
    )


def _check_contact(form: Form, contact: Any, position: int) -> None:
    if not isinstance(contact, dict):
        form.wrong("contacts", f"must be a hash (at index {position})")
        return
    inside = Form(contact)
    inside.text("name", required=True)
    inside.nested("details")
    for field, texts in inside.errors.items():
        for each in texts:
            form.wrong("contacts", f"{field} {each} (at index {position})")


def environment_resource(request: Request, each: places.Environment, *, current: bool = True) -> dict[str, Any]:
    """An environment as the API tells it; `current`: with links to what is there now."""
    here = request.to("environments", each.uuid)
    links: dict[str, Any] = {"self": link(here, title="Environment", name=each.name)}
    if current:
        links["pb:currently-deployed-deployed-versions"] = link(
            f"{here}/deployed-versions/currently-deployed",
            title=f"Versions currently deployed to {each.display_name} environment",
        )
        links["pb:currently-supported-released-versions"] = link(
            f"{here}/released-versions/currently-supported",
            title=f"Versions released and supported in {each.display_name} environment",
        )
        links["pb:environments"] = link(request.to("environments"), title="Environments")
    told = omit_absent(
        uuid=each.uuid,
        name=each.name,
        displayName=each.display_name,
        production=each.production,
        contacts=each.contacts,
        createdAt=moment(each.created_at),
        updatedAt=moment(each.updated_at) if each.updated_at else None,
    )
    return {**told, "_links": links}
