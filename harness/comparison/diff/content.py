"""What changed in schemas and in bodies, by media type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.comparison.diff.change import BRANCH, Change, Side
from harness.comparison.diff.severities import change, severity
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.schemas import SchemaComparison
    from harness.comparison.diff.sides import Place, SchemaChange


def schema_changes(
    view: SchemaComparison, old: Any, new: Any, noun: str, place: Place, *, within: str = ""
) -> Iterator[Change]:
    """The changes between two schemas, named by what they belong to: a body, a header, a parameter."""
    side = Side.RESPONSE if view.sides.sent else Side.REQUEST
    for found in view.changes(old, new):
        nested = any(not step.startswith((BRANCH, "[]")) for step in found.place)
        kind = _kind(found.kind.format((within or noun) if nested else noun))
        yield _make_change(view, found, kind, side, place)


def _kind(kind: str) -> str:
    """The reference tool tells a narrower type from another only here and there."""
    told_apart = kind.startswith(("response-", "webhook-", "request-parameter-property-"))
    return kind if told_apart else kind.replace("-type-specialized", "-type-changed")


def _make_change(view: SchemaComparison, found: SchemaChange, kind: str, side: Side, place: Place) -> Change:
    worth = severity(kind, breaks=found.breaks, undecided=found.undecided)
    proof = view.proof(found) if worth is Severity.ERROR else None
    shown = proof.witness if proof else None
    unproven = proof is not None and shown is None and found.pair is not None
    breaks = found.breaks and not (proof and proof.excused)
    undecided = found.undecided or (unproven and breaks)
    return Change(
        id=kind,
        severity=severity(kind, breaks=breaks, undecided=undecided),
        side=side,
        place=(*place, *found.place),
        text=_change_text(found),
        origin=(found.schema, *found.within) if found.schema else (),
        witness=shown,
        undecided=undecided,
    )


def _change_text(found: SchemaChange) -> str:
    """The text, with the place in the schema where it does not name it."""
    where = "/".join(step for step in found.within if not step.startswith(BRANCH))
    return found.text if not where or "`" in found.text else f"`{where}`: {found.text}"


# --- bodies, by media type ---------------------------------------------------------------------------------------

Content = dict[str, Any]  # media type to schema as written, None for none


def contents(
    view: SchemaComparison, old: Content, new: Content, place: Place, nouns: tuple[str, str] = ("", "")
) -> Iterator[Change]:
    """What changed in a body; `nouns` name it and its properties where it is not an operation's own."""
    if not any(nouns):
        nouns = ("response-body", "response-property") if view.sides.sent else ("request-body", "request-property")
    before, after = ({_media(name): schema for name, schema in content.items()} for content in (old, new))
    for media in dict.fromkeys((*before, *after)):
        here = (*place, media)
        if media in before and media in after:
            yield from _media_type_changes(view, before[media], after[media], here, nouns)
        elif media in before:
            instead = _instead(media, after, sent=view.sides.sent)
            yield _media_type_removal(media, instead, here, nouns, sent=view.sides.sent)
            if instead:
                yield from _media_type_changes(view, before[media], after[instead], here, nouns)
        else:
            kind = f"{nouns[0].removesuffix('-body') if view.sides.sent else nouns[0]}-media-type-added"
            text = f"the media type {media} is new"
            yield change(kind, text, *here, breaks=False, side=_side(sent=view.sides.sent))


def _side(*, sent: bool) -> Side:
    return Side.RESPONSE if sent else Side.REQUEST


_CHARSET = re.compile(r";charset=(\"?)([\w-]+)\1(?=;|$)")


def _media(name: str) -> str:
    """A media type without what goes without saying: UTF-8, and any character set of JSON, which has but one."""
    plain = "".join(name.split()).lower()
    is_json = plain.partition(";")[0].endswith(("/json", "+json"))
    return _CHARSET.sub(lambda found: "" if is_json or found.group(2) == "utf-8" else found.group(0), plain)


def _instead(media: str, after: Content, *, sent: bool) -> str:
    """The media type that stands for one that is gone; "" for none."""
    wider = next((other for other in after if _covers(other, media)), "")
    return wider or (next((other for other in after if _covers(media, other)), "") if sent else "")


def _media_type_removal(media: str, instead: str, here: Place, nouns: tuple[str, str], *, sent: bool) -> Change:
    noun = nouns[0].removesuffix("-body") if sent else nouns[0]
    if not instead:
        kind, breaks, text = f"{noun}-media-type-removed", True, f"the media type {media} is gone"
    else:
        wider = _covers(instead, media)
        word = "generalized" if wider else "specialized"
        kind, breaks = f"{noun}-media-type-name-{word}", sent and wider
        text = f"the media type {media} became {instead}"
    return change(kind, text, *here, breaks=breaks, side=_side(sent=sent))


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


_READ = re.compile(r"text/|multipart/|application/x-www-form-urlencoded|[^;]*[/+](json|xml|yaml)")
_FORM = re.compile(r"application/x-www-form-urlencoded|multipart/form-data")
_OF_BYTES = {"type": "string", "format": "binary"}
_SAID_BESIDE = frozenset({"description", "title", "example", "examples", "contentMediaType"})


def _is_raw(media: str) -> bool:
    """Whether bodies of a media type are bytes that no schema describes."""
    return not _READ.match(media) and "*" not in media


def _any_bytes(schema: Any) -> bool:
    """Whether a schema of such a body says nothing but that it is one."""
    if not isinstance(schema, dict):
        return schema is None or schema is True
    told = {key: value for key, value in schema.items() if key not in _SAID_BESIDE}
    return not told or told == _OF_BYTES


def _media_type_changes(
    view: SchemaComparison, old: Any, new: Any, place: Place, nouns: tuple[str, str]
) -> Iterator[Change]:
    sent = view.sides.sent
    if _is_raw(place[-1]) and _any_bytes(old) and _any_bytes(new):
        return  # `format: binary` of 3.0 is no schema at all in 3.1
    if old is None and new is not None:
        kind, text = f"{nouns[0]}-media-type-schema-added", "the body has a schema now"
        yield change(kind, text, *place, breaks=not sent, side=_side(sent=sent))
    elif old is not None and new is None:
        kind, text = f"{nouns[0]}-media-type-schema-removed", "the body has no schema any more"
        yield change(kind, text, *place, breaks=sent, side=_side(sent=sent))
    elif old is not None:
        if _FORM.match(place[-1]):
            view = view.written(("form", True), ("form", True), form=True)
        yield from schema_changes(view, old, new, nouns[0], place, within=nouns[1])
