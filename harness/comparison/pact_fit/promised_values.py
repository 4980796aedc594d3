"""A consumer's example held against what a provider promises: nothing but what is declared.

The example is a part of what comes, so nothing is required of it. Where schemas are alternatives, one of `oneOf`
has to declare all that is read, those of `anyOf` together; where no names are listed at all, they are left open. A
value without objects is no part of anything: of `oneOf` exactly one has to hold of it.
"""

from __future__ import annotations

from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_fit.compiling import Undecidable, compiled_as_written
from harness.comparison.pact_fit.exactly_one import is_whole, several_hold_fault
from harness.comparison.pact_fit.expressions import UNREADABLE, readable, unread_in
from harness.comparison.pact_fit.faults import OPEN, Fault, faults_of, undeclared_fault
from harness.comparison.pact_fit.ways import Faults, fold_ways, once, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import jsonschema_rs

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.pact_fit.alternatives import Alternatives, SchemaBranch
    from harness.comparison.pact_fit.conjunctions import Conjunction, Conjunctions
    from harness.comparison.pact_fit.faults import Place
    from harness.comparison.pact_fit.schema_nodes import SchemaNode
    from harness.comparison.pact_fit.shapes import Taken

_MOST_WAYS = 100  # in which alternatives can be chosen for one object
_STEPS = 50  # within alternatives, for each part of a value
_FEWEST_PARTS = 300
_STEPS_TO_TELL = 500  # for what is wrong with one object, when it is known that something is
_TOO_MANY = "its alternatives can be combined in too many ways"
_HOLDERS = frozenset({"object", "array"})
Way = tuple["Conjunction", Faults]  # a choice of alternatives, and what is wrong with what was chosen


class PromisedValues:
    """Values held against the schemas of one document."""

    def __init__(self, conjunctions: Conjunctions, taken: Taken) -> None:
        self._conjunctions = conjunctions
        self._taken = taken
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def conjunction(self, schema: Schema) -> Conjunction:
        """What a schema says, made ready."""
        return self._conjunctions.of(schema)

    def faults(self, whole: Conjunction, value: Any) -> list[Fault]:
        """In what a value is not promised, and where the document leaves it open; raises Undecidable."""
        return list(
            _ValueReading(self._conjunctions, self._taken, self._validators, value).faults(whole, value, ())
        )


