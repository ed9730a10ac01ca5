"""What terms evaluate to.

A value is never changed once made, and hashable. (The classes are not declared frozen: making a
frozen dataclass costs three times as much, and values are made by the hundred thousand.)
:class:`Unknown` carries a reason that can be printed; a :class:`Union` holds what may be there on
different paths, and a rule reports only what holds for each of its options.
"""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.meaning.frames import Frame


class Value:
    """Base of all values."""

    __slots__ = ()


@dataclass(slots=True, unsafe_hash=True)
class Unknown(Value):
    """Nothing is known, and why. ``replaceable``: a parameter left out by default, so other paths
    say what it is.
    """

    reason: str
    replaceable: bool = False


@lru_cache(maxsize=4096)
def unknown(reason: str, replaceable: bool = False) -> Unknown:
    """The same object for a reason that is given again and again."""
    return Unknown(reason, replaceable)


@dataclass(slots=True, unsafe_hash=True)
class Constant(Value):
    """A literal."""

    value: Any


@dataclass(slots=True, unsafe_hash=True)
class ModuleValue(Value):
    """A module of the project."""

    module: Module


@dataclass(slots=True, unsafe_hash=True)
class GlobalsValue(Value):
    """The names of a module of the project, as a mapping."""

    module: Module


@dataclass(slots=True, unsafe_hash=True)
class NamespaceValue(Value):
    """A folder of the project that holds modules but no ``__init__.py``; ``name`` is dotted."""

    name: str
    origin: Module


@dataclass(slots=True, unsafe_hash=True)
class External(Value):
    """A module, class, function or other attribute of a library, by its canonical dotted name."""

    name: str


class ClassValue(Value):
    """A class of the project. There is one object of each, so they are compared by identity."""

    __slots__ = ("module", "scope")
    module: Module
    scope: int

    def __new__(cls, module: Module, scope: int) -> ClassValue:
        known: ClassValue | None = module.class_values.get(scope)
        if known is None:
            known = module.class_values[scope] = super().__new__(cls)
            known.module = module
            known.scope = scope
        return known

    def __repr__(self) -> str:
        return f"ClassValue({self.module!r}, {self.scope})"

    @property
    def name(self) -> str:
        """The class's own name."""
        return self.module.facts.scopes[self.scope].name


@dataclass(slots=True, unsafe_hash=True)
class FunctionValue(Value):
    """A function or lambda of the project; ``frame`` is the frame it was defined in, ``receiver``
    its bound object.
    """

    frame: Frame
    scope: int
    receiver: Value | None = None

    @property
    def module(self) -> Module:
        """The module it is defined in."""
        return self.frame.module


@dataclass(slots=True, unsafe_hash=True)
class Instance(Value):
    """An object of a class: of the project's (:class:`ClassValue`) or a library's (dotted name).

    ``init`` is the constructor's frame where its arguments are known. ``arguments`` are type
    arguments (the model of a queryset); ``details`` is what a framework module keeps about the
    object.
    """

    class_: ClassValue | str
    init: Frame | None = None
    arguments: tuple[Value, ...] = ()
    details: tuple[Any, ...] = ()


class Detail:
    """Base of what frameworks note about objects, where they say what holds when paths meet."""

    __slots__ = ()

    def met(self, other: Any) -> Any:
        """What is known when it is this or another one of the same class; None: two objects."""
        return None


@dataclass(slots=True, unsafe_hash=True)
class Member(Value):
    """An attribute reached through a library object: dotted ``name`` on the type, and the object it
    was read from.
    """

    name: str
    receiver: Value


@dataclass(slots=True, unsafe_hash=True)
class Wrapped(Value):
    """A function behind a descriptor or wrapper.

    ``how`` is ``property``, ``cached_property``, ``staticmethod``, ``classmethod``,
    ``contextmanager``, ``asynccontextmanager``, ``offloaded`` (calling it gives an awaitable, the
    body runs in a thread), or ``enters_loop`` (calling it runs the coroutine function on an event
    loop).
    """

    how: str
    function: Value


@dataclass(slots=True, unsafe_hash=True)
class Partial(Value):
    """``functools.partial(function, *positional, **keywords)``."""

    function: Value
    positional: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(slots=True, unsafe_hash=True)
class Coroutine(Value):
    """What calling an ``async def`` gives: nothing has run yet; awaiting it runs ``frame``.

    ``declared`` is what it then gives by its annotations, if arguments decide that.
    """

    frame: Frame
    declared: Value | None = None


