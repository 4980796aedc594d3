"""Every way to extend the harness, a hook for each: the page to read before you write a plug-in.

A plug-in is a module that an entry point of the group `contract_harness` names. Its functions that are called as
a hook here are found by that name; no marker is needed. What the harness brings itself comes in through the same
hooks, and a hook is here only because something built in uses it. `docs/extend.md` has a recipe for each.

A plug-in is loaded by the first command that needs what only a plug-in can bring. One that cannot be loaded, or
whose hook fails, is told by its name and the reason, and what it was to bring is not there: what needs it is
refused (exit code 2) or unknown (exit code 3), and never a yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.checks.kind import Kind

PROJECT = "contract_harness"  # the group of entry points, and how the name of every hook begins

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def contract_harness_checks() -> Iterable[Kind]:  # type: ignore[empty-body]
    """Kinds of check: each a `Kind`, whose check makes a kind of evidence that a gate policy can require.

    Built in: `harness/checks/kinds/`. A service is checked for a plug-in's kind when its manifest has the table
    `[services.NAME.checks.KEY]`, which holds the keys that the kind declares; it may be empty.
    """
