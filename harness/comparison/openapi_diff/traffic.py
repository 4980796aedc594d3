"""What changed in what one operation takes and answers: parameters, bodies, statuses, headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.comparison.dialects import Direction
from harness.comparison.openapi_diff.change import Change, Severity, Side
from harness.comparison.openapi_diff.notice import Notice, announcements, removal
from harness.comparison.openapi_diff.schemas import SchemaComparison
from harness.comparison.openapi_diff.severities import severity
from harness.comparison.openapi_diff.sides import BRANCH, Place, SchemaChange, Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi_diff.document import Document, Sameness
    from harness.comparison.openapi_diff.operations import Body, Operation, Parameter, Response


@dataclass(frozen=True, slots=True)
class Views:
    """The comparisons of schemas, one for each way in which a value travels."""

    accepted: SchemaComparison
    textual: SchemaComparison  # what travels as text: parameters
    sent: SchemaComparison
    notice: Notice

    @classmethod
    def of(cls, old: Document, new: Document, sameness: Sameness, notice: Notice) -> Views:
        """All views of two documents."""
        accepted = Sides(old, new, sameness, Direction.REQUEST, notice)
        sent = Sides(old, new, sameness, Direction.RESPONSE, notice)
        textual = replace(accepted, textual=True)
        return cls(SchemaComparison(accepted), SchemaComparison(textual), SchemaComparison(sent), notice)


def change(kind: str, text: str, *place: str, breaks: bool, side: Side = Side.NONE) -> Change:
    """A change by its kind, its severity looked up."""
    return Change(id=kind, severity=severity(kind, breaks=breaks), side=side, place=place, text=text)


# --- schemas -----------------------------------------------------------------------------------------------------


def schema_changes(
    view: SchemaComparison, old: Any, new: Any, noun: str, place: Place, *, within: str = ""
) -> Iterator[Change]:
    """The changes between two schemas, named by what they belong to: a body, a header, a parameter."""
    side = Side.RESPONSE if view.sides.sent else Side.REQUEST
    for found in view.changes(old, new):
        nested = any(not step.startswith((BRANCH, "[]")) for step in found.place)
        kind = found.kind.format((within or noun) if nested else noun)
        yield _told(view, found, kind, side, place)


def _told(view: SchemaComparison, found: SchemaChange, kind: str, side: Side, place: Place) -> Change:
    worth = severity(kind, breaks=found.breaks, undecided=found.undecided)
    return Change(
        id=kind,
        severity=worth,
        side=side,
        place=(*place, *(step.lstrip(BRANCH) for step in found.place)),
        text=found.text,
        witness=view.sides.witness(found.pair) if worth is Severity.ERROR else None,
        undecided=found.undecided,
    )


# --- parameters --------------------------------------------------------------------------------------------------


def parameters(views: Views, old: Operation, new: Operation) -> Iterator[Change]:
    """What changed in the parameters of an operation; a path parameter is known by its place, not its name."""
    before, after = old.parameters(), new.parameters()
    for key in dict.fromkeys((*before, *after)):
        if key not in after:
            yield from _parameter_gone(views, before[key])
        elif key not in before:
            yield from _parameter_new(after[key], key)
        else:
            yield from _parameter(views, before[key], after[key])


def _place(parameter: Parameter) -> Place:
    return ("parameters", parameter.location, parameter.name)


def _told_name(parameter: Parameter) -> str:
    return f"the {parameter.location} parameter `{parameter.name}`"


def _parameter_gone(views: Views, was: Parameter) -> Iterator[Change]:
    told = removal(was.written, views.notice.today)
    name = _told_name(was)
    if told is None:
        kind, text, breaks = "request-parameter-removed", f"{name} is gone", True
    elif told.problem:
        kind, text, breaks = f"request-parameter-removed-{told.problem}", f"{name} {told.text}", True
        kind = kind.replace("removed-sunset-parse", "sunset-parse")
    else:
        kind, text, breaks = "request-parameter-removed-after-deprecation", f"{name} {told.text}", False
    yield change(kind, text, *_place(was), breaks=breaks, side=Side.REQUEST)


def _parameter_new(now: Parameter, key: tuple[str, str]) -> Iterator[Change]:
    optional = not now.required
    defaulted = isinstance(now.schema, dict) and "default" in now.schema
    if key[0] == "path":
        kind = "new-request-path-parameter"
    elif optional:
        kind = "new-optional-request-parameter"
    else:
        kind = "new-required-request-parameter"
        if defaulted:
            kind = "new-required-request-default-parameter-to-existing-path"
    text = f"{_told_name(now)} is new and {'optional' if optional else 'required'}"
    yield change(kind, text, *_place(now), breaks=not optional, side=Side.REQUEST)


def _parameter(views: Views, was: Parameter, now: Parameter) -> Iterator[Change]:
    place, name = _place(now), _told_name(now)
    if was.required != now.required:
        word = "required" if now.required else "optional"
        kind = f"request-parameter-became-{word}"
        yield change(kind, f"{name} became {word}", *place, breaks=now.required, side=Side.REQUEST)
    if was.style != now.style and _is_compound(was, views.textual.sides.old):
        text = f"{name} is written in another style now: {now.style[0]}, it was {was.style[0]}"
        yield change("request-parameter-style-changed", text, *place, breaks=True, side=Side.REQUEST)
    for each in announcements(was.written, now.written, views.notice, views.notice.stable_days):
        kind = _ANNOUNCED.get(each.problem, f"request-parameter-{each.problem}")
        yield change(kind, f"{name} {each.text}", *place, breaks=each.breaks, side=Side.REQUEST)
    if was.schema is not None and now.schema is not None:
        within = "request-parameter-property"
        for found in schema_changes(
            views.textual, was.schema, now.schema, "request-parameter", place, within=within
        ):
            yield _of_header(found) if now.location == "header" else found


_ANNOUNCED = {"sunset-missing": "request-parameter-deprecated-sunset-missing"}
_OF_HEADERS = ("-became-required", "-became-enum", "new-required-request-parameter-property")


def _of_header(found: Change) -> Change:
    if "request-parameter-property" in found.id and any(word in found.id for word in _OF_HEADERS):
        return replace(found, id=found.id.replace("request-parameter-property", "request-header-property"))
    return found


def _is_compound(parameter: Parameter, document: Document) -> bool:
    schema = document.followed(document.schema(parameter.schema))[0] if parameter.schema is not None else True
    return isinstance(schema, dict) and schema.get("type") in ("array", "object")


# --- bodies ------------------------------------------------------------------------------------------------------


def request_body(views: Views, old: Operation, new: Operation) -> Iterator[Change]:
    """What changed in the body that an operation takes."""
    before, after = old.body(), new.body()
    if before is None or after is None:
        yield from _body_came_or_went(before, after)
        return
    if before.required != after.required:
        word = "required" if after.required else "optional"
        kind = f"request-body-became-{word}"
        text = f"the request body became {word}"
        yield change(kind, text, "requestBody", breaks=after.required, side=Side.REQUEST)
    yield from _content(views.accepted, before.content, after.content, ("requestBody",))


def _body_came_or_went(before: Body | None, after: Body | None) -> Iterator[Change]:
    if before is not None:
        text = "the operation takes no body any more"
        yield change("request-body-removed", text, "requestBody", breaks=True, side=Side.REQUEST)
    elif after is not None:
        word = "required" if after.required else "optional"
        text = f"the operation takes a body now, which is {word}"
        yield change(f"request-body-added-{word}", text, "requestBody", breaks=after.required, side=Side.REQUEST)


def _content(view: SchemaComparison, old: dict[str, Any], new: dict[str, Any], place: Place) -> Iterator[Change]:
    before, after = ({_media(name): schema for name, schema in content.items()} for content in (old, new))
    sent = view.sides.sent
    for media in dict.fromkeys((*before, *after)):
        if media in before and media in after:
            yield from _media_kept(view, before[media], after[media], (*place, media))
        elif media in before:
            yield from _media_gone(media, after, place, sent=sent)
        else:
            word = "response" if sent else "request-body"
            side = Side.RESPONSE if sent else Side.REQUEST
            text = f"the media type {media} is new"
            yield change(f"{word}-media-type-added", text, *place, media, breaks=False, side=side)


def _media(name: str) -> str:
    return name.replace(" ", "").lower()


def _media_gone(media: str, after: dict[str, Any], place: Place, *, sent: bool) -> Iterator[Change]:
    wider = next((other for other in after if _covers(other, media)), None)
    narrower = next((other for other in after if _covers(media, other)), None)
    side = Side.RESPONSE if sent else Side.REQUEST
    if sent and wider:
        kind, breaks = "response-media-type-name-generalized", True
    elif sent and narrower:
        kind, breaks = "response-media-type-name-specialized", False
    elif wider:
        kind, breaks = "request-body-media-type-name-generalized", False
    else:
        kind, breaks = ("response-media-type-removed" if sent else "request-body-media-type-removed"), True
    yield change(kind, f"the media type {media} is gone", *place, media, breaks=breaks, side=side)


def _covers(wide: str, narrow: str) -> bool:
    """Whether a media type takes in another: `application/*`, `application/json` for `+json`."""
    if wide == narrow:
        return False
    kind, _, subtype = wide.partition("/")
    other_kind, _, other_subtype = narrow.partition("/")
    if wide == "*/*" or (subtype == "*" and kind == other_kind):
        return True
    bare, bare_other = subtype.partition(";")[0], other_subtype.partition(";")[0]
    same = kind == other_kind and (bare_other == bare or bare_other.endswith(f"+{bare}"))
    return same and ";" not in subtype


def _media_kept(view: SchemaComparison, old: Any, new: Any, place: Place) -> Iterator[Change]:
    noun = "response-body" if view.sides.sent else "request-body"
    within = "response-property" if view.sides.sent else "request-property"
    side = Side.RESPONSE if view.sides.sent else Side.REQUEST
    if old is None and new is not None:
        text = "the body has a schema now"
        breaks = not view.sides.sent
        yield change(f"{noun}-media-type-schema-added", text, *place, breaks=breaks, side=side)
    elif old is not None and new is None:
        text = "the body has no schema any more"
        yield change(f"{noun}-media-type-schema-removed", text, *place, breaks=view.sides.sent, side=side)
    elif old is not None:
        yield from schema_changes(view, old, new, noun, place, within=within)


# --- responses ---------------------------------------------------------------------------------------------------


def responses(views: Views, old: Operation, new: Operation) -> Iterator[Change]:
    """What changed in what an operation answers."""
    before, after = old.responses(), new.responses()
    for status in dict.fromkeys((*before, *after)):
        place = ("responses", status)
        if status not in before:
            kind = "response-success-status-added" if status[0] == "2" else "response-non-success-status-added"
            yield change(kind, f"the status {status} is new", *place, breaks=False, side=Side.RESPONSE)
        elif status in after:
            yield from _response(views, before[status], after[status], place)
        elif f"{status[0]}XX" in after and status != "default":
            yield from _response(views, before[status], after[f"{status[0]}XX"], place)
        else:
            success = status[0] == "2"
            kind = f"response-{'' if success else 'non-'}success-status-removed"
            yield change(kind, f"the status {status} is gone", *place, breaks=success, side=Side.RESPONSE)


def _response(views: Views, old: Response, new: Response, place: Place) -> Iterator[Change]:
    yield from _content(views.sent, old.content, new.content, place)
    for key in dict.fromkeys((*old.headers, *new.headers)):
        here = (*place, "headers", key)
        was, now = old.headers.get(key), new.headers.get(key)
        if was is None:
            text = f"the response header `{key}` is new"
            yield change("response-header-added", text, *here, breaks=False, side=Side.RESPONSE)
        elif now is None:
            word = "required" if was.required else "optional"
            text = f"the {word} response header `{key}` is gone"
            yield change(f"{word}-response-header-removed", text, *here, breaks=True, side=Side.RESPONSE)
        else:
            if was.required != now.required:
                word = "required" if now.required else "optional"
                text = f"the response header `{key}` became {word}"
                kind = f"response-header-became-{word}"
                yield change(kind, text, *here, breaks=was.required, side=Side.RESPONSE)
            if was.schema is not None and now.schema is not None:
                yield from schema_changes(views.sent, was.schema, now.schema, "response-header", here)
