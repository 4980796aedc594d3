"""What is true of a small estate, by looking at everything: docs/explanation/compatibility.md in plain words.

Nothing here imports the gate, the judge or the matrix, and no fact is read back from a ledger. The numbers in the
comments are those of the page's lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from small_estates import Mentioned, SmallEstate, Told

from harness.ledger.matrix.question import Question, VersionSelector
from harness.verdicts import Verdict

PASSED, UNKNOWN, FAILED = Verdict.PASSED, Verdict.UNKNOWN, Verdict.FAILED
Pair = tuple[str, str]
Line = tuple[str, int, str, int | None, bool | None]  # consumer and its row, provider and its row, what stands
_WORDS = {True: PASSED, False: FAILED, None: UNKNOWN}


class Oracle:
    """The answer to one question."""

    def __init__(self, estate: SmallEstate, question: Question) -> None:
        self.estate, self.question = estate, question
        self.infers = bool(question.tag or question.environment or question.main_branch or question.latest)
        self.live = bool(question.environment) or any(each.environment for each in question.selectors)
        self.chosen = {each.pacticipant: self.meant(each) for each in question.selectors}
        self.specified = set(self.chosen)
        self.required, self.pairs = self._pairs()
        for name in {name for pair in self.pairs for name in pair} - self.specified:
            self.chosen[name] = self.meant(self._inferred(name)) if self.infers else None

    # --- who is meant ---

    def meant(self, asked: VersionSelector) -> list[Mentioned] | None:
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
            and (not asked.environment or asked.environment in places(each))
        ]
        return found[-1:] if asked.latest else found

    def _inferred(self, name: str) -> VersionSelector:
        q = self.question
        return VersionSelector(
            pacticipant=name, latest=q.latest, tag=q.tag, environment=q.environment, main_branch=q.main_branch
        )

    def _pairs(self) -> tuple[set[Pair], set[Pair]]:
        """Who needs whom of those that the question concerns; and all who may meet."""
        everybody = {(each.whose, name) for each in self.estate.versions for name in each.pacts}
        needed = {
            (name, provider)
            for name, versions in self.chosen.items()
            for each in (self.estate.of(name) if versions is None else versions)
            for provider in each.pacts
        }
        alone = len(self.question.selectors) == 1 and len(next(iter(self.chosen.values())) or ()) <= 1
        if self.infers or alone:
            in_place = {
                (name, provider)
                for name, versions in self.chosen.items()
                for version in versions or ()
                for each in self.recorded_in_place(version)
                for provider in each.pacts
            }
            return needed, needed | in_place | {pair for pair in everybody if pair[1] in self.specified}
        among = {pair for pair in everybody if set(pair) <= self.specified}
        return (needed & among) or among, among  # 35: where no pact is known at all, each pair is missed

    # --- the verdict of a pair ---

    def may_speak(self, told: Told, version: Mentioned) -> bool:
        """Whether a result may be about a version: by its number, changed or not, or by what was built."""
        under = told.number.partition("+changed.")[0] if version.number in told.number else ""
        same_build = bool(told.artifact) and told.artifact == version.build
        return same_build or version.number in (told.number, under)

    def is_of(self, told: Told, version: Mentioned) -> bool:
        """Whether a yes is one about a version: by what was built, else by its very number (5, 8)."""
        if told.artifact and version.build:
            return told.artifact == version.build
        return told.number == version.number

    def showed(self, consumer: str, content: int, provider: str, version: Mentioned) -> set[bool | None]:
        """What each build came to last (4, 5): of what the number does not stand for, only a no counts (5a)."""
        latest: dict[tuple[str, bool], tuple[Told, bool | None]] = {}
        for told in self.estate.results:
            same = (told.provider, told.content) == (provider, content)
            if same and (told.consumer == consumer or told.artifact) and self.may_speak(told, version):
                own = told.number == version.number or told.artifact in {version.build} - {""}
                what = told.artifact or f"number {told.number}", own
                if told.partial and told.success:
                    latest.setdefault(what, (told, None))
                else:
                    latest[what] = told, told.success
        return {said for told, said in latest.values() if said is False or self.is_of(told, version)}

    def stands(self, consumer: str, content: int, provider: str, version: Mentioned) -> bool | str | None:
        """True or False where something conclusive stands, None where only something else was seen (4, 5)."""
        known = self.showed(consumer, content, provider, version)
        return "nothing" if not known else False if False in known else True if True in known else None

    def disagree(self, consumer: str, content: int, provider: str, number: str) -> bool:
        """Whether one build of a version kept what another broke (5a)."""
        version = next(each for each in self.estate.of(provider) if each.number == number)
        return {True, False} <= self.showed(consumer, content, provider, version)

    def pair(self, consumer: Mentioned, provider: Mentioned) -> Verdict:
        """What is known of two versions that meet; 9: a hollow consumer is unknown."""
        if provider.whose not in consumer.pacts:
            return UNKNOWN
        stands = self.stands(consumer.whose, consumer.pacts[provider.whose], provider.whose, provider)
        return UNKNOWN if isinstance(stands, str) else _WORDS[stands]

    def recorded_in_place(self, version: Mentioned) -> list[Mentioned]:
        """What runs recorded under a number, as it stood for other contracts (5c)."""
        of_it = self.estate.of(version.whose)
        return [each for each in of_it if each.number.startswith(f"{version.number}+changed.")]

    def broken_in_place(self, consumer: Mentioned, provider: Mentioned) -> Iterator[Verdict]:
        """A no for each of these whose pact the provider breaks."""
        for each in self.recorded_in_place(consumer):
            stood_for = self.is_meant(each) or not self.ignores(consumer.whose, consumer.number)
            if self.pair(each, provider) is FAILED and stood_for and not self.ignored_pair(each, provider):
                yield FAILED

    def is_meant(self, version: Mentioned) -> bool:
        """Whether the question itself is about that version."""
        listed = self.listed(version.whose)
        return listed is None or version in listed

    def is_hollow(self, version: Mentioned) -> bool:
        told = any((r.provider, r.number) == (version.whose, version.number) for r in self.estate.results)
        return not (version.pacts or version.build or told)

    def needs(self, version: Mentioned) -> set[str]:
        """Whom a version needs; a hollow one may need whomever others of its pacticipant need."""
        if not self.is_hollow(version):
            return set(version.pacts)
        return {provider for each in self.estate.of(version.whose) for provider in each.pacts}

    # --- what is ignored ---

    def ignores(self, whose: str, number: str | None = None) -> bool:
        """Whether a version, or without a number all of a pacticipant, is to be ignored."""
        return any(
            each.pacticipant == whose
            and (not each.version or each.version == number)
            and (not each.version or any(v.number == each.version for v in self.estate.of(whose)))
            for each in self.question.ignored
        )

    # --- the answer ---

    def verdict(self) -> Verdict:
        """The worst of all there is."""
        if any(self.chosen[name] == [] for name in self.specified):
            return FAILED  # 33: no such version
        if not self.question.environment:
            return max([PASSED, *self._of_lines(), *self._of_silence()])
        versions = [self.chosen[name] for name in sorted(self.specified)]
        if None in versions or prod(len(each or ()) for each in versions) > 64:
            return max([UNKNOWN, *self._of_lines()])  # 33: nobody can say which set is meant
        return max(
            [PASSED, *(v for chosen in product(*(each or () for each in versions)) for v in self._of_set(chosen))]
        )

    def _of_set(self, candidates: Sequence[Mentioned]) -> Iterator[Verdict]:
        """Lines 1 to 13 for one set of versions into the environment."""
        place, names = self.question.environment, {each.whose for each in candidates}
        staying = [
            each
            for each in self.estate.versions
            if stays(each, place) or (place in places(each) and each.whose not in names)
        ]
        there = list({each.row: each for each in (*candidates, *staying)}.values())
        for consumer in there:
            hollow = self.is_hollow(consumer)
            for name in self.needs(consumer):
                providers = [each for each in there if each.whose == name]
                meets = [p for p in providers if consumer in candidates or p in candidates]
                for provider in meets:
                    silent = hollow and consumer in candidates  # 11 says it once
                    if not silent and not self.ignored_pair(consumer, provider):
                        yield self.pair(consumer, provider)
                missed = consumer in candidates and not providers and not hollow  # 10
                if missed and not self.ignores(name) and not self.ignores(consumer.whose, consumer.number):
                    yield UNKNOWN
        for consumer, provider in product(there, there):
            if consumer in candidates or provider in candidates:
                yield from self.broken_in_place(consumer, provider)
        yield from self._of_candidates(candidates)

    def _of_candidates(self, candidates: Sequence[Mentioned]) -> Iterator[Verdict]:
        place = self.question.environment
        for candidate in candidates:
            demanded = self.is_hollow(candidate) and self.needs(candidate)  # 11
            demanded = demanded or set(self.estate.require.get(place, ())) - {"pacts"}  # 12; no estate has more
            if demanded and not self.ignores(candidate.whose, candidate.number):
                yield UNKNOWN

    def ignored_pair(self, consumer: Mentioned, provider: Mentioned) -> bool:
        return any(self.ignores(each.whose, each.number) for each in (consumer, provider))

    # --- 34: every pair that is listed counts ---

    def lines(self) -> Iterator[list[Line]]:
        """The rows, those of each pact of each consumer version together."""
        for consumer, provider in self.pairs:
            versions = self.listed(consumer)
            for each in self.estate.of(consumer) if versions is None else versions:
                if provider in each.pacts:
                    yield self._of_pact(each, provider, self.listed(provider))

    def lines_in_place(self) -> Iterator[tuple[Mentioned, list[Line]]]:
        """The rows of what was recorded in the place of versions that have rows, where it is broken (5c)."""
        for consumer, provider in self.pairs:
            for version in self.listed(consumer) or ():
                for each in self.recorded_in_place(version):
                    if provider in each.pacts and not self.is_meant(each):
                        yield version, self._of_pact(each, provider, self.listed(provider))

    def listed(self, name: str) -> list[Mentioned] | None:
        """The versions that are meant and, in an environment, what stays supported beside them."""
        chosen, place = self.chosen.get(name, []), self.question.environment
        if chosen is None or not place or name not in self.among_themselves():
            return chosen
        return [each for each in self.estate.of(name) if each in chosen or stays(each, place)]

    def among_themselves(self) -> set[str]:
        """Who is asked for and may meet somebody who is asked for."""
        return {name for pair in self.pairs if set(pair) <= self.specified for name in pair}

    def _of_pact(self, each: Mentioned, provider: str, on: Sequence[Mentioned] | None) -> list[Line]:
        every = self.estate.of(provider) if on is None else on
        told = {v.row: self.stands(each.whose, each.pacts[provider], provider, v) for v in every}
        found: list[Line] = [
            (each.whose, each.row, provider, row, s) for row, s in told.items() if not isinstance(s, str)
        ]
        missing = [row for row in told if told[row] == "nothing"]
        if self.live and on is not None and missing and (found or len(missing) > 1):
            found += [(each.whose, each.row, provider, row, None) for row in missing]
        return found or [(each.whose, each.row, provider, None, None)]

    def rows(self) -> set[Line]:
        """What is listed."""
        by = "cvpv" if self.live else self.question.latest_by
        every = list(self.lines())
        in_place = [(version, each) for version, lines in self.lines_in_place() for each in lines]
        if by not in ("cvp", "cp"):
            every.append([line for _, line in in_place if line[4] is False])
            return {line for lines in every for line in lines if self.concerns(line)}
        newest = [max(lines, key=lambda line: line[3] or 0) for lines in every]
        last = [(v, max(lines, key=lambda line: line[3] or 0)) for v, lines in self.lines_in_place()]
        if by == "cp":
            pairs = {(line[0], line[2]) for line in newest}
            newest = [max((n for n in newest if (n[0], n[2]) == pair), key=lambda n: n[1]) for pair in pairs]
            known = {(line[0], line[2]): line[1] for line in newest}
            last = [(v, line) for v, line in last if known.get((line[0], line[2]), v.row) == v.row]
        return {*newest, *(line for _, line in last if line[4] is False)}

    def concerns(self, line: Line) -> bool:
        """Not two that stay supported beside those who are asked for: that is not this question (3, 33)."""
        if not {line[0], line[2]} <= self.specified or not self.question.environment:
            return True
        asked = [self.chosen[name] for name in self.specified]
        return None in asked or bool({each.row for some in asked for each in some or ()} & {line[1], line[3]})

    def _of_lines(self) -> Iterator[Verdict]:
        numbers = {each.row: each.number for each in self.estate.versions}
        versions = {each.row: each for each in self.estate.versions}
        for line in self.rows():
            sides = [(line[0], numbers[line[1]]), (line[2], numbers.get(line[3] or 0))]
            if not self.is_meant(versions[line[1]]):  # it counts in another's place
                sides.append((line[0], numbers[line[1]].partition("+changed.")[0]))
            if not any(self.ignores(*side) for side in sides):
                yield _WORDS[line[4]]
        met = {(line[0], line[2]) for line in self.rows()}
        for pair in self.required - met:
            if self.chosen[pair[0]] != [] and not any(map(self.ignores, pair)):
                yield UNKNOWN

    def _of_silence(self) -> Iterator[Verdict]:
        """A hollow version may need what others of its pacticipant needed (36)."""
        everybody = self.infers or len(self.question.selectors) == 1
        for name, versions in self.chosen.items():
            for each in versions or ():
                needed = self.needs(each) if self.is_hollow(each) else set()
                concerned = needed if everybody and name in self.specified else needed & self.specified
                if concerned and not self.ignores(name, each.number):
                    yield UNKNOWN


def places(version: Mentioned) -> set[str]:
    """Where a version is live."""
    return {place for place, _ in version.there} | version.released


def stays(version: Mentioned, place: str) -> bool:
    """Whether a deployment without a name leaves it there: a release, or what has an instance of its own (1)."""
    return place in version.released or any(where == place and slot for where, slot in version.there)
