"""Code that runs only for some values of a function's own parameters, and what its callers pass.

``def load(url, refresh=False): if refresh: …`` does its work for those callers only that ask for
it. A caller rules a condition out by a literal or by leaving a literal default in place; by handing
on a parameter of its own it makes the condition one of its own callers. Anything else may be so.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.compared import compared, literal, may_be
from fwp_checks.project.effects.consumed import makers
from fwp_checks.project.effects.lacking import has, lacks
from fwp_checks.project.effects.once import renewed
from fwp_checks.project.effects.passes import last_pass
from fwp_checks.project.effects.taking import argument_at, may_take
from fwp_checks.project.effects.unused import ENDING, is_unused
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.assignments import assigned_before
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
    Wrapped,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.catalogue import EffectRow
    from fwp_checks.project.linked import Project


class Condition(NamedTuple):
    """What a parameter, by its position, must be: ``truthy``, ``falsy``, ``none``, ``not-none``,
    an ``instance`` of one of some ``classes``, ``used`` since it was made; or what it ``has`` or
    ``lacks``: an ``attribute``; or, in a ``form``, ``equal`` to one of some ``literals``, or
    ``unequal`` to all of them.

    Of ``**options`` that are handed on or asked by ``options.get("name")``, the one with the name
    ``keyword``, which is ``default`` where it is not among them.
    """

    parameter: int
    test: str
    keyword: str = ""
    default: object = None
    classes: tuple[Value, ...] = ()
    attribute: str = ""
    literals: tuple[object, ...] = ()
    form: str = ""

    @property
    def is_compared(self) -> bool:
        """Whether it asks for certain literals, or for others."""
        return self.test in ("equal", "unequal")

    def holds_for(self, constant: object) -> bool:
        """Whether a literal meets it."""
        if self.test == "truthy":
            return bool(constant)
        if self.test == "falsy":
            return not constant
        if self.test == "instance":
            return _is_of(type(constant), self.classes)
        if self.test == "used":
            return True
        if self.is_compared:
            return may_be(constant, self.form, self.literals, self.test == "equal")
        if self.attribute:
            return hasattr(constant, self.attribute) is (self.test == "has")
        return (constant is None) is (self.test == "none")


Requirements = frozenset[Condition]
NOTHING: Requirements = frozenset()
# What a case of values, or of all that is left, is decided by.
_DECIDING: frozenset[int] = frozenset({t.COMPARE, t.UNARY})
_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}
# What a value cannot be where a test of it has succeeded.
_RULED_OUT = {
    "truthy": ("falsy", "none"),
    "not-none": ("none",),
    "instance": ("none",),
    "none": ("not-none", "truthy", "instance"),
    "falsy": ("truthy",),
}
_OBJECTS = (Instance, FunctionValue, ClassValue, TupleValue, MappingValue, Iterable)
# Literals in a row's conditions, and what an argument must be for the call to have the effect.
_UNLESS = {"False": "truthy", "None": "not-none"}
_WHEN = {"True": "truthy"}
# Objects of these are of no other class that a test asks for, but of abstract ones.
_PLAIN: dict[str, type] = {
    f"builtins.{class_.__name__}": class_
    for class_ in (bool, bytearray, bytes, dict, float, int, list, str, tuple)
}
_ABSTRACT = ("collections.abc.", "typing.", "numbers.", "os.PathLike")
_FILLING = frozenset({"setdefault", "update"})
_GETATTR = (t.NAME, "getattr")
_CALLABLE = (t.NAME, "callable")
_ATTRIBUTES = ((t.NAME, "hasattr"), _GETATTR)
_ABSENT = ((t.CONST, None), (t.CONST, False))
# The kind of rows whose objects have no connection before they are used.
_SESSIONS = "orm"


class Conditions:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stretches: dict[tuple[Module, int], list[tuple[int, int, Requirements]]] = {}

    def of(self, frame: Frame, term: int) -> Requirements:
        """What the frame's parameters must be for a term of it to be reached."""
        key = (frame.module, frame.scope_number)
        stretches = self._stretches.get(key)
        if stretches is None:
            stretches = self._stretches[key] = self._find(frame)
        found = NOTHING
        for start, end, requirements in stretches:
            if start <= term < end:
                found |= requirements
        return found

    def _find(self, frame: Frame) -> list[tuple[int, int, Requirements]]:
        if not frame.scope.parameters:
            return []
        found = []
        for region in frame.module.regions_in(frame.scope_number):
            if region.kind in ("if", "else") and region.term >= 0:
                positive = region.kind == "if"
                requirements = self._tested(frame, region.term, positive)
                if requirements:
                    found.append((region.start, region.end, requirements))
                requirements = (
                    self._tested(frame, region.term, not positive) if region.leaves else NOTHING
                )
                if requirements:
                    found.append(
                        (*frame.module.rest_after(region, frame.scope_number), requirements)
                    )
            elif region.kind == "case" and frame.module.facts.terms[region.term][0] in _DECIDING:
                requirements = self._tested(frame, region.term, True)
                if requirements:
                    found.append((region.start, region.end, requirements))
        for start, end, term, positive in renewed(frame):
            requirements = self._tested(frame, term, positive)
            if requirements:
                found.append((start, end, requirements))
        return found

    def _tested(self, frame: Frame, term: int, positive: bool) -> Requirements:
        """What parameters must be where a condition holds (not ``positive``: fails)."""
        terms = frame.module.facts.terms
        entry = terms[term]
        kind = entry[0]
        asked = self._asked(frame, term)
        if asked is not None:
            return frozenset({asked._replace(test="truthy" if positive else "falsy")})
        if kind == t.UNARY and entry[1] == "not":
            return self._tested(frame, entry[2], not positive)
        if kind == t.BOOL and (entry[1] == "and") is positive:
            found = NOTHING
            for operand in entry[2]:
                found |= self._tested(frame, operand, positive)
            return found
        if kind == t.BOOL:
            return _one_of([self._tested(frame, operand, positive) for operand in entry[2]])
        if kind == t.COMPARE and entry[1] in _IS_NONE and terms[entry[3]] == (t.CONST, None):
            asked = self._asked(frame, entry[2])
            if asked is not None:
                is_none = _IS_NONE[entry[1]] is positive
                return frozenset({asked._replace(test="none" if is_none else "not-none")})
            if positive is not _IS_NONE[entry[1]]:
                return _attribute(terms, terms[t.unaliased(terms, entry[2])], "has")
            return NOTHING
        if kind == t.COMPARE:
            return self._compared(frame, entry, positive) or self._last(frame, entry, positive)
        if kind == t.CALL and terms[entry[1]] in _ATTRIBUTES:
            return _attribute(terms, entry, "has" if positive else "lacks")
        if kind == t.CALL and positive and terms[entry[1]] == _CALLABLE and entry[2]:
            return _attribute(terms, terms[t.unaliased(terms, entry[2][0])], "has")
        if kind == t.CALL and positive and len(entry[2]) == 2:
            return self._instance(frame, entry)
        return NOTHING

    def _asked(self, frame: Frame, term: int) -> Condition | None:
        """The parameter that a term is, or that an attribute was assigned from just before, or the
        one of ``**options`` that it gets by its name, without a test.
        """
        terms = frame.module.facts.terms
        parameter = _parameter(terms, term)
        if parameter is not None:
            return Condition(parameter, "")
        entry = terms[t.unaliased(terms, term)]
        if entry[0] == t.ATTR:
            assigned = assigned_before(frame, term)
            parameter = _parameter(terms, assigned) if assigned >= 0 else None
            return Condition(parameter, "") if parameter is not None else None
        if entry[0] != t.CALL or terms[entry[1]][0] != t.ATTR or terms[entry[1]][2] != "get":
            return None
        options = _parameter(terms, terms[entry[1]][1])
        constants = [terms[argument] for argument in entry[2]]
        if (
            options is None
            or frame.scope.parameters[options].kind != "**"
            or not 1 <= len(constants) <= 2
            or any(constant[0] != t.CONST for constant in constants)
            or _is_filled(frame, options)
        ):
            return None
        default = constants[1][1] if len(constants) > 1 else None
        return Condition(options, "", str(constants[0][1]), default)

    def _compared(self, frame: Frame, entry: t.Term, positive: bool) -> Requirements:
        """What a comparison of a parameter with literals, or members of enumerations, asks for."""
        found = compared(frame.module.facts.terms, entry)
        asked = self._asked(frame, found.term) if found is not None else None
        if found is None or asked is None:
            return NOTHING
        literals = []
        for term in found.wanted:
            wanted = literal(self._project, frame, term)
            if wanted is None:
                return NOTHING
            literals.append(wanted.value)
        test = "equal" if found.is_equal is positive else "unequal"
        return frozenset({asked._replace(test=test, literals=tuple(literals), form=found.form)})

    def _instance(self, frame: Frame, call: t.Term) -> Requirements:
        """What ``isinstance(parameter, classes)`` asks for."""
        terms = frame.module.facts.terms
        parameter = _parameter(terms, call[2][0])
        if parameter is None or terms[call[1]] != (t.NAME, "isinstance"):
            return NOTHING
        wanted = self._project.values.evaluate(frame, call[2][1])
        classes = wanted.items if isinstance(wanted, TupleValue) else options_of(wanted)
        if not all(self._is_concrete(class_) for class_ in classes):
            return NOTHING
        return frozenset({Condition(parameter, "instance", classes=classes)})

    def _is_concrete(self, class_: Value) -> bool:
        """Whether objects of a class are made by it or by what is derived from it."""
        if isinstance(class_, ClassValue):
            return not self._project.classes.info(class_).externals
        return isinstance(class_, External) and (
            class_.name in _PLAIN
            or (
                self._project.catalogue.is_type(class_.name)
                and not class_.name.startswith(_ABSTRACT)
            )
        )

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
        parameter = _parameter(frame.module.facts.terms, term)
        return frozenset({Condition(parameter, test)}) if parameter is not None else NOTHING

    def asked(self, frame: Frame, test: int, positive: bool) -> Requirements:
        """What a condition that holds (not ``positive``: fails) says of parameters themselves."""
        tested = self._tested(frame, test, positive)
        return frozenset([need for need in tested if not need.attribute and not need.is_compared])

    # -- callers -----------------------------------------------------------------------------------

    def left(
        self, requirements: Requirements, caller: Frame, call: int, callee: Frame
    ) -> Requirements | None:
        """What a call leaves of its callee's conditions for its caller.

        None if it rules one out, or hands over what the callee has no parameters for.
        """
        terms = caller.module.facts.terms
        # A method has its receiver, as a rule.
        is_method = self._project.calls.class_of_method(callee.module, callee.scope_number)
        if not may_take(terms, call, callee, int(is_method is not None)):
            bound = self._offset(caller, call, callee)
            if bound is not None and not may_take(terms, call, callee, bound):
                return None
        if not requirements:
            return requirements
        handing = self._handing(caller, call, callee)
        if handing is None:
            return NOTHING
        call, offset = handing
        left = NOTHING
        for need in requirements:
            passed = self._passed(caller, call, callee, need, offset)
            if isinstance(passed, Condition):
                left |= {passed}
                continue
            if isinstance(passed, Constant):
                if not need.holds_for(passed.value):
                    return None
            elif isinstance(passed, int):
                if self._is_ruled_out(caller, passed, need):
                    return None
                if need.test == "instance" or need.attribute or need.is_compared:
                    left |= self._same_asked(caller, passed, need)
                    continue
                left |= self._own(caller, passed, need.test)
        return left

    def is_met(self, need: Condition, caller: Frame, call: int, callee: Frame) -> bool:
        """Whether a call that does not rule out a condition meets it for certain, or hands on a
        parameter of its caller's, which may.
        """
        handing = self._handing(caller, call, callee)
        if handing is None:
            return False
        call, offset = handing
        passed = self._passed(caller, call, callee, need, offset)
        if not isinstance(passed, int):
            return passed is not None
        if _parameter(caller.module.facts.terms, passed) is not None:
            return True
        options = options_of(self._project.values.evaluate(caller, passed))
        if need.test == "truthy":
            return all(map(self.is_true, options))
        if need.test == "instance":
            return all(self._is_of_a_class(option, need.classes) for option in options)
        return need.test == "not-none" and all(map(self.is_object, options))

    def _is_of_a_class(self, value: Value, classes: tuple[Value, ...]) -> bool:
        """Whether a value is an object of one of these classes."""
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, ClassValue):
            order = self._project.classes.info(value.class_).order
            return any(class_ in order for class_ in classes)
        plain = _PLAIN.get(value.class_)
        return External(value.class_) in classes or (plain is not None and _is_of(plain, classes))

    def _is_ruled_out(self, caller: Frame, term: int, need: Condition) -> bool:
        """Whether what is passed was tested before, or is an object where nothing is needed."""
        if need.test == "used":
            return is_unused(self._project, caller, term)
        terms = caller.module.facts.terms
        while terms[term][0] == t.NARROW:
            if need.test in _RULED_OUT.get(terms[term][2], ()):
                return True
            term = terms[term][1]
        if need.attribute:
            rules_out = lacks if need.test == "has" else has
            value = self._project.values.evaluate(caller, term)
            return rules_out(self._project, value, need.attribute)
        if need.test == "instance":
            options = options_of(self._project.values.evaluate(caller, term))
            return all(self._is_of_no_class(option, need.classes) for option in options)
        if need.test not in ("none", "falsy"):
            return False
        parameter = _parameter(terms, term)
        if parameter is not None and _may_be_none(caller, parameter):
            return False
        options = options_of(self._project.values.evaluate(caller, term))
        if need.test == "none":
            return all(map(self.is_object, options))
        return all(map(self.is_true, options))

    @staticmethod
    def is_object(value: Value) -> bool:
        """Whether a value is certainly something else than None."""
        return isinstance(value, _OBJECTS)

    def is_true(self, value: Value) -> bool:
        """Whether a value is an object that no test finds empty.

        https://docs.python.org/3/library/stdtypes.html#truth-value-testing
        """
        if isinstance(value, Instance) and isinstance(value.class_, ClassValue):
            return not any(
                self._project.members.find_in_class(value.class_, name) is not None
                for name in ("__bool__", "__len__")
            )
        return isinstance(value, (FunctionValue, ClassValue))

    @staticmethod
    def _is_of_no_class(value: Value, classes: tuple[Value, ...]) -> bool:
        """Whether a value is an object of the language, of another class than all of these."""
        if not isinstance(value, Instance) or isinstance(value.class_, ClassValue):
            return False
        class_ = _PLAIN.get(value.class_)
        return class_ is not None and not _is_of(class_, classes)

    @staticmethod
    def _same_asked(caller: Frame, term: int, need: Condition) -> Requirements:
        parameter = _parameter(caller.module.facts.terms, term)
        return frozenset({need._replace(parameter=parameter)}) if parameter is not None else NOTHING

    def _handing(self, caller: Frame, call: int, callee: Frame) -> tuple[int, int] | None:
        """The call that hands over the arguments of a callee, the one that made it if that is a
        generator, and how many of the parameters it fills without naming them; None if unknown.
        """
        offset = self._offset(caller, call, callee)
        if offset is not None:
            return call, offset
        if not callee.scope.is_generator:
            return None
        made = [(one, self._offset(caller, one, callee)) for one in makers(caller.module, call)]
        found = [(one, offset) for one, offset in made if offset is not None]
        return found[0] if len(found) == 1 else None

    def _offset(self, caller: Frame, call: int, callee: Frame) -> int | None:
        """How many of the callee's parameters a call fills without naming them (a receiver); None
        where it is not this call that hands over the arguments.
        """
        entry = caller.module.facts.terms[call]
        if entry[0] != t.CALL:
            return None
        called = without_none(self._project.values.evaluate(caller, entry[1]))
        for option in options_of(called):
            function: Value = option.function if isinstance(option, Wrapped) else option
            if isinstance(function, ClassValue) and callee.name == "__init__":
                return 1
            if (
                isinstance(function, FunctionValue)
                and function.module is callee.module
                and function.scope == callee.scope_number
            ):
                return 1 if function.receiver is not None else 0
        return None

    def _passed(
        self, caller: Frame, call: int, callee: Frame, need: Condition, offset: int
    ) -> Constant | Condition | int | None:
        """What a call passes for a parameter: a literal, a condition on what it hands on, else its
        term, None if that is hidden.
        """
        terms = caller.module.facts.terms
        entry = terms[call]
        parameter = callee.scope.parameters[need.parameter]
        name = need.keyword or parameter.name
        if parameter.kind == "*" or need.parameter < offset:
            return None
        term = argument_at(caller.module, call, name)
        if term is None and parameter.kind not in ("keyword", "**"):
            if any(terms[argument][0] == t.STAR for argument in entry[2]):
                return None
            position = need.parameter - offset
            term = entry[2][position] if position < len(entry[2]) else None
        if term is not None:
            if need.is_compared:
                return literal(self._project, caller, term) or term
            value = self._project.values.evaluate(caller, term)
            if isinstance(value, Constant) and (
                value.value is not None or not self._is_declared(caller, term)
            ):
                return value
            return term
        default = self._default(callee, need)
        handed_on = [term for keyword, term in entry[3] if keyword is None]
        if default is None or not handed_on:
            return default
        options = _parameter(terms, handed_on[0])
        if len(handed_on) > 1 or options is None or parameter.kind == "positional":
            return None
        if caller.scope.parameters[options].kind != "**":
            return None
        return need._replace(parameter=options, keyword=name, default=default.value)

    def _is_declared(self, frame: Frame, term: int) -> bool:
        """Whether a term reads an attribute that its class declares: ``owner: Any = None`` is
        filled by whoever makes the object.
        """
        entry = frame.module.facts.terms[term]
        if entry[0] != t.ATTR:
            return False
        return any(
            isinstance(owner, ClassValue)
            and entry[2] in owner.module.facts.scopes[owner.scope].annotations
            for option in options_of(self._project.values.evaluate(frame, entry[1]))
            if isinstance(option, Instance) and isinstance(option.class_, ClassValue)
            for owner in self._project.classes.info(option.class_).order
        )

    def _default(self, callee: Frame, need: Condition) -> Constant | None:
        """What a parameter is where nothing is passed for it, if that is a literal."""
        parameter = callee.scope.parameters[need.parameter]
        if need.keyword:
            return Constant(need.default)
        if parameter.kind == "**" or parameter.default < 0:
            return None
        if need.is_compared:
            return literal(self._project, callee.parent or callee, parameter.default)
        value = self._project.values.evaluate(callee.parent or callee, parameter.default)
        return value if isinstance(value, Constant) else None


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


