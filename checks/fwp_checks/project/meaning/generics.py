"""Generic classes of the project: what their type variables stand for in an object.

``class Repo(Generic[T])`` and ``class Repo[T]`` declare variables, in this order; ``Repo[User]``
and ``class Users(Repo[User])`` bind them. https://typing.python.org/en/latest/spec/generics.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import ClassValue, External, Instance, Unknown, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Names of type variables, and the classes that they stand for.
Bindings = tuple[tuple[str, Value], ...]
NO_BINDINGS: Bindings = ()
_DECLARING = ("typing.Generic", "typing.Protocol", "typing_extensions.Protocol")


class Generics:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._variables: dict[ClassValue, tuple[str, ...]] = {}
        self._bindings: dict[tuple[ClassValue, tuple[Value, ...], ClassValue], Bindings] = {}

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
        known = self._bindings.get(key)
        if known is None:
            self._bindings[key] = NO_BINDINGS
            known = self._bindings[key] = self._find(*key) or NO_BINDINGS
        return known

    def _find(
        self, class_: ClassValue, arguments: tuple[Value, ...], owner: ClassValue
    ) -> Bindings | None:
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
                return self._find(value, given, owner)
        return None


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
