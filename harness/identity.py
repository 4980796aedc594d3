"""What things are, independent of what they are called: keys made of content.

Two identities are kept apart (docs/decisions/0001-two-identities.md). The *artifact* identity says what
was built: a version number may never stand for two of them. The *run* identity adds everything else that
can change a verdict (what the service depended on, provider-state code, check settings): evidence belongs to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


CHANGED = "+changed."  # what a run adds to a number that stands for other contracts already
DIRTY = "+dirty."  # what git's name of a commit gets where the working tree is not that commit


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One version of one pacticipant, written `orders=1.4.0` on a command line."""

    pacticipant: str
    number: str

    def __str__(self) -> str:
        return f"{self.pacticipant} {self.number}"

    @property
    def argument(self) -> str:
        """As a command line wants it; without a number it is the one that is here."""
        return argument_of(self.pacticipant, number=self.number)

    @property
    def asked(self) -> Version:
        """Itself, or the version that a run was to record when it found other contracts under that number."""
        number, changed, _ = self.number.partition(CHANGED)
        return Version(self.pacticipant, number) if changed and number else self

    @property
    def recorded(self) -> str:
        """In whose place a run recorded it, and why, in words; "" where it is what it is called."""
        return f"{self} is {self.asked} with other contracts" if self.asked != self else ""

    @property
    def dirty(self) -> bool:
        """Whether it was made of a working tree that no commit holds."""
        return DIRTY in self.number


def argument_of(name: str, instance: str = "", number: str = "") -> str:
    """`orders@blue=1.4` as a command line wants it; a name that would be read otherwise stands in quotes."""
    on = f"@{_quote_name(instance, instance)}" if instance else ""
    return f"{_quote_name(name, name[1:])}{on}{f'={number}' if number else ''}"


def split_argument(text: str, *, placed: bool) -> tuple[str, str, str]:
    """Name, instance and number of `orders@blue=1.4`; what is not there is "". Raises ValueError for open quotes.

    The first `=` ends a name and everything behind it is the number. A name that has a `=`, an `@` before which
    there is something, or a quote at its beginning is written in quotes, as in the manifest: `"a=b"=1.0`.
    """
    name, rest = _leading_name(text, "=")
    instance = ""
    if placed and text[:1] != '"':
        name, at = _before_instance(name, text)
        rest = text[len(name) :] if at else rest
    if placed and rest.startswith("@"):
        instance, rest = _leading_name(rest[1:], "=")
    if rest and not rest.startswith("="):
        raise ValueError(f"what stands behind the quotes is neither = nor the end: {rest}")
    return name, instance, rest[1:]


def _before_instance(name: str, text: str) -> tuple[str, bool]:
    """The name before the `@` of an instance, and whether there is one; `@scope/orders` has none."""
    quoted = text.find('@"', 1)
    if 0 < quoted <= len(name):
        return text[:quoted], True
    before, at, instance = name.rpartition("@")
    return (before, True) if at and before and instance else (name, False)


def _leading_name(text: str, end: str) -> tuple[str, str]:
    """A name, in quotes or up to what ends it, and the rest."""
    if text.startswith('"'):
        name, after = json.JSONDecoder().raw_decode(text)
        return str(name), text[after:]
    name, found, _ = text.partition(end)
    return name, text[len(name) :] if found else ""


def _quote_name(name: str, without_at: str) -> str:
    reads_otherwise = "=" in name or "@" in without_at or name.startswith('"')
    return json.dumps(name, ensure_ascii=False) if reads_otherwise else name


def canonical_json(document: object) -> str:
    """The one spelling of a JSON document: keys sorted, no spaces, nothing escaped."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain_value(value: Any) -> Any:
    """One of our values as JSON has it: an object by its fields, an enum by its value, a tuple as a list."""
    # By hand, and not by a library: what reads our values back takes as long to import as many commands may take.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {plain_value(key): plain_value(each) for key, each in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain_value(each) for each in value]
    return {name: plain_value(getattr(value, name)) for name in value.__dataclass_fields__}


_PLAIN = frozenset({str, int, float, bool, type(None)})


def content_key(document: object) -> str:
    """The SHA-1 of a document's canonical spelling, 40 hexadecimal digits."""
    return key_of_canonical(canonical_json(document))


def key_of_canonical(text: str) -> str:
    """The content key of a document whose canonical spelling is known already."""
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest(*parts: str | bytes) -> str:
    """A SHA-256 over parts whose borders count: ("ab", "c") differs from ("a", "bc")."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def run_identity(artifact: str, dependencies: Iterable[str], settings: Any) -> str:
    """What evidence belongs to: the artifact, what it depended on, and how it was checked."""
    return digest("run", artifact, *sorted(dependencies), canonical_json(settings))
