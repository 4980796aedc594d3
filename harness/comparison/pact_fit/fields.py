"""Bodies of named fields, of forms and of several parts, as the values that their schema speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from harness.comparison.bodies.media import bare, is_certainly_json, is_json, meet
from harness.comparison.bodies.multipart import parts_of
from harness.comparison.openapi.dialects import Schema
from harness.comparison.openapi.document import Document, mapping
from harness.comparison.openapi.wire import (
    items_of,
    kinds_of,
    plain_value,
    properties_of,
    read_json,
    value_of,
    with_properties,
)
from harness.comparison.pact_fit.lost_parts import nowhere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.bodies.multipart import MultipartPart
    from harness.comparison.openapi.wire import Style

_HOLDERS = frozenset({"object", "array"})
_ANYTHING: Schema = {}


class NotRead(ValueError):
    """Why the value of a body is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Something beside its value in which a body is not what the document says."""

    text: str
    at: tuple[str, ...]
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """How the fields of a body are written: each by the schema of its property, and its encoding."""

    schema: Schema  # in the dialect of 2020-12
    document: Document
    encoding: Mapping[str, Any] = field(default_factory=dict)

    def _properties(self) -> Mapping[str, Schema]:
        return properties_of(self.schema, self.document)

    def _of(self, name: str) -> dict[str, Any]:
        return self._known(self.encoding.get(name))

    def _known(self, written: Any) -> dict[str, Any]:
        lost = self.document.lost(written)
        if lost:
            raise NotRead(f"its encoding {nowhere(lost)}")
        return self.document.meant(written)

    def _kinds(self, part: Schema) -> frozenset[str]:
        return kinds_of(part, self.document)

    # --- application/x-www-form-urlencoded ---------------------------------------------------------------------

    def of_form(self, text: str) -> tuple[dict[str, Any], list[Misfit]]:
        """The value of a form, and which of its fields are not of the media type that they should be."""
        given = parse_qs(text, keep_blank_values=True)
        misfits = [
            _no_json("field", name, self._field_media(name), each)
            for name, texts in given.items()
            for each in texts
        ]
        made: dict[str, Any] = {}
        for name, part in self._properties().items():
            found = self._of_field(given, name, part)
            if found is not None:
                made[name] = found[0]
        for name, texts in given.items():
            made[name] = value_of(texts, _ANYTHING, ("form", True), self.document)
        return made, [each for several in misfits for each in several]

    def _of_field(self, given: dict[str, list[str]], name: str, part: Schema) -> tuple[Any] | None:
        style = self._style(name, part)
        if style is not None and style[0] == "deepObject":
            return self._deep(given, name, part)
        if name not in given:
            return self._spread(given, part) if style == ("form", True) and "style" in self._of(name) else None
        texts, kinds = given.pop(name), self._kinds(part)
        if style is None and (kinds & _HOLDERS or is_certainly_json(self._field_media(name))):
            return (self._as_json(texts, part),)
        return (value_of(texts, part, style or ("form", True), self.document),)

    def _field_media(self, name: str) -> str:
        """The media type of a field's text; a style that is written decides alone."""
        told = self._of(name)
        is_styled = self.document.old or not told.keys().isdisjoint({"style", "explode"})
        return "" if is_styled else str(told.get("contentType") or "")

    def _style(self, name: str, part: Schema) -> Style | None:
        """How the texts of a field are put together; None where each is the text of a value, JSON perhaps."""
        told = self._of(name)
        if self.document.old:
            return "form", isinstance(part, dict) and part.get("collectionFormat") == "multi"
        if told.keys() & {"style", "explode"}:
            style, explode = str(told.get("style", "form")), told.get("explode")
            return style, explode if isinstance(explode, bool) else style == "form"
        if is_json(self._field_media(name) or "text/plain"):
            return None
        kinds = self._kinds(part)
        if "array" in kinds and not self._kinds(items_of(part, self.document)) & _HOLDERS:
            return "form", True
        return None if kinds & _HOLDERS else ("form", True)

    def _deep(self, given: dict[str, list[str]], name: str, part: Schema) -> tuple[Any] | None:
        found = taken_deep(given, name)
        pairs = [(key, texts[0]) for key, texts in found.items()]
        return (with_properties(pairs, part, self.document),) if found else None

    def _spread(self, given: dict[str, list[str]], part: Schema) -> tuple[Any] | None:
        """An object of which each property is a field of the form."""
        if "object" not in self._kinds(part):
            return None
        names = properties_of(part, self.document).keys() - self._properties().keys()
        found = {name: given.pop(name) for name in list(given) if name in names}
        pairs = [(name, texts[0]) for name, texts in found.items()]
        return (with_properties(pairs, part, self.document),) if found else None

    def _as_json(self, texts: Sequence[str], part: Schema) -> Any:
        values = [_json_or_text(text) for text in texts]
        is_list = "array" in self._kinds(part) and not isinstance(values[0], list)
        return values if is_list else values[0]

    # --- multipart/form-data -----------------------------------------------------------------------------------

    def of_parts(self, body: bytes, media: str) -> tuple[dict[str, Any], list[Misfit]]:
        """The value of a body of several parts, and what of its parts does not fit beside. Raises NotRead."""
        try:
            parts = parts_of(body, media)
        except ValueError as error:
            raise NotRead(str(error)) from error
        by_name: dict[str, list[MultipartPart]] = {}
        for each in parts:
            by_name.setdefault(each.name, []).append(each)
        properties = self._properties()
        made = {name: self._of_parts(properties.get(name, True), several) for name, several in by_name.items()}
        return made, [misfit for each in parts for misfit in self._misfits(each)]

    def _of_parts(self, schema: Schema, parts: Sequence[MultipartPart]) -> Any:
        if "array" not in self._kinds(schema):
            values = [self._of_part(schema, each) for each in parts]
            return values if len(values) > 1 else values[0]
        if len(parts) == 1 and is_json(parts[0].media or "text/plain"):
            whole = _json_or_text(parts[0].text)
            if isinstance(whole, list):
                return whole
        return [self._of_part(items_of(schema, self.document), each) for each in parts]

    def _of_part(self, schema: Schema, part: MultipartPart) -> Any:
        kinds, media = self._kinds(schema), bare(part.media)
        written = bare(str(self._of(part.name).get("contentType") or ""))
        if is_json(media or written or "text/plain"):
            return _json_or_text(part.text)
        if kinds and kinds <= _HOLDERS:
            if media not in {"", "text/plain"}:
                raise NotRead(f"its part `{part.name}` is {media}")
            return _json_or_text(part.text)
        return plain_value(part.text, schema, self.document)

    def _misfits(self, part: MultipartPart) -> list[Misfit]:
        told = self._of(part.name)
        wanted = [each.strip() for each in str(told.get("contentType") or "").split(",") if each.strip()]
        found = _no_json("part", part.name, part.media or ",".join(wanted), part.text)
        if wanted and part.media and not any(meet(each, part.media) for each in wanted):
            text = f"the part `{part.name}` is {bare(part.media)}"
            found.append(Misfit(text=text, at=(part.name,), expected=", ".join(wanted), actual=bare(part.media)))
        for name, header in mapping(told.get("headers")).items():
            needed = self._known(header).get("required") is True
            if needed and name.lower() not in part.headers and name.lower() != "content-type":
                text = f"the part `{part.name}` has no header `{name}`"
                found.append(Misfit(text=text, at=(part.name,), expected=name, actual=""))
        return found


def taken_deep(query: dict[str, list[str]], name: str) -> dict[str, list[str]]:
    """The properties of an object that is written as `name[property]`; they are taken out of the query."""
    keys = [key for key in query if key.startswith(f"{name}[") and key.endswith("]") and key != f"{name}[]"]
    return {key[len(name) + 1 : -1]: query.pop(key) for key in keys}


def _no_json(kind: str, name: str, media: str, text: str) -> list[Misfit]:
    """That a text is said to be JSON, by every media type that it may be of, and is none."""
    several = [bare(each) for each in media.split(",") if each.strip()]
    if not several or not all(map(is_certainly_json, several)) or read_json(text) is not None:
        return []
    text_of_it = f"the {kind} `{name}` is {', '.join(several)}, and its text is not JSON"
    return [Misfit(text=text_of_it, at=(name,), expected="JSON", actual=text)]


def _json_or_text(text: str) -> Any:
    value = read_json(text)
    return text if value is None else value[0]
