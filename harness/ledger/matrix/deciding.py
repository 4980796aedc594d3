"""Whether a question is answered with yes: what the judge and the gate said, in the words of the original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from harness.gate import MeetingPair, commands
from harness.gate.reasons import FLAKY, of_pair, worst_first
from harness.identity import Version
from harness.ledger.matrix.promised import MatrixRow, Rows
from harness.ledger.matrix.selected import SelectedVersions
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from harness.ledger.matrix.basis import Basis
    from harness.ledger.matrix.question import Question
    from harness.ledger.matrix.resolving import IntegrationPair, ResolvedSelectors

    _Side = tuple[str, int | None]  # a pacticipant, and the row of one of its versions

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
    reasons: tuple[Reason, ...] = ()  # what stands against a yes, as the gate tells it
    resolutions: Mapping[str, Reason] = field(
        default_factory=dict
    )  # error to the reason that says what resolves it

    @property
    def reason(self) -> str:
        """Everything there is to say, a line each."""
        return "\n".join((*self.warnings, *self.errors, *self.successes))


@dataclass(frozen=True, slots=True)
class Against:
    """One thing that stands against a yes."""

    verdict: Verdict  # FAILED or UNKNOWN
    text: str
    reason: Reason | None = field(default=None, compare=False)  # None of what is one more of many rows


@dataclass(frozen=True, kw_only=True)
class IgnoredVersions:
    """What is not to count."""

    selected: Sequence[SelectedVersions]
    stand_ins: Mapping[Version, Version] = field(default_factory=dict)  # what was recorded in a version's place
    rows: Mapping[Version, int] = field(default_factory=dict)

    def row(self, row: MatrixRow) -> bool:
        """Whether a row is to be ignored; what was recorded in a version's place is ignored with it."""
        asked = self._asked_rows.get(row.consumer_version, row.consumer_version)
        return any(
            _has(each, row.consumer, row.consumer_version)
            or _has(each, row.consumer, asked)
            or _has(each, row.provider, row.provider_version)
            for each in self.selected
        )

    @cached_property
    def _asked_rows(self) -> dict[int, int]:
        return {self.rows[each]: self.rows[version] for each, version in self.stand_ins.items()}

    def pair(self, pair: IntegrationPair) -> bool:
        """Whether all that is between two is to be ignored."""
        return bool(
            {each.pacticipant for each in self.selected if each.any_version} & {pair.consumer, pair.provider}
        )

    def version(self, version: Version | None) -> bool:
        """Whether a version is to be ignored."""
        return version is not None and any(
            each.pacticipant == version.pacticipant
            and (each.any_version or version.number in {number for _, number in each.versions})
            for each in self.selected
        )

    def reason(self, reason: Reason) -> bool:
        """Whether a reason is about what is to be ignored; a whole pacticipant may be missed without harm."""
        missed = {each.pacticipant for each in self.selected if each.any_version}
        consumer = reason.consumer
        asked = consumer and self.stand_ins.get(consumer)
        return any(map(self.version, (consumer, asked, reason.provider))) or reason.missing in missed


def _has(each: SelectedVersions, name: str, version: int | None) -> bool:
    return each.pacticipant == name and (each.any_version or version in each.rows)


def answer(
    question: Question,
    scene: ResolvedSelectors,
    rows: Rows,
    ignored: IgnoredVersions,
    warnings: Sequence[str],
    against: Sequence[Against],
) -> Answered:
    """The verdict over all that stands against a yes, whatever is listed."""
    considered = rows.only(lambda row: not ignored.row(row)) if ignored.selected else rows
    left_out = rows.only(ignored.row) if ignored.selected else Rows()
    absent = [_absence(each) for each in scene.specified if each.missing]
    told = absent or list(dict.fromkeys(against))
    verdict = max((each.verdict for each in told), default=Verdict.PASSED)
    return Answered(
        deployable={Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}[verdict],
        warnings=[f"WARN: {each}" for each in (*warnings, *_flaky(scene, considered), *_advice(question))],
        errors=list(dict.fromkeys(each.text for each in told)),
        successes=[] if told else [_all_well(considered)],
        success=considered.successes(),
        failed=sum(each.verdict is Verdict.FAILED for each in against),
        unknown=_open(considered) if absent else sum(each.verdict is Verdict.UNKNOWN for each in against),
        ignored=len(left_out) if question.ignored else None,
        considered=considered,
        left_out=left_out,
        reasons=worst_first(dict.fromkeys(each.reason for each in absent or against if each.reason)),
        resolutions={each.text: each.reason for each in reversed(told) if each.reason},
    )


def by_rows(scene: ResolvedSelectors, basis: Basis, rows: Rows, ignored: IgnoredVersions) -> Iterator[Against]:
    """What stands against a yes where each row counts: no and unknown rows, and what is needed and has no row."""
    for pair in _unmet(scene, rows):
        if not ignored.pair(pair):
            yield _unmet_need(scene, pair)
    against = [row for row in sorted(rows.rest(), key=lambda row: row.success is None) if not ignored.row(row)]
    reason_of = _RowReasons(basis).of
    for index, row in enumerate(against):
        sides = (row.consumer, row.consumer_version), (row.provider, row.provider_version)
        verdict = Verdict.UNKNOWN if row.success is None else Verdict.FAILED
        reason = reason_of(row, verdict) if index < _MOST_EXPLAINED else None
        yield Against(verdict, _pair_text(scene, verdict, *sides, row.because), reason)


_MOST_EXPLAINED = 100  # rows that are told with what resolves them, where thousands may be open


