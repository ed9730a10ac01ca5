"""What calls pass for the parameters that something in a function depends on.

A caller rules a condition out by a literal or by leaving a literal default in place; by handing on
a parameter of its own, or all of its ``*args`` and ``**options``, it makes the condition one of its
own callers. Anything else may be so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.compared import literal
from fwp_checks.project.effects.consumed import makers
from fwp_checks.project.effects.excluded import is_excluded, is_of_others
from fwp_checks.project.effects.lacking import has, lacks
from fwp_checks.project.effects.outside import Outside
from fwp_checks.project.effects.requirements import (
    EMPTY,
    GIVEN,
    NOTHING,
    Condition,
    Requirements,
    is_of,
    parameter_of,
)
from fwp_checks.project.effects.taking import argument_at, may_take
from fwp_checks.project.effects.unused import is_unused
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.having import PLAIN
from fwp_checks.project.meaning.origins import origin_of
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
    from fwp_checks.project.linked import Project

# What a value cannot be where a test of it has succeeded.
_RULED_OUT = {
    "truthy": ("falsy", "none"),
    "not-none": ("none",),
    "instance": ("none",),
    "none": ("not-none", "truthy", "instance"),
    "falsy": ("truthy", "filled"),
}
# What stands for an argument that is left out: ``if not name`` asks whether it is.
_LEFT_OUT = Constant(None)
_TEXTS = ("builtins.str", "builtins.bytes")
_SUPER = External("builtins.super")
# Events that run a method of an object, or the calls of one: where its term stands.
_OF_OBJECTS = frozenset({t.ATTR, t.ENTER, t.ITER})
_OBJECTS = (Instance, FunctionValue, ClassValue, TupleValue, MappingValue, Iterable)


class Passed:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._outside = Outside(project)

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
        return self._left_of_all(
            requirements, caller, call, callee, self._handing(caller, call, callee)
        )

    def _left_of_all(
        self,
        requirements: Requirements,
        caller: Frame,
        call: int,
        callee: Frame,
        handing: tuple[int, int] | None,
    ) -> Requirements | None:
        """What a call leaves of conditions that all must hold, None if it rules one out."""
        left = NOTHING
        for need in requirements:
            more: Requirements | None
            if need.ways:
                more = _one_of(
                    [self._left_of_all(way, caller, call, callee, handing) for way in need.ways]
                )
            elif _asks_receiver(need, handing):
                more = self._left_of_object(need, caller, _receiver(caller, call, handing))
            elif handing is not None:
                more = self._left_of(need, caller, handing[0], callee, handing[1])
            else:
                more = NOTHING
            if more is None:
                return None
            left |= more
        return left

    def _left_of(
        self, need: Condition, caller: Frame, call: int, callee: Frame, offset: int
    ) -> Requirements | None:
        """What a call leaves of one condition, None if it rules it out."""
        passed = self._passed(caller, call, callee, need, offset)
        if isinstance(passed, Condition):
            return frozenset({passed})
        if isinstance(passed, Constant):
            return NOTHING if need.holds_for(passed.value) else None
        if passed is None:
            return NOTHING
        if need.owner is not None:
            return self._left_of_object(need, caller, passed)
        if self._is_ruled_out(caller, call, passed, need):
            return None
        if need.test in ("truthy", "filled") and need.is_plain and _is_empty(caller, call, passed):
            return None
        if need.test == "falsy" and self._default(callee, need) == _LEFT_OUT:
            if self._is_text(caller, passed):
                return None
        return self._same_asked(caller, passed, need)

    def _left_of_object(self, need: Condition, caller: Frame, term: int) -> Requirements | None:
        """What is left of a condition on what the constructor of an object was handed."""
        making = self._making(need, caller, term)
        if isinstance(making, frozenset):
            return making
        return self._left_of(need.of_option, caller, making[0], making[1], 1)

    def _making(
        self, need: Condition, caller: Frame, term: int
    ) -> tuple[int, Frame] | Requirements:
        """The call that makes an object here, and its constructor; else what is asked of this
        function, which was handed the object: nothing where that is not known.
        """
        terms = caller.module.facts.terms
        if term < 0:
            return NOTHING
        made = self._project.constructed.origin(caller, term)
        if terms[made][0] != t.CALL:
            return self._same_asked(caller, made, need)
        class_ = self._project.values.evaluate(caller, terms[made][1])
        if class_ == _SUPER:
            return frozenset({need._replace(parameter=0)})
        constructor = self._project.constructed.constructor(need.owner) if need.owner else None
        if constructor is None or not isinstance(class_, ClassValue):
            return NOTHING
        if self._project.constructed.constructor(class_) is not constructor:
            return NOTHING
        return made, constructor

    def answered(
        self, asked: Requirements, caller: Frame, call: int, callee: Frame
    ) -> Requirements | None:
        """What a call that rules out no condition leaves of some to its caller's callers, where it
        meets the others for certain; None if it does not.
        """
        handing = self._handing(caller, call, callee)
        found = NOTHING
        for need in asked:
            left: Requirements | None = None
            if _asks_receiver(need, handing):
                left = self._answered_of_object(need, caller, _receiver(caller, call, handing))
            elif handing is not None:
                left = self._answered(need, caller, handing[0], callee, handing[1])
            if left is None:
                return None
            found |= left
        return found

    def _answered(
        self, need: Condition, caller: Frame, call: int, callee: Frame, offset: int
    ) -> Requirements | None:
        passed = self._passed(caller, call, callee, need, offset)
        if isinstance(passed, Condition):
            return frozenset({passed})
        if isinstance(passed, Constant):
            return NOTHING if need.test != GIVEN else None
        if passed is None:
            return None
        if need.owner is not None:
            return self._answered_of_object(need, caller, passed)
        same = self._same_asked(caller, passed, need)
        if same:
            return same
        options = options_of(self._project.values.evaluate(caller, passed))
        if need.test == "not-instance":
            return None if any(self._is_of_a_class(o, need.classes) for o in options) else NOTHING
        if need.test == "instance":
            is_met = all(self._is_of_a_class(option, need.classes) for option in options)
            return NOTHING if is_met else None
        if need.test == "truthy" and all(map(self.is_true, options)):
            return NOTHING
        if need.test == "not-none" and all(map(self.is_object, options)):
            return NOTHING
        if need.attribute:
            return None
        return self._outside.left(caller, passed, need.test in _RULED_OUT)

    def _answered_of_object(self, need: Condition, caller: Frame, term: int) -> Requirements | None:
        making = self._making(need, caller, term)
        if isinstance(making, frozenset):
            return making or None
        return self._answered(need.of_option, caller, making[0], making[1], 1)

    def _is_text(self, caller: Frame, term: int) -> bool:
        """Whether what is passed is declared to be a text, and none by default that is empty."""
        parameter = parameter_of(caller.module.facts.terms, term)
        if parameter is not None:
            declared = caller.scope.parameters[parameter]
            if declared.annotation < 0 or declared.default >= 0:
                return False
        options = options_of(self._project.values.evaluate(caller, term))
        return all(isinstance(o, Instance) and o.class_ in _TEXTS for o in options)

    def _is_of_a_class(self, value: Value, classes: tuple[Value, ...]) -> bool:
        """Whether a value is an object of one of these classes."""
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, ClassValue):
            order = self._project.classes.info(value.class_).order
            return any(class_ in order for class_ in classes)
        plain = PLAIN.get(value.class_)
        return External(value.class_) in classes or (plain is not None and is_of(plain, classes))

    def _is_ruled_out(self, caller: Frame, call: int, term: int, need: Condition) -> bool:
        """Whether what is passed was tested before, or is an object where nothing is needed."""
        if need.test == "used":
            return is_unused(self._project, caller, term)
        terms = caller.module.facts.terms
        narrowed = term
        while terms[term][0] in (t.NARROW, t.ALIAS):
            entry = terms[term]
            if entry[0] == t.NARROW and need.test in _RULED_OUT.get(entry[2], ()):
                return True
            term = terms[term][1]
        if need.attribute:
            rules_out = lacks if need.test == "has" else has
            value = self._project.values.evaluate(caller, term)
            return rules_out(self._project, value, need.attribute)
        if need.is_compared:
            return is_excluded(self._project, caller, call, term, need)
        if need.test == "instance":
            if is_of_others(self._project, caller, narrowed, need.classes):
                return True
            options = options_of(self._project.values.evaluate(caller, narrowed))
            return all(self._is_of_no_class(option, need.classes) for option in options)
        parameter = parameter_of(terms, term)
        if need.test == "not-instance" and parameter is None:
            value = self._project.values.evaluate(caller, narrowed)
            if terms[term][0] == t.NAME:
                value = without_none(value)  # until the start has put something there
            return all(self._is_of_a_class(option, need.classes) for option in options_of(value))
        if need.test not in ("none", "falsy"):
            return False
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
        """Whether a value is an object that no test finds empty, or a row.

        https://docs.python.org/3/library/stdtypes.html#truth-value-testing
        """
        if isinstance(value, Instance) and isinstance(value.class_, ClassValue):
            return not any(
                self._project.members.find_in_class(value.class_, name) is not None
                for name in ("__bool__", "__len__")
            )
        origin = origin_of(value)
        is_row = origin is not None and origin.consumed is not None
        return is_row or isinstance(value, (FunctionValue, ClassValue))

    def _is_of_no_class(self, value: Value, classes: tuple[Value, ...]) -> bool:
        """Whether a value is an object of the language or of the project, of another class than all
        of these, and of none that is derived from both.
        """
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, ClassValue):
            self._project.classes.link_subclasses()
            infos = [self._project.classes.info(value.class_)]
            infos += [self._project.classes.info(below) for below in infos[0].subclasses]
            return not any(
                info.is_open or class_ in info.order for info in infos for class_ in classes
            )
        class_ = PLAIN.get(value.class_)
        return class_ is not None and not is_of(class_, classes)

    @staticmethod
    def _same_asked(caller: Frame, term: int, need: Condition) -> Requirements:
        parameter = parameter_of(caller.module.facts.terms, term)
        if parameter is None:
            return NOTHING
        return frozenset(
            {need._replace(parameter=parameter, keyword="", position=-1, default=None)}
        )

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
            if isinstance(function, ClassValue):
                found = self._project.members.find_in_class(function, "__init__")
                if callee.name == "__init__" or _is_of(found, callee):
                    return 1
            elif isinstance(function, Instance) and isinstance(function.class_, ClassValue):
                found = self._project.members.find_in_class(function.class_, "__call__")
                if _is_of(found, callee):
                    return 1
            elif _is_of(function, callee):
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
        name, position = _place(callee, need, offset)
        if not name and position < 0:
            return None
        term = argument_at(caller.module, call, name) if name else None
        starred = -1
        if term is None and position >= 0:
            given = entry[2][: position + 1]
            starred = next((n for n, one in enumerate(given) if terms[one][0] == t.STAR), -1)
            if starred < 0 and position < len(given):
                term = given[position]
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
        if starred < 0 and all(keyword is not None for keyword, _ in entry[3]):
            return default
        many = self._of_many(caller, entry, name, starred)
        if many is None:
            return None
        parameter, keyword = many
        at = position - starred if starred >= 0 else -1
        return need._replace(parameter=parameter, keyword=keyword, position=at, default=default)

    def _of_many(
        self, caller: Frame, entry: t.Term, name: str, starred: int
    ) -> tuple[int, str] | None:
        """The parameter for ``*args`` or ``**options`` of which a call hands on all, and the name
        that is asked of the options; None where it hands over others besides.
        """
        terms = caller.module.facts.terms
        parameter, keyword = -1, ""
        if starred >= 0:
            parameter = _own(caller, terms[entry[2][starred]][1], "*")
            if parameter < 0 or starred + 1 < len(entry[2]):
                return None
        options = [term for name, term in entry[3] if name is None]
        if options and name:
            parameter, keyword = _own(caller, options[0], "**"), name
            if parameter < 0 or len(options) > 1:
                return None
            if self._project.conditions.is_changed(caller, parameter, name):
                return None
        return (parameter, keyword) if parameter >= 0 else None

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
        if need.is_of_many:
            return need.default
        parameter = callee.scope.parameters[need.parameter]
        if parameter.kind in ("*", "**") or parameter.default < 0:
            return None
        if need.is_compared:
            return literal(self._project, callee.parent or callee, parameter.default)
        value = self._project.values.evaluate(callee.parent or callee, parameter.default)
        return value if isinstance(value, Constant) else None


def _one_of(ways: list[Requirements | None]) -> Requirements | None:
    """What is left where one of several ways is enough, None if all are ruled out."""
    open_ways = [way for way in ways if way is not None]
    if not open_ways:
        return None
    if not all(open_ways):
        return NOTHING
    if len(open_ways) == 1:
        return open_ways[0]
    return frozenset({Condition(-1, "either", ways=tuple(open_ways))})


def _may_be_none(frame: Frame, parameter: int) -> bool:
    """Whether a parameter is not declared to be something else than None."""
    declared = frame.scope.parameters[parameter]
    terms = frame.module.facts.terms
    return declared.annotation < 0 or (
        declared.default >= 0 and terms[declared.default] == (t.CONST, None)
    )


def _is_empty(caller: Frame, call: int, term: int) -> bool:
    """Whether an argument is a display without elements, which nothing else is done with."""
    terms = caller.module.facts.terms
    if terms[term] not in EMPTY:
        return False
    scope = caller.scope
    return term not in scope.bindings.values() and not any(
        term in t.operands(terms[user]) for user in range(scope.start, scope.end) if user != call
    )


def _asks_receiver(need: Condition, handing: tuple[int, int] | None) -> bool:
    """Whether a condition is about the object whose method is called."""
    return need.owner is not None and need.parameter < (handing[1] if handing else 1)


def _receiver(caller: Frame, call: int, handing: tuple[int, int] | None) -> int:
    """The term of the object whose method or property a call runs, or ``with`` or a loop; -1 if
    none is seen.
    """
    terms = caller.module.facts.terms
    entry = terms[handing[0] if handing else call]
    if entry[0] == t.CALL:
        entry = terms[entry[1]]
    return int(entry[1]) if entry[0] in _OF_OBJECTS else -1


def _is_of(function: Value | None, callee: Frame) -> TypeGuard[FunctionValue]:
    """Whether a value is the function that a frame is of."""
    return (
        isinstance(function, FunctionValue)
        and function.module is callee.module
        and function.scope == callee.scope_number
    )


def _place(callee: Frame, need: Condition, offset: int) -> tuple[str, int]:
    """Under which name and at which position a call hands over what a condition is about; empty
    and -1 where it does not.
    """
    parameters = callee.scope.parameters
    if need.is_of_many:
        if need.position < 0:
            return need.keyword, -1
        before = next(n for n, parameter in enumerate(parameters) if parameter.kind == "*")
        position = before + need.position - offset
        return (need.keyword, position) if position >= 0 else ("", -1)
    parameter = parameters[need.parameter]
    if parameter.kind == "keyword":
        return parameter.name, -1
    if parameter.kind in ("*", "**") or need.parameter < offset:
        return "", -1
    return "" if parameter.kind == "positional" else parameter.name, need.parameter - offset


def _own(frame: Frame, term: int, kind: str) -> int:
    """The position of a function's own parameter of a kind that a term is; -1 if it is none."""
    parameter = parameter_of(frame.module.facts.terms, term)
    if parameter is None or frame.scope.parameters[parameter].kind != kind:
        return -1
    return parameter
