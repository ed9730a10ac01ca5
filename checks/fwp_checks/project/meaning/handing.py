"""How arguments meet parameters: the frame in which a function runs.

Frames are told apart by what a function is handed, where that can make a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts.model import Parameter
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.looking_up import LookingUp
from fwp_checks.project.meaning.origins import holds_rows
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    Coroutine,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Union,
    Unknown,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Values that a function can do nothing with.
_PASSIVE = (Unknown, Constant, Coroutine, Awaitable)
_COLLECTIONS = frozenset(
    f"builtins.{name}" for name in ("dict", "frozenset", "list", "set", "tuple")
)
_OTHER = Unknown("argument that is handed on as *args")
# More is a collection rather than arguments, or grows with each call of itself.
_LONGEST = 12


class Handing:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._names = LookingUp(project)
        self._asked_of: dict[tuple[Frame, int], list[bool]] = {}

    def frame_for(self, function: FunctionValue, arguments: Arguments) -> Frame:
        """The frame in which a function runs when called so."""
        module, parent, receiver = function.frame.module, function.frame, function.receiver
        parameters = module.facts.scopes[function.scope].parameters
        values: list[Value | None] = [None] * len(parameters)
        if parameters:
            asked = self._asked(parent, function.scope)
            if not arguments.complete:
                arguments = arguments.opened()
            # The receiver stands in front of what is handed over.
            shift = 0 if receiver is None else 1
            count = arguments.count + shift
            position = 0
            for index, parameter in enumerate(parameters):
                kind = parameter.kind
                if kind == "*":
                    rest = list(arguments.positional)
                    if receiver is not None:
                        rest.insert(0, receiver)
                    values[index] = self._rest(rest[position:])
                elif kind == "**":
                    values[index] = _rest_of_keywords(arguments, parameters[:index], position)
                elif kind != "keyword" and position < count:
                    if position < shift:
                        values[index] = receiver
                    elif asked[index]:
                        given = arguments.get(position - shift)
                        values[index] = self._kept(function, index, given)
                    position += 1
                elif kind != "positional" and asked[index]:
                    given = arguments.named(parameter.name)
                    if given is None and arguments.complete:
                        given = self._default(function, index)
                    values[index] = self._kept(function, index, given)
        return self._project.frames.get(module, function.scope, parent, tuple(values))

    def _rest(self, rest: list[Value]) -> Value | None:
        """What ``*`` holds: each where it stands, if a function can do something with one."""
        if not rest:
            return None
        can_act = list(map(self._can_act, rest))
        if not any(can_act) or len(rest) > _LONGEST:
            return Iterable(join(rest), "tuple")
        return TupleValue(
            tuple([value if acts else _OTHER for value, acts in zip(rest, can_act, strict=True)])
        )

    def single_frame(self, function: FunctionValue, arguments: Arguments) -> Frame:
        """The frame of one call of a function, with all that it is handed, literals too."""
        values = self.handed(function, arguments)
        module, parent = function.module, function.frame
        return self._project.frames.single(module, function.scope, parent, tuple(values))

    def handed(self, function: FunctionValue, arguments: Arguments) -> list[Value | None]:
        """What each parameter of a function gets from a call, literals and defaults included."""
        scope = function.module.facts.scopes[function.scope]
        positional = list(arguments.positional)
        if function.receiver is not None:
            positional.insert(0, function.receiver)
        keywords = dict(arguments.keywords)
        values: list[Value | None] = []
        for parameter in scope.parameters:
            given: Value | None = None
            if parameter.kind == "*":
                given = TupleValue(tuple(positional))
                positional = []
            elif parameter.kind == "**":
                given = MappingValue(RECURSIVE, tuple(keywords.items()))
            elif parameter.kind != "keyword" and positional:
                given = positional.pop(0)
            elif parameter.name in keywords:
                given = keywords.pop(parameter.name)
            elif parameter.default >= 0 and arguments.complete:
                given = self._project.values.evaluate(function.frame, parameter.default)
            values.append(given)
        return values

    def _asked(self, parent: Frame, scope_number: int) -> list[bool]:
        """For each parameter of a function whether what it is handed may say more than its
        annotation does, whatever that is.
        """
        key = (parent, scope_number)
        known = self._asked_of.get(key)
        if known is None:
            names = self._names.of(parent.module, scope_number)
            names |= self._project.enclosing.tested(parent.module, scope_number)
            annotation = self._project.types.annotation
            known = []
            is_certain = True
            for index, parameter in enumerate(parent.module.facts.scopes[scope_number].parameters):
                declared: Value = RECURSIVE
                if parameter.annotation >= 0:
                    declared = annotation(parent, parameter.annotation)
                    is_certain = is_certain and declared is not RECURSIVE
                known.append(index in names or _may_say_more(declared))
            if is_certain:
                self._asked_of[key] = known
        return known

    def _kept(self, function: FunctionValue, index: int, given: Value | None) -> Value | None:
        if self._names.is_name(function, index, given):
            return given
        if isinstance(given, Constant) and self._is_tested(function, index):
            return given
        annotation = function.module.facts.scopes[function.scope].parameters[index].annotation
        return self._worth_keeping(function.frame, annotation, given)

    def _is_tested(self, function: FunctionValue, index: int) -> bool:
        """Whether a function within this one asks for what it is handed."""
        return index in self._project.enclosing.tested(function.module, function.scope)

    def _default(self, function: FunctionValue, index: int) -> Value | None:
        """What a parameter is where nothing is handed over for it, if a function within asks."""
        default = function.module.facts.scopes[function.scope].parameters[index].default
        if default < 0 or not self._is_tested(function, index):
            return None
        return self._project.values.evaluate(function.frame, default)

    def _worth_keeping(self, parent: Frame, annotation: int, given: Value | None) -> Value | None:
        """An argument that says more than the parameter's annotation does; otherwise None, to keep
        frames few.
        """
        if given is None or not self._can_act(given):
            return None
        if annotation < 0:
            return given
        declared = self._project.types.annotation(parent, annotation)
        if not is_informative(declared):
            return given
        declared = without_none(declared)
        if any(isinstance(option, CallableValue) for option in options_of(declared)):
            return given
        if any(map(_is_collection, options_of(declared))) and holds_rows(given):
            return given
        if isinstance(given, Union):
            kept = [self._worth_keeping(parent, annotation, option) for option in given.options]
            return given if any(kept) else None
        if isinstance(declared, Instance) and isinstance(given, Instance):
            if isinstance(declared.class_, ClassValue) and given != declared:
                return given
            if declared.class_ == given.class_ and (given.arguments or given.details):
                return given
            # An object of a project class derived from the library's: a queryset class.
            if isinstance(declared.class_, str) and isinstance(given.class_, ClassValue):
                return (
                    given if self._project.classes.derives(given.class_, declared.class_) else None
                )
        return None

    def _can_act(self, value: Value) -> bool:
        """Whether a function can make something happen with a value: call it, or a method of it."""
        if isinstance(value, _PASSIVE):
            return False
        if isinstance(value, Instance):
            if isinstance(value.class_, ClassValue):
                return True
            if value.class_.startswith("builtins."):
                return False
            is_known = self._project.catalogue.is_type(value.class_)
            is_known = is_known or self._project.frameworks.tells_apart(value.class_)
            return is_known or any(map(self._can_act, value.arguments))
        if isinstance(value, Union):
            return any(self._can_act(option) for option in value.options)
        if isinstance(value, Iterable):
            return self._can_act(value.element)
        if isinstance(value, TupleValue):
            return any(self._can_act(item) for item in value.items)
        if isinstance(value, MappingValue):
            return self._can_act(value.value) or any(self._can_act(v) for _, v in value.items)
        return True


def _may_say_more(declared: Value) -> bool:
    """Whether an argument may say more than what its parameter is declared to be."""
    declared = without_none(declared)
    if any(
        type(option) is CallableValue or _is_collection(option) for option in options_of(declared)
    ):
        return True
    if type(declared) is Instance:
        return type(declared.class_) is not str or not declared.class_.startswith("builtins.")
    return not is_informative(declared)


def _is_collection(declared: Value) -> bool:
    """Whether an annotation names what may hold rows, whose query it cannot say."""
    if isinstance(declared, (Iterable, MappingValue, TupleValue)):
        return True
    return isinstance(declared, Instance) and declared.class_ in _COLLECTIONS


def _rest_of_keywords(
    arguments: Arguments, parameters: Sequence[Parameter], taken: int
) -> Value | None:
    """What ``**`` holds: what has a name that is none of the parameters, but for those that are
    handed over without one.
    """
    names = {
        parameter.name
        for index, parameter in enumerate(parameters)
        if parameter.kind == "keyword" or (parameter.kind == "any" and index >= taken)
    }
    kept = {name: value for name, value in arguments.others(names) if is_informative(value)}
    return MappingValue(RECURSIVE, tuple(kept.items())) if kept else None
