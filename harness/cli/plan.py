"""`harness plan`: a safe order, step by step."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness import composition
from harness.cli import deciding, hashes, words
from harness.cli.versions import placed_versions
from harness.gate import DeploymentPlan, commands, deployment_plan
from harness.gate.blocks import Block, BlockKind, Link
from harness.gate.reason_document import reason_documents
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.evidence import Facts
    from harness.gate import DeploymentPlan, Link
    from harness.gate.order import Move, Step


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


@click.command("plan")
@click.argument("candidates", nargs=-1, required=True, metavar="SERVICE[@INSTANCE]=VERSION...")
@click.option("--to", "environment", required=True, help="Where they would be deployed.")
@click.option(
    "--rolling/--no-rolling",
    default=True,
    help="Old and new of a service run side by side while it is replaced. Default: they do.",
)
@click.option("--per-instance", is_flag=True, help="A step replaces one instance, not all of a service.")
@click.option("--format", "picture", type=click.Choice(sorted(PICTURES)), help="A picture instead of words.")
@deciding.supposing_options
@deciding.heal_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    candidates: tuple[str, ...],
    environment: str,
    supposed: tuple[str, ...],
    gone: tuple[str, ...],
    picture: str | None,
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    *,
    rolling: bool,
    per_instance: bool,
    heal: bool,
    as_json: bool,
) -> int:
    """Find an order of single deployments in which every state on the way is compatible, or say what blocks it."""
    chosen, instances = placed_versions(candidates, manifest, broker)

    def plan_of(facts: Facts) -> tuple[DeploymentPlan, Facts]:
        world = deciding.suppose_facts(facts, environment, supposed, gone)
        plan = deployment_plan(
            chosen, environment, world, instances=instances, rolling=rolling, per_instance=per_instance
        )
        return plan, world

    def ask() -> tuple[DeploymentPlan, Facts]:
        named = (*chosen, *deciding.supposed_versions(supposed))
        with composition.memory(manifest, broker) as ledger:
            return deciding.ask_ledger(ledger, named, [environment], plan_of, lambda answer: answer[0].reasons)

    place = deciding.GateContext(manifest=manifest, broker=broker, runtime=runtime, heal=heal)
    (plan, facts), attempts = deciding.ask_with_healing(ask, lambda answer: answer[0].reasons, place)
    plan = _with_resolutions(plan, place)
    if as_json:
        words.say_json(document(plan) | deciding.healing_document(attempts))
    elif picture:
        words.say(PICTURES[picture](plan))
    else:
        _print(plan, facts, deciding.supposing_words(supposed, gone))
    return int(plan.verdict.exit)


def _with_resolutions(plan: DeploymentPlan, place: deciding.GateContext) -> DeploymentPlan:
    """The plan, each of its reasons with what resolves it here."""
    blocks = tuple(
        replace(
            block,
            links=tuple(
                replace(link, reasons=deciding.with_resolutions(link.reasons, place)) for link in block.links
            ),
        )
        for block in plan.blocks
    )
    return replace(plan, blocks=blocks, broken_already=deciding.with_resolutions(plan.broken_already, place))


def document(plan: DeploymentPlan) -> dict[str, Any]:
    """A plan as the documented JSON."""
    return {
        "verdict": plan.verdict.value,
        "deployable": deciding.DEPLOYABLE[plan.verdict],
        "environment": plan.environment,
        "candidates": words.versions(plan.candidates),
        "require": list(plan.require),
        "rolling": plan.rolling,
        "at_once": plan.at_once.value,
        "steps": [_step(step) for step in plan.steps],
        "unchanged": words.versions(plan.unchanged),
        "blocks": [_block(block) for block in plan.blocks],
        "waiting": [_move(move) for move in plan.waiting],
        "broken_already": reason_documents(plan.broken_already),
    }


def _move(move: Move) -> dict[str, Any]:
    return {
        "service": move.service,
        "instance": move.instance,
        "from": [version.number for version in move.old],
        "to": move.new.number,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "wave": step.wave,
        **_move(step.move),
        "after": [_link(link) for link in step.waits],
        "back": words.versions(step.back),
    }


def _link(link: Link) -> dict[str, Any]:
    return {"first": _move(link.first), "then": _move(link.then), "reasons": reason_documents(link.reasons)}


def _block(block: Block) -> dict[str, Any]:
    return {
        "kind": block.kind.value,
        "verdict": block.verdict.value,
        "services": [move.service for move in block.moves],
        "links": [_link(link) for link in block.links],
    }


def say_steps(steps: Sequence[Step]) -> None:
    """Each step, what it waits for, and what can still be gone back to after it."""
    waves = [step.wave for step in steps]
    for step in steps:
        old = " and ".join(version.number for version in step.move.old) or "nothing"
        beside = f"; in parallel with the others of wave {step.wave}" if waves.count(step.wave) > 1 else ""
        words.say(f"  {step.number}. {step.move.place}: {old} -> {step.move.new.number}{beside}")
        for link in step.waits:
            words.say(f"       after {link.first.place}: {link.reasons[0].text}")
        back = ", ".join(map(str, step.back)) or "nothing"
        words.say(f"       after this step you can still roll back to: {back}")


def _print(plan: DeploymentPlan, facts: Facts, condition: str) -> None:
    hashes.know(version.number for version in facts.versions)
    together = " and ".join(map(str, plan.candidates))
    words.say(f"{words.ANSWERS[plan.verdict]}: {_headline(plan)} for {together} to {plan.environment}{condition}")
    for block in plan.blocks:
        _say_block(block, plan.environment, facts)
    if plan.steps and plan.blocks:
        words.say("What can be done all the same:")
    say_steps(plan.steps)
    for version in plan.unchanged:
        words.say(f"  {version} is there already")
    if plan.waiting:
        words.say(f"Has to wait: {', '.join(move.place for move in plan.waiting)}")
    if plan.verdict is not Verdict.PASSED and plan.at_once is Verdict.PASSED:
        words.say("All in the same moment they are a yes, with nothing between:")
        asked = commands.can_i_deploy(plan.candidates, plan.environment, plan.instances)
        words.say_command("    resolve: ", asked)
    if plan.broken_already:
        words.say("Not a yes already, before any step:")
        deciding.say_reasons(plan.broken_already, plan.environment, facts)


def _headline(plan: DeploymentPlan) -> str:
    if plan.verdict is Verdict.PASSED:
        return "a safe order" if plan.steps else "nothing to do"
    return "no safe order" if plan.verdict is Verdict.FAILED else "no order is proven safe"


_ABOUT = {
    BlockKind.ALONE: "cannot be deployed beside what stays there",
    BlockKind.APART: "do not fit each other",
    BlockKind.CIRCLE: "wait for one another",
}


def _say_block(block: Block, environment: str, facts: Facts) -> None:
    names = " and ".join(str(move.new) for move in block.moves)
    words.say(f"  {names} {_ABOUT[block.kind]}:")
    for link in block.links:
        if block.kind is BlockKind.CIRCLE:
            words.say(f"    {link.then.place} {link.then.new.number} has to wait for {link.first.place}:")
        deciding.say_reasons(link.reasons, environment, facts, indent="      ")
    if block.kind is BlockKind.CIRCLE and block.verdict is Verdict.FAILED:
        link = next((k for k in block.links if k.reasons[0].provider == k.then.new), block.links[0])
        old = " and ".join(map(str, link.first.old))
        words.say(f"    a way out: a version of {link.then.service} that fits {old} as well; deploy it first")
