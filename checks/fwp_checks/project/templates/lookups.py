"""What a template reads as ``base.name``: a key, an attribute or an index, called if it can be.

Source: ``Variable._resolve_lookup`` in django/template/base.py of Django 6.1.3, ``Environment
.getattr`` in jinja2/environment.py of Jinja 3.1.6. Jinja calls nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import NOTHING_RUNS, UNKNOWN_RUNS, Outcome
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    CallableValue,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Member,
    Partial,
    TupleValue,
    Unknown,
    Value,
    Wrapped,
    is_informative,
    join,
    options_of,
    unknown,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_DICT_METHODS = frozenset({"items", "keys", "values"})
# django/template/base.py does not call what has ``alters_data``.
_ALTERS_DATA = frozenset(
    {"save", "delete", "asave", "adelete", "add", "create", "set", "remove", "clear", "update"}
)

_BLOCK = "block "

Spot = tuple[Module, int]
"""A scope of a template."""


def block_name(spot: Spot) -> str | None:
    """The name of a block; None for any other scope."""
    module, number = spot
    name = module.facts.scopes[number].name
    return name.removeprefix(_BLOCK) if name.startswith(_BLOCK) else None


@dataclass(slots=True, unsafe_hash=True)
class Blocks:
    """Where the blocks of a template and of those that it extends stand, by name: first in the
    template that was asked for.
    """

    places: tuple[tuple[str, tuple[Spot, ...]], ...] = ()

    def get(self, name: str) -> tuple[Spot, ...]:
        """Where the blocks of a name stand; nowhere if there are none."""
        for known, spots in self.places:
            if known == name:
                return spots
        return ()

    def shown_at(self, own: Spot) -> Spot:
        """The block that is shown where one stands."""
        spots = self.get(block_name(own) or "")
        return spots[0] if spots else own

    def behind(self, spot: Spot) -> tuple[Spot, ...] | None:
        """The blocks whose place one takes; None if it is none of these blocks."""
        spots = self.get(block_name(spot) or "")
        return spots[spots.index(spot) + 1 :] if spot in spots else None


NO_BLOCKS = Blocks()


@dataclass(slots=True, unsafe_hash=True)
class TemplateContext(Value):
    """The names that a template was given, with its blocks; ``rendered`` is the first place that
    renders it so.
    """

    names: tuple[tuple[str, Value], ...]
    blocks: Blocks = NO_BLOCKS
    rendered: Place | None = field(default=None, compare=False)

    def get(self, name: str) -> Value | None:
        """What a name holds; None if it was not given, or not seen to be."""
        for known, value in self.names:
            if known == name:
                return value
        return None


class Lookups:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Value, str, bool], Outcome] = {}

    def outcome(self, base: Value, name: str, is_called: bool) -> Outcome:
        """What is read, and what that runs."""
        key = (base, name, is_called)
        known = self._known.get(key)
        if known is None:
            self._known[key] = Outcome.unknown("defined by itself")
            options = options_of(without_none(base))
            found = [self._one(option, name, is_called) for option in options]
            known = self._known[key] = Outcome.either(found)
        return known

    def _one(self, base: Value, name: str, is_called: bool) -> Outcome:
        if isinstance(base, Unknown):
            return Outcome(UNKNOWN_RUNS, base)
        value = self._read(base, name)
        called = self._called(value) if is_called else Outcome.nothing(value)
        reading = self._project.protocols.reading(base, name)
        if reading in ((), NOTHING_RUNS):
            return called
        runs = tuple(
            None if first is None or then is None else first + then
            for first in reading
            for then in called.alternatives
        )
        return Outcome(runs, compute=lambda: called.result)

    def _read(self, base: Value, name: str) -> Value:
        if isinstance(base, TemplateContext):
            return base.get(name) or unknown(f"nothing is known to be given as '{name}'")
        members = self._project.members
        if isinstance(base, TupleValue) and len(base.items) == 2 and name in ("grouper", "list"):
            return base.items[name == "list"]
        if name.isdecimal():
            return members.item(base, Constant(int(name[:9])))
        if isinstance(base, MappingValue):
            return self._of_mapping(base, name)
        if isinstance(base, (Iterable, TupleValue)):
            return unknown(f"attribute '{name}' of a {type(base).__name__.lower()}")
        value = members.attribute(base, name)
        if isinstance(base, Instance) and isinstance(base.class_, ClassValue):
            if members.find_in_class(base.class_, "__getitem__") is not None:
                # A key counts before an attribute.
                held = members.item(base, Constant(name))
                is_known = is_informative(value) or isinstance(value, Constant)
                return join([held, value]) if is_known and type(value) is not Member else held
        return value

    def _of_mapping(self, base: MappingValue, name: str) -> Value:
        for key, value in base.items:
            if key == name:
                return value
        if name in _DICT_METHODS:
            return Member(f"builtins.dict.{name}", base)
        return base.value if is_informative(base.value) else Unknown(f"no key '{name}' is known")

    # -- calls -------------------------------------------------------------------------------------

    def _called(self, value: Value) -> Outcome:
        """A value, or what calling it gives where a template calls it."""
        return Outcome.either([self._call(option) for option in options_of(value)])

    def _call(self, value: Value) -> Outcome:
        calls = self._project.calls
        if isinstance(value, FunctionValue):
            if self._needs_arguments(value):
                return Outcome.unknown("a function that needs arguments")
            return calls.invoke(value, NO_ARGUMENTS)
        if isinstance(value, (Partial, CallableValue)):
            return calls.invoke(value, NO_ARGUMENTS)
        if isinstance(value, Wrapped) and value.how in ("staticmethod", "classmethod"):
            return calls.invoke(value, NO_ARGUMENTS)
        if isinstance(value, Member):
            return self._call_member(value)
        return Outcome.nothing(value)

    def _call_member(self, member: Member) -> Outcome:
        """A library's attribute may be a method, or hold something; it is called if it is known to
        be a method.
        """
        project = self._project
        if member.name.rpartition(".")[2] in _ALTERS_DATA:
            return Outcome.unknown("a method that changes data is not called")
        hooked = project.frameworks.call(member.name, NO_ARGUMENTS, member.receiver)
        if hooked is not None:
            return hooked
        catalogue = project.catalogue
        if (
            member.name in python.CALLS
            or catalogue.effects(member.name)
            or catalogue.gives(member.name, "call")
        ):
            return project.libraries.call(member.name, NO_ARGUMENTS, member.receiver)
        return Outcome.nothing(member)

    @staticmethod
    def _needs_arguments(function: FunctionValue) -> bool:
        scope = function.module.facts.scopes[function.scope]
        bound = function.receiver is not None
        return any(
            parameter.default < 0 and parameter.kind in ("positional", "any", "keyword")
            for parameter in scope.parameters[bound:]
        )
