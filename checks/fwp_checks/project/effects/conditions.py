"""Code that runs only for some values of a function's own parameters.

``def load(url, refresh=False): if refresh: …`` does its work for those callers only that ask for
it. What they pass is another question (``passed``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import LOOPS, Region
from fwp_checks.project.effects.compared import Compared, compared, wanted_of
from fwp_checks.project.effects.made import given
from fwp_checks.project.effects.once import renewed
from fwp_checks.project.effects.passes import last_pass
from fwp_checks.project.effects.requirements import (
    ANY,
    EMPTY,
    NOTHING,
    PARTS,
    Condition,
    Requirements,
    changes,
    may_fill,
    parameter_of,
)
from fwp_checks.project.effects.taking import argument_at
from fwp_checks.project.effects.unused import ENDING
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.assignments import assigned_before
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.having import PLAIN
from fwp_checks.project.meaning.mappings import root_of, roots_of
from fwp_checks.project.meaning.tested import parts
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.catalogue import EffectRow
    from fwp_checks.project.linked import Project

# What a case of values, or of all that is left, is decided by.
_DECIDING: frozenset[int] = frozenset({t.COMPARE, t.UNARY})
_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}
# Literals in a row's conditions, and what an argument must be for the call to have the effect.
_UNLESS = {"False": "truthy", "None": "not-none"}
_WHEN = {"True": "truthy"}
_ABSTRACT = ("abc.", "collections.abc.", "typing.", "numbers.", "os.PathLike")
_GETATTR = (t.NAME, "getattr")
_CALLABLE = (t.NAME, "callable")
_ATTRIBUTES = ((t.NAME, "hasattr"), _GETATTR)
_ABSENT = ((t.CONST, None), (t.CONST, False))
_NOTHING_THERE: tuple[t.Term, ...] = (*_ABSENT, *EMPTY)
# Terms that are made where they stand; names and literals are shared by the whole function.
_WHERE_ASSIGNED: frozenset[int] = frozenset({t.ATTR, t.CALL, t.AWAIT, t.ITEM})
# So many variables are followed of which one gives the next.
_LEVELS = 3
# The kind of rows whose objects have no connection before they are used.
_SESSIONS = "orm"
# How many values that meet in a variable are looked at.
_MOST_OPTIONS = 4


class Conditions:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Module, int, int], Requirements] = {}
        self._by_test: dict[tuple[Module, int, bool], Requirements] = {}
        self._in_tests: dict[tuple[Module, int], list[tuple[int, int, Requirements]]] = {}
        self._changes: dict[tuple[Module, int], frozenset[tuple[int, object]]] = {}

    def of(self, frame: Frame, term: int) -> Requirements:
        """What the frame's parameters must be for a term of it to be reached."""
        if not frame.scope.parameters:
            return NOTHING
        key = (frame.module, frame.scope_number, term)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(frame, term)
        return known

    def _find(self, frame: Frame, term: int) -> Requirements:
        module, number = frame.module, frame.scope_number
        found = NOTHING
        for region in module.regions_in(number):
            if region.start <= term < region.end:
                found |= self._in_region(frame, region)
            elif region.leaves and region.end <= term and region.term >= 0:
                # What follows a branch that leaves.
                if region.kind in ("if", "else") and term < module.rest_after(region, number)[1]:
                    found |= self._of_test(frame, region.term, region.kind == "else")
        stretches = self._in_tests.get((module, number))
        if stretches is None:
            stretches = self._in_tests[module, number] = self._find_in_tests(frame)
        for start, end, requirements in stretches:
            if start <= term < end:
                found |= requirements
        return found

    def _in_region(self, frame: Frame, region: Region) -> Requirements:
        if region.term < 0:
            return NOTHING
        if region.kind in ("if", "else"):
            return self._of_test(frame, region.term, region.kind == "if")
        if region.kind in LOOPS:
            return self._gone_through(frame, region.term)
        if region.kind == "case" and frame.module.facts.terms[region.term][0] in _DECIDING:
            return self._tested(frame, region.term, True)
        return NOTHING

    def _of_test(self, frame: Frame, test: int, holds: bool) -> Requirements:
        key = (frame.module, test, holds)
        known = self._by_test.get(key)
        if known is None:
            known = self._by_test[key] = self._needed(frame, test, holds)
        return known

    def _find_in_tests(self, frame: Frame) -> list[tuple[int, int, Requirements]]:
        """What is asked for where a test goes on, or something is filled anew."""
        found: list[tuple[int, int, Requirements]] = []
        for bool_ in frame.module.of_kind_in(t.BOOL, frame.scope):
            if frame.module.code_scope_of(bool_) == frame.scope_number:
                found.extend(self._short_circuited(frame, bool_))
        for start, end, term, positive in renewed(frame):
            requirements = self._tested(frame, term, positive)
            if requirements:
                found.append((start, end, requirements))
        return found

    def _short_circuited(self, frame: Frame, bool_: int) -> Iterator[tuple[int, int, Requirements]]:
        """What the operands before ask for where a later one is come to: ``flag and load()``."""
        terms = frame.module.facts.terms
        _, operator, operands = terms[bool_]
        for operand in operands[:-1]:
            requirements = self._needed(frame, operand, operator == "and")
            end = _end_of_operand(terms, bool_, operand) if requirements else -1
            if end >= 0:
                yield end + 1, bool_, requirements

    @staticmethod
    def _gone_through(frame: Frame, element: int) -> Requirements:
        """What a round of a loop asks for: that what it goes through is not empty."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, element)]
        return _filled(frame, entry[1]) if entry[0] == t.ITER else NOTHING

    def _needed(self, frame: Frame, term: int, positive: bool) -> Requirements:
        """What parameters must be where a condition holds, and what they must not have been for
        what was made in place of them.
        """
        found = self._tested(frame, term, positive)
        terms = frame.module.facts.terms
        for part, holds in parts(terms, term, holds=positive):
            if terms[part][0] == t.COMPARE:
                found |= self._replaced(frame, terms[part], holds)
        return found

    def _tested(
        self, frame: Frame, term: int, positive: bool, levels: int = _LEVELS
    ) -> Requirements:
        """What parameters must be where a condition holds (not ``positive``: fails). So many
        ``levels`` of branches are looked into in which variables are assigned.
        """
        terms = frame.module.facts.terms
        entry = terms[root_of(terms, term)]
        kind = entry[0]
        asked = self._asked(frame, term)
        if asked is not None:
            return frozenset({asked._replace(test="truthy" if positive else "falsy")})
        if kind == t.UNARY and entry[1] == "not":
            return self._tested(frame, entry[2], not positive, levels)
        if kind == t.BOOL and (entry[1] == "and") is positive:
            found = NOTHING
            for operand in entry[2]:
                found |= self._tested(frame, operand, positive, levels)
            return found
        if kind == t.BOOL:
            operands = entry[2] if positive else self._not_implied(frame, entry[2])
            if len(operands) == 1:
                return self._tested(frame, operands[0], positive, levels)
            return _one_of([self._tested(frame, operand, positive, levels) for operand in operands])
        if kind == t.COMPARE and entry[1] in _IS_NONE and terms[entry[3]] == (t.CONST, None):
            asked = self._asked(frame, entry[2])
            if asked is not None:
                is_none = _IS_NONE[entry[1]] is positive
                return frozenset({asked._replace(test="none" if is_none else "not-none")})
            if positive is not _IS_NONE[entry[1]]:
                if levels and terms[t.unaliased(terms, entry[2])][0] == t.JOIN:
                    return self._either(frame, entry[2], "not-none", levels - 1)
                return _attribute(terms, terms[t.unaliased(terms, entry[2])], "has")
            return NOTHING
        if kind == t.COMPARE:
            return self._compared(frame, entry, positive) or self._last(frame, entry, positive)
        if positive and kind in (t.CALL, t.ITEM) and terms[entry[1]] not in _ATTRIBUTES:
            found = _filled(frame, term)
            if found:
                return found
        if kind == t.CALL and terms[entry[1]] in _ATTRIBUTES:
            return _attribute(terms, entry, "has" if positive else "lacks")
        if kind == t.CALL and positive and terms[entry[1]] == _CALLABLE and entry[2]:
            return _attribute(terms, terms[t.unaliased(terms, entry[2][0])], "has")
        if kind == t.CALL and len(entry[2]) == 2:
            return self._instance(frame, entry, positive)
        if positive and levels and terms[t.unaliased(terms, term)][0] == t.JOIN:
            return self._either(frame, term, "truthy", levels - 1)
        return NOTHING

    def _either(self, frame: Frame, term: int, test: str, levels: int) -> Requirements:
        """What must be for a variable to be there that is a parameter, or assigned in branches:
        that the parameter is, or that one of the branches was taken.
        """
        terms = frame.module.facts.terms
        ways = []
        for root in sorted(roots_of(terms, term)):
            kind = terms[root][0]
            if kind == t.CONST and not Condition(-1, test).holds_for(terms[root][1]):
                continue
            if kind == t.PARAM:
                way = frozenset({Condition(terms[root][1], test)})
            else:
                way = self._taken(frame, root, levels) if kind in _WHERE_ASSIGNED else NOTHING
            if not way:
                return NOTHING
            ways.append(way)
        return frozenset({Condition(-1, "either", ways=tuple(ways))}) if ways else NOTHING

    def _taken(self, frame: Frame, term: int, levels: int) -> Requirements:
        """What parameters must be as such for the branches to be taken in which a term stands."""
        found = NOTHING
        for region in frame.module.regions_in(frame.scope_number):
            if region.start <= term < region.end and region.term >= 0:
                if region.kind in ("if", "else"):
                    found |= self._tested(frame, region.term, region.kind == "if", levels)
        return frozenset([need for need in found if need.is_plain or need.ways])

    def _asked(self, frame: Frame, term: int) -> Condition | None:
        """The parameter that a term is, or that an attribute was assigned from just before, the one
        of ``**options`` that it gets by its name, or of the constructor, without a test.
        """
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        entry = terms[term]
        if entry[0] in (t.PARAM, t.JOIN):
            parameter = parameter_of(terms, term)
            return Condition(parameter, "") if parameter is not None else None
        if entry[0] == t.ATTR:
            assigned = assigned_before(frame, term)
            asked = self._asked(frame, assigned) if assigned >= 0 else None
            return asked if asked is not None else self._held(frame, entry)
        if entry[0] == t.ITEM and entry[2] >= 0:
            return self._option(frame, entry[1], [entry[2]])
        if entry[0] != t.CALL or terms[entry[1]][0] != t.ATTR or terms[entry[1]][2] != "get":
            return None
        return self._option(frame, terms[entry[1]][1], entry[2])

    def _option(self, frame: Frame, base: int, asked: Sequence[int]) -> Condition | None:
        """The one of ``**options`` that is asked for by a name, and perhaps a default."""
        terms = frame.module.facts.terms
        options = parameter_of(terms, base)
        constants = [terms[argument] for argument in asked]
        if (
            options is None
            or frame.scope.parameters[options].kind != "**"
            or not 1 <= len(constants) <= 2
            or any(constant[0] != t.CONST for constant in constants)
            or self.is_changed(frame, options, str(constants[0][1]))
        ):
            return None
        default = constants[1][1] if len(constants) > 1 else None
        return Condition(options, "", str(constants[0][1]), default=Constant(default))

    def _not_implied(self, frame: Frame, operands: Sequence[int]) -> list[int]:
        """The parts of a conjunction, without ``"name" in options`` where another part asks of that
        one what nothing that is left out meets.
        """
        terms = frame.module.facts.terms
        left: list[int] = []
        for operand in operands:
            entry = terms[operand]
            option = None
            if entry[0] == t.COMPARE and entry[1] == "in":
                option = self._option(frame, entry[3], [entry[2]])
            if option is None or not any(
                need._replace(test="", classes=()) == option and not need.holds_for(None)
                for other in operands
                if other != operand
                for need in self._tested(frame, other, True, levels=0)
            ):
                left.append(operand)
        return left

    def is_changed(self, frame: Frame, options: int, name: str) -> bool:
        """Whether a function may put something under a name into its own ``**options``, which
        position is given, or take it.
        """
        key = (frame.module, frame.scope_number)
        known = self._changes.get(key)
        if known is None:
            known = self._changes[key] = changes(frame)
        return (options, name) in known or (options, ANY) in known

    def _held(self, frame: Frame, entry: t.Term) -> Condition | None:
        """What the constructor of a method's object was handed, if an attribute holds that."""
        number = frame.scope_number
        if not frame.module.is_parameter(entry[1], number, 0):
            return None
        class_ = self._project.calls.class_of_method(frame.module, number)
        option = self._project.constructed.option(class_, entry[2]) if class_ is not None else -1
        return Condition(0, "", owner=class_, option=option) if option >= 0 else None

    def _compared(self, frame: Frame, entry: t.Term, positive: bool) -> Requirements:
        """What a comparison of a parameter with literals, or members of enumerations, asks for."""
        found = compared(frame.module.facts.terms, entry)
        if found is None:
            return NOTHING
        asked = self._asked(frame, found.term)
        if asked is None:
            return self._of_name(frame, found) if found.is_equal is positive else NOTHING
        need = self._among(frame, asked, found, positive)
        return frozenset({need}) if need is not None else NOTHING

    def _of_name(self, frame: Frame, found: Compared) -> Requirements:
        """What ``parameter.__class__.__name__ == "Trip"`` asks for: an object of such a class."""
        terms = frame.module.facts.terms
        object_ = _whose_class_name(terms, found.term) if not found.form else -1
        parameter = parameter_of(terms, object_) if object_ >= 0 else None
        if parameter is None or any(terms[one][0] != t.CONST for one in found.wanted):
            return NOTHING
        named = self._project.classes.named
        classes = tuple([class_ for one in found.wanted for class_ in named(terms[one][1])])
        if not classes or not all(map(self._is_concrete, classes)):
            return NOTHING
        return frozenset({Condition(parameter, "instance", classes=classes)})

    def _among(
        self, frame: Frame, asked: Condition, found: Compared, positive: bool
    ) -> Condition | None:
        """The condition that something is, or is not, one of some literals."""
        literals = wanted_of(self._project, frame, found)
        if literals is None:
            return None
        test = "equal" if found.is_equal is positive else "unequal"
        return asked._replace(test=test, literals=literals, form=found.form)

    def _replaced(self, frame: Frame, entry: t.Term, positive: bool) -> Requirements:
        """What a parameter must not have been for a comparison to come out so, where an object was
        made in place of it: ``if isinstance(source, str): source = read(source)``.
        """
        terms = frame.module.facts.terms
        found = compared(terms, entry)
        read = terms[t.unaliased(terms, found.term)] if found is not None else entry
        joined = terms[t.unaliased(terms, read[1])] if read[0] == t.ATTR else entry
        if found is None or joined[0] != t.JOIN or len(joined[1]) > _MOST_OPTIONS:
            return NOTHING
        need = self._among(frame, Condition(0, ""), found, positive)
        kept = [option for option in joined[1] if terms[option][0] != t.CALL]
        if need is None or len(kept) != 1 or terms[kept[0]][0] != t.NARROW:
            return NOTHING
        _, operand, test, argument = terms[kept[0]]
        parameter = parameter_of(terms, operand)
        if parameter is None or test != "not-instance":
            return NOTHING
        for option in joined[1]:
            if option == kept[0]:
                continue
            constants = given(self._project, frame, option, read[2])
            if constants is None or any(need.holds_for(one.value) for one in constants):
                return NOTHING
        wanted = self._project.values.evaluate(frame, argument)
        classes = wanted.items if isinstance(wanted, TupleValue) else (wanted,)
        return frozenset({Condition(parameter, test, classes=classes)})

    def _instance(self, frame: Frame, call: t.Term, positive: bool) -> Requirements:
        """What ``isinstance(parameter, classes)`` asks for, where it holds or fails."""
        terms = frame.module.facts.terms
        if terms[call[1]] != (t.NAME, "isinstance"):
            return NOTHING
        asked = self._asked(frame, call[2][0])
        if asked is None or not (asked.is_of_many or asked == Condition(asked.parameter, "")):
            return NOTHING
        wanted = self._project.values.evaluate(frame, call[2][1])
        classes = wanted.items if isinstance(wanted, TupleValue) else options_of(wanted)
        if not all(self._is_concrete(class_) for class_ in classes):
            return NOTHING
        if not positive and not isinstance(wanted, TupleValue) and len(classes) > 1:
            return NOTHING  # it is asked for one of them, whichever that is
        test = "instance" if positive else "not-instance"
        return frozenset({asked._replace(test=test, classes=classes)})

    def _is_concrete(self, class_: Value) -> bool:
        """Whether objects of a class are made by it or by what is derived from it."""
        if isinstance(class_, ClassValue):
            return all(map(self._is_concrete_type, self._project.classes.info(class_).externals))
        return isinstance(class_, External) and (
            class_.name in PLAIN or self._is_concrete_type(class_.name)
        )

    def _is_concrete_type(self, name: str) -> bool:
        return self._project.catalogue.is_type(name) and not name.startswith(_ABSTRACT)

    def _last(self, frame: Frame, entry: t.Term, positive: bool) -> Requirements:
        """What a comparison with the last number of a loop asks for: that there is one before."""
        found = last_pass(frame.module.facts.terms, entry)
        asked = self._asked(frame, found.total) if found is not None else None
        if found is None or asked is None or found.is_last is positive:
            return NOTHING
        return frozenset({asked._replace(test="unequal", literals=found.few)})

    def of_row(self, frame: Frame, call: int, row: EffectRow) -> Requirements:
        """What the frame's parameters must be for a row's effect, where it hands them on."""
        found = NOTHING
        if row.kind == _SESSIONS:
            entry = frame.module.facts.terms[call]
            called = frame.module.facts.terms[entry[1]] if entry[0] == t.CALL else entry
            if called[0] == t.ATTR and called[2] in ENDING:
                found |= self._own(frame, called[1], "used")
        for conditions, tests in ((row.unless, _UNLESS), (row.when, _WHEN)):
            for condition in conditions:
                place, _, literal = condition.partition("=")
                test = tests.get(literal)
                argument = argument_at(frame.module, call, place) if test is not None else None
                if test is not None and argument is not None:
                    found |= self._own(frame, argument, test)
        return found

    @staticmethod
    def _own(frame: Frame, term: int, test: str) -> Requirements:
        parameter = parameter_of(frame.module.facts.terms, term)
        return frozenset({Condition(parameter, test)}) if parameter is not None else NOTHING

    def asked(
        self, frame: Frame, test: int, positive: bool, of_objects: bool = False
    ) -> Requirements:
        """What a condition that holds (not ``positive``: fails) says of parameters themselves, or
        ``of_objects``: of what their constructors were handed.
        """
        tested = self._tested(frame, test, positive, levels=0)
        return frozenset(
            [
                need
                for need in tested
                if (need.owner is not None) is of_objects and need.is_of_itself
            ]
        )


