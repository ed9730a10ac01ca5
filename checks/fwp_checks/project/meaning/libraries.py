"""Calls of library functions: what the catalogue says they run and give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.catalogue import ValueSpec, parse_value
from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.origins import consumed_at
from fwp_checks.project.meaning.outcome import Alternative, Called, Outcome, RunExternal
from fwp_checks.project.meaning.protocols import followed
from fwp_checks.project.meaning.values import (
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    External,
    Generator,
    Instance,
    Iterable,
    Manager,
    Member,
    Partial,
    Unknown,
    Value,
    Wrapped,
    is_informative,
    options_of,
    unknown,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_RUNNING_ROLES = ("calls", "iterates", "enters")
_DECORATOR_ROLES = {"offloads_decorator": "offloaded", "enters_loop": "enters_loop"}
# What conditions of rows call a file object that is none on a disk.
_BUFFER = "io.BytesIO"
_ON_DISK = "io.TextIOWrapper"
_STREAMS = ("io.RawIOBase", "io.BufferedIOBase", "io.TextIOBase", "io.IOBase")
_STREAMING = ("read", "write")
_PATH = "__fspath__"
# What runs where nothing of interest does: one for all such calls, which are half of them.
_IDLE: tuple[Alternative, ...] = ((RunExternal(""),),)


class _CalledLibrary(Called):
    """What a call of a library's function does; what it gives is asked of few."""

    __slots__ = ("_libraries", "_name", "_receiver")

    def __init__(
        self,
        runs: tuple[Alternative, ...],
        libraries: Libraries,
        name: str,
        arguments: Arguments,
        receiver: Value | None,
    ) -> None:
        super().__init__(runs, arguments, libraries.cuts)
        self._libraries = libraries
        self._name = name
        self._receiver = receiver

    def _given(self, arguments: Arguments) -> Value:
        return self._libraries.result(self._name, arguments, self._receiver)