def _unmet_need(scene: ResolvedSelectors, pair: IntegrationPair) -> Against:
    text = _no_result(scene, pair.consumer, pair.provider)
    numbers = [number for each in scene.of(pair.consumer) for _, number in each.versions]
    consumer = Version(pair.consumer, numbers[0] if len(numbers) == 1 else "")
    reason = Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_VERIFIED,
        text=text,
        consumer=consumer,
        missing=pair.provider,
        command=commands.verify(Version(pair.provider, ""), consumer),
    )
    return Against(Verdict.UNKNOWN, text, reason)


def _absence(selected: SelectedVersions) -> Against:
    """A version that does not exist: what must be done before anything can be said of it."""
    asked, text = selected.asked, selected.absent()
    version = Version(selected.pacticipant, asked.version)
    before = "" if asked.version else f"publish such a version of {selected.pacticipant} first"
    if asked.environment and not asked.version:
        before = f"record which version of {selected.pacticipant} is there (harness record-deployment) first"
    reason = Reason(
        verdict=Verdict.FAILED,
        cause=Cause.UNKNOWN_NAME,
        text=text,
        consumer=version,
        command=commands.publish(version) if asked.version else "",
        before=before,
    )
    return Against(Verdict.FAILED, text, reason)


class _RowReasons:
    """Why a row is no yes, as the gate tells it of its two versions."""

    def __init__(self, basis: Basis) -> None:
        self.facts = basis.facts
        self.versions = {row: version for version, row in basis.rows.items()}
        self.keys = {each.publication: each.key for each in (*basis.promised, *basis.in_place)}

    def of(self, row: MatrixRow, verdict: Verdict) -> Reason:
        """The reason of the pair; of what a row counts beyond its pair, and of any version, only the cause."""
        consumer, provider = self._version(row.consumer, row.consumer_version), Version(row.provider, "")
        if row.provider_version is not None:
            provider = self._version(row.provider, row.provider_version)
        contract = self.keys.get(row.publication, "")
        if consumer.number and provider.number:
            reason = of_pair(MeetingPair(consumer=consumer, provider=provider, contract=contract), self.facts)
            if reason.verdict is verdict:
                return reason
        is_broken = verdict is Verdict.FAILED
        text = f"{consumer} is {'broken by' if is_broken else 'not verified on'} {provider}"
        return Reason(
            verdict=verdict,
            cause=Cause.BROKEN_PROMISE if is_broken else Cause.NOT_VERIFIED,
            text=f"{text} ({row.because})" if row.because else text,
            consumer=consumer,
            provider=provider,
            contract=contract,
            command=commands.verify(provider, consumer),
        )

    def _version(self, name: str, row: int) -> Version:
        return self.versions.get(row) or Version(name, "")


def _unmet(scene: ResolvedSelectors, rows: Rows) -> Iterator[IntegrationPair]:
    """What is needed and has no row at all."""
    met = rows.pairs()
    for pair in scene.pairs:
        there = any(not each.missing for each in scene.of(pair.consumer))
        if pair.required and there and (pair.consumer, pair.provider) not in met:
            yield pair


def by_reason(scene: ResolvedSelectors, basis: Basis, reason: Reason, because: str) -> Against:
    """A reason of the gate, in the words of the original where it has any."""
    if reason.cause is Cause.DELETED and not reason.contract:
        text = reason.text
    elif reason.missing and reason.consumer:
        text = _no_result(scene, reason.consumer.pacticipant, reason.missing)
    elif reason.contract and reason.consumer and reason.provider:
        consumer, provider = reason.consumer, reason.provider
        sides = (consumer.pacticipant, basis.rows.get(consumer)), (provider.pacticipant, basis.rows.get(provider))
        text = _pair_text(scene, reason.verdict, *sides, because)
    else:
        text = reason.text
    return Against(reason.verdict, text, reason)


def _pair_text(scene: ResolvedSelectors, verdict: Verdict, consumer: _Side, provider: _Side, because: str) -> str:
    between = f"between {_words(scene, *consumer)} and {_words(scene, *provider)}"
    told = f": {because}" if because else ""
    if verdict is Verdict.FAILED:
        return f"The verification for the pact {between} failed{told}"
    return f"There is no verified pact {between}{told}"


def _no_result(scene: ResolvedSelectors, consumer: str, provider: str) -> str:
    who, whom = _words(scene, consumer, None), _words(scene, provider, None)
    return f"There is no verified pact between {who} and {whom}"


def _words(scene: ResolvedSelectors, name: str, version: int | None) -> str:
    selected = scene.of(name)
    for each in selected:
        if version is not None and version in each.rows:
            return each.described(version)
    return selected[0].described() if selected else f"any version of {name}"


def _flaky(scene: ResolvedSelectors, considered: Rows) -> Iterator[str]:
    """A yes, or a no, that another run of the same did not see."""
    for row in considered.flaky():
        consumer = _words(scene, row.consumer, row.consumer_version)
        yield f"{consumer} and {_words(scene, row.provider, row.provider_version)} are {FLAKY}"


def _open(rows: Rows) -> int:
    """Of a version that does not exist the gate is not asked: what stands open are the rows."""
    return sum(row.success is None for row in rows.rest())


def _all_well(considered: Rows) -> str:
    if not considered:
        return "There are no missing dependencies"
    return "All required verification results are published and successful"


def _advice(question: Question) -> Iterator[str]:
    if any(each.vague for each in question.selectors):
        yield _NUMBER
    if len(question.selectors) == 1 and not question.target:
        yield _WHERE
