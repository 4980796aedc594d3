"""Verifies a consumer's pact on the running provider, one verdict per interaction."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.checks.api import Logs
from harness.checks.engines.first_answer import never_answered
from harness.checks.engines.pact_chunks import Verification, chunks_of
from harness.checks.engines.pact_copy import needs_values
from harness.checks.engines.pact_judgement import InteractionJudge, Seen
from harness.checks.engines.pact_plugins import lacking
from harness.checks.engines.pact_record import in_promised_order, opinion_of
from harness.checks.engines.pact_states import Changes, Guarded, endpoint, missing_states
from harness.checks.engines.pact_verifier import SHARED, Verifiers
from harness.contracts.pact import InteractionKind
from harness.contracts.pact_shape import version_read
from harness.errors import UsageError
from harness.evidence import EvidenceKind
from harness.services.system import AuthKind
from harness.verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.api import CheckTarget
    from harness.checks.engines.pact_chunks import Chunk, InteractionOutcome
    from harness.checks.engines.pact_judgement import Answers
    from harness.contracts.pact import Interaction, Pact
    from harness.ports import Recording
    from harness.services.system import Service
    from harness.verdicts import Exercised, Finding


def prewarm(number: int = 1) -> None:
    """Start verifier processes while the services start, so that the first pact need not wait for one."""
    SHARED.prewarm(number)


@dataclass(frozen=True, slots=True)
class PactProvider:
    """Replays a pact's interactions on its provider and compares what comes with what was promised."""

    verifiers: Verifiers = field(default_factory=lambda: SHARED)
    patience: float = 60.0  # seconds that the verifier may show no sign of life

    @property
    def kind(self) -> EvidenceKind:
        """Which evidence it makes."""
        return EvidenceKind.PACTS

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        """One verdict per interaction, and a finding for each broken one; an empty pact yields nothing."""
        if target.pact is None:
            raise UsageError(f"no pact was given for {target.service.name}")
        url = target.instance.url
        bench = InteractionJudge(target=target, pact=target.pact, alive=lambda: _accepts(url))
        chosen = {f"interaction-{n}": each for n, each in enumerate(target.pact.interactions)}
        missing = _missing(target, target.pact)
        for token, each in list(chosen.items()):
            answers = _beforehand(bench, each, missing)
            if answers:
                del chosen[token]
                yield from answers
        if chosen:
            yield from self._verified(target, bench, chosen)

    def _verified(
        self, target: CheckTarget, bench: InteractionJudge, chosen: Mapping[str, Interaction]
    ) -> Iterator[Exercised | Finding]:
        changes = Changes(target.states, chosen)
        moments = Moments(target.logs, changes.before)
        headers = credentials(target.service)
        with contextlib.ExitStack() as stack:
            recorded = target.recorder.record(target.instance.url, headers=headers, trust=target.service.trust)
            recording = stack.enter_context(recorded)
            bench = replace(bench, unanswered=cache(lambda: never_answered(target, recording)))
            within = target.service.budget.request_timeout
            guarded = isinstance(recording, Guarded)
            if isinstance(recording, Guarded):
                recording.guard(moments.before, within, _ordering(bench.pact, chosen))
            chunks = chunks_of(chosen, needs_values if guarded else _always, target.settings.jobs)
            asking = frozenset(token for chunk in chunks if chunk.by_verifier for token in chunk.chosen)
            changes.leave_to_verifier(asking)
            verification = Verification(
                pact=bench.pact,
                verifiers=self.verifiers,
                url=recording.url,
                states=stack.enter_context(endpoint(changes)) if asking else "",
                changes=changes,
                jobs=target.settings.jobs,
                scratch=target.settings.scratch,
                within=within,
                patience=self.patience,
            )
            stack.callback(changes.finish)
            stack.enter_context(target.settings.ending.calling(verification.ending.declare))
            for chunk, told in verification.run(chunks):
                yield from _answers(bench, chunk, told, recording, changes, moments)


def credentials(service: Service) -> dict[str, str]:
    """The headers that every request of a check carries; they are never recorded."""
    headers = dict(service.headers)
    auth = service.auth
    if auth is None:
        return headers
    if auth.kind is AuthKind.BEARER:
        headers["Authorization"] = f"Bearer {auth.value}"
    elif auth.kind is AuthKind.BASIC:
        headers["Authorization"] = "Basic " + base64.b64encode(auth.value.encode()).decode()
    else:
        headers[auth.header] = auth.value
    return headers