class Libraries:
    """Interprets the catalogue for calls."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.cuts = project.cuts
        self._idle: dict[str, bool] = {}
        self._unsaid: dict[str, bool] = {}
        self._decorators: dict[str, str | None] = {}

    def is_idle(self, name: str) -> bool:
        """Whether calling a library's function certainly runs nothing of interest, whatever it is
        handed.
        """
        known = self._idle.get(name)
        if known is None:
            known = self._idle[name] = self._find_idle(name)
        return known

    def _find_idle(self, name: str) -> bool:
        project = self._project
        if project.catalogue.effects(name) or project.frameworks.may_run(name):
            return False
        if name in python.ATTRIBUTE_READERS or name == python.ATTRIBUTE_GETTER:
            return False
        asked = (*python.SPECIAL_METHODS.get(name, ()), *python.COMPARING.get(name, ()))
        if any(map(project.names.has_special, asked)):
            return False
        return all(role.role not in _RUNNING_ROLES for role in project.catalogue.roles(name))

    def is_unsaid(self, value: Value) -> bool:
        """Whether a value is what some library's object has under a name of which no row says
        anything: an attribute that anyone may have put there. The object may be one of a library's
        module (`flask.g`), so that it has no other name.
        """
        if not isinstance(value, (External, Member)):
            return False
        known = self._unsaid.get(value.name)
        if known is None:
            catalogue = self._project.catalogue
            known = self._unsaid[value.name] = not (
                catalogue.effects(value.name)
                or catalogue.roles(value.name)
                or catalogue.gives(value.name, "call")
                or catalogue.is_type(value.name)
            )
        return known

    def stands_for_attribute(self, value: Instance) -> bool:
        """Whether a value is an object of a library that a class has in place of an attribute."""
        class_ = value.class_
        return (
            isinstance(class_, str)
            and self._project.catalogue.gives(f"{class_}.__get__", "call") is not None
        )

    def decorator(self, name: str) -> str | None:
        """How a library's decorator wraps a function, None if callers see the function itself."""
        if name not in self._decorators:
            self._decorators[name] = self._find_decorator(name)
        return self._decorators[name]

    def _find_decorator(self, name: str) -> str | None:
        for role in self._project.catalogue.roles(name):
            how = _DECORATOR_ROLES.get(role.role)
            # asyncio.run(f()) enters a loop by itself; async_to_sync(f) gives a function that does.
            if how is not None and not (
                how == "enters_loop" and self._project.catalogue.effects(name)
            ):
                return how
        return None

    def call(self, name: str, arguments: Arguments, receiver: Value | None) -> Outcome:
        """What calling a library's function or method does."""
        project = self._project
        hooked = project.frameworks.call(name, arguments, receiver)
        if hooked is not None:
            return hooked
        known = python.CALLS.get(name)
        if known is not None:
            given = known(project, arguments, receiver)
            if given is not None:
                return Outcome(self._with_callbacks(name, arguments, receiver), given)
        wrapped = self._wrapping(name, arguments)
        if wrapped is not None:
            return Outcome.nothing(wrapped)
        runs = self._with_callbacks(name, arguments, receiver)
        return _CalledLibrary(runs, self, name, arguments, receiver)

    def _wrapping(self, name: str, arguments: Arguments) -> Value | None:
        """``sync_to_async(f)``, ``async_to_sync(f)``: the function that comes back."""
        how = self.decorator(name)
        if how is None or not arguments.positional:
            return None
        function = arguments.positional[0]
        return Wrapped(how, function)

    def _with_callbacks(
        self, name: str, arguments: Arguments, receiver: Value | None
    ) -> tuple[Alternative, ...]:
        """The call itself, and what it runs of the functions and iterables that it is handed."""
        if self.is_idle(name):
            return _IDLE
        project = self._project
        alternatives: tuple[Alternative, ...] = ((RunExternal(name, arguments, receiver),),)
        for role in project.catalogue.roles(name):
            if role.role not in _RUNNING_ROLES:
                continue
            for value in self.role_arguments(role.arguments, arguments):
                if role.role == "calls":
                    given = python.handed(name, project, arguments, receiver)
                    more = project.calls.invoke(value, given).alternatives
                elif role.role == "enters":
                    more = project.protocols.entering(value, is_async=False, and_leaving=False)
                else:
                    more = project.protocols.iterating(value, is_async=False)
                alternatives = followed(alternatives, more)
        special = python.SPECIAL_METHODS.get(name, ())
        for value in self._asked(name, arguments) if special else ():
            if isinstance(value, Generator) and "__next__" in special:
                more = project.protocols.iterating(value, is_async=False)
            else:
                more = project.protocols.special(value, special)
            alternatives = followed(alternatives, more)
        attribute = arguments.get(1) if name in python.ATTRIBUTE_READERS else None
        if isinstance(attribute, Constant) and isinstance(attribute.value, str):
            more = project.protocols.reading(arguments.positional[0], attribute.value)
            alternatives = followed(alternatives, more)
        if name == python.ATTRIBUTE_GETTER:
            for more in self._gotten(arguments):
                alternatives = followed(alternatives, more)
        if name in python.COMPARING:
            alternatives = followed(alternatives, self._comparing(name, arguments, receiver))
        return alternatives

    def _comparing(
        self, name: str, arguments: Arguments, receiver: Value | None
    ) -> tuple[Alternative, ...]:
        """What runs where elements are compared, by themselves and not by a key."""
        given = arguments.get(0)
        container = receiver if name.startswith("builtins.list.") else given
        if container is None or arguments.site is None or arguments.get(-1, "key") is not None:
            return ()
        protocols = self._project.protocols
        element = consumed_at(protocols.element(container), *arguments.site)
        other = element if receiver is None or given is None else given
        return protocols.special(element, python.COMPARING[name], Arguments((other,)))

    @staticmethod
    def _asked(name: str, arguments: Arguments) -> tuple[Value, ...]:
        """The arguments of which a builtin function calls a special method."""
        if name == "builtins.print":
            return arguments.positional
        if name in python.LOGGED:
            return arguments.positional[1:]
        if name == "builtins.str.format":
            return (*arguments.positional, *[value for _, value in arguments.keywords])
        first = arguments.get(0)
        return () if first is None else (first,)

    def _gotten(self, arguments: Arguments) -> Iterator[tuple[Alternative, ...]]:
        """What the reading of each attribute runs that ``operator.attrgetter`` names."""
        *names, base = arguments.positional
        for name in names:
            value = base
            parts = str(name.value).split(".") if isinstance(name, Constant) else []
            for part in parts:
                yield self._project.protocols.reading(value, part)
                value = self._project.members.attribute(value, part)

    def reading(self, base: Value, name: str) -> tuple[Alternative, ...] | None:
        """What runs when an attribute of a library's object is read, by a row that speaks of it."""
        if type(base) is not Instance or type(base.class_) is not str:
            return None
        getter = f"{base.class_}.{name}.__get__"
        if not self._project.catalogue.effects(getter):
            return None
        return ((RunExternal(getter, Arguments((Constant(name),)), base),),)

    @staticmethod
    def role_arguments(places: tuple[str | int, ...], arguments: Arguments) -> list[Value]:
        """The arguments that a role speaks of."""
        found: list[Value] = []
        for place in places:
            if place == "*":
                found.extend(arguments.positional)
            elif isinstance(place, int):
                value = arguments.get(place)
                if value is not None:
                    found.append(value)
            else:
                value = arguments.get(-1, place)
                if value is not None:
                    found.append(value)
        return found

    def result(self, name: str, arguments: Arguments, receiver: Value | None) -> Value:
        """What a call of a library's function or method gives, as far as rows say."""
        catalogue = self._project.catalogue
        for row in catalogue.gives_rows(name, "call"):
            if self.row_applies(row.unless, row.when, arguments):
                return self.value(parse_value(row.value), arguments, receiver)
        last = name.rpartition(".")[2]
        # By convention a class; nothing is said of its objects unless a row names them.
        is_class = receiver is None and last[:1].isupper()
        identity = self._project.frameworks.identity(name, arguments.site)
        if is_class or identity or catalogue.is_type(name):
            return Instance(name, details=identity)
        return unknown(f"result of {name}")

    def value(self, spec: ValueSpec, arguments: Arguments, receiver: Value | None) -> Value:
        """What a row's value expression stands for in this call."""
        kind = spec.kind
        if kind == "type":
            return self._project.frameworks.typed(Instance(spec.name), receiver) or Instance(
                spec.name
            )
        if kind == "self":
            return receiver or Unknown("receiver is not known")
        if kind == "instance" and spec.argument == "self":
            return self._project.types.instance(receiver or Unknown("receiver is not known"))
        if kind in ("argument", "instance", "call"):
            return self._referenced(spec, arguments)
        assert spec.inner is not None
        inner = self.value(spec.inner, arguments, receiver)
        if kind == "awaitable":
            return Awaitable(inner)
        if kind in ("iterator", "list"):
            return Iterable(inner, kind)
        if kind == "async_iterator":
            return Iterable(inner, "iterator", is_async=True)
        if kind in ("context", "async_context"):
            return Manager(inner, None, is_async=kind == "async_context")
        if kind == "callable":
            return CallableValue(inner)
        if isinstance(inner, Instance) and isinstance(inner.class_, str):
            return External(inner.class_)
        return Unknown("class of something unknown")

    def _referenced(self, spec: ValueSpec, arguments: Arguments) -> Value:
        place = spec.argument
        value = arguments.get(place) if isinstance(place, int) else arguments.get(-1, place)
        if value is None:
            return Unknown("argument is not known")
        if spec.kind == "argument":
            return value
        if spec.kind == "instance":
            return self._project.types.instance(value)
        after = arguments.positional[place + 1 :] if isinstance(place, int) else ()
        rest = Arguments(after, arguments.keywords, arguments.complete)
        return self._project.calls.invoke(value, rest).result

    def row_applies(
        self, unless: tuple[str, ...], when: tuple[str, ...], arguments: Arguments
    ) -> bool:
        """Whether all that a row needs of the arguments of a call holds, and nothing that excuses
        it.
        """
        if any(self._holds(condition, arguments) for condition in unless):
            return False
        return all(self._holds(condition, arguments) for condition in when)

    def _holds(self, condition: str, arguments: Arguments) -> bool:
        if condition.startswith("has:"):
            return _given(condition.removeprefix("has:"), arguments) is not None
        place, _, wanted = condition.removeprefix("is:").partition("=")
        if place.startswith("starts:"):
            return _beginning(place.removeprefix("starts:"), arguments).startswith(wanted)
        value = _given(place, arguments)
        wanted = wanted.strip()
        if condition.startswith("is:"):
            if value is None:
                return False
            is_buffer = wanted == _BUFFER and self._is_own_file(value)
            return is_buffer or self._project.classes.is_instance(value, wanted)
        if isinstance(value, External):
            return value.name == wanted
        return isinstance(value, Constant) and repr(value.value) == wanted

    def _is_own_file(self, value: Value) -> bool:
        """Whether a value is an object of a class of the project that is read or written like a
        file: what it does with the bytes is in that class.
        """
        classes, members = self._project.classes, self._project.members
        return all(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and not classes.is_instance(option, _ON_DISK)
            and (
                any(classes.is_instance(option, base) for base in _STREAMS)
                or any(members.find_in_class(option.class_, name) for name in _STREAMING)
            )
            and members.find_in_class(option.class_, _PATH) is None
            for option in options_of(value)
        )


def _given(place: str, arguments: Arguments) -> Value | None:
    return arguments.get(int(place)) if place.isdigit() else arguments.get(-1, place)


def _beginning(place: str, arguments: Arguments) -> str:
    """The text with which an argument certainly begins."""
    value = _given(place, arguments)
    if isinstance(value, Constant):
        return value.value if isinstance(value.value, str) else ""
    return arguments.beginning(int(place)) if place.isdigit() else ""


def functions_in(value: Value) -> list[Value]:
    """The functions that a value handed to someone may be, partials unwrapped."""
    found = []
    for option in options_of(value):
        while isinstance(option, Partial):
            option = option.function
        if is_informative(option):
            found.append(option)
    return found
