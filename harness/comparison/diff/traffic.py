"""What changed in what one operation takes and answers: parameters, bodies, statuses, headers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.comparison.diff.change import Change, Side
from harness.comparison.diff.content import contents, schema_changes
from harness.comparison.diff.notice import announcements, removal
from harness.comparison.diff.severities import change
from harness.comparison.diff.unreadable import has_lost_parameters, lost_on_one_side, undecided_change
from harness.comparison.openapi.document import equal, mapping
from harness.comparison.openapi.operations import status_key
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.schemas import SchemaComparison
    from harness.comparison.diff.sides import Place
    from harness.comparison.diff.views import Views
    from harness.comparison.openapi.document import Document
    from harness.comparison.openapi.operations import BodyObject, OperationObject, ParameterObject, ResponseObject


# --- parameters --------------------------------------------------------------------------------------------------


def parameters(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """What changed in the parameters of an operation; a path parameter is known by its place, not its name."""
    before, after = old.parameters(), new.parameters()
    was_lost, is_lost = has_lost_parameters(old), has_lost_parameters(new)
    if not equal(was_lost, is_lost) or any(not old.document.is_broken(each) for each in was_lost):
        yield undecided_change(
            "request-parameters-unreadable", "one of its parameters", "parameters", side=Side.REQUEST
        )
    for key in dict.fromkeys((*before, *after)):
        if (key not in after and is_lost) or (key not in before and was_lost):
            continue  # it may be the one that cannot be read
        if key not in after:
            yield from _parameter_gone(views, before[key])
        elif key not in before:
            yield from _parameter_new(views, after[key], key)
        else:
            yield from _parameter(views, before[key], after[key])


def _place(parameter: ParameterObject) -> Place:
    return ("parameters", parameter.location, parameter.name)


def _told_name(parameter: ParameterObject) -> str:
    return f"the {parameter.location} parameter `{parameter.name}`"


def _parameter_gone(views: Views, was: ParameterObject) -> Iterator[Change]:
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


def _parameter_new(views: Views, now: ParameterObject, key: tuple[str, str]) -> Iterator[Change]:
    optional = not now.required
    meant = views.accepted.sides.new.meant(now.schema)
    if key[0] == "path":
        kind = "new-request-path-parameter"
    elif optional:
        kind = "new-optional-request-parameter"
    else:
        kind = "new-required-request-parameter"
        if "default" in meant:
            kind = "new-required-request-default-parameter-to-existing-path"
    text = f"{_told_name(now)} is new and {'optional' if optional else 'required'}"
    yield change(kind, text, *_place(now), breaks=not optional, side=Side.REQUEST)


def _parameter(views: Views, was: ParameterObject, now: ParameterObject) -> Iterator[Change]:
    place, name = _place(now), _told_name(now)
    if was.required != now.required:
        word = "required" if now.required else "optional"
        kind = f"request-parameter-became-{word}"
        yield change(kind, f"{name} became {word}", *place, breaks=now.required, side=Side.REQUEST)
    if was.style != now.style and (_is_compound(was, views.accepted.sides.old) or _is_marked(was, now)):
        text = f"{name} is written in another style now: {_told_style(now)}; it was {_told_style(was)}"
        yield change("request-parameter-style-changed", text, *place, breaks=True, side=Side.REQUEST)
    for each in announcements(was.written, now.written, views.notice, views.notice.stable_days):
        kind = _ANNOUNCED.get(each.problem, f"request-parameter-{each.problem}")
        yield change(kind, f"{name} {each.text}", *place, breaks=each.breaks, side=Side.REQUEST)
    for found in _values(views, was, now, place):
        yield _of_header(found) if now.location == "header" else found


def _told_style(parameter: ParameterObject) -> str:
    style, explode = parameter.style
    return f"{style} with explode: {str(explode).lower()}"


def _values(views: Views, was: ParameterObject, now: ParameterObject, place: Place) -> Iterator[Change]:
    """What changed in the values that a parameter may have."""
    if was.media != now.media:
        text = f"{_told_name(now)} is written as {now.media or 'plain text'} now, not {was.media or 'plain text'}"
        yield change("request-parameter-media-type-changed", text, *place, breaks=True, side=Side.REQUEST)
    elif was.schema is None and now.schema is not None:
        text = f"{_told_name(now)} has a schema now"
        yield change("request-parameter-schema-added", text, *place, breaks=True, side=Side.REQUEST)
    elif was.schema is not None and now.schema is not None:
        # In a media type, `1` and `"1"` differ.
        in_path = now.location == "path"
        view = views.accepted if was.media else views.accepted.written(was.style, now.style, path=in_path)
        noun, within = "request-parameter", "request-parameter-property"
        yield from schema_changes(view, was.schema, now.schema, noun, place, within=within)


_ANNOUNCED = {"sunset-missing": "request-parameter-deprecated-sunset-missing"}
_OF_HEADERS = ("-became-required", "-became-enum", "new-required-request-parameter-property")


def _of_header(found: Change) -> Change:
    if "request-parameter-property" in found.id and any(word in found.id for word in _OF_HEADERS):
        return replace(found, id=found.id.replace("request-parameter-property", "request-header-property"))
    return found


def _is_marked(was: ParameterObject, now: ParameterObject) -> bool:
    """Whether one of them is written with a mark before its value: `.5`, `;q=5`."""
    return was.style[0] != now.style[0] and bool({was.style[0], now.style[0]} & {"label", "matrix"})


def _is_compound(parameter: ParameterObject, document: Document) -> bool:
    schema = document.followed(document.schema(parameter.schema))[0] if parameter.schema is not None else True
    return isinstance(schema, dict) and schema.get("type") in ("array", "object")


# --- bodies ------------------------------------------------------------------------------------------------------


def request_body(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """What changed in the body that an operation takes."""
    both = (old.document, old.written.get("requestBody")), (new.document, new.written.get("requestBody"))
    if lost_on_one_side(*both):
        yield undecided_change("request-body-unreadable", "its body", "requestBody", side=Side.REQUEST)
        return
    before, after = old.body(), new.body()
    if before is None or after is None:
        yield from _body_came_or_went(before, after)
        return
    if before.required != after.required:
        word = "required" if after.required else "optional"
        kind = f"request-body-became-{word}"
        text = f"the request body became {word}"
        yield change(kind, text, "requestBody", breaks=after.required, side=Side.REQUEST)
    yield from contents(views.accepted, before.content, after.content, ("requestBody",))


def _body_came_or_went(before: BodyObject | None, after: BodyObject | None) -> Iterator[Change]:
    if before is not None:
        text = "the operation takes no body any more"
        yield change("request-body-removed", text, "requestBody", breaks=True, side=Side.REQUEST)
    elif after is not None:
        word = "required" if after.required else "optional"
        text = f"the operation takes a body now, which is {word}"
        yield change(f"request-body-added-{word}", text, "requestBody", breaks=after.required, side=Side.REQUEST)


# --- responses ---------------------------------------------------------------------------------------------------


def responses(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """What changed in what an operation answers."""
    before, after = old.responses(), new.responses()
    lost = [status for status in dict.fromkeys((*before, *after)) if _is_lost(old, new, status)]
    for status in lost:
        place = ("responses", status)
        yield undecided_change("response-unreadable", f"the response {status}", *place, side=Side.RESPONSE)
    for status in dict.fromkeys((*before, *after)):
        if status in lost or ("default" in lost and not (status in before and status in after)):
            continue
        if status not in before:
            yield from _status_new(views, status, before, after[status])
        elif status in after:
            yield from _response(views, before[status], after[status], ("responses", status))
        else:
            yield from _status_gone(views, status, before[status], after)


def _is_lost(old: OperationObject, new: OperationObject, status: str) -> bool:
    """Whether a response of one side cannot be read; the other may not have it at all."""
    written = [_by_status(each).get(status) for each in (old, new)]
    return lost_on_one_side((old.document, written[0]), (new.document, written[1]))


def _by_status(operation: OperationObject) -> dict[str, Any]:
    return {status_key(status): each for status, each in mapping(operation.written.get("responses")).items()}


Responses = dict[str, "ResponseObject"]


def _status_new(views: Views, status: str, before: Responses, now: ResponseObject) -> Iterator[Change]:
    place = ("responses", status)
    success = status[0] == "2"
    kind = f"response-{'' if success else 'non-'}success-status-added"
    yield change(kind, f"the status {status} is new", *place, breaks=False, side=Side.RESPONSE)
    wider = before.get(f"{status[0]}XX")
    if wider is not None:
        yield from _response(views, wider, now, place)
    elif "default" in before and not (success and any(each[0] == "2" for each in before)):
        # Beside a success `default` tells of errors, which a new success is not.
        # Nobody promised this status by its name; the reference tool does not look at this.
        for found in _response(views, before["default"], now, place):
            yield replace(found, severity=Severity.WARNING) if found.severity is Severity.ERROR else found


def _status_gone(views: Views, status: str, was: ResponseObject, after: Responses) -> Iterator[Change]:
    place = ("responses", status)
    success = status[0] == "2"
    wider = after.get(f"{status[0]}XX")
    narrower = [each for each in after if each[0] == status[0] and status[1:] == "XX"]
    if wider is None and not narrower:
        kind = f"response-{'' if success else 'non-'}success-status-removed"
        yield change(kind, f"the status {status} is gone", *place, breaks=success, side=Side.RESPONSE)
        wider = None if success or status == "default" else after.get("default")
    if wider is not None:
        yield from _response(views, was, wider, place)


def _response(views: Views, old: ResponseObject, new: ResponseObject, place: Place) -> Iterator[Change]:
    yield from contents(views.sent, old.content, new.content, place)
    for key in dict.fromkeys((*old.headers, *new.headers)):
        here = (*place, "headers", key)
        was, now = old.headers.get(key), new.headers.get(key)
        if (was and was.lost) or (now and now.lost):
            if not (was and now and was.lost and now.lost and equal(was.written, now.written)):
                what = f"the response header `{key}`"
                yield undecided_change("response-header-unreadable", what, *here, side=Side.RESPONSE)
        elif was is None:
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
                yield from schema_changes(_of_headers(views), was.schema, now.schema, "response-header", here)


def _of_headers(views: Views) -> SchemaComparison:
    return views.sent.written(("simple", False), ("simple", False))