def _missing(target: CheckTarget, pact: Pact) -> dict[str, str]:
    wanted = {state.name: state for each in pact.interactions for state in each.states if each.kind is _HTTP}
    if not wanted:
        return {}
    listed = frozenset(target.service.states.names if target.service.states else ())
    return missing_states(target.states, listed, wanted)


def _beforehand(bench: InteractionJudge, interaction: Interaction, missing: Mapping[str, str]) -> Answers | None:
    """What can be said of an interaction without running it."""
    if interaction.unverifiable:
        return bench.unknown(interaction, Cause.UNREADABLE, f"{bench.pact.place}{interaction.unverifiable}")
    if interaction.kind is not _HTTP:
        because = f"nothing can verify {interaction.kind.value} yet"
        return bench.unknown(interaction, Cause.KIND_NOT_CHECKED, because)
    if plugin := lacking(bench.pact, interaction, os.environ):
        return bench.unknown(interaction, Cause.KIND_NOT_CHECKED, plugin)
    for state in interaction.states:
        if state.name in missing:
            because = f"no state '{state.name}': {missing[state.name]}"
            return bench.stateless(interaction, Cause.STATE_MISSING, because)
    return None


def _answers(
    bench: InteractionJudge,
    chunk: Chunk,
    told: list[InteractionOutcome],
    recording: Recording,
    changes: Changes,
    moments: Moments,
) -> Iterator[Exercised | Finding]:
    for each in told:
        interaction = chunk.chosen[each.token]
        failure = changes.failures.get(each.token)
        if failure:
            yield from bench.stateless(interaction, *failure)
        else:
            not_undone = changes.not_undone.get(each.token, "")
            seen = _recorded_exchanges(bench, interaction, each.token, recording)
            with_log = replace(bench, log=partial(moments.log, each.token, seen.seconds))
            yield from with_log.judged(interaction, each, seen, not_undone)


def _recorded_exchanges(
    bench: InteractionJudge, interaction: Interaction, token: str, recording: Recording
) -> Seen:
    exact = recording.exact(token)
    if not exact:
        return Seen(exchanges=())
    version = version_read(bench.pact.document)
    opinion = opinion_of(interaction, version, exact, credentials(bench.target.service))
    return Seen(exchanges=recording.exchanges(token), opinion=opinion)


def _ordering(pact: Pact, chosen: Mapping[str, Interaction]) -> Callable[[str, str], str]:
    """The verifier sorts parameters by name; what the service is asked is what the pact says."""
    version = version_read(pact.document)

    def ordered(token: str, target: str) -> str:
        interaction = chosen.get(token)
        return in_promised_order(interaction.document["request"], version, target) if interaction else target

    return ordered


def _always(_: Interaction) -> bool:
    return True


def _accepts(url: str) -> bool:
    """Whether somebody still listens there."""
    there = urlsplit(url)
    port = there.port or (443 if there.scheme == "https" else 80)
    try:
        socket.create_connection((there.hostname or "", port), timeout=2.0).close()
    except OSError:
        return False
    return True


_HTTP = InteractionKind.HTTP


_AFTER = 0.2  # seconds after its answer in which a service may still write why: many answer first


@dataclass(slots=True)
class Moments:
    """Where the logs stood when each interaction began."""

    logs: Logs | None
    allowed: Callable[[str], bool]  # whether a request may go on; it sets up the states
    _begun: dict[str, tuple[float, Mapping[str, float]]] = field(default_factory=dict)

    def before(self, token: str) -> bool:
        """Whether a request may go on, noting where the logs stand."""
        goes_on = self.allowed(token)
        if self.logs is not None and token not in self._begun:
            self._begun[token] = (time.monotonic(), self.logs.positions())
        return goes_on

    def log(self, token: str, seconds: float) -> tuple[str, ...]:
        """What was written from its begin until another began that came after its end."""
        if self.logs is None or token not in self._begun:
            return ()
        began, positions = self._begun[token]
        later = [each for at, each in list(self._begun.values()) if at > began + seconds + _AFTER]
        return self.logs.between(positions, later[0] if later else None)
