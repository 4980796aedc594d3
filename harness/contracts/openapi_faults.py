"""A document held to its own standard: what breaks it is told, and taken out, so that nothing is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contracts.openapi_bundle import written_place
from harness.contracts.openapi_circles import CIRCLE, find_circles
from harness.contracts.openapi_kinds import REFERRED, kind_of_key, parts
from harness.contracts.openapi_source import UNREAD, escape_pointer_step, resolve_pointer
from harness.contracts.openapi_standard import breaches, known_keys
from harness.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.contracts.openapi_standard import Breach

_SHOWN = 160  # letters of a rule: a value in it may be long
_MOST_STEPS = 50  # references that refer to references
_DEEPEST = 200

# Words for people, and names that nothing is judged by: what is wrong with them is told, no more.
_WORDS = frozenset(
    {"info", "description", "summary", "title", "tags", "externalDocs", "operationId", "deprecated"}
    | {"example", "examples", "links", "$comment", "$schema", "$id", "host", "schemes", "jsonSchemaDialect", "x-"}
    | {"openapi", "swagger", "termsOfService", "contact", "license"}
)
_LISTED = frozenset({"required", "enum"})
_OF_CREDENTIALS = frozenset({"type", "in", "name", "scheme"})
_LOOSE_CLASS = re.compile(r"[1-5]xx")  # understood, and not as the standard writes it
_DATA = frozenset({"example", "examples", "default", "const", "enum", "value"})
# Keywords that mean something together with others: where one cannot be read, nothing of the schema can.
_WHOLE = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "properties", "patternProperties", "items"}
    | {"additionalProperties", "prefixItems", "contains", "propertyNames", "dependentSchemas", "discriminator"}
    | {"unevaluatedItems", "unevaluatedProperties", "$ref", "$defs", "$dynamicRef", "xml", "readOnly", "writeOnly"}
    | {"nullable", "minContains", "maxContains", "$anchor", "$dynamicAnchor", "contentSchema"}
)


class Examined(NamedTuple):
    """A document with all that breaks its standard taken out."""

    value: dict[str, Any]
    followed: dict[str, Any]  # the document as it is, references followed where the standard has none
    faults: tuple[Problem, ...] = ()  # what needs one of these places is not known
    remarks: tuple[Problem, ...] = ()  # of keys that nobody knows, and of words


def examine_document(document: dict[str, Any], version: str, place: str) -> Examined:
    """Hold a bundled document to the JSON schemas of its version, and follow references wherever they stand."""
    walk = _Walk(document, version, place)
    walk.of("document", document, "", "")
    value = _apply_edits(document, [each[:2] for each in walk.edits])
    followed = _apply_edits(document, [each[:2] for each in walk.edits if not each.takes_out])
    circles = find_circles(value, walk.referred, version)
    value = _apply_edits(value, [(at, {UNREAD: {"": {CIRCLE: name}}}) for at, name in circles.items()])
    hint = "say what its values are, or refer to another schema"
    walk.faults += [Problem("it only refers to itself", written_place(place, at), hint) for at in circles]
    return Examined(value, followed, tuple(dict.fromkeys(walk.faults)), tuple(dict.fromkeys(walk.remarks)))


class _Edit(NamedTuple):
    """Another value at a place."""

    pointer: str
    made: Any
    takes_out: bool = False


def dead(pointer: str, value: Any) -> dict[str, Any]:
    """A reference that leads nowhere, in the place of what cannot be read; equal for what is equal."""
    return {"$ref": f"#/{UNREAD}{pointer}", UNREAD: value}


def _apply_edits(document: dict[str, Any], edits: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The same with other values at some places, those around others first; what is as it was is shared."""
    if not edits:
        return document
    top: dict[str, Any] = {"": document}
    own: dict[int, Any] = {}  # what was copied already; kept, so that nothing else has its id
    for pointer, made in edits:
        holder: Any = top
        *above, last = [""] if not pointer else ["", *map(_unescape_step, pointer.split("/")[1:])]
        for step in above:
            key = int(step) if isinstance(holder, list) else step
            if id(holder[key]) not in own:
                holder[key] = holder[key].copy()
                own[id(holder[key])] = holder[key]
            holder = holder[key]
        holder[int(last) if isinstance(holder, list) else last] = made
    edited: dict[str, Any] = top[""]
    return edited


