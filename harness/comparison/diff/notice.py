"""What was announced before something goes: deprecation, sunset dates and stability levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEVELS = ("draft", "alpha", "beta", "stable")
_STABLE = LEVELS.index("stable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How much notice a provider has to give before something may go."""

    today: date
    stable_days: int = 0  # 0: a sunset date is not asked for
    beta_days: int = 0

    def days(self, level: int) -> int:
        """The days of notice at a level of stability; what is below beta may go at any time."""
        return self.stable_days if level == _STABLE else self.beta_days if level == LEVELS.index("beta") else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementFinding:
    """One thing that was found out about an announcement."""

    problem: str  # "sunset-parse", "sunset-missing", "sunset-date-too-small", "sunset-deleted", …; "" for none
    text: str
    breaks: bool


def level(value: Any) -> int | None:
    """The place of a stability level among all; None for a word that is none. Nothing said is stable."""
    if value is None:
        return _STABLE
    return LEVELS.index(value) if value in LEVELS else None


def day(value: Any) -> date | None:
    """A sunset date, `2027-01-31` or with a time; None when it is not one."""
    if not isinstance(value, str):
        return None
    try:
        return (
            date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).astimezone(UTC).date()
        )
    except ValueError:
        return None


def announcements(
    old: Mapping[str, Any], new: Mapping[str, Any], notice: Notice, days: int
) -> Iterator[AnnouncementFinding]:
    """What became of the deprecation of something that is still there."""
    was, now = old.get("deprecated") is True, new.get("deprecated") is True
    if now and not was:
        yield from _deprecation_notices(new, notice, days)
    elif was and not now:
        yield AnnouncementFinding(problem="reactivated", text="is not deprecated any more", breaks=False)
    elif was and now:
        yield from _sunset_moved(old, new, notice, days)


def _deprecation_notices(new: Mapping[str, Any], notice: Notice, days: int) -> Iterator[AnnouncementFinding]:
    yield AnnouncementFinding(problem="deprecated", text="is deprecated now", breaks=False)
    given = new.get("x-sunset")
    if given is None:
        if days:
            text = f"is deprecated without a sunset date; {days} days of notice are asked for"
            yield AnnouncementFinding(problem="sunset-missing", text=text, breaks=True)
        return
    found = day(given)
    if found is None:
        yield _unreadable(given)
    elif (found - notice.today).days < days:
        text = f"is to go on {found}, in less than the {days} days of notice that are asked for"
        yield AnnouncementFinding(problem="sunset-date-too-small", text=text, breaks=True)


def _unreadable(given: Any) -> AnnouncementFinding:
    text = f"has the sunset date {given!r}, which is not a date such as 2027-01-31"
    return AnnouncementFinding(problem="sunset-parse", text=text, breaks=True)


def _sunset_moved(
    old: Mapping[str, Any], new: Mapping[str, Any], notice: Notice, days: int
) -> Iterator[AnnouncementFinding]:
    before, after = old.get("x-sunset"), new.get("x-sunset")
    if before == after:
        return
    if after is None:
        yield AnnouncementFinding(problem="sunset-deleted", text=f"has lost its sunset date {before}", breaks=True)
        return
    if before is not None and day(before) is None:
        yield _unreadable(before)
        return
    earlier, later = day(before), day(after)
    if later is None:
        yield _unreadable(after)
    elif earlier is not None and later < earlier and (not days or (later - notice.today).days < days):
        text = f"is to go on {later}, earlier than was announced ({earlier})"
        yield AnnouncementFinding(problem="sunset-date-changed-too-small", text=text, breaks=True)
    else:
        yield AnnouncementFinding(
            problem="sunset-date-changed", text=f"is to go on {later}, not {before}", breaks=False
        )


def removal(old: Mapping[str, Any], today: date) -> AnnouncementFinding | None:
    """What to say of the removal of something that was deprecated; None when it was not."""
    if old.get("deprecated") is not True:
        return None
    given = old.get("x-sunset")
    if given is None:
        return AnnouncementFinding(problem="", text="was deprecated and is gone now", breaks=False)
    found = day(given)
    if found is None:
        return _unreadable(given)
    if today < found:
        return AnnouncementFinding(
            problem="before-sunset", text=f"is gone before its sunset date {found}", breaks=True
        )
    return AnnouncementFinding(problem="", text=f"is gone as announced ({found})", breaks=False)
