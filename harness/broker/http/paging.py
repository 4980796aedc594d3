"""Pages of long lists: asked for by `page`/`size` or `pageNumber`/`pageSize`, else everything at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.broker.http.hal import link
from harness.broker.http.problems import Invalid

if TYPE_CHECKING:
    from harness.broker.http.call import Call

_DEFAULT = 100
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is wanted."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size

    def told(self, total: int) -> dict[str, int]:
        """What the answer says of it."""
        pages = -(-total // self.size)
        return {"number": self.number, "size": self.size, "totalElements": total, "totalPages": pages}

    def links(self, call: Call, total: int) -> dict[str, Any]:
        """The pages around it, with every other parameter of the request kept."""
        found = {}
        if self.number > 1:
            found["previous"] = link(self._url(call, self.number - 1), title="Previous page")
        if self.number * self.size < total:
            found["next"] = link(self._url(call, self.number + 1), title="Next page")
        return found

    def _url(self, call: Call, number: int) -> str:
        kept = [pair for pair in call.query.split("&") if pair and pair.partition("=")[0] not in _NAMES]
        return call.here() + "?" + "&".join([f"size={self.size}", f"page={number}", *kept])


_NAMES = ("page", "size", "pageNumber", "pageSize")


def asked_page(call: Call, *, always: bool = False) -> Page | None:
    """The page that was asked for; None is everything. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    number = _read(call, ("page", "pageNumber"), errors)
    size = _read(call, ("size", "pageSize"), errors)
    if errors:
        raise Invalid(errors)
    if number is None and size is None and not always:
        return None
    return Page(number=number or 1, size=size or _DEFAULT)


def _read(call: Call, names: tuple[str, str], errors: dict[str, list[str]]) -> int | None:
    found = []
    for name in names:
        text = call.parameters.get(name)
        if text is None or text == "":
            continue
        value = _whole(text)
        if value is None:
            errors[name] = ["must be an integer"]
        elif value < 1:
            errors[name] = ["must be greater than or equal to 1"]
        else:
            found.append(min(value, _MOST))
    return found[0] if found else None


def _whole(text: Any) -> int | None:
    try:
        return int(text) if isinstance(text, str) and len(text) < 1000 else None
    except ValueError:
        return None


def containing(call: Call) -> str:
    """What the names in a list must contain; "" is anything."""
    return call.asked("q")