def _end_of_operand(terms: list[t.Term], bool_: int, operand: int) -> int:
    """The last term of an operand of ``and`` or ``or``; -1 if it is not seen."""
    if terms[operand][0] in _DECIDING or terms[operand][0] == t.BOOL:
        return operand
    asked = (t.TRUTH, operand)
    return next((term for term in range(bool_ - 1, operand, -1) if terms[term][:2] == asked), -1)


def _one_of(tested: list[Requirements]) -> Requirements:
    """What ``kind == "a" or kind == "b"`` asks for: one of several literals."""
    literals: tuple[object, ...] = ()
    found = NOTHING
    for requirements in tested:
        if len(requirements) != 1:
            return NOTHING
        (need,) = requirements
        alike = frozenset({need._replace(literals=())})
        if need.test != "equal" or (found and alike != found):
            return NOTHING
        found = alike
        literals += need.literals
    return frozenset([need._replace(literals=literals) for need in found])


def _filled(frame: Frame, term: int) -> Requirements:
    """That a dictionary or list is not empty in which something is found, or gone through."""
    terms = frame.module.facts.terms
    while True:
        term = t.unaliased(terms, term)
        entry = terms[term]
        called = terms[entry[1]] if entry[0] == t.CALL else entry
        if entry[0] == t.ITEM:
            term = entry[1]
        elif entry[0] == t.CALL and called[0] == t.ATTR and called[2] in PARTS:
            if any(terms[default] not in _NOTHING_THERE for default in entry[2][1:]):
                return NOTHING
            term = called[1]
        else:
            parameter = parameter_of(terms, term)
            if parameter is None or may_fill(frame, parameter):
                return NOTHING
            return frozenset({Condition(parameter, "filled")})


