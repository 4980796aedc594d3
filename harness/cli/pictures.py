"""A plan as a picture: Mermaid for pull requests, DOT for Graphviz."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.gate import DeploymentPlan, Link
    from harness.gate.order import Move


def _nodes(plan: DeploymentPlan) -> Iterator[tuple[Move, str, bool]]:
    """Every move with its label; the last value tells whether it can be done."""
    for step in plan.steps:
        yield step.move, f"{step.number}. {_label(step.move)}", True
    for move in plan.waiting:
        yield move, _label(move), False


def _label(move: Move) -> str:
    old = " and ".join(version.number for version in move.old) or "nothing"
    return f"{move.place} {old} to {move.new.number}"


def _links(plan: DeploymentPlan) -> Iterator[Link]:
    for step in plan.steps:
        yield from step.waits
    for block in plan.blocks:
        yield from (link for link in block.links if link.first != link.then)


def mermaid(plan: DeploymentPlan) -> str:
    """The plan as a Mermaid flow chart."""
    names = {move: f"s{number}" for number, (move, _, _) in enumerate(_nodes(plan), start=1)}
    lines = ["flowchart LR"]
    for move, label, possible in _nodes(plan):
        lines.append(f'  {names[move]}["{_plain(label)}"]{"" if possible else ":::blocked"}')
    lines += [f"  {names[link.first]} --> {names[link.then]}" for link in _links(plan)]
    lines.append("  classDef blocked stroke-dasharray: 5 5")
    return "\n".join(lines)


def _plain(label: str) -> str:
    """Mermaid reads quotes, brackets and # in a label as its own; entities stand for them."""
    return "".join(c if c.isalnum() or c in " .-_:/()+" else f"#{ord(c)};" for c in label)


def dot(plan: DeploymentPlan) -> str:
    """The plan as a Graphviz graph."""
    names = {move: f"s{number}" for number, (move, _, _) in enumerate(_nodes(plan), start=1)}
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box];"]
    for move, label, possible in _nodes(plan):
        style = "" if possible else ", style=dashed"
        lines.append(f"  {names[move]} [label={json.dumps(label, ensure_ascii=False)}{style}];")
    lines += [f"  {names[link.first]} -> {names[link.then]};" for link in _links(plan)]
    return "\n".join([*lines, "}"])


PICTURES: Mapping[str, Callable[[DeploymentPlan], str]] = {"mermaid": mermaid, "dot": dot}
