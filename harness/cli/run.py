"""`harness run`: the main job."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.cli.stream import follow, parse_reports
from harness.engine.plan import why_nothing
from harness.evidence import EvidenceKind
from harness.reports.sanitize import many

if TYPE_CHECKING:
    from pathlib import Path

    from harness.app.run import Run
    from harness.engine.plan import Task


class KindChoice(click.Choice[str]):
    """A kind of check: of plug-ins only where none that is built in is called so."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The kind's key; the refusal names all that there are."""
        if value in self.choices:
            return value
        from harness.plugins import all_kinds, door

        try:
            return click.Choice(list(all_kinds())).convert(value, param, ctx)
        except click.BadParameter as error:
            failed = map(str, door().failed)
            raise click.BadParameter("; ".join([error.message, *failed]), ctx, param) from None


@click.command("run")
@click.argument("services", nargs=-1, metavar="[SERVICE[=VERSION]...]")
@click.option(
    "--only",
    multiple=True,
    type=KindChoice([kind.value for kind in EvidenceKind]),
    help="Run only this kind of check; may be given several times.",
)
@click.option(
    "--plan", "plan_only", is_flag=True, help="Say what would run and what is known already; start nothing."
)
@click.option("--report", "reports", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated.")
@click.option("--publish/--no-publish", default=True, help="Keep versions, contracts and evidence. Default: keep.")
@click.option("--fresh", is_flag=True, help="Run everything, whatever is known already.")
@click.option(
    "--reuse-failures", is_flag=True, help="Let a no of equal content answer as well: nothing red runs again."
)
@words.built_from_option
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Checks at a time.")
@words.runtime_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    services: tuple[str, ...],
    only: tuple[str, ...],
    reports: tuple[str, ...],
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    built_from: str,
    jobs: int,
    *,
    plan_only: bool,
    publish: bool,
    fresh: bool,
    reuse_failures: bool,
    as_json: bool,
) -> int:
    """Start the services, run all checks, keep the evidence, and say whether the set can be deployed.

    Without SERVICE everything in the manifest is checked. With SERVICE=VERSION another version runs that the
    manifest knows how to start.
    """
    from harness.app.run import Options
    from harness.composition.runs import prepare_run

    wanted = parse_reports(reports)
    options = Options(
        manifest=manifest,
        broker=broker,
        services=dict(words.service_and_version(argument) for argument in services),
        only=tuple(EvidenceKind(kind) for kind in only),
        runtime=runtime,
        built_from=built_from,
        publish=publish,
        fresh=fresh,
        reuse_failures=reuse_failures,
        planning=plan_only,
        jobs=jobs,
    )
    with prepare_run(options) as run:
        if plan_only:
            return _show_plan(run, as_json=as_json)
        return follow(run.events(), wanted, keep=composition.recording(run.system.root), as_json=as_json)


def _show_plan(run: Run, *, as_json: bool) -> int:
    ahead = run.consumers_suite()
    plan = run.plan(run.settled(record=False))
    tasks = [*([ahead] if ahead else []), *plan.tasks]
    builds = [(service.name, list(service.build_command)) for service in run.to_build()]
    nothing = why_nothing(plan.inputs) if not tasks else ()
    rows = [
        {
            "task": _name(task),
            "kind": task.id.kind.value,
            "promises": task.promised or None,
            "known": task.reused.verdict.value if task.reused else None,
            "seen_by": task.reused.run if task.reused else None,
        }
        for task in tasks
    ]
    if as_json:
        words.say_json(
            {
                "runtime": run.runtime.name,
                "remarks": list(run.remarks),
                "nothing": list(nothing),
                "unread": [str(each) for each in run.material.unread],
                "builds": [{"name": name, "command": command} for name, command in builds],
                "starts": list(plan.starts),
                "tasks": rows,
            }
        )
        return 0
    words.say(f"with {run.runtime.name}{f' ({run.note})' if run.note else ''}")
    for remark in (*run.remarks, *run.unknown_artifacts.values()):
        words.say(f"  !  {remark}")
    for problem in run.material.unread:
        words.say(f"  ?  {problem}")
    for name, command in builds:
        words.say(f"would build {name}: {shlex.join(command)}")
    words.say(f"would start: {', '.join(plan.starts) or 'nothing'}")
    for why in nothing:
        words.say(f"  nothing to check: {why}")
    for task in tasks:
        known = f"known: {task.reused.verdict.value} (run {task.reused.run})" if task.reused else "would run"
        words.say(f"  {_name(task)}: {_size(task)}; {known}")
    if ahead and not ahead.reused:
        words.say("the consumers' suite writes pacts before all else: the pacts above are those that are here now")
    return 0


def _name(task: Task) -> str:
    return " ".join(str(task.id).split())  # a system has no number


def _size(task: Task) -> str:
    if task.suite:
        return f"the tests in {task.suite.path.name}"
    return many(task.promised, "promise") if task.promised else "promises told by the running service"