class _ValueReading:
    """One value, each part of which is looked at once for all that holds of it."""

    def __init__(
        self,
        conjunctions: Conjunctions,
        taken: Taken,
        validators: dict[str, jsonschema_rs.Draft202012Validator],
        value: Any,
    ) -> None:
        self._validators = validators
        self._all = conjunctions
        self._taken = taken
        self._value = value
        self._steps = 0
        self._most = 0
        self._known: dict[tuple[Conjunction, Place, bool], Faults] = {}
        self._choosing = 0

    def faults(self, whole: Conjunction, value: Any, place: Place, *, closed: bool = True) -> Faults:
        """All that is wrong; `closed`: also that something is not declared."""
        if not self._choosing:
            return self._found(whole, value, place, closed=closed)
        key = (whole, place, closed)
        if key not in self._known:
            self._step()
            self._known[key] = ()  # what refers to itself is no reason against itself
            self._known[key] = self._found(whole, value, place, closed=closed)
        return self._known[key]

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self._most:
            self._most = self._most or _STEPS * (_FEWEST_PARTS + _size(self._value))
            if self._steps > self._most:
                raise Undecidable(_TOO_MANY)

    def _found(self, whole: Conjunction, value: Any, place: Place, *, closed: bool) -> Faults:
        found: list[Fault] = []
        for node in whole.asserting:
            if node.asserted or node.patterns or not node.has_type_of(value):
                found += self._said_of_itself(node, value, place)
        if found and any(fault.place == place and fault.keyword == "type" for fault in found):
            return once(found)
        if not (whole.alternatives or whole.groups):
            if isinstance(value, (dict, list)):
                found += self._inside(whole, value, place, closed=closed)
            return once(found) if found else ()
        self._choosing += 1
        try:
            if is_whole(value):
                found += self._several_hold(whole, value, place)
            if closed and isinstance(value, (dict, list)):
                found += self._best(whole, value, place)
            else:
                found += self._none_holds(whole, value, place)
                found += self._inside(whole, value, place, closed=False)
        finally:
            self._choosing -= 1
        return once(found)

    # --- what a schema says of a value itself --------------------------------------------------------------------

    def _said_of_itself(self, node: SchemaNode, value: Any, place: Place) -> list[Fault]:
        found: list[Fault] = []
        if not node.has_type_of(value):
            found += self._asserted(node, "type", value, place)
        if node.is_false:
            text = "nothing may be there"
            found.append(Fault(keyword="falseSchema", place=place, within=node.where, text=text))
        elif node.asserted and (node.of_holders or not isinstance(value, (dict, list))):
            found += self._asserted(node, "asserted", value, place)
        if node.patterns and isinstance(value, dict):
            found += _unreadable_names(node, place)
        return found

    def _quick(self, whole: Conjunction, value: Any) -> Callable[[Any], bool] | None:
        """One question for all that is said, where that is about values that hold no others."""
        if isinstance(value, (dict, list)) or whole.alternatives or whole.groups or not whole.asserting:
            return None
        if whole.hidden:
            return None  # whether it may be there is asked again where all has to be declared
        if not all(node.kinds is not None and node.kinds.isdisjoint(_HOLDERS) for node in whole.asserting):
            return None
        written = [node.asserted | {"type": node.schema["type"]} for node in whole.asserting]
        return self._validator(written[0] if len(written) == 1 else {"allOf": written}).is_valid

    def _asserted(self, node: SchemaNode, what: str, value: Any, place: Place) -> list[Fault]:
        validator = node.cache.get(what)
        if validator is None:
            written = {"type": node.schema["type"]} if what == "type" else node.asserted
            validator = node.cache[what] = self._validator(written)
        if validator.is_valid(value):
            return []
        return [fault for error in validator.iter_errors(value) for fault in faults_of(error, place, node.where)]

    def _validator(self, written: Schema) -> jsonschema_rs.Draft202012Validator:
        """Made once for schemas that are written alike."""
        text = repr(written)
        if text not in self._validators:
            self._validators[text] = self._made_validator(written)
        return self._validators[text]

    def _made_validator(self, written: Schema) -> jsonschema_rs.Draft202012Validator:
        whole = self._taken.with_definitions(written)
        unread = unread_in(whole)
        if unread:
            raise Undecidable(f"`{unread}` cannot be read")
        return compiled_as_written(whole)

    # --- what is inside of it ------------------------------------------------------------------------------------

    def _inside(self, whole: Conjunction, value: Any, place: Place, *, closed: bool) -> list[Fault]:
        if isinstance(value, list):
            items = [(self._all.of_item(whole, number), number, item) for number, item in enumerate(value)]
            return [
                fault
                for said, number, item in items
                for fault in self.faults(said, item, (*place, number), closed=closed)
            ]
        return self._in_object(whole, value, place, closed=closed) if isinstance(value, dict) else []

    def _in_object(self, whole: Conjunction, value: dict[str, Any], place: Place, *, closed: bool) -> list[Fault]:
        found: list[Fault] = []
        unlisted = []
        for name, item in value.items():
            said = whole.said.get(name) or self._all.of_name(whole, name)
            if type(item) in said.any_of or (said.fits is not None and said.fits(item)):
                continue
            here = (*place, name)
            if said.forbidden:
                found.append(undeclared_fault(said.forbidden, here, whole.where))
            elif closed and said.of_it.hidden:
                found.append(undeclared_fault("unevaluatedProperties", here, whole.where))
            elif said.declared or not closed:
                found += self.faults(said.of_it, item, here, closed=closed)
                said.fits = said.fits or self._quick(said.of_it, item)
            else:
                unlisted.append(name)
        if unlisted and self._all.is_open(whole):
            text = f"the document lists no properties here, so that {_names_text(unlisted)} may be there or not"
            found.append(Fault(keyword=OPEN, place=place, within=whole.where, text=text))
        else:
            found += [undeclared_fault("unevaluatedProperties", (*place, name), whole.where) for name in unlisted]
        return found

    # --- alternatives --------------------------------------------------------------------------------------------

    def _best(self, whole: Conjunction, value: Any, place: Place) -> Faults:
        """What is wrong where the alternatives are chosen in the best way."""
        certain = self._in_every_way(whole, value, place)
        if not certain:
            fitting = self._fitting(whole, value, place)
            if fitting is not None:
                return fitting
        steps, most = self._steps, self._most
        self._most = steps + _STEPS_TO_TELL
        try:
            ways = islice(self._ways(whole, value, place, to_tell=True), _MOST_WAYS)
            told = [self._of_way(way, value, place) for way in ways]
            return tuple(fold_ways(next(iter(whole.alternatives), None), told, value, place))
        except Undecidable:
            if not certain:
                raise
            return certain
        finally:
            self._steps, self._most = steps, most

    def _in_every_way(self, whole: Conjunction, value: Any, place: Place) -> Faults:
        """What is wrong however the alternatives are chosen, where that shows without choosing."""
        found = list(self._none_holds(whole, value, place))
        if isinstance(value, dict):
            lost = [name for name in value if not self._all.may_be_there(whole, name)]
            found += [undeclared_fault("unevaluatedProperties", (*place, name), whole.where) for name in lost]
        return tuple(each for each in found if not each.unreadable)

    def _fitting(self, whole: Conjunction, value: Any, place: Place) -> Faults | None:
        """The places that are left open in the way that fits best; None when none does."""
        fitting: Faults | None = None
        for number, way in enumerate(self._ways(whole, value, place, to_tell=False)):
            if number == _MOST_WAYS:
                raise Undecidable(_TOO_MANY)
            faults = self._of_way(way, value, place)
            if not faults:
                return ()
            if fitting is None and all(each.keyword == OPEN for each in faults):
                fitting = faults
        return fitting

    def _of_way(self, way: Way, value: Any, place: Place) -> Faults:
        whole, faults = way
        return once([*faults, *self._inside(whole, value, place, closed=True)])

    def _ways(self, whole: Conjunction, value: Any, place: Place, *, to_tell: bool) -> Iterator[Way]:
        """Every choice of alternatives that hold; `to_tell` what is wrong, also of those that do not."""
        self._step()
        if not whole.alternatives:
            yield from self._ways_beside(whole, value, place, to_tell=to_tell)
            return
        choice = whole.alternatives[0]
        options = self._options(choice, value, place)
        weighed = [(branch, self._of_branch(choice, branch, value, place)) for branch in options]
        fine = any(not faults for _, faults in weighed)
        holding = [branch for branch, faults in weighed if not faults or (_holds(faults) and not fine)]
        together = len(holding) > 1 and not choice.exclusive
        nodes = [branch.node for branch in holding]
        ways: list[Way] = [(self._all.beside(whole, choice, nodes), ())] if together else []
        for branch, faults in weighed:
            if (not together) if branch in holding else (to_tell or not holding):
                ways.append((self._all.decide(whole, choice, branch.node), faults))
        for rest, faults in dict(ways).items():
            for made, more in self._ways(rest, value, place, to_tell=to_tell):
                yield made, (*faults, *more)

    def _ways_beside(self, whole: Conjunction, value: Any, place: Place, *, to_tell: bool) -> Iterator[Way]:
        """The same for alternatives of what holds beside."""
        if whole.is_decided:
            yield whole, ()
            return
        ways_of = partial(self._ways_of, value=value, place=place, to_tell=to_tell)
        several = [list(map(ways_of, group)) for group in whole.groups]
        for groups in product(*(product(*each) for each in several)):
            yield self._all.join(whole.roots, whole.decided, groups), ()

    def _ways_of(self, member: Conjunction, value: Any, place: Place, *, to_tell: bool) -> list[Conjunction]:
        ways = list(islice(self._ways(member, value, place, to_tell=False), _MOST_WAYS))
        if len(ways) == _MOST_WAYS and not to_tell:
            raise Undecidable(_TOO_MANY)
        return list(dict.fromkeys(made for made, _ in ways))

    def _of_branch(self, choice: Alternatives, branch: SchemaBranch, value: Any, place: Place) -> Faults:
        """What is wrong with a value if a branch is meant."""
        alone = self._all.alone(choice, branch.node)
        if alone.hidden and place:
            return (undeclared_fault("unevaluatedProperties", place, alone.where),)  # no answer has it as this
        faults = self.faults(alone, value, place, closed=False)
        if branch.names is None or not isinstance(value, dict) or choice.property not in value:
            return faults
        named = value[choice.property]
        if named in branch.names:
            return faults
        text = f"{short(named)} is not one of {_names_text(branch.names)}"
        other = Fault(
            keyword="enum",
            place=(*place, choice.property),
            within=(*choice.owner.where, "discriminator"),
            text=text,
            allowed=branch.names,
        )
        return (other, *faults)

    def _none_holds(self, whole: Conjunction, value: Any, place: Place) -> Iterator[Fault]:
        """Of which alternatives no branch holds."""
        for choice in whole.alternatives:
            told: list[Faults] = []
            for branch in self._options(choice, value, place):
                told.append(self._of_branch(choice, branch, value, place))
                if not told[-1]:
                    break
            else:
                unread = [faults for faults in told if _holds(faults)]
                yield from unread[0] if unread else fold_ways(choice, told, value, place)

    def _several_hold(self, whole: Conjunction, value: Any, place: Place) -> Iterator[Fault]:
        """Of which `oneOf` more than one branch holds, or may hold beside one that does."""
        for choice in whole.alternatives:
            if choice.keyword != "oneOf":
                continue
            told = [(each.node, self._of_branch(choice, each, value, place)) for each in choice.branches]
            holding = [node for node, faults in told if not faults]
            if len(holding) > 1:
                schemas = tuple(self._taken.with_definitions(node.schema) for node in holding)
                yield several_hold_fault(choice, schemas, value, place)
            elif holding:
                yield from next((faults for _, faults in told if faults and _holds(faults)), ())

    def _options(self, choice: Alternatives, value: Any, place: Place) -> tuple[SchemaBranch, ...]:
        """The branches that may be meant by the parts of a value that are read."""
        if choice.keyword == "if":
            return self._cases(choice, value, place)
        if choice.keyword == "dependentSchemas":
            is_object = isinstance(value, dict)
            return (
                choice.branches[:1] if is_object and choice.property in value else choice.branches[is_object - 1 :]
            )
        return choice.branches

    def _cases(self, choice: Alternatives, value: Any, place: Place) -> tuple[SchemaBranch, ...]:
        """`then`, `else`, or either where what decides is not read."""
        condition = choice.owner.part("if")
        validator = choice.owner.cache.get("if")
        if validator is None:
            validator = choice.owner.cache["if"] = self._validator(
                {"if": choice.owner.schema["if"], "else": False}
            )
        asked = {*condition.names, *condition.required}
        if not isinstance(value, dict) or asked <= value.keys():
            return choice.branches[:1] if validator.is_valid(value) else choice.branches[1:]
        may_hold = _holds(self.faults(self._all.join(((condition, ()),)), value, place, closed=False))
        return choice.branches if may_hold else choice.branches[1:]


def _unreadable_names(node: SchemaNode, place: Place) -> Iterator[Fault]:
    for pattern in node.patterns:
        if readable(pattern) is None:
            allowed = {UNREADABLE: pattern}
            yield Fault(keyword="const", place=place, within=node.where, text=pattern, allowed=allowed)


def _holds(faults: Iterable[Fault]) -> bool:
    """Whether nothing is wrong, as far as it can be read."""
    return all(fault.unreadable for fault in faults)


def _names_text(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _size(value: Any) -> int:
    """How many parts a value has."""
    count, todo = 0, [value]
    while todo:
        part = todo.pop()
        count += 1
        todo += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return count
