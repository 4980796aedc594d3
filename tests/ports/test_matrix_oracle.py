"""The matrix against counting everything (BROKER-API 10, and our own differences), on very many small estates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from small_estates import Mentioned, SmallEstate, questions, small_estate, write

from harness.broker.ledger import SqlLedger
from harness.broker.matrices.asking import Asked, Question
from harness.broker.matrices.gated import answered
from harness.broker.store.database import Database
from harness.evidence import Facts
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.verdicts import Cause, Verdict

ESTATES = int(os.environ.get("HARNESS_MATRIX_ESTATES", "30"))
PARTS = 10  # so that pytest-xdist can share the work
Pair = tuple[str, str]
Line = tuple[str, int, str, int | None, bool | None]  # consumer and its row, provider and its row, what stands


class Oracle:
    """The answer to one question, by looking at everything."""

    def __init__(self, estate: SmallEstate, question: Question, facts: Facts) -> None:
        self.estate, self.question, self.facts = estate, question, facts
        self.infers = bool(question.tag or question.environment or question.main_branch or question.latest)
        self.live = bool(question.environment) or any(each.environment for each in question.selectors)
        self.chosen = {each.pacticipant: self.meant(each) for each in question.selectors}
        self.specified = set(self.chosen)
        self.required, self.pairs = self._pairs()
        for name in {name for pair in self.pairs for name in pair} - self.specified:
            self.chosen[name] = self.meant(self._inferred(name)) if self.infers else None

    def meant(self, asked: Asked) -> list[Mentioned] | None:
        """The versions that a selector means; None is any."""
        plain = not (asked.latest or asked.tag or asked.branch or asked.main_branch or asked.environment)
        if plain and not asked.version:
            return None
        branch = self.estate.mains.get(asked.pacticipant, "no branch") if asked.main_branch else asked.branch
        found = [
            each
            for each in self.estate.of(asked.pacticipant)
            if asked.version in ("", each.number)
            and (not asked.tag or asked.tag in each.tags)
            and (not branch or branch in each.branches)
            and (not asked.environment or asked.environment in self.places(each))
        ]
        return found[-1:] if asked.latest else found

    @staticmethod
    def places(version: Mentioned) -> set[str]:
        return {place for place, _ in version.there} | version.released

    def _inferred(self, name: str) -> Asked:
        q = self.question
        return Asked(
            pacticipant=name, latest=q.latest, tag=q.tag, environment=q.environment, main_branch=q.main_branch
        )

    def integrated(self) -> set[Pair]:
        return {(each.whose, name) for each in self.estate.versions for name in each.pacts}

    def _pairs(self) -> tuple[set[Pair], set[Pair]]:
        alone = len(self.question.selectors) == 1 and len(next(iter(self.chosen.values())) or ()) <= 1
        if not (self.infers or alone):
            among = {pair for pair in self.integrated() if set(pair) <= self.specified}
            return among, among
        needed = {
            (name, provider)
            for name, versions in self.chosen.items()
            for each in (self.estate.of(name) if versions is None else versions)
            for provider in each.pacts
        }
        return needed, needed | {pair for pair in self.integrated() if pair[1] in self.specified}

    def speaks(self, told: Any, version: Mentioned) -> bool:
        """Whether a result is about a version: by what was built, else by its number."""
        limited = all(self.chosen[provider] is not None for _, provider in self.pairs)
        if limited and told.artifact and version.build:
            return told.artifact == version.build or (told.number == version.number and not told.success)
        return bool(told.number == version.number)

    def stands(self, consumer: str, content: int, provider: str, version: Mentioned) -> bool | str | None:
        latest: dict[str, bool | None] = {}
        for told in self.estate.results:
            same = (told.provider, told.content) == (provider, content)
            if same and (told.consumer == consumer or told.artifact) and self.speaks(told, version):
                if not told.partial:
                    latest[told.artifact] = told.success
                else:
                    latest.setdefault(told.artifact, None)
        known = set(latest.values())
        return "nothing" if not known else False if False in known else True if True in known else None

    def lines(self) -> Iterator[list[Line]]:
        """The rows, those of each pact of each consumer version together."""
        for consumer, provider in self.pairs:
            versions, on = self.chosen[consumer], self.chosen[provider]
            for each in self.estate.of(consumer) if versions is None else versions:
                if provider in each.pacts:
                    yield self._of_pact(consumer, each, provider, on)

    def _of_pact(
        self, consumer: str, each: Mentioned, provider: str, on: Sequence[Mentioned] | None
    ) -> list[Line]:
        every = self.estate.of(provider) if on is None else on
        told = {v.row: self.stands(consumer, each.pacts[provider], provider, v) for v in every}
        found: list[Line] = [
            (consumer, each.row, provider, row, s) for row, s in told.items() if not isinstance(s, str)
        ]
        missing = [row for row in told if told[row] == "nothing"]
        if self.live and on is not None and missing and (found or len(missing) > 1):
            found += [(consumer, each.row, provider, row, None) for row in missing]
        return found or [(consumer, each.row, provider, None, None)]

    def rows(self) -> set[Line]:
        by = "cvpv" if self.live else self.question.latest_by
        if by not in ("cvp", "cp"):
            return {line for lines in self.lines() for line in lines}
        newest = [max(lines, key=lambda line: line[3] or 0) for lines in self.lines()]
        if by == "cvp":
            return set(newest)
        return {max((n for n in newest if (n[0], n[2]) == pair), key=lambda n: n[1]) for pair in _pairs_of(newest)}

    def ignores(self, whose: str, number: str) -> bool:
        return any(
            each.pacticipant == whose and each.version in ("", number)
            for each in self.question.ignored
            if not each.version or any(v.number == each.version for v in self.estate.of(each.pacticipant))
        )

    def ignored(self, line: Line) -> bool:
        numbers = {each.row: each.number for each in self.estate.versions}
        sides = ((line[0], numbers[line[1]]), (line[2], numbers.get(line[3] or 0, "none")))
        return any(self.ignores(*side) for side in sides)

    def unmet(self) -> set[Pair]:
        met = {(line[0], line[2]) for line in self.rows()}
        skipped = {each.pacticipant for each in self.question.ignored if not each.version}
        return {p for p in self.required if p not in met and self.chosen[p[0]] != [] and not skipped & set(p)}

    def by_rows(self) -> Verdict:
        """What the rows alone say."""
        if any(versions == [] for name, versions in self.chosen.items() if name in self.specified):
            return Verdict.FAILED
        considered = [line for line in self.rows() if not self.ignored(line)]
        if any(line[4] is False for line in considered):
            return Verdict.FAILED
        return Verdict.UNKNOWN if self.unmet() or any(line[4] is None for line in considered) else Verdict.PASSED

    def verdict(self) -> Verdict:
        """What the rows say, and what stands against a yes."""
        plain = self.by_rows()
        if plain is not Verdict.PASSED:
            return plain
        return Verdict.worst([plain, *(self._by_gate() if self.question.environment else self._by_silence())])

    def _by_gate(self) -> Iterator[Verdict]:
        if any(self.chosen[name] is None for name in self.specified):
            yield Verdict.PASSED  # judged apart: nobody can ask the gate about any version
            return
        sets = [[Version(name, v.number) for v in self.chosen[name] or ()] for name in sorted(self.specified)]
        for candidates in product(*sets):
            for reason in can_i_deploy(candidates, self.question.environment, self.facts).reasons:
                sides = [each for each in (reason.consumer, reason.provider) if each]
                absent = self.question.ignored and reason.cause is Cause.NOTHING_DEPLOYED
                if not absent and not any(self.ignores(each.pacticipant, each.number) for each in sides):
                    yield reason.verdict

    def _by_silence(self) -> Iterator[Verdict]:
        """A version that is but a number may need what others of its pacticipant needed."""
        if not self.infers and len(self.question.selectors) > 1:
            return
        for name, versions in self.chosen.items():
            needed = {provider for each in self.estate.of(name) for provider in each.pacts}
            concerned = needed if name in self.specified else needed & self.specified
            for each in versions or ():
                known = each.build or each.pacts or any(r.number == each.number for r in self._told_of(name))
                if concerned and not known and not self.ignores(name, each.number):
                    yield Verdict.UNKNOWN

    def _told_of(self, name: str) -> list[Any]:
        return [told for told in self.estate.results if told.provider == name]


def _pairs_of(lines: Sequence[Line]) -> set[Pair]:
    return {(line[0], line[2]) for line in lines}


WORDS = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_matrix_says_what_counting_everything_says(database: Database, part: int) -> None:
    ledger, asked, yes = SqlLedger(database), 0, 0
    for seed in range(part, ESTATES, PARTS):
        estate = small_estate(seed)
        with database.writing() as db:
            write(db, estate)
        facts = ledger.facts()
        with database.reading() as db:
            for question in questions(seed, estate):
                oracle, told = Oracle(estate, question, facts), answered(db, question, trusted=False)
                found = {
                    (row.consumer, row.consumer_version, row.provider, row.provider_version, row.success)
                    for row in (*told.considered, *told.left_out)
                }
                assert found == oracle.rows(), (seed, question)
                vague = question.environment and any(oracle.chosen[n] is None for n in oracle.specified)
                if vague:  # no set of versions is meant that the gate could be asked about
                    assert WORDS[told.deployable] >= oracle.by_rows(), (seed, question)
                else:
                    assert WORDS[told.deployable] is oracle.verdict(), (seed, question, told.reason)
                asked, yes = asked + 1, yes + (told.deployable is True)
    assert asked // 20 < yes < asked  # neither verdict is so rare that nothing would be compared
