"""Descriptors: what reading a class's attribute runs and gives, through an object or the class.

Properties are known by their name. Of a descriptor that the project writes itself, the body of its
``__get__`` says what it does with the function that it wraps.
https://docs.python.org/3/howto/descriptor.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.outcome import Alternative, Outcome
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    NONE,
    Arguments,
    ClassValue,
    FunctionValue,
    Instance,
    Partial,
    Value,
    Wrapped,
    is_informative,
    is_none,
    join,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

OF_CLASSES = "classproperty"
GET = "__get__"
# Where the property types of libraries keep the function that they wrap.
_WRAPPED_UNDER = {"property": "fget", "cached_property": "func"}
PROPERTIES: tuple[str, ...] = tuple(_WRAPPED_UNDER)
_INHERITED = frozenset({GET, *_WRAPPED_UNDER.values()})


class Descriptors:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    # -- making them -------------------------------------------------------------------------------

    def made(self, class_: ClassValue, arguments: Arguments) -> Value | None:
        """What a class of the project that derives from ``property`` makes of a function; None
        for other classes.
        """
        how = self._kind(class_)
        if how is None or not arguments.positional:
            return None
        function = arguments.positional[0]
        if self._project.members.find_in_class(class_, GET) is None:
            return Wrapped(how, function)
        return Instance(class_, arguments=(function,))

    def _kind(self, class_: ClassValue) -> str | None:
        for base in self._project.classes.info(class_).externals:
            how = python.DECORATORS.get(base)
            if how in PROPERTIES:
                return how
        return None

    def inherited(self, holder: Value | None, class_: ClassValue, name: str) -> Value | None:
        """What a descriptor that derives from ``property`` inherits of it; None for other objects
        and names.
        """
        if not isinstance(holder, Instance) or not holder.arguments:
            return None
        how = self._kind(class_) if name in _INHERITED else None
        if how is None:
            return None
        if name == GET:
            return Wrapped(GET, Wrapped(how, holder.arguments[0]))
        return holder.arguments[0] if name == _WRAPPED_UNDER[how] else None

    # -- reading them ------------------------------------------------------------------------------

    def is_one(self, value: Value) -> bool:
        """Whether a value is an object with a ``__get__`` of the project."""
        if type(value) is not Instance or not isinstance(value.class_, ClassValue):
            return False
        if not self._project.names.has_descriptors:
            return False
        return self._project.members.find_in_class(value.class_, GET) is not None

    def read(self, value: Instance, receiver: Value | None, class_: ClassValue | None) -> Value:
        """What reading an attribute gives that a descriptor stands behind."""
        getter = self._getter(value, receiver, class_)
        if getter is None:
            return value
        return _but(value, self._project.calls.invoke(getter, NO_ARGUMENTS).result)

    def _getter(
        self, value: Instance, receiver: Value | None, class_: ClassValue | None
    ) -> Value | None:
        """What runs when an attribute is read that a descriptor stands behind; None if it gives
        itself, as most do where the class is asked.
        """
        assert isinstance(value.class_, ClassValue)
        method = self._project.members.find_in_class(value.class_, GET)
        if not isinstance(method, FunctionValue):
            return None
        bound = FunctionValue(method.frame, method.scope, value)
        given = (receiver or NONE, class_) if class_ is not None else (receiver or NONE,)
        getter = Partial(bound, given, ())
        if receiver is None:
            found = self._project.calls.invoke(getter, NO_ARGUMENTS).result
            if any(_is_same(value, option) for option in options_of(found)):
                return None
        return getter

    def getters(self, base: Value, name: str) -> list[Value]:
        """The functions that reading ``base.name`` runs, bound; empty where it runs none on some
        path.
        """
        found: list[Value] = []
        for option in options_of(without_none(base)):
            getter = self._getter_of(option, name)
            if getter is None:
                return []
            found.append(getter)
        return found

    def _getter_of(self, base: Value, name: str) -> Value | None:
        """What runs when an attribute of one object, or of one class, is read."""
        receiver = base if isinstance(base, Instance) else None
        class_ = receiver.class_ if receiver is not None else base
        if not isinstance(class_, ClassValue):
            return None
        members = self._project.members
        value = members.find_in_class(class_, name)
        if isinstance(value, Wrapped):
            if value.how in PROPERTIES and receiver is not None:
                return members.bind(value.function, receiver)
            return members.bind(value.function, class_) if value.how == OF_CLASSES else None
        if not isinstance(value, Instance) or not self.is_one(value):
            return None
        return self._getter(value, receiver, class_)

    def reading(self, base: Value, name: str) -> tuple[Alternative, ...]:
        """What runs when an attribute of one object, or of one class, is read."""
        getter = self._getter_of(base, name)
        if getter is None:
            return ()
        return self._project.calls.invoke(getter, NO_ARGUMENTS).alternatives

    def got(self, descriptor: Value, arguments: Arguments) -> Outcome:
        """What ``descriptor.__get__(object, owner)`` does where that is Python's own."""
        receiver, owner = arguments.get(0), arguments.get(1)
        if receiver is not None and is_none(receiver):
            receiver = None
        class_ = owner if isinstance(owner, ClassValue) else None
        members = self._project.members
        if not isinstance(descriptor, Wrapped) or descriptor.how not in PROPERTIES:
            return Outcome.nothing(members.bind(descriptor, receiver, class_))
        if receiver is None:
            return Outcome.unknown("property of an object that is not known")
        return self._project.calls.invoke(members.bind(descriptor.function, receiver), NO_ARGUMENTS)


def _is_same(value: Instance, other: Value) -> bool:
    return type(other) is Instance and other.class_ == value.class_


def _but(value: Instance, found: Value) -> Value:
    """What a descriptor gives to objects: itself only to the class."""
    kept = [option for option in options_of(found) if not _is_same(value, option)]
    return join(kept) if kept and any(map(is_informative, kept)) else found