def _unescape_step(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


@dataclass(slots=True)
class _Walk:
    """Every object of a document that can be reached, each once as each kind that it should be."""

    document: dict[str, Any]
    version: str
    place: str
    edits: list[_Edit] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    referred: dict[str, None] = field(default_factory=dict)  # what schemas refer to

    def of(self, kind: str, value: Any, at: str, source: str) -> None:
        """Look at what stands at a place; `source` is where it was written, if that is another place."""
        waiting = [(kind, value, at, source)]
        while waiting:
            kind, value, at, source = waiting.pop()
            if (kind, at) in self.seen or at.count("/") > _DEEPEST:
                continue
            self.seen.add((kind, at))
            if _refers(value) and kind in REFERRED:
                if kind == "schema":
                    self.referred[value["$ref"]] = None
                target, found = self._target(value["$ref"])
                if target is not None and found != at:
                    waiting.append((kind, target, found, found))
                beside = kind == "path-item" or (kind == "schema" and self.version >= "3.1")
                if not beside or len(value) == 1:
                    continue
            value, source = self._here(value, at, source) if kind not in REFERRED else (value, source)
            waiting += reversed([*self._object(kind, value, at, source)])  # the first of them is the next

    def _object(self, kind: str, value: Any, at: str, source: str) -> Iterator[tuple[str, Any, str, str]]:
        if isinstance(value, dict):
            value = self._followed(kind, value, at, source)
        unread = _Unread(self, kind, value, at, source)
        unread.tell_references()
        for breach in breaches(self.version, kind, value):
            unread.tell(breach)
        unread.take_out()
        if isinstance(value, dict) and not unread.whole:
            for part in parts(kind, value):
                if part.key not in unread.keys:
                    yield part.kind, part.value, f"{at}{part.at}", f"{source}{part.at}"

    def _target(self, reference: str) -> tuple[Any, str]:
        """What a reference leads to in the end, and where; None for nowhere, which is told elsewhere."""
        for _ in range(_MOST_STEPS):
            if not reference.startswith("#/"):
                return None, ""
            value, found = resolve_pointer(self.document, reference[1:])
            if found is None:
                return None, ""
            if not (_refers(value) and len(value) == 1):
                return value, found
            reference = value["$ref"]
        return None, ""

    def _here(self, value: Any, at: str, source: str) -> tuple[Any, str]:
        """What a reference leads to that stands where the standard has none."""
        if not _refers(value):
            return value, source
        target, found = self._target(value["$ref"])
        if target is None:
            return value, source
        if isinstance(target, dict) and len(value) > 1:
            target = {**target, **{key: item for key, item in value.items() if key != "$ref"}}
        self.edits.append(_Edit(at, target))
        return target, found

    def _followed(self, kind: str, value: dict[str, Any], at: str, source: str) -> dict[str, Any]:
        """The object with the references of its lists, maps and values followed."""
        made = dict(value)
        for key, item in value.items():
            if kind_of_key(kind, key) and kind_of_key(kind, key)[0] not in "[{":
                continue
            followed = self._all_followed(item, key, 0) if key != "$ref" else item
            if followed is not item:
                made[key] = followed
        if all(made[key] is value[key] for key in value):
            return value
        self.edits.append(_Edit(at, made))
        return made

    def _all_followed(self, item: Any, key: str, depth: int) -> Any:
        if _refers(item) and key not in _DATA - {"enum", "examples"}:
            target = self._target(item["$ref"])[0] if depth < _MOST_STEPS else None
            return item if target is None else self._all_followed(target, key, depth + 1)
        return item

    def written(self, source: str) -> str:
        """Where something is written, as people find it."""
        return written_place(self.place, source)


@dataclass(slots=True)
class _Unread:
    """What of one object cannot be read."""

    walk: _Walk
    kind: str
    value: Any
    at: str
    source: str
    keys: dict[str, Any] = field(default_factory=dict)
    whole: bool = False

    def tell_references(self) -> None:
        """Note what stands behind a reference that leads nowhere, where only the habit of bundlers has one."""
        if _refers(self.value) and self.kind not in REFERRED:
            self._lost(self.value["$ref"], "")
            self.whole = True
        for key, item in self.value.items() if isinstance(self.value, dict) and not self.whole else ():
            entered = kind_of_key(self.kind, key)[:1] not in ("", "[", "{")
            if _refers(item) and not entered and key not in _WORDS | _DATA - {"enum"} and not key.startswith("x-"):
                self._lost(item["$ref"], f"/{escape_pointer_step(key)}")
                self.keys[key] = item

    def _lost(self, reference: str, at: str) -> None:
        where = self.walk.written(f"{self.source}{at}")
        self.walk.faults.append(Problem(f"$ref '{reference}' leads nowhere", where))

    def tell(self, breach: Breach) -> None:
        """Note a rule that is broken, and what is not known for it."""
        if breach.unknown:
            for key in breach.unknown:
                self._strange(key)
            return
        steps = "".join(f"/{escape_pointer_step(str(step))}" for step in breach.steps)
        what = str(breach.steps[0]) if breach.steps else _unescape_step(self.source.rpartition("/")[2])
        rule = breach.rule if len(breach.rule) <= _SHOWN else f"{breach.rule[:_SHOWN]}…"
        text = f"`{what}`: {rule}" if what else rule
        problem = Problem(text, self.walk.written(f"{self.source}{steps}"))
        first = str(breach.steps[0]) if breach.steps else breach.missing
        if self.whole or first in self.keys:
            return
        if self._is_harmless(first, breach):
            self.walk.remarks.append(problem)
            return
        self.walk.faults.append(problem)
        if first:
            self.keys[first] = self.value.get(first) if isinstance(self.value, dict) else None
        else:
            self.whole = True

    def _is_harmless(self, first: str, breach: Breach) -> bool:
        """Whether all that anybody needs can be read all the same."""
        if self.kind == "responses":  # that there is none is understood
            return breach.missing == "default" or (not first and isinstance(self.value, dict))
        if self.kind == "security-scheme" and first:
            return first not in _OF_CREDENTIALS
        if self.kind == "schema" and first in _LISTED:
            return _is_understood(first, self.value[first])
        if first == "servers":  # a variable without a default stands for any value
            return "variables" in breach.steps
        return first in _WORDS or (first == "basePath" and isinstance(self.value[first], str))

    def _strange(self, key: str) -> None:
        if key == "$ref":
            return
        where = self.walk.written(f"{self.source}/{escape_pointer_step(key)}")
        if self.kind == "responses" and not _LOOSE_CLASS.fullmatch(key):
            hint = "write a status such as 200, a class such as 4XX, or default"
            self.walk.faults.append(Problem(f"`{key}` is no status", where, hint))
            self.keys[key] = self.value.get(key)
            return
        known = known_keys(self.kind)
        text, hint = f"no version of the standard knows the key `{key}`", did_you_mean(key, known)
        if self.kind == "responses":
            text, hint = f"`{key}` is no status as the standard writes it", f"write {key.upper()}"
        elif self.kind == "paths":
            text, hint = f"the path '{key}' does not start with a slash", f"write '/{key}'"
        elif key in known:
            text, hint = f"`{key}` is no key of version {self.walk.version} of the standard", ""
        self.walk.remarks.append(Problem(text, where, hint))

    def take_out(self) -> None:
        """Put what says that nothing is known in the place of what cannot be read."""
        if self.keys or self.whole:
            at, made = _TAKEN_OUT.get(self.kind, _dead)(self)
            self.walk.edits.append(_Edit(at, made, takes_out=True))


def _is_understood(keyword: str, listed: Any) -> bool:
    """Whether a list only says nothing, or the same twice: no generator of documents minds, and nobody errs."""
    if not isinstance(listed, list):
        return False
    return all(isinstance(each, str) for each in listed) if keyword == "required" else bool(listed)


def _dead(unread: _Unread) -> tuple[str, Any]:
    unread.whole = True
    return unread.at, dead(unread.at, unread.value)


def _schema(unread: _Unread) -> tuple[str, Any]:
    if unread.whole or _WHOLE & unread.keys.keys():
        unread.whole = True
        return unread.at, {UNREAD: {"": unread.value}}
    left = {key: item for key, item in unread.value.items() if key not in unread.keys}
    return unread.at, {**left, UNREAD: unread.keys}


def _media_type(unread: _Unread) -> tuple[str, Any]:
    unread.whole = True
    return unread.at, {"schema": {UNREAD: {"": unread.value}}}


def _encoding(unread: _Unread) -> tuple[str, Any]:
    """Without it nothing is known of the media type that it belongs to."""
    at = unread.at.rpartition("/")[0].rpartition("/")[0]
    return at, {"schema": {UNREAD: {"": unread.value}}}


def _operation(unread: _Unread) -> tuple[str, Any]:
    lost = dead(unread.at, unread.value)
    if not isinstance(unread.value, dict) or unread.whole:
        return unread.at, {"parameters": [lost], "responses": {"default": lost}}
    made = {key: item for key, item in unread.value.items() if key not in unread.keys}
    if "responses" in unread.keys:
        made["responses"] = {"default": dead(f"{unread.at}/responses", unread.keys["responses"])}
    if unread.keys.keys() & {"parameters", "consumes", "servers", "security"}:
        made["parameters"] = [dead(f"{unread.at}/parameters", unread.keys)]
    if "produces" in unread.keys:
        made["responses"] = {"default": dead(f"{unread.at}/produces", unread.keys["produces"])}
    return unread.at, {**made, UNREAD: unread.keys}


def _responses(unread: _Unread) -> tuple[str, Any]:
    lost = dead(unread.at, unread.keys or unread.value)
    if not isinstance(unread.value, dict):
        return unread.at, {"default": lost}
    left = {key: item for key, item in unread.value.items() if key not in unread.keys}
    return unread.at, {"default": lost, **left}


def _path_item(unread: _Unread) -> tuple[str, Any]:
    if not isinstance(unread.value, dict) or unread.whole:
        return _dead(unread)
    left = {key: item for key, item in unread.value.items() if key not in unread.keys}
    lost = dead(f"{unread.at}/parameters", unread.keys)
    return unread.at, {**left, "parameters": [lost], UNREAD: unread.keys}


def _holder(unread: _Unread) -> tuple[str, Any]:
    """The document, its paths, its components: what of them cannot be read is not there, and said so."""
    if not isinstance(unread.value, dict):
        return unread.at, {UNREAD: {"": unread.value}}
    left = {key: item for key, item in unread.value.items() if key not in unread.keys}
    return unread.at, {**left, UNREAD: unread.keys or {"": unread.value}}


_TAKEN_OUT = {
    "schema": _schema,
    "media-type": _media_type,
    "encoding": _encoding,
    "operation": _operation,
    "responses": _responses,
    "path-item": _path_item,
    "document": _holder,
    "paths": _holder,
    "components": _holder,
}


def _refers(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)
