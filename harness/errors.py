"""Every way in which the harness refuses or fails, and the exit code that says so.

HarnessError                    a problem that the person can mend; told without a traceback
├── UsageError                  the command line says something that cannot be meant
├── ManifestError               harness.toml says something that cannot be meant
├── ContractError               a pact or OpenAPI document cannot be read
├── PluginProblem               what an installed plug-in brings is not what the harness can use
├── UnknownName                 a name that nobody knows is never "nothing to check"
├── IdentityConflict            one version number, two different builds
├── ServiceDidNotStart          a service or resource did not become ready (carries its log's end)
├── StateMissing, StateFailed   the provider cannot be put into the state that a consumer names
├── ToolCrashed                 a foreign engine died, hung or contradicted itself
├── BrokerSilent                a remote broker gave no answer that can be read, so nothing is known
├── BrokerRefused               a remote broker does not let us in, or does not take what it was given
└── EnvironmentProblem          this machine lacks something (an engine, a binary, a permission)
    └── LedgerUnavailable       the ledger cannot be used now (gone, locked, its disk full): nobody asked wrongly
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Exit(IntEnum):
    """What the process answers to its caller."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is written, and what to do about it."""

    text: str
    where: str = ""  # "harness.toml:12", or a JSON path in a document
    hint: str = ""

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.text}{f' ({self.hint})' if self.hint else ''}"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  try: {self.hint}" if self.hint else ""
        return f"{place}{self.text}{remedy}"


class HarnessError(Exception):
    """Something the person can mend; it carries all problems found, not just the first."""

    exit = Exit.USAGE
    page = ""  # the page of `docs/` that explains it

    def __init__(self, *problems: Problem | str, where: str = "", hint: str = "") -> None:
        self.problems = tuple(Problem(p, where, hint) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(HarnessError):
    """The command line says something that cannot be meant."""


class ManifestError(HarnessError):
    """The manifest says something that cannot be meant."""

    page = "reference/manifest.md"


class ContractError(HarnessError):
    """A pact or an OpenAPI document cannot be read as one."""


class PluginProblem(HarnessError):
    """What an installed plug-in brings is not what the harness can use."""

    page = "extend.md"


class UnknownName(HarnessError):
    """A name that nobody knows; never read as "nothing to check"."""


class IdentityConflict(HarnessError):
    """One version number stands for two different builds."""


class EnvironmentProblem(HarnessError):
    """This machine lacks something that the command needs."""


class LedgerUnavailable(EnvironmentProblem):
    """The ledger cannot be used now, so nothing is known; the same command works once it can."""

    exit = Exit.UNKNOWN
    page = "reference/ledger.md"


def not_installed(module: str, why: str = "") -> EnvironmentProblem:
    """That a Python package which the harness itself needs is not there."""
    package = module.partition(".")[0].replace("_", "-")
    text = (
        f"the Python package {package}, which the harness needs, is not installed here{f': {why}' if why else ''}"
    )
    return EnvironmentProblem(text, hint=f"{REINSTALL} (and {DOCTOR} says what else is missing)")


REINSTALL = "pip install --force-reinstall contract-harness"
DOCTOR = "harness doctor"


class ServiceDidNotStart(HarnessError):
    """A service or resource did not become ready in time; its last log lines are kept."""

    exit = Exit.UNKNOWN

    def __init__(self, service: str, why: str, log_tail: Iterable[str] = (), *, resolve: str = "") -> None:
        super().__init__(f"{service} did not start: {why}")
        self.resolve = resolve  # the command that does; "" where starting it again shows more
        self.service = service
        self.why = why
        self.log_tail = tuple(log_tail)


class StateMissing(HarnessError):
    """The provider has no such state; nothing is known about the contract itself."""

    exit = Exit.UNKNOWN


class StateFailed(HarnessError):
    """The provider knows the state but could not be put into it."""

    exit = Exit.UNKNOWN


class ToolCrashed(HarnessError):
    """A foreign engine died, hung or contradicted itself; its word is not taken."""

    exit = Exit.UNKNOWN


class BrokerSilent(HarnessError):
    """A remote broker gave no answer that can be read; what it knows is unknown, never a yes."""

    exit = Exit.UNKNOWN
    page = "guides/remote-broker.md"


class BrokerRefused(HarnessError):
    """A remote broker does not let us in, or does not take what it was given."""

    page = "guides/remote-broker.md"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """Some names, and how many more there are."""
    more = f" (and {len(names) - most} more)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def otherwise(meant: str, remedy: str) -> str:
    """What was probably meant, and what to do where it was meant as it is written."""
    joint = " Otherwise " if meant.endswith("?") else "; "
    return f"{meant}{joint}{remedy}" if meant else remedy


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known names closest to a mistaken one, as a remedy."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known are: {', '.join(names)}" if names else ""
