"""Generic classes and functions of the project: what their type variables stand for in an object,
or in a call.

``class Repo(Generic[T])`` and ``class Repo[T]`` declare variables, in this order; ``Repo[User]``
and ``class Users(Repo[User])`` bind them. ``def get(self, kind: type[T]) -> T`` has its own, which
the arguments of a call bind. https://typing.python.org/en/latest/spec/generics.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Unknown,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Names of type variables, and the classes that they stand for.
Bindings = tuple[tuple[str, Value], ...]
NO_BINDINGS: Bindings = ()
_DECLARING = ("typing.Generic", "typing.Protocol", "typing_extensions.Protocol")
_OPEN = Unknown("type variable that nothing binds")
_MAKING = ("typing.TypeVar", "typing_extensions.TypeVar")
_CLASSES = ("builtins.type", "typing.Type")


class Generics:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._variables: dict[ClassValue, tuple[str, ...]] = {}
        self._bindings: dict[tuple[ClassValue, tuple[Value, ...], ClassValue], Bindings] = {}
        self._returned: dict[tuple[Module, int], frozenset[str]] = {}

    def variables(self, class_: ClassValue) -> tuple[str, ...]:
        """The type variables of a class, by name, in the order of its type arguments."""
        known = self._variables.get(class_)
        if known is None:
            known = self._variables[class_] = tuple(self._find_variables(class_))
        return known

    def _find_variables(self, class_: ClassValue) -> list[str]:
        scope = class_.module.facts.scopes[class_.scope]
        if scope.type_parameters:
            return list(scope.type_parameters)
        frame = self._project.classes.frame_around(class_)
        terms = frame.module.facts.terms
        found: list[str] = []
        for base in scope.bases:
            if terms[base][0] != t.ITEM:
                continue
            names = [self._variable(frame, argument) for argument in arguments_of(terms, base)]
            value = self._project.values.evaluate(frame, terms[base][1])
            if isinstance(value, External) and value.name in _DECLARING:
                return [name for name in names if name]
            found.extend(name for name in names if name and name not in found)
        return found

    def _variable(self, frame: Frame, term: int) -> str:
        """The name of the type variable that an annotation is; empty if it is none."""
        name = variable_name(frame.module.facts.terms, term)
        value = self._project.values.evaluate(frame, term) if name else None
        # What is a type variable has no class of its own to give.
        return "" if isinstance(value, (ClassValue, External)) else name

    def bindings(self, frame: Frame) -> Bindings:
        """What the type variables of the class around a method stand for in its receiver."""
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is None or not frame.arguments or not self.variables(class_):
            return NO_BINDINGS
        receiver = frame.arguments[0]
        return self.bindings_in(receiver, class_) if receiver is not None else NO_BINDINGS

    def bindings_in(self, receiver: Value, owner: ClassValue) -> Bindings:
        """What the type variables of a class stand for in an object of it or of a subclass."""
        if not isinstance(receiver, Instance) or not isinstance(receiver.class_, ClassValue):
            return NO_BINDINGS
        key = (receiver.class_, receiver.arguments, owner)
        return self._project.cuts.once(self._bindings, key, self._find, meanwhile=NO_BINDINGS)

    def _find(self, key: tuple[ClassValue, tuple[Value, ...], ClassValue]) -> Bindings:
        class_, arguments, owner = key
        own = tuple(
            (name, value)
            for name, value in zip(self.variables(class_), arguments, strict=False)
            if not isinstance(value, Unknown)
        )
        if class_ == owner:
            return own
        frame = self._project.classes.frame_around(class_)
        terms = frame.module.facts.terms
        for base in class_.module.facts.scopes[class_.scope].bases:
            value = self._project.classes.base(frame, base)
            if isinstance(value, ClassValue) and value != class_:
                if owner not in self._project.classes.info(value).order:
                    continue
                types = self._project.types
                given = (
                    tuple(types.class_named(frame, a, own) for a in arguments_of(terms, base))
                    if terms[base][0] == t.ITEM
                    else ()
                )
                return self._find((value, given, owner))
        return NO_BINDINGS

    def made_of(
        self, class_: ClassValue, init: FunctionValue, arguments: Arguments
    ) -> tuple[Value, ...]:
        """The type arguments of an object, as far as what its constructor is handed decides them:
        ``def __init__(self, kind: type[T])``.
        """
        names = self.variables(class_)
        if not names or self._project.calls.class_of_method(init.module, init.scope) != class_:
            return ()
        found = self._solved(init, arguments)
        if not any(name in found for name in names):
            return ()
        return tuple([found.get(name, _OPEN) for name in names])

    def named(self, frame: Frame, called: int, class_: ClassValue, outcome: Outcome) -> Outcome:
        """What making an object does where type arguments stand at its class: ``Box[User]()``."""
        terms = frame.module.facts.terms
        if not self.variables(class_):
            return outcome
        types = self._project.types
        given = tuple([types.class_named(frame, a) for a in arguments_of(terms, called)])
        if not any(is_certain_class(value) for value in given):
            return outcome

        def made() -> Value:
            return join(
                [
                    replace(option, arguments=given)
                    if isinstance(option, Instance) and option.class_ == class_
                    else option
                    for option in options_of(outcome.result)
                ]
            )

        return Outcome(outcome.alternatives, compute=made)

    # -- functions ---------------------------------------------------------------------------------

    def result(self, function: FunctionValue, arguments: Arguments) -> Value | None:
        """What a call of a function gives by its annotations, if they say that what is handed over
        decides it: ``def get(self, kind: type[T]) -> T``.
        """
        scope = function.frame.module.facts.scopes[function.scope]
        names = self._returned_variables(function) if scope.returns_annotation >= 0 else None
        if not names:
            return None
        project = self._project
        solved = self._solved(function, arguments)
        bound = tuple([(name, solved[name]) for name in solved if name in names])
        if not bound:
            return None
        class_ = project.calls.class_of_method(function.module, function.scope)
        if class_ is not None and function.receiver is not None:
            bound += self.bindings_in(function.receiver, class_)
        declared = project.types.annotation(function.frame, scope.returns_annotation, bound)
        # ``T | Any`` has room for what else may be asked for.
        known = [option for option in options_of(declared) if not isinstance(option, Unknown)]
        return join(known) if known else None

    def _solved(self, function: FunctionValue, arguments: Arguments) -> dict[str, Value]:
        """The classes that type variables certainly stand for in a call."""
        found: dict[str, Value] = {}
        scope = function.module.facts.scopes[function.scope]
        handed = self._project.calls.handed(function, arguments)
        for parameter, given in zip(scope.parameters, handed, strict=True):
            if given is not None and parameter.annotation >= 0 and parameter.kind != "**":
                value = self._project.protocols.element(given) if parameter.kind == "*" else given
                self._solve(function.frame, parameter.annotation, value, found)
        return {name: class_ for name, class_ in found.items() if is_certain_class(class_)}

    def closer(self, found: Value, declared: Value | None) -> Value:
        """What a call gives whose annotations say what is handed over decides, and whose body gives
        ``found``: of that, what is as declared.
        """
        if declared is None or not is_informative(declared):
            return found
        kept = [option for option in options_of(found) if self._fits(option, declared)]
        return join(kept) if kept else declared

    def _fits(self, value: Value, declared: Value) -> bool:
        classes = self._project.classes
        for option in options_of(declared):
            if value == option:
                return True
            if isinstance(value, Iterable) and isinstance(option, Iterable):
                return all(self._fits(one, option.element) for one in options_of(value.element))
            if not isinstance(value, Instance) or not isinstance(option, Instance):
                continue
            class_, wanted = value.class_, option.class_
            if class_ == wanted:
                return True
            if isinstance(class_, ClassValue):
                if isinstance(wanted, str):
                    if classes.derives(class_, wanted):
                        return True
                elif wanted in classes.info(class_).order:
                    return True
        return False

    def _returned_variables(self, function: FunctionValue) -> frozenset[str]:
        """The type variables in what a function returns that parameters of it have, too."""
        module = function.frame.module
        key = (module, function.scope)
        known = self._returned.get(key)
        if known is None:
            scope = module.facts.scopes[function.scope]
            names = set(self._variables_in(function.frame, scope.returns_annotation))
            if names:
                handed = [
                    name
                    for parameter in scope.parameters
                    if parameter.annotation >= 0
                    for name in self._variables_in(function.frame, parameter.annotation)
                ]
                names.intersection_update(handed)
            known = self._returned[key] = frozenset(names)
        return known

    def _variables_in(self, frame: Frame, annotation: int) -> list[str]:
        terms = frame.module.facts.terms
        entry = terms[annotation]
        if entry[0] == t.ITEM or entry[0] == t.SEQUENCE or entry[0] == t.BINARY:
            return [
                name for operand in t.operands(entry) for name in self._variables_in(frame, operand)
            ]
        return [variable_name(terms, annotation)] if self._is_variable(frame, annotation) else []

    def _is_variable(self, frame: Frame, annotation: int) -> bool:
        """Whether an annotation certainly is a type variable."""
        if frame.module.facts.terms[annotation][0] not in (
            *(t.NAME, t.IMPORT, t.ATTR),
            *(t.TYPE_VARIABLE, t.CALL),
        ):
            return False
        place, term = self._project.types.resolve(frame, annotation)
        entry = place.module.facts.terms[term]
        if entry[0] == t.TYPE_VARIABLE:
            return True
        if entry[0] != t.CALL:
            return False
        value = self._project.values.evaluate(place, entry[1])
        return isinstance(value, External) and value.name in _MAKING

    def _solve(self, frame: Frame, annotation: int, given: Value, found: dict[str, Value]) -> None:
        """Notes the classes that type variables stand for where a value is given for them."""
        terms = frame.module.facts.terms
        entry = terms[annotation]
        types = self._project.types
        given = without_none(given)
        if entry[0] == t.BINARY:
            for side in (entry[2], entry[3]):
                self._solve(frame, side, given, found)
        elif entry[0] != t.ITEM:
            if self._is_variable(frame, annotation):
                self._note(variable_name(terms, annotation), types.class_of(given), found)
        else:
            value = self._project.values.evaluate(frame, entry[1])
            inner = arguments_of(terms, annotation)
            name = value.name if isinstance(value, External) else ""
            if name in _CLASSES:
                if self._is_variable(frame, inner[0]):
                    self._note(variable_name(terms, inner[0]), given, found)
            elif name.endswith((".Optional", ".Annotated")):
                self._solve(frame, inner[0], given, found)
            elif isinstance(value, ClassValue):
                held = dict(self.bindings_in(given, value))
                for argument, variable in zip(inner, self.variables(value), strict=False):
                    if variable in held and self._is_variable(frame, argument):
                        self._note(variable_name(terms, argument), held[variable], found)
            elif isinstance(given, MappingValue):
                self._solve(frame, inner[-1], given.value, found)
            elif isinstance(given, (Iterable, TupleValue)):
                self._solve(frame, inner[0], self._project.protocols.element(given), found)

    @staticmethod
    def _note(name: str, class_: Value, found: dict[str, Value]) -> None:
        found[name] = join([found[name], class_]) if name in found else class_


def is_certain_class(value: Value) -> bool:
    """Whether a value is a class, or one of several, and nothing else."""
    return all(isinstance(option, (ClassValue, External)) for option in options_of(value))


def arguments_of(terms: list[t.Term], item: int) -> tuple[int, ...]:
    """The type arguments of ``X[…]``."""
    key = terms[item][2]
    entry = terms[key]
    return tuple(entry[2]) if entry[0] == t.SEQUENCE else (key,)


def variable_name(terms: list[t.Term], term: int) -> str:
    """The name by which an annotation may mean a type variable; empty if it is no plain name."""
    entry = terms[term]
    if entry[0] in (t.NAME, t.TYPE_VARIABLE):
        return str(entry[1])
    if entry[0] in (t.IMPORT, t.ATTR):
        return str(entry[2] or "")
    if entry[0] == t.CALL and entry[2]:
        # In the module that makes it, a variable is the call itself.
        first = terms[entry[2][0]]
        return first[1] if first[0] == t.CONST and isinstance(first[1], str) else ""
    return ""