@dataclass(slots=True, unsafe_hash=True)
class Generator(Value):
    """What calling a generator function gives: nothing has run yet; iterating runs ``frame``."""

    frame: Frame
    is_async: bool


@dataclass(slots=True, unsafe_hash=True)
class Manager(Value):
    """A context manager: entering it gives ``target``; ``frame`` is the generator that then runs,
    if it is the project's.
    """

    target: Value
    frame: Frame | None
    is_async: bool


@dataclass(slots=True, unsafe_hash=True)
class Awaitable(Value):
    """Awaiting it gives ``result``; what runs meanwhile does not block this thread."""

    result: Value


@dataclass(slots=True, unsafe_hash=True)
class Iterable(Value):
    """Something whose elements are known; ``kind`` is list, tuple, set, iterator …"""

    element: Value
    kind: str
    is_async: bool = False


@dataclass(slots=True, unsafe_hash=True)
class TupleValue(Value):
    """A tuple of known length."""

    items: tuple[Value, ...]


@dataclass(slots=True, unsafe_hash=True)
class MappingValue(Value):
    """A mapping; ``items`` are those with literal keys, ``value`` any other value."""

    value: Value
    items: tuple[tuple[Any, Value], ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class CallableValue(Value):
    """Something that gives ``result`` when called and does nothing else of interest."""

    result: Value


@dataclass(slots=True, unsafe_hash=True)
class SuperValue(Value):
    """``super()``: members of ``receiver`` after ``class_`` in its method resolution order."""

    class_: ClassValue
    receiver: Value


@dataclass(slots=True, unsafe_hash=True)
class Union(Value):
    """One of several values, by the path taken."""

    options: tuple[Value, ...]


class Arguments:
    """What a call hands over; not ``complete`` where ``*args`` or ``**kwargs`` hide some of it."""

    __slots__ = ("_keywords", "_positional", "_site", "complete", "count", "terms")

    def __init__(
        self,
        positional: tuple[Value, ...] | None = (),
        keywords: tuple[tuple[str, Value], ...] | None = (),
        complete: bool = True,
        terms: tuple[int, ...] = (),
        site: tuple[str, int] | None = None,
    ) -> None:
        self._positional = positional
        self._keywords = keywords
        self.count = len(positional or ())
        self.complete = complete
        self.terms = terms
        self._site = site

    @property
    def site(self) -> tuple[str, int] | None:
        """The path of the module and the term of the call, else of what is called."""
        return self._site

    @property
    def positional(self) -> tuple[Value, ...]:
        """Those that have no name."""
        return self._positional or ()

    @property
    def keywords(self) -> tuple[tuple[str, Value], ...]:
        """Those that have one, with it."""
        return self._keywords or ()

    @property
    def is_named(self) -> bool:
        """Whether some may have names."""
        return bool(self._keywords)

    def opened(self, *, as_set: bool = False) -> Arguments:
        """These, with what ``*args`` is known to hold; with ``as_set``, in whatever order and
        number.
        """
        return self

    def beginning(self, position: int) -> str:
        """The text with which the code at a position begins, if it is made of several there."""
        return ""

    def get(self, position: int, keyword: str | None = None) -> Value | None:
        """The argument at a position or under a name, None if it was not given."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return self.named(keyword) if keyword is not None else None

    def named(self, keyword: str) -> Value | None:
        """The argument under a name, None if it was not given."""
        for name, value in self.keywords:
            if name == keyword:
                return value
        return None

    def others(self, names: set[str]) -> list[tuple[str, Value]]:
        """Those that have a name, without these."""
        return [(name, value) for name, value in self.keywords if name not in names]

    def _all(self) -> tuple[object, ...]:
        return self.positional, self.keywords, self.complete

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arguments) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())


NONE = Constant(None)
RECURSIVE = Unknown("defined by itself")
# What stands in a list that is written without items, and that nothing fills.
EMPTY = Unknown("empty display", replaceable=True)
NO_ARGUMENTS = Arguments()


def is_none(value: Value) -> bool:
    """Whether it is certainly None."""
    return type(value) is Constant and value.value is None


def options_of(value: Value) -> tuple[Value, ...]:
    """The options of a union, or the value itself."""
    return value.options if type(value) is Union else (value,)


def without_none(value: Value) -> Value:
    """What remains where the value is used as an object: None would raise."""
    if type(value) is Union:
        options = [option for option in value.options if not is_none(option)]
        return value if len(options) == len(value.options) else join(options)
    return value


MAX_OPTIONS = 12


def join(values: list[Value], most: int = MAX_OPTIONS) -> Value:
    """Where paths meet. What is defined by itself adds nothing; replaceable unknowns give way to
    anything better; of more than so many options nothing is known.
    """
    if len(values) == 1:
        return values[0]
    seen: dict[Value, None] = {}
    for value in values:
        for option in value.options if type(value) is Union else (value,):
            if option is not RECURSIVE:
                seen[option] = None
    if len(seen) < 2:
        return next(iter(seen), RECURSIVE)
    unknown = [option for option in seen if type(option) is Unknown]
    if unknown:
        for one in unknown:
            if one.replaceable and any(not is_none(o) for o in seen if o is not one):
                del seen[one]
    if len(seen) > most and len(_meeting(seen)) > most:
        return Unknown("too many possibilities")
    if len(unknown) > 1:
        for option in [option for option in seen if type(option) is Unknown][1:]:
            del seen[option]
    options = _meeting(seen)
    return options[0] if len(options) == 1 else Union(options)


def _meeting(values: abc.Iterable[Value]) -> tuple[Value, ...]:
    """Options, of which objects that differ only in what frameworks know of them become one."""
    kept: list[Value] = []
    places: dict[tuple[object, ...], int] = {}
    for value in values:
        if type(value) is Instance and value.details:
            key = (value.class_, value.init, value.arguments, tuple(map(type, value.details)))
            known = places.setdefault(key, len(kept))
            if known < len(kept):
                met = _met(cast("Instance", kept[known]), value)
                if met is not None:
                    kept[known] = met
                    continue
        kept.append(value)
    return tuple(kept)


def _met(one: Instance, other: Instance) -> Instance | None:
    details = []
    for mine, its in zip(one.details, other.details, strict=True):
        met = mine if mine == its else mine.met(its) if isinstance(mine, Detail) else None
        if met is None:
            return None
        details.append(met)
    return replace(one, details=tuple(details))


def names_in(value: Value | None) -> list[str]:
    """The texts that a value may be; empty if it may be anything else."""
    options = options_of(value) if value is not None else ()
    found = [
        option.value
        for option in options
        if isinstance(option, Constant) and isinstance(option.value, str)
    ]
    return found if len(found) == len(options) else []


def is_informative(value: Value) -> bool:
    """Whether knowing it can matter to someone: not unknown, not a plain literal."""
    if isinstance(value, Union):
        return any(is_informative(option) for option in value.options)
    return not isinstance(value, (Unknown, Constant))


def holds_callable(value: Value) -> bool:
    """Whether a value is a container of something that can be called: a table of steps."""
    if isinstance(value, Iterable):
        held: tuple[Value, ...] = (value.element,)
    elif isinstance(value, TupleValue):
        held = value.items
    elif isinstance(value, MappingValue):
        held = (value.value,)
    else:
        return False
    return any(
        isinstance(option, CallableValue) or holds_callable(option)
        for item in held
        for option in options_of(item)
    )


def describe(value: Value) -> str:
    """A short name of a value for messages and debugging."""
    if isinstance(value, Unknown):
        return f"unknown ({value.reason})"
    if isinstance(value, Constant):
        return repr(value.value)
    if isinstance(value, (External, ClassValue, NamespaceValue)):
        return value.name
    if isinstance(value, ModuleValue):
        return value.module.name
    if isinstance(value, FunctionValue):
        return value.module.facts.scopes[value.scope].name
    if isinstance(value, Instance):
        name = value.class_ if isinstance(value.class_, str) else value.class_.name
        inner = f"[{', '.join(describe(a) for a in value.arguments)}]" if value.arguments else ""
        return f"{name}{inner} object"
    if isinstance(value, Member):
        return value.name
    if isinstance(value, Wrapped):
        return f"{value.how} {describe(value.function)}"
    if isinstance(value, Partial):
        return f"partial({describe(value.function)})"
    if isinstance(value, (Coroutine, Generator)):
        return f"{type(value).__name__.lower()} of {value.frame.qualname}"
    if isinstance(value, Awaitable):
        return f"awaitable of {describe(value.result)}"
    if isinstance(value, Manager):
        return f"context manager of {describe(value.target)}"
    if isinstance(value, Iterable):
        return f"{value.kind} of {describe(value.element)}"
    if isinstance(value, TupleValue):
        return f"({', '.join(describe(i) for i in value.items)})"
    if isinstance(value, Union):
        return " | ".join(describe(option) for option in value.options)
    return type(value).__name__
