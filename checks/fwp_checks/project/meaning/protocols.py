"""Loops, ``with``, ``await``, operators and truth: what Python's protocols give and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fwp_checks.catalogue import parse_value
from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.origins import consumed_at
from fwp_checks.project.meaning.outcome import (
    NOTHING_RUNS,
    UNKNOWN_RUNS,
    Alternative,
    Run,
    RunExternal,
    RunFrame,
    running,
)
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    Awaitable,
    ClassValue,
    Coroutine,
    Generator,
    Instance,
    Iterable,
    Manager,
    MappingValue,
    Member,
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

# The base of catalogue types that are entered by "async with", and not by "with".
_TEXTS = ("__str__", "__repr__")
_ASYNC_ONLY = "contextlib.AbstractAsyncContextManager"
# What makes classes whose objects hold their annotated fields as items: by position, by name.
_NAMED_TUPLES = frozenset({"typing.NamedTuple", "typing_extensions.NamedTuple"})
_TYPED_MAPPINGS = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})
# https://docs.python.org/3/reference/datamodel.html#emulating-numeric-types
_OPERATORS = {
    "/": "__truediv__", "+": "__add__", "|": "__or__", "%": "__mod__", "*": "__mul__",
    "-": "__sub__", "&": "__and__", ">>": "__rshift__", "<<": "__lshift__", "@": "__matmul__",
    "+=": "__add__", "|=": "__or__", "&=": "__and__",
}  # fmt: skip
# https://docs.python.org/3/reference/datamodel.html#object.__lt__
_COMPARISONS = {
    "==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__",
}  # fmt: skip
METHODS = {**_OPERATORS, **_COMPARISONS}
"""By operator, its method on the left side."""


def followed(
    first: tuple[Alternative, ...], then: tuple[Alternative, ...]
) -> tuple[Alternative, ...]:
    """What something runs, and after that something else, if each value that this may be is known
    to run something.
    """
    known = [alternative for alternative in then if alternative]
    if not known or len(known) < len(then):
        return first
    return tuple([None if own is None else own + other for own in first for other in known])


class Protocols:
    """Interprets special methods, of the project's classes and of the catalogue's types."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._without: dict[tuple[ClassValue | str, tuple[str, ...]], bool] = {}

    # -- what they give ----------------------------------------------------------------------------

    def element(self, value: Value) -> Value:
        """One element of an iterable."""
        value = without_none(value)
        if isinstance(value, Union):
            return join([self.element(option) for option in value.options])
        if isinstance(value, Iterable):
            return value.element
        if isinstance(value, TupleValue):
            return join(list(value.items)) if value.items else Unknown("empty tuple")
        if isinstance(value, MappingValue):
            return Unknown("key of a mapping")
        if isinstance(value, Generator):
            return self._project.calls.yielded(value.frame)
        if isinstance(value, Instance):
            return self._element_of_instance(value)
        if isinstance(value, Unknown):
            return value
        return Unknown("element of something that is no iterable")

    def unpacked(self, value: Value, index: int) -> Value:
        """What one of several targets takes of a value, by its index in UNPACK."""
        if index == t.REST:
            return Iterable(self.element(value), "list")
        at = index if index >= 0 else index + 1
        if isinstance(value, TupleValue) and -len(value.items) <= at < len(value.items):
            return value.items[at]
        return self.field(value, at) or self.element(value)

    def field(self, value: Value, key: int | str) -> Value | None:
        """The item of an object of a NamedTuple at a position, or of a TypedDict under a name; None
        if it is no such object, or has no such field.
        """
        makers = _NAMED_TUPLES if isinstance(key, int) else _TYPED_MAPPINGS
        names = self._fields(value, makers)
        if isinstance(key, int):
            if not -len(names) <= key < len(names):
                return None
            key = names[key]
        return self._project.members.attribute(value, key) if key in names else None

    def _fields(self, value: Value, makers: frozenset[str]) -> list[str]:
        """The annotated names of a class that derives from one of these; none of any other."""
        if not isinstance(value, Instance) or not isinstance(value.class_, ClassValue):
            return []
        info = self._project.classes.info(value.class_)
        if makers.isdisjoint(info.externals):
            return []
        names: dict[str, None] = {}
        for class_ in reversed(info.order):
            if isinstance(class_, ClassValue):
                names.update(dict.fromkeys(class_.module.facts.scopes[class_.scope].annotations))
        return list(names)

    def _element_of_instance(self, value: Instance) -> Value:
        hooked = self._project.frameworks.element(value)
        if hooked is not None:
            return hooked
        if isinstance(value.class_, str):
            given = self._project.catalogue.gives(value.class_, "iterate")
            if given is not None:
                return self._project.libraries.value(parse_value(given), NO_ARGUMENTS, value)
            return Unknown(f"element of a {value.class_}")
        names = self._fields(value, _NAMED_TUPLES)
        if names:
            return join([self._project.members.attribute(value, name) for name in names])
        for name in ("__iter__", "__aiter__"):
            iterator = self._call_method(value, name)
            if iterator is not None and iterator != value:
                return self.element(iterator)
        for name in ("__next__", "__anext__"):
            item = self._call_method(value, name)
            if item is not None:
                return self._project.values.awaited(item) if name == "__anext__" else item
        return Unknown(f"element of a {value.class_.name}")

    def _call_method(self, value: Instance, name: str) -> Value | None:
        method = self._project.members.method(value, name)
        return (
            self._project.calls.invoke(method, NO_ARGUMENTS).result if method is not None else None
        )

    def entered(self, value: Value, is_async: bool) -> Value:
        """The target of ``with value as target``."""
        value = self._enterable(value, is_async)
        if isinstance(value, Union):
            return join([self.entered(option, is_async) for option in value.options])
        if isinstance(value, Manager):
            return value.target
        if isinstance(value, Awaitable):
            return value.result
        if isinstance(value, Instance):
            name = "__aenter__" if is_async else "__enter__"
            if isinstance(value.class_, str):
                given = self._project.catalogue.gives(value.class_, "enter")
                if given is not None:
                    return self._project.libraries.value(parse_value(given), NO_ARGUMENTS, value)
                return value
            result = self._call_method(value, name)
            if result is None:
                return value
            result = self._project.values.awaited(result) if is_async else result
            return result if is_informative(result) else value
        return (
            value
            if isinstance(value, Unknown)
            else Unknown("entered something that is no context manager")
        )

    def _enterable(self, value: Value, is_async: bool) -> Value:
        """What a value is where ``with`` enters it: no object that only ``async with`` can."""
        value = without_none(value)
        if is_async or not isinstance(value, Union):
            return value
        is_instance = self._project.classes.is_instance
        kept = [option for option in value.options if not is_instance(option, _ASYNC_ONLY)]
        return join(kept) if kept else value

    def awaited_instance(self, value: Instance) -> Value:
        """What ``await`` gives for an object not known to be a coroutine or awaitable."""
        if isinstance(value.class_, str):
            if value.class_ == "asyncio.Task" and value.arguments:
                return value.arguments[0]
            given = self._project.catalogue.gives(f"{value.class_}.__await__", "call")
            if given is not None:
                return self._project.libraries.value(parse_value(given), NO_ARGUMENTS, value)
            return Unknown(f"result of awaiting a {value.class_}")
        return Unknown(f"result of awaiting a {value.class_.name}")

    def binary(self, left: Instance, operator: str, right: Callable[[], Value]) -> Value | None:
        """The result of an operator on an object, by its class or by the catalogue; None if neither
        says anything.
        """
        name = _OPERATORS.get(operator)
        if name is None:
            return None
        classes: tuple[str, ...] = (left.class_,) if isinstance(left.class_, str) else ()
        if isinstance(left.class_, ClassValue):
            if self._project.members.find_in_class(left.class_, name) is not None:
                return self._call_method(left, name)
            classes = self._project.classes.info(left.class_).externals
        for class_ in classes:
            given = self._project.catalogue.gives(f"{class_}.{name}", "call")
            if given is not None:
                return self._project.libraries.value(
                    parse_value(given), Arguments((right(),)), left
                )
        return None

    # -- what they run -----------------------------------------------------------------------------

    def special(
        self, value: Value, names: tuple[str, ...], arguments: Arguments = NO_ARGUMENTS
    ) -> tuple[Alternative, ...]:
        """What runs when the first of these special methods that an object has is called
        implicitly.
        """
        value = without_none(value)
        alternatives: list[Alternative] = []
        for option in options_of(value):
            alternatives.extend(self._special_one(option, names, arguments))
        return tuple(alternatives)

    def _special_one(
        self, value: Value, names: tuple[str, ...], arguments: Arguments = NO_ARGUMENTS
    ) -> tuple[Alternative, ...]:
        if isinstance(value, Unknown):
            return UNKNOWN_RUNS
        if not isinstance(value, Instance):
            return NOTHING_RUNS
        if self._is_without(value, names):
            return self._shown_by_library(value, names) if value.details else NOTHING_RUNS
        for name in names:
            if isinstance(value.class_, str):
                full = f"{value.class_}.{name}"
                if self._project.catalogue.effects(full):
                    return ((RunExternal(full, NO_ARGUMENTS, value),),)
                continue
            method = self._project.members.method(value, name)
            if isinstance(method, Member):
                if self._project.catalogue.effects(method.name):
                    return ((RunExternal(method.name, NO_ARGUMENTS, value),),)
            elif method is not None:
                return self._project.calls.invoke(method, arguments).alternatives
        return NOTHING_RUNS

    def _shown_by_library(self, value: Instance, names: tuple[str, ...]) -> tuple[Alternative, ...]:
        """What runs where a class leaves it to that of a library to make a text of an object."""
        for name in names:
            runs = self._project.frameworks.reading(value, name) if name in _TEXTS else None
            if runs is not None:
                return runs
        return NOTHING_RUNS

    def _is_without(self, value: Instance, names: tuple[str, ...]) -> bool:
        """Whether the class of an object has none of these special methods."""
        key = (value.class_, names)
        known = self._without.get(key)
        if known is None:
            known = not any(self._has_method(value, name) for name in names)
            if isinstance(value.class_, str) or self._project.classes.is_settled(value.class_):
                self._without[key] = known
        return known

    def _has_method(self, value: Instance, name: str) -> bool:
        class_ = value.class_
        if isinstance(class_, str):
            return bool(self._project.catalogue.effects(f"{class_}.{name}"))
        if self._project.members.find_in_class(class_, name) is not None:
            return True
        effects = self._project.catalogue.effects
        return any(
            effects(f"{base}.{name}") for base in self._project.classes.info(class_).externals
        )

    def operating(
        self, left: Value, operator: str, right: Callable[[], Value]
    ) -> tuple[Alternative, ...]:
        """What runs when an operator other than ``in`` is applied to a value on its left."""
        method = METHODS.get(operator)
        if method is None:
            return ()
        # What has no __ne__ turns the answer of __eq__ round.
        names = (method, "__eq__") if operator == "!=" else (method,)
        found = self.special(left, names)
        return self.special(left, names, Arguments((right(),))) if any(found) else found

    def containing(
        self, container: Value, item: Callable[[], Value], path: str, term: int
    ) -> tuple[Alternative, ...]:
        """What runs when it is asked at a place whether a container holds something: it is compared
        with each element.
        """
        found = self.special(container, ("__contains__", "__iter__"))
        if None in found or not self._project.names.has_special("__eq__"):
            return found
        element = consumed_at(self.element(container), path, term)
        if not any(self.special(element, ("__eq__",))):
            return found
        return followed(found, self.special(element, ("__eq__",), Arguments((item(),))))

    def shown(self, values: tuple[Value, ...]) -> tuple[Alternative, ...]:
        """What runs when values are put into a text."""
        runs: tuple[Run, ...] = ()
        for value in values:
            for alternative in self.special(value, ("__str__", "__repr__")):
                runs += alternative or ()
        return (runs,)

    def reading(self, base: Value, name: str) -> tuple[Alternative, ...]:
        """What runs when an attribute is read."""
        if type(base) is Instance:
            return self._reading_one(base, name) or NOTHING_RUNS
        if type(base) is ClassValue:
            return self._project.descriptors.reading(base, name)
        if type(base) is not Union:
            return ()
        alternatives: list[Alternative] = []
        for option in options_of(without_none(base)):
            runs = self._reading_one(option, name)
            alternatives.extend(runs or (None if isinstance(option, Unknown) else (),))
        return tuple(alternatives)

    def _reading_one(self, base: Value, name: str) -> tuple[Alternative, ...]:
        lazy = self._project.frameworks.reading(base, name)
        if lazy is None and name in self._project.catalogue.getters:
            lazy = self._project.libraries.reading(base, name)
        return self._project.descriptors.reading(base, name) if lazy is None else lazy

    def iterating(self, value: Value, is_async: bool) -> tuple[Alternative, ...]:
        """What runs when a value is iterated."""
        value = without_none(value)
        alternatives: list[Alternative] = []
        for option in options_of(value):
            if isinstance(option, Generator):
                alternatives.append((RunFrame(option.frame),))
            elif (
                isinstance(option, Instance)
                and isinstance(option.class_, ClassValue)
                and not is_async
            ):
                alternatives.extend(self._iterating_instance(option))
            elif is_async:
                alternatives.append(None if isinstance(option, Unknown) else ())
            else:
                alternatives.extend(self._special_one(option, ("__iter__",)))
        return tuple(alternatives)

    def _iterating_instance(self, value: Instance) -> tuple[Alternative, ...]:
        method = self._project.members.method(value, "__iter__")
        if method is None:
            return NOTHING_RUNS
        outcome = self._project.calls.invoke(method, NO_ARGUMENTS)
        if isinstance(outcome.result, Generator):
            return running(outcome.result.frame)
        following = (
            self._special_one(value, ("__next__",)) if outcome.result == value else NOTHING_RUNS
        )
        combined: list[Alternative] = []
        for first in outcome.alternatives:
            for second in following:
                combined.append(None if first is None or second is None else first + second)
        return tuple(combined)

    def entering(
        self, value: Value, is_async: bool, and_leaving: bool = True
    ) -> tuple[Alternative, ...]:
        """What runs on this thread when a context manager is entered, and left, and of one that is
        a generator in any case both.
        """
        value = self._enterable(value, is_async)
        alternatives: list[Alternative] = []
        for option in options_of(value):
            if isinstance(option, Manager):
                runs = (RunFrame(option.frame),) if option.frame is not None else ()
                alternatives.append(runs)
            elif isinstance(option, Unknown):
                alternatives.append(None)
            elif is_async:
                alternatives.append(self._entering_async(option))
            else:
                entered = self._special_one(option, ("__enter__",))
                left = self._special_one(option, ("__exit__",)) if and_leaving else NOTHING_RUNS
                alternatives.extend(
                    None if one is None or other is None else one + other
                    for one in entered
                    for other in left
                )
        return tuple(alternatives)

    def _entering_async(self, value: Value) -> Alternative:
        if not isinstance(value, Instance) or isinstance(value.class_, str):
            return ()
        runs = []
        for name in ("__aenter__", "__aexit__"):
            result = self._call_method(value, name)
            if isinstance(result, Coroutine):
                runs.append(RunFrame(result.frame))
        return tuple(runs)
