"""What settings hold: dictionaries and lists that statements fill, literals, and what is not known.

Unlike the values of :mod:`fwp_checks.project.meaning`, a dictionary here is an object that changes
while the code of settings runs; it remembers where each key was put in and whether that is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module

Conditions = frozenset[tuple[int, int]]
"""Under which undecided conditions something runs: number of a run, number of a region in it."""


class Held:
    """Base of what a setting may hold."""

    __slots__ = ()


@dataclass(slots=True, unsafe_hash=True)
class Literal(Held):
    """A value that is written out."""

    value: Any


@dataclass(slots=True, unsafe_hash=True)
class Unknown(Held):
    """Not known before the program runs. ``texts`` are the literals that it is made with: names of
    variables of the environment, defaults; ``holds`` is what its truth is supposed to be.
    """

    texts: tuple[str, ...] = ()
    holds: bool | None = None


@dataclass(slots=True, unsafe_hash=True)
class Code(Held):
    """A function, class, module or object, as the rest of the engine knows it."""

    value: Value


@dataclass(slots=True, unsafe_hash=True)
class Names(Held):
    """All names of a module, by which it may bind them: ``globals()``."""

    module: Module


@dataclass(slots=True, unsafe_hash=True)
class SettingsObject(Held):
    """An object of a class of settings; names are looked up from the ``start`` of its method
    resolution order on.
    """

    class_: ClassValue
    start: int = 0


@dataclass(slots=True, unsafe_hash=True)
class Choice(Held):
    """One of several, by the path taken."""

    options: tuple[Held, ...]


@dataclass(slots=True)
class Entry:
    """What a dictionary holds under a key. ``is_sure``: on every path; ``place`` is where it was
    put in last.
    """

    value: Held
    place: Place
    is_sure: bool = True


@dataclass(slots=True, eq=False)
class Dictionary(Held):
    """``is_open``: it may hold keys that are not known. ``made_by`` is the library function that
    made it, empty for a display.
    """

    place: Place
    conditions: Conditions
    made_by: str = ""
    is_open: bool = False
    entries: dict[Any, Entry] = field(default_factory=dict)

    def put(self, key: Any, value: Held, place: Place, *, is_sure: bool) -> None:
        """Put in a key; where that is not certain, what was there may be there still."""
        before = self.entries.get(key)
        if is_sure or (before is None and self.is_open):
            self.entries[key] = Entry(value, place, is_sure)
        elif before is None:
            self.entries[key] = Entry(value, place, is_sure=False)
        else:
            self.entries[key] = Entry(either((before.value, value)), place, before.is_sure)

    def take(self, key: Any, *, is_sure: bool) -> None:
        """Take out a key."""
        if is_sure:
            self.entries.pop(key, None)
        elif key in self.entries:
            self.entries[key].is_sure = False

    def copied(self, place: Place, conditions: Conditions) -> Dictionary:
        """Another dictionary with the same in it."""
        entries = {k: Entry(e.value, e.place, e.is_sure) for k, e in self.entries.items()}
        return Dictionary(place, conditions, self.made_by, self.is_open, entries)


@dataclass(slots=True, eq=False)
class Listing(Held):
    """A list or tuple; ``is_open``: it may hold more than is known."""

    items: list[Held] = field(default_factory=list)
    is_open: bool = False


NOT_KNOWN = Unknown()


def options_of(value: Held) -> tuple[Held, ...]:
    """The options of a choice, or the value itself."""
    return value.options if isinstance(value, Choice) else (value,)


def either(values: Iterable[Held]) -> Held:
    """One of these."""
    seen: dict[Held, None] = {}
    for value in values:
        seen.update(dict.fromkeys(options_of(value)))
    options = tuple(seen)
    return options[0] if len(options) == 1 else Choice(options) if options else NOT_KNOWN


def extend(changed: Listing, given: Held) -> None:
    """``changed.extend(given)``."""
    if isinstance(given, Listing):
        changed.items.extend(given.items)
        changed.is_open = changed.is_open or given.is_open
    else:
        changed.is_open = True


def truth(value: Held) -> bool | None:
    """Whether it is true; None if that is not known."""
    found: set[bool | None] = set()
    for option in options_of(value):
        if isinstance(option, Literal):
            found.add(bool(option.value))
        elif isinstance(option, Dictionary):
            is_filled = any(entry.is_sure for entry in option.entries.values())
            found.add(True if is_filled else None if option.is_open or option.entries else False)
        elif isinstance(option, Listing):
            found.add(True if option.items else None if option.is_open else False)
        else:
            found.add(option.holds if isinstance(option, Unknown) else None)
    return found.pop() if len(found) == 1 else None


def dictionaries(value: Held) -> Iterator[Dictionary]:
    """The dictionaries among the options."""
    return (option for option in options_of(value) if isinstance(option, Dictionary))


def literal(value: Held) -> Any:
    """The literal that it certainly is; :data:`Ellipsis` for anything else."""
    return value.value if isinstance(value, Literal) else ...


def texts_of(value: Held) -> Iterator[str]:
    """The texts that it is, or is made with."""
    for option in options_of(value):
        if isinstance(option, Literal) and isinstance(option.value, str):
            yield option.value
        elif isinstance(option, Unknown):
            yield from option.texts
