"""Unknowns that heal: missing verifications are run, on the provider versions that miss them, and recorded."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.app.run import Options, Run
from harness.app.verify import verification_events
from harness.engine.events import CheckFinished
from harness.errors import HarnessError, IdentityConflict
from harness.evidence import EvidenceKind, Known
from harness.identity import Version, digest
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


Prepare = Callable[[Options], AbstractContextManager[Run]]  # a run with its adapters, open while the context is


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingVerification:
    """One pact that was never verified on one provider version."""

    provider: Version
    consumer: Version
    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one missing verification."""

    missing: MissingVerification
    verdict: Verdict
    cause: Cause | None = None
    because: str = ""
    run: str = ""  # "" when nothing could be started
    kept: bool = False  # as evidence: then the reason says why already
    reused: bool = False  # somebody else had run it meanwhile


def missing_in(reasons: Iterable[Reason]) -> tuple[MissingVerification, ...]:
    """The verifications whose absence keeps an answer open, each once."""
    found: dict[tuple[Version, str], MissingVerification] = {}
    for reason in reasons:
        if reason.verdict is Verdict.UNKNOWN and reason.provider and reason.consumer and reason.contract:
            each = MissingVerification(
                provider=reason.provider, consumer=reason.consumer, contract=reason.contract
            )
            found.setdefault((each.provider, each.contract), each)
    return tuple(found.values())


def beyond_healing(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """What keeps an answer open and is no missing verification, each once: another command resolves it."""
    left = (reason for reason in reasons if reason.verdict is Verdict.UNKNOWN and not missing_in([reason]))
    return tuple(dict.fromkeys(left))


def heal(missing: Iterable[MissingVerification], options: Options, prepare: Prepare) -> Iterator[Attempt]:
    """Start each provider version once per round, verify what is missing on it, and keep what was seen.

    A consumer's pact is found by its version, so two versions of one consumer take two rounds.
    """
    rounds: dict[tuple[Version, int], dict[str, MissingVerification]] = {}
    seen: dict[tuple[Version, str], int] = {}
    for each in missing:
        number = seen.setdefault((each.provider, each.consumer.pacticipant), 0)
        seen[each.provider, each.consumer.pacticipant] += 1
        rounds.setdefault((each.provider, number), {})[each.consumer.pacticipant] = each
    for (provider, _), wanted in rounds.items():
        yield from _round(provider, wanted, options, prepare)


def _round(
    provider: Version, wanted: Mapping[str, MissingVerification], options: Options, prepare: Prepare
) -> Iterator[Attempt]:
    asked = replace(
        options, services={provider.pacticipant: provider.number}, only=(EvidenceKind.PACTS,), publish=True
    )
    try:
        with _alone(provider, options), prepare(asked) as run:
            _check_it_is_that_version(run, provider)
            yield from list(_attempts(run, provider, wanted))
    except HarnessError as error:
        because = "; ".join(problem.text for problem in error.problems)
        for each in wanted.values():
            yield Attempt(
                missing=each,
                verdict=Verdict.UNKNOWN,
                cause=Cause.DID_NOT_START,
                because=f"cannot start it: {because}",
            )


@contextmanager
def _alone(provider: Version, options: Options) -> Iterator[None]:
    """Whoever asks for the same provider version meanwhile waits, and then finds the evidence."""
    from filelock import FileLock

    from harness.runtime.sweeping import state_folder

    folder = state_folder(os.environ) / "healing"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = options.broker or str((options.manifest or Path.cwd()).absolute())
    key = digest(place, provider.pacticipant, provider.number)
    with FileLock(folder / f"{key[:32]}.lock"):
        yield


def _check_it_is_that_version(run: Run, provider: Version) -> None:
    """Refuse to verify other content under that number. Raises IdentityConflict."""
    artifact = run.artifact(run.system.service(provider.pacticipant))
    if artifact:
        built = Known(version=provider, artifacts=frozenset([artifact]))
        try:
            run.ledger.record_version(built, runtime=run.runtime.name)
        except IdentityConflict as error:
            raise IdentityConflict(
                f"what {provider} was built from is not here any more",
                hint=f"check out what {provider.number} was made of, or give the manifest an image of it",
            ) from error


def _attempts(run: Run, provider: Version, wanted: Mapping[str, MissingVerification]) -> Iterator[Attempt]:
    consumers = {name: each.consumer.number for name, each in wanted.items()}
    open_still = dict(wanted)
    for event in verification_events(run, provider.pacticipant, consumers, None):
        if isinstance(event, CheckFinished) and event.task.consumer:
            each = open_still.pop(event.task.consumer.pacticipant, None)
            if each is not None:
                yield _attempt(each, event, run.run)
    for each in open_still.values():
        because = "the run ended before it was tried"
        yield Attempt(missing=each, verdict=Verdict.UNKNOWN, cause=Cause.INTERRUPTED, because=because, run=run.run)


def _attempt(missing: MissingVerification, finished: CheckFinished, run: str) -> Attempt:
    return Attempt(
        missing=missing,
        verdict=finished.verdict,
        cause=finished.cause,
        because=finished.because,
        run=finished.reused or run,
        reused=bool(finished.reused),
        kept=True,
    )


def with_causes(reasons: Iterable[Reason], attempts: Iterable[Attempt]) -> tuple[Reason, ...]:
    """The reasons, where what could not be healed says why."""
    failed = {(a.missing.provider, a.missing.contract): a for a in attempts if a.verdict is Verdict.UNKNOWN}
    return tuple(_with_cause(reason, failed) for reason in reasons)


def _with_cause(reason: Reason, failed: Mapping[tuple[Version, str], Attempt]) -> Reason:
    if reason.verdict is not Verdict.UNKNOWN or reason.provider is None:
        return reason
    attempt = failed.get((reason.provider, reason.contract))
    if attempt is None or attempt.cause is None:
        return reason
    text = reason.text if attempt.kept else f"{reason.text} ({attempt.because})"
    return replace(reason, cause=attempt.cause, text=text)
