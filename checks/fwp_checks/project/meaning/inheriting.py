"""Queries in methods of a base class that is there for others: what one of these needs is said in
its own class, wherever a method that it inherits goes on with the query.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.branches import State
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import (
    Place,
    built_at,
    is_built,
    is_traced,
    origin_of,
    with_origin,
)
from fwp_checks.project.meaning.values import ClassValue, Instance, Value, join, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Inherits(State):
    """Marks an object whose inherited methods are looked at for its own class."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inherits)

    def __hash__(self) -> int:
        return hash(Inherits)


INHERITS = Inherits()


class Inheriting:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def finished(self, frame: Frame, term: int, given: Value) -> Value:
        """What a call gives: a query that was finished there, if it is one."""
        function = frame.module.facts.terms[term][1]
        classes = self._classes(frame) if is_traced(given) else None
        if classes is None:
            return built_at(given, frame.module.path, term)
        if is_built(given) and self._is_own(frame, function, *classes):
            return given
        built = built_at(given, frame.module.path, term)
        receiver = frame.arguments[0]
        if not isinstance(receiver, Instance) or INHERITS not in receiver.details:
            return built
        return join([self._of_class(option, *classes) for option in options_of(built)])

    def _classes(self, frame: Frame) -> tuple[ClassValue, ClassValue] | None:
        """The class of a method's object, and the base class that has the method; None if they are
        one.
        """
        receiver = frame.arguments[0] if frame.arguments else None
        if not isinstance(receiver, Instance) or not isinstance(receiver.class_, ClassValue):
            return None
        owner = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if owner is None or owner == receiver.class_:
            return None
        return receiver.class_, owner

    def _is_own(self, frame: Frame, function: int, class_: ClassValue, owner: ClassValue) -> bool:
        """Whether ``self.name`` means what the class of the object says itself."""
        entry = frame.module.facts.terms[function]
        if entry[0] != t.ATTR or not frame.module.is_parameter(entry[1], frame.scope_number, 0):
            return False
        for base in self._project.classes.info(class_).order:
            if base == owner:
                return False
            if isinstance(base, ClassValue):
                if entry[2] in base.module.facts.scopes[base.scope].bindings:
                    return True
        return False

    def _of_class(self, value: Value, class_: ClassValue, owner: ClassValue) -> Value:
        """A query that began in the class of the object, as if it was finished there; of one that
        begins in a base of several classes, it is not known which of them it is for.
        """
        origin = origin_of(value)
        if not isinstance(value, Instance) or origin is None or origin.consumed is not None:
            return value
        if origin.made is not None and self._is_in(origin.made, class_):
            return with_origin(value, replace(origin, built=origin.made, also=()))
        self._project.classes.link_subclasses()
        several = len(self._project.classes.info(owner).subclasses) > 1
        return with_origin(value, None) if several else value

    def _is_in(self, place: Place, class_: ClassValue) -> bool:
        """Whether a place lies in the body of a class or in its methods."""
        number = class_.module.scope_of(place.term) if place.path == class_.module.path else -1
        while number > 0 and number != class_.scope:
            number = class_.module.facts.scopes[number].parent
        return number == class_.scope