def _whose_class_name(terms: list[t.Term], term: int) -> int:
    """The object whose class is asked for its name, -1 if a term does not do that."""
    entry = terms[t.unaliased(terms, term)]
    if entry[0] != t.ATTR or entry[2] != "__name__":
        return -1
    class_ = terms[t.unaliased(terms, entry[1])]
    if class_[0] == t.CALL and terms[class_[1]] == (t.NAME, "type") and len(class_[2]) == 1:
        return int(class_[2][0])
    return int(class_[1]) if class_[0] == t.ATTR and class_[2] == "__class__" else -1


def _attribute(terms: list[t.Term], call: t.Term, test: str) -> Requirements:
    """What ``hasattr(parameter, "name")`` asks, and ``getattr(parameter, "name", None)``, of which
    an attribute that is there may be None.
    """
    if call[0] != t.CALL or terms[call[1]] not in _ATTRIBUTES or len(call[2]) < 2:
        return NOTHING
    parameter, name = parameter_of(terms, call[2][0]), terms[call[2][1]]
    if parameter is None or name[0] != t.CONST or not isinstance(name[1], str):
        return NOTHING
    if terms[call[1]] == _GETATTR and (
        test != "has" or len(call[2]) < 3 or terms[call[2][2]] not in _ABSENT
    ):
        return NOTHING
    return frozenset({Condition(parameter, test, attribute=name[1])})