def _attribute(terms: list[t.Term], call: t.Term, test: str) -> Requirements:
    """What ``hasattr(parameter, "name")`` asks, and ``getattr(parameter, "name", None)``, of which
    an attribute that is there may be None.
    """
    if call[0] != t.CALL or terms[call[1]] not in _ATTRIBUTES or len(call[2]) < 2:
        return NOTHING
    parameter, name = _parameter(terms, call[2][0]), terms[call[2][1]]
    if parameter is None or name[0] != t.CONST or not isinstance(name[1], str):
        return NOTHING
    if terms[call[1]] == _GETATTR and (
        test != "has" or len(call[2]) < 3 or terms[call[2][2]] not in _ABSENT
    ):
        return NOTHING
    return frozenset({Condition(parameter, test, attribute=name[1])})


def _may_be_none(frame: Frame, parameter: int) -> bool:
    """Whether a parameter is not declared to be something else than None."""
    declared = frame.scope.parameters[parameter]
    terms = frame.module.facts.terms
    return declared.annotation < 0 or (
        declared.default >= 0 and terms[declared.default] == (t.CONST, None)
    )


def _parameter(terms: list[t.Term], term: int) -> int | None:
    """The position of the parameter that a term is, perhaps narrowed by a test or brought round by
    a loop.
    """
    while terms[term][0] == t.NARROW:
        term = terms[term][1]
    if terms[term][0] == t.JOIN:
        roots = roots_of(terms, term)
        term = roots.pop() if len(roots) == 1 else term
    return terms[term][1] if terms[term][0] == t.PARAM else None


def _is_of(class_: type, classes: tuple[Value, ...]) -> bool:
    """Whether a class of the language is derived from one of some classes."""
    return any(External(f"builtins.{base.__name__}") in classes for base in class_.__mro__)


def _is_filled(frame: Frame, options: int) -> bool:
    """Whether a function puts something into its own ``**options``."""
    module, scope = frame.module, frame.scope
    terms = module.facts.terms
    stored = module.of_kind(t.STORE_ITEM)
    first = bisect_left(stored, scope.start)
    filled = [terms[term][1] for term in stored[first : bisect_left(stored, scope.end, first)]]
    for term in module.calls_in(frame.scope_number):
        called = terms[terms[term][1]]
        if called[0] == t.ATTR and called[2] in _FILLING:
            filled.append(called[1])
    return any(_parameter(terms, base) == options for base in filled)
