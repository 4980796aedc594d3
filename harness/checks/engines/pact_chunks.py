"""Runs a pact's interactions through the verifier in chunks, and says what is known of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cancellation import CancelToken
from harness.checks.engines.pact_copy import copy_of
from harness.checks.engines.pact_results import VerifierResult, refusal_of, results_of
from harness.checks.engines.pact_states import Changes
from harness.checks.engines.pact_verifier import Job, Verifiers
from harness.contracts.pact import Interaction, Pact
from harness.errors import ToolCrashed
from harness.verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


LARGEST = 50  # interactions; the verifier's time grows with the square of their number
_SMALLEST = 5  # below that, another child costs more than it saves
_FOR_STATES = 60.0  # seconds that setting up states may take within one request


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Interactions, by token, that are verified alike."""

    chosen: Mapping[str, Interaction]
    states: bool  # they change the provider's state, so nothing may run beside them
    by_verifier: bool  # the verifier asks for the states itself
    follow: bool  # redirects are followed


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionOutcome:
    """What came of one interaction: a result, or why there is none."""

    token: str
    result: VerifierResult | None = None
    cause: Cause | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Everything that a chunk needs to be verified."""

    pact: Pact
    verifiers: Verifiers
    url: str
    states: str  # the endpoint for changes that the verifier asks for
    changes: Changes
    jobs: int
    scratch: Path  # where files of this run go
    within: float  # seconds for the provider to answer
    patience: float  # seconds without a sign of life
    ending: CancelToken = field(default_factory=CancelToken)  # of this verification, if it is cut short

    def run(self, chunks: list[Chunk]) -> Iterator[tuple[Chunk, list[InteractionOutcome]]]:
        """Each chunk with what is known of its interactions; closing the iterator stops the children."""
        beside = [chunk for chunk in chunks if not chunk.states]
        with ThreadPoolExecutor(max(1, self.jobs), thread_name_prefix="pact") as pool:
            futures = [pool.submit(self._told, chunk) for chunk in beside]
            finished = False
            try:
                for chunk, future in zip(beside, futures, strict=True):
                    yield chunk, future.result()
                finished = True
            finally:
                if not finished:  # the iterator was closed, or something failed: nothing may go on
                    self.changes.stop()
                    self.ending.declare()
                    pool.shutdown(wait=False, cancel_futures=True)
        for chunk in chunks:
            if chunk.states:
                told = self._told(chunk)
                self.changes.finish()
                yield chunk, told

    def _told(self, chunk: Chunk) -> list[InteractionOutcome]:
        job = Job(
            document=copy_of(self.pact, chunk.chosen, with_states=chunk.by_verifier),
            url=self.url,
            states=self.states if chunk.by_verifier else "",
            follow=chunk.follow,
            timeout=self.within + (_FOR_STATES if chunk.states else 5.0),
            scratch=self.scratch,
        )
        try:
            with self.verifiers.borrowed(self.jobs) as child, self.ending.calling(child.kill):
                answer = child.verify(job, self.changes.seen, max(self.patience, job.timeout + 5.0))
        except ToolCrashed as error:
            return _nothing(chunk, Cause.TOOL_CRASHED, str(error))
        results = results_of(answer)
        if not results:
            return self._narrowed(chunk, refusal_of(answer))
        return [_one(token, results) for token in chunk.chosen]

    def _narrowed(self, chunk: Chunk, refusal: str) -> list[InteractionOutcome]:
        """One interaction that the verifier cannot read makes it refuse them all: find out which it is."""
        if len(chunk.chosen) == 1:
            if refusal:
                return _nothing(chunk, Cause.UNREADABLE, refusal)
            return _nothing(chunk, Cause.TOOL_CRASHED, "the verifier gave no result and no reason")
        tokens = list(chunk.chosen)
        half = len(tokens) // 2
        return [told for part in (tokens[:half], tokens[half:]) for told in self._told(_part(chunk, part))]


def chunks_of(
    chosen: Mapping[str, Interaction], by_verifier: Callable[[Interaction], bool], jobs: int
) -> list[Chunk]:
    """Interactions grouped by how they must be verified, in chunks that finish soonest."""
    groups: dict[tuple[bool, bool, bool], dict[str, Interaction]] = {}
    for token, each in chosen.items():
        how = (bool(each.states), bool(each.states) and by_verifier(each), not each.expects_redirect)
        groups.setdefault(how, {})[token] = each
    return [
        Chunk(chosen=dict(part), states=states, by_verifier=asks, follow=follow)
        for (states, asks, follow), group in groups.items()
        for part in _chunk_interactions(list(group.items()), 1 if states else jobs)
    ]


def _chunk_interactions(
    items: list[tuple[str, Interaction]], jobs: int
) -> Iterator[list[tuple[str, Interaction]]]:
    size = min(LARGEST, max(_SMALLEST, math.ceil(len(items) / max(1, jobs))))
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _part(chunk: Chunk, tokens: list[str]) -> Chunk:
    chosen = {token: chunk.chosen[token] for token in tokens}
    return Chunk(chosen=chosen, states=chunk.states, by_verifier=chunk.by_verifier, follow=chunk.follow)


def _nothing(chunk: Chunk, cause: Cause, because: str) -> list[InteractionOutcome]:
    return [InteractionOutcome(token=token, cause=cause, because=because) for token in chunk.chosen]


def _one(token: str, results: tuple[VerifierResult, ...]) -> InteractionOutcome:
    """Exactly one result must speak of an interaction; none and several are no answer."""
    found = [result for result in results if result.token == token]
    if len(found) == 1:
        return InteractionOutcome(token=token, result=found[0])
    because = f"the verifier gave {len(found)} results instead of one"
    return InteractionOutcome(token=token, cause=Cause.TOOL_CRASHED, because=because)
