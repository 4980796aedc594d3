"""Whether the rows are enough: a no beats an unknown, and an unknown beats a yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.broker.matrices.promised import Row, Rows

if TYPE_CHECKING:
    from harness.broker.matrices.asking import Question
    from harness.broker.matrices.resolving import Pair, Scene
    from harness.broker.matrices.selected import Selected

_NUMBER = (
    "It is recommended to specify the version number (rather than the tag or branch) of the pacticipant you wish"
    " to deploy to avoid race conditions. Without a version number, this result will not be reliable."
)
_WHERE = (
    "It is recommended to specify the environment into which you are deploying. Without the environment, this"
    " result will not be reliable."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to a question."""

    deployable: bool | None
    warnings: Sequence[str]
    errors: Sequence[str]
    successes: Sequence[str]
    success: int
    failed: int
    unknown: int
    ignored: int | None  # None: nothing was to be ignored
    considered: Rows
    left_out: Rows  # what was to be ignored

    @property
    def reason(self) -> str:
        """Everything there is to say, a line each."""
        return "\n".join((*self.warnings, *self.errors, *self.successes))


def answer(
    question: Question, scene: Scene, rows: Rows, ignored: Sequence[Selected], warnings: Sequence[str]
) -> Answered:
    """The verdict over all rows, whatever of them is listed."""
    considered = rows.only(lambda row: not _is_ignored(row, ignored)) if ignored else rows
    left_out = rows.only(lambda row: _is_ignored(row, ignored)) if ignored else Rows()
    absent = [each for each in scene.specified if each.missing]
    unmet = list(_unmet(scene, rows, ignored))
    rest = considered.rest()
    failed = [row for row in rest if row.success is False]
    unknown = [row for row in rest if row.success is None]
    errors = [each.absent() for each in absent]
    if not errors:
        errors += [_no_result(scene, pair.consumer, pair.provider) for pair in unmet]
        errors += [_failed(scene, row) for row in failed]
        errors += [_unverified(scene, row) for row in unknown]
    return Answered(
        deployable=_verdict(absent, failed, [*unknown, *unmet]),
        warnings=[f"WARN: {each}" for each in (*warnings, *_advice(question))],
        errors=list(dict.fromkeys(errors)),
        successes=[] if errors else [_all_well(considered)],
        success=considered.successes(),
        failed=len(failed),
        unknown=len(unknown) + len(unmet),
        ignored=len(left_out) if question.ignored else None,
        considered=considered,
        left_out=left_out,
    )


def _verdict(absent: Sequence[object], failed: Sequence[object], unknown: Sequence[object]) -> bool | None:
    if absent or failed:
        return False
    return None if unknown else True


def _is_ignored(row: Row, ignored: Sequence[Selected]) -> bool:
    return any(
        _covers(each, row.consumer, row.consumer_version) or _covers(each, row.provider, row.provider_version)
        for each in ignored
    )


def _covers(each: Selected, name: str, version: int | None) -> bool:
    return each.pacticipant == name and (each.any_version or version in each.rows)


def _unmet(scene: Scene, rows: Rows, ignored: Sequence[Selected]) -> Iterator[Pair]:
    """What is needed and has no row at all."""
    met = rows.pairs()
    skipped = {each.pacticipant for each in ignored if each.any_version}
    for pair in scene.pairs:
        names = (pair.consumer, pair.provider)
        there = any(not each.missing for each in scene.of(pair.consumer))
        if pair.required and there and names not in met and not skipped & set(names):
            yield pair


def _words(scene: Scene, name: str, version: int | None) -> str:
    selected = scene.of(name)
    for each in selected:
        if version is not None and version in each.rows:
            return each.described(version)
    return selected[0].described() if selected else f"any version of {name}"


def _no_result(scene: Scene, consumer: str, provider: str) -> str:
    who, whom = _words(scene, consumer, None), _words(scene, provider, None)
    return f"There is no verified pact between {who} and {whom}"


def _unverified(scene: Scene, row: Row) -> str:
    consumer = _words(scene, row.consumer, row.consumer_version)
    provider = _words(scene, row.provider, row.provider_version)
    return f"There is no verified pact between {consumer} and {provider}{_because(row)}"


def _because(row: Row) -> str:
    return f": {row.stated.because}" if row.stated else ""


def _failed(scene: Scene, row: Row) -> str:
    consumer = _words(scene, row.consumer, row.consumer_version)
    provider = _words(scene, row.provider, row.provider_version)
    return f"The verification for the pact between {consumer} and {provider} failed{_because(row)}"


def _all_well(considered: Rows) -> str:
    if not considered:
        return "There are no missing dependencies"
    return "All required verification results are published and successful"


def _advice(question: Question) -> Iterator[str]:
    if any(each.vague for each in question.selectors):
        yield _NUMBER
    if len(question.selectors) == 1 and not question.target:
        yield _WHERE
