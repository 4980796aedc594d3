"""Which consumers a diff hits: its changes joined with what their pacts use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.comparison.diff.change import BRANCH, Change
from harness.comparison.diff.sides import Place
from harness.comparison.diff.uses import Use, UsedMessage
from harness.comparison.openapi.operations import OperationObject, operations, shape
from harness.comparison.pact_fit.routing import routes_of
from harness.comparison.severity import Severity
from harness.contracts.openapi_routing import RouteTable
from harness.contracts.pact import Interaction, InteractionKind, Pact
from harness.errors import Exit
from harness.identity import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.comparison.diff.change import Diff
    from harness.comparison.openapi.document import Document
    from harness.contracts.openapi_routing import RoutedOperation


class ConsumerEffect(StrEnum):
    """What a diff means to one consumer."""

    BREAKS = "breaks"
    UNKNOWN = "cannot tell"  # what it needs is not known, or whether the change breaks anybody
    WARNS = "may break"
    ENDS = "uses what is to go"
    NONE = "not used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A consumer that is asked about; without a pact nothing is known of what it needs."""

    version: Version
    pact: Pact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One change that one interaction meets."""

    change: Change
    interaction: str  # its description and states
    operation: str
    place: Place
    certain: bool  # False: whether it uses that cannot be decided, so it counts as used

    @property
    def effect(self) -> ConsumerEffect:
        """What it means to the consumer."""
        if self.change.undecided:
            return ConsumerEffect.UNKNOWN
        worth = {
            Severity.ERROR: ConsumerEffect.BREAKS,
            Severity.WARNING: ConsumerEffect.WARNS,
            Severity.INFO: ConsumerEffect.ENDS,
        }
        return worth[self.change.severity]

    @property
    def what(self) -> str:
        """What is used, as people say it: "reads `total`"."""
        names = [step for step in self.place[3:] if not step.startswith((BRANCH, "(", "[", "{"))]
        if self.place[:1] == ("responses",) and names:
            return f"reads `{'/'.join(names)}`"
        if self.place[:1] == ("parameters",):
            return f"calls {self.operation} with or without `{self.place[2]}`"
        names = [step for step in self.place[2:] if not step.startswith((BRANCH, "(", "[", "{"))]
        if self.place[:1] == ("requestBody",) and names:
            return f"sends what `{'/'.join(names)}` is part of"
        return f"uses {self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What a diff means to one consumer, and by which interactions."""

    consumer: Consumer
    effect: ConsumerEffect
    hits: tuple[Hit, ...] = ()


_ORDER = list(ConsumerEffect)


def who_is_hit(found: Diff, old: Document, consumers: Sequence[Consumer]) -> tuple[Affected, ...]:
    """What a diff means to each consumer; whoever it breaks comes first. What cannot be decided counts as used."""
    changes = [each for each in found.changes if _matters(each)]
    index = _Index.of(old, changes)
    told = [_effect_on_consumer(index, each) for each in consumers]
    return tuple(sorted(told, key=lambda each: _ORDER.index(each.effect)))


def exit_of(affected: Sequence[Affected]) -> Exit:
    """1 when somebody is broken, 3 when somebody may be and it cannot be told, 0 otherwise."""
    effects = {each.effect for each in affected}
    if ConsumerEffect.BREAKS in effects:
        return Exit.FAILED
    return Exit.UNKNOWN if ConsumerEffect.UNKNOWN in effects else Exit.PASSED


def _matters(change: Change) -> bool:
    """Whether it may break somebody, or announces an end."""
    ends = "deprecated" in change.id or "sunset" in change.id
    return change.severity is not Severity.INFO or ends


def _effect_on_consumer(index: _Index, consumer: Consumer) -> Affected:
    if consumer.pact is None:
        effect = ConsumerEffect.UNKNOWN if index.changes else ConsumerEffect.NONE
        return Affected(consumer=consumer, effect=effect)
    hits = tuple(hit for each in consumer.pact.interactions for hit in index.hits(each))
    effect = min((hit.effect for hit in hits), key=_ORDER.index, default=ConsumerEffect.NONE)
    return Affected(consumer=consumer, effect=effect, hits=hits)


Reached = tuple[Change, str, Place]
Key = tuple[str, str]  # method and shape of a path


