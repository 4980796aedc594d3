"""`harness publish`: contracts, kept under the version that git and CI tell."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.gate import commands
from harness.identity import argument_of

if TYPE_CHECKING:
    from harness.ports import Publication


@click.command("publish")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@click.option("--version", "number", help="The version, instead of the manifest's or git's.")
@click.option(
    "--pacticipant", metavar="NAME", help="Only what this one promises: its pacts and its document. Default: all."
)
@click.option("--branch", help="The branch, instead of what git and CI tell.")
@click.option("--build-url", help="The build, instead of what CI tells.")
@click.option("--provider", help="For OpenAPI documents given by PATH: whose they are.")
@click.option(
    "--self-verification",
    type=click.Choice(["passed", "failed", "none"]),
    help="OpenAPI documents are provider contracts, and decide about pacts that nobody has run; what the"
    " provider's own tests said of them.",
)
@click.option("--allow-dirty", is_flag=True, help="Publish although the working tree has changes.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    paths: tuple[Path, ...],
    number: str | None,
    pacticipant: str | None,
    branch: str | None,
    build_url: str | None,
    provider: str | None,
    self_verification: str | None,
    manifest: Path | None,
    broker: str | None,
    *,
    allow_dirty: bool,
    as_json: bool,
) -> None:
    """Publish pacts and OpenAPI documents: the manifest's, or those at PATH."""
    from harness.app.publish import PublishOptions, notices, publish

    wish = PublishOptions(
        paths=paths,
        number=number or "",
        pacticipant=pacticipant or "",
        branch=branch or "",
        build_url=build_url or "",
        provider=provider or "",
        self_verification=self_verification or "",
        allow_dirty=allow_dirty,
    )
    nowhere = bool(wish.paths) and manifest is None  # files that are named need no manifest
    system = composition.system_if_any(None) if nowhere else composition.system(manifest)
    broker = broker or (system.broker if system else "")
    published = publish(system, partial(composition.ledger_at, broker, system), wish)
    if as_json:
        on_branch = {"branch": published.branch or None}
        words.say_json(
            [{**_document(each), **on_branch, "notices": list(notices(each))} for each in published.publications]
        )
        return
    for each in published.publications:
        words.say(_line(each))
        for notice in notices(each):
            words.say(f"  ! {notice}")
    for name in published.untold:
        run = commands.run(argument_of(name))
        words.say(f"  ! {name}: only the running service tells its document; publish it with: {run}")
    words.say(f"on branch {published.branch}" if published.branch else _NO_BRANCH)


_NO_BRANCH = (
    "  ! on no branch: git has none here (a detached HEAD, a tag) and no CI service names one;\n"
    "    no selector by branch finds these versions; try: harness publish --branch NAME"
)


def _line(each: Publication) -> str:
    between = f" with {each.contract.counterpart}" if each.contract.counterpart else ""
    state = "published" if each.created else "already published with equal content"
    if each.merged:
        state = "put together with the parts that were published before"
    return f"{each.version}: {each.contract.kind}{between} {each.contract.key[:12]} {state}"


def _document(each: Publication) -> dict[str, object]:
    return {
        **words.versions([each.version])[0],
        "kind": each.contract.kind.value,
        "provider": each.contract.counterpart or None,
        "contract": each.contract.key,
        "created": each.created,
        "merged": each.merged,
        "previous": each.previous or None,
    }
