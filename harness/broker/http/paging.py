"""Pages of long lists: asked for by `page`/`size` or `pageNumber`/`pageSize`, else everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http.hal import link
from harness.broker.http.problems import Invalid
from harness.ledger.db.paging import Page

if TYPE_CHECKING:
    from harness.broker.http.request import Request

_DEFAULT = 100
_MOST = 1_000_000_000


_NAMES = ("page", "size", "pageNumber", "pageSize")


def page_numbers(page: Page, total: int) -> dict[str, int]:
    """What the answer says of a page."""
    pages = -(-total // page.size)
    return {"number": page.number, "size": page.size, "totalElements": total, "totalPages": pages}


def page_links(request: Request, page: Page, total: int) -> dict[str, Any]:
    """The pages around one, with every other parameter of the request kept."""
    found = {}
    if page.number > 1:
        found["previous"] = link(_page_url(request, page, page.number - 1), title="Previous page")
    if page.number * page.size < total:
        found["next"] = link(_page_url(request, page, page.number + 1), title="Next page")
    return found


def _page_url(request: Request, page: Page, number: int) -> str:
    kept = [pair for pair in request.query.split("&") if pair and pair.partition("=")[0] not in _NAMES]
    return request.here() + "?" + "&".join([f"size={page.size}", f"page={number}", *kept])


def asked_page(request: Request, *, always: bool = False) -> Page | None:
    """The page that was asked for; None is everything. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    number = _parse_parameter(request, ("page", "pageNumber"), errors)
    size = _parse_parameter(request, ("size", "pageSize"), errors)
    if errors:
        raise Invalid(errors)
    if number is None and size is None and not always:
        return None
    return Page(number=number or 1, size=size or _DEFAULT)


def _parse_parameter(request: Request, names: tuple[str, str], errors: dict[str, list[str]]) -> int | None:
    found = []
    for name in names:
        text = request.parameters.get(name)
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


def containing(request: Request) -> str:
    """What the names in a list must contain; "" is anything."""
    return request.asked("q")