@dataclass(frozen=True, slots=True)
class _Index:
    """The changes by the operations that they reach, and the operations by what a request looks like."""

    changes: list[Change]
    of_operation: dict[Key, list[Reached]]
    everywhere: list[Reached]  # of the document as a whole, and of webhooks: no operation tells who uses them
    operations: Mapping[Key, OperationObject]
    routes: RouteTable

    @classmethod
    def of(cls, old: Document, changes: list[Change]) -> _Index:
        of_operation: dict[Key, list[Reached]] = {}
        everywhere: list[Reached] = []
        for change in changes:
            for operation, place in change.reached:
                method, _, path = operation.partition(" ")
                if method and method != "webhook":
                    of_operation.setdefault((method, shape(path)), []).append((change, operation, place))
                else:
                    everywhere.append((change, operation, place))
        return cls(changes, of_operation, everywhere, operations(old), routes_of(old))

    def hits(self, interaction: Interaction) -> Iterator[Hit]:
        """Every change that an interaction meets."""
        met = [(each, Use.UNSURE) for each in self.everywhere]
        if interaction.kind is InteractionKind.HTTP:
            candidates = self.routes.route(interaction.method, interaction.path).candidates
            for each in candidates:
                met += self._met(interaction, each.operation, certain=len(candidates) == 1)
        for (change, label, place), use in met:
            if use is not Use.NO:
                yield Hit(
                    change=change,
                    interaction=interaction.label,
                    operation=label,
                    place=place,
                    certain=use is Use.YES,
                )

    def _met(
        self, interaction: Interaction, routed: RoutedOperation, *, certain: bool
    ) -> Iterator[tuple[Reached, Use]]:
        """The changes of an operation; where the request may as well mean another one, nothing is certain."""
        exchange = _Exchange(interaction, self.operations[routed.method, routed.path])
        for each in self.of_operation.get((routed.method, shape(routed.path)), ()):
            use = exchange.uses(each[0], each[2])
            yield each, use if certain or use is Use.NO else Use.UNSURE


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One interaction beside the operation that it meets."""

    interaction: Interaction
    operation: OperationObject

    def uses(self, change: Change, place: Place) -> Use:
        """Whether the interaction meets a change at a place of its operation."""
        if place[:1] == ("responses",):
            return self._response(place)
        if place[:1] == ("parameters",):
            return self._parameter(change, place)
        if place[:1] == ("requestBody",):
            return self._request_body(change, place)
        return Use.UNSURE if place[:1] in (("security",), ("callbacks",)) else Use.YES

    def _response(self, place: Place) -> Use:
        if not self._expects(place[1]):
            return Use.NO
        if len(place) == 2:
            return Use.YES
        message = UsedMessage.of(self.interaction, "response")
        if place[2] == "headers":
            return Use.YES if place[3] in message.headers else Use.NO
        written = message.written_as(place[2])
        return min(written, message.holds(place[3:]))

    def _expects(self, status: str) -> bool:
        exact = str(self.interaction.status)
        told = self.operation.responses()
        if status == "default":
            return exact not in told and f"{exact[0]}XX" not in told
        return status in (exact, f"{exact[0]}XX")

    def _parameter(self, change: Change, place: Place) -> Use:
        sent = self._sends(place[1], place[2])
        if sent is Use.UNSURE or change.id == "new-request-path-parameter":
            return Use.YES if sent is not Use.UNSURE else sent
        at_it = len(place) == 3
        if at_it and ("required" in change.id or "default-value" in change.id):
            return Use.NO if sent is Use.YES else Use.YES
        return sent

    def _sends(self, location: str, name: str) -> Use:
        message = UsedMessage.of(self.interaction, "request")
        if location == "query":
            return Use.YES if name in message.query else Use.NO
        if location == "header":
            return Use.YES if name.lower() in message.headers else Use.NO
        return Use.YES if location == "path" else Use.UNSURE

    def _request_body(self, change: Change, place: Place) -> Use:
        message = UsedMessage.of(self.interaction, "request")
        if len(place) == 1:
            asked = change.id.endswith("-required")
            return Use.YES if message.has_body is not asked else Use.NO
        written = message.written_as(place[1])
        if len(place) > 2 and "required" in change.id and "dependent-required" not in change.id:
            parent, own = message.holds(place[2:-1]), message.holds(place[2:])
            return Use.NO if own is Use.YES else min(written, parent)
        return min(written, message.holds(place[2:]))
