"""A frame: one scope of code together with what is known about its parameters and the names around
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts.model import Scope
from fwp_checks.project.meaning.cuts import Provisional
from fwp_checks.project.meaning.origins import holds_rows
from fwp_checks.project.meaning.values import (
    Constant,
    FunctionValue,
    Instance,
    Partial,
    Union,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.meaning.outcome import Alternative, Outcome

# A function seen with this many sets of arguments is from then on told apart by its first one (of a
# method, the receiver), by the functions, by objects of libraries and by the rows of queries that
# it is handed only, then by the first one alone, which says what a method does for each of many
# classes, and later by none. Sets with rows of queries are counted by themselves.
_MANY = 8
_TOO_MANY = 64
_MOST_RECEIVERS = 1024
# All pages of a site extend the same template, whose blocks are in its one argument; or are
# rendered by one function that is handed their names.
_MOST_PAGES = 1000
_FUNCTIONS = (FunctionValue, Partial, Wrapped)

FunctionKey = tuple[str, int]
"""A function in any frame: the path of its module and the number of its scope."""


class Frame:
    """A scope under given arguments. Frames are made by :class:`Frames` only, so equal ones are the
    same object.

    ``arguments`` has an entry a parameter, None where nothing is known beyond its annotation.
    ``parent`` is the frame the function was defined in. ``outcomes`` are those of its calls that
    were asked for, ``running`` is what a call does that runs it, if one was.
    """

    __slots__ = (
        *("_others", "_start", "_values"),
        *("arguments", "module", "number", "outcomes", "parent", "running"),
        *("scope", "scope_number"),
    )

    def __init__(
        self,
        number: int,
        module: Module,
        scope_number: int,
        parent: Frame | None,
        arguments: tuple[Value | None, ...],
    ) -> None:
        self.number = number
        self.module = module
        self.scope_number = scope_number
        self.scope: Scope = module.facts.scopes[scope_number]
        self.parent = parent
        self.arguments = arguments
        self._start = self.scope.start
        # Of the scope's own terms, as soon as there is one; and of terms of scopes around it.
        self._values: list[Value | None] = []
        self._others: dict[int, Value] | None = None
        self.outcomes: dict[int, Outcome] = {}
        self.running: tuple[Alternative, ...] | None = None

    def known(self, term: int) -> Value | None:
        """What a term has been found to be here, if that was asked."""
        at = term - self._start
        if 0 <= at < len(self._values):
            known = self._values[at]
        else:
            known = None if self._others is None else self._others.get(term)
        return known.met() if type(known) is Provisional else known

    def note(self, term: int, value: Value) -> None:
        """What a term is here, from now on."""
        at = term - self._start
        if not self._values:
            self._values = [None] * (self.scope.end - self._start)
        if 0 <= at < len(self._values):
            self._values[at] = value
        elif self._others is None:
            self._others = {term: value}
        else:
            self._others[term] = value

    def forget(self, term: int) -> None:
        """What a term is here is to be found out again when it is asked for."""
        at = term - self._start
        if 0 <= at < len(self._values):
            self._values[at] = None
        elif self._others is not None:
            self._others.pop(term, None)

    def detailed(self, terms: Sequence[int]) -> list[tuple[int, Value]]:
        """Those of some terms of the scope, and the terms of scopes around it, that have been found
        to be objects with details here, or one of several.
        """
        found: list[tuple[int, Value]] = []
        if self._values:
            for term in terms:
                value = self._values[term - self._start]
                if value is not None and _may_have_details(value):
                    found.append((term, value))
        if self._others is not None:
            others = self._others.items()
            found += [(term, value) for term, value in others if _may_have_details(value)]
        return found

    @property
    def function(self) -> FunctionKey:
        """Whose frame it is."""
        return self.module.path, self.scope_number

    @property
    def qualname(self) -> str:
        """The dotted name inside the module."""
        return self.module.qualname(self.scope_number)

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.scope.name

    def __repr__(self) -> str:
        return f"Frame({self.module.path}:{self.qualname})"


class Frames:
    """Makes frames, one for each scope, parent and arguments; beyond a bound, arguments are
    forgotten.
    """

    def __init__(self) -> None:
        # Their numbers go down from here; -1 stands for no frame.
        self._singles = -1
        self._frames: dict[tuple[object, ...], Frame] = {}
        self._count: dict[tuple[str, int, bool], int] = {}

    def get(
        self,
        module: Module,
        scope_number: int,
        parent: Frame | None,
        arguments: tuple[Value | None, ...],
    ) -> Frame:
        """The frame of a scope under these arguments."""
        key = (module.path, scope_number, parent.number if parent else -1, arguments)
        frame = self._frames.get(key)
        if frame is None:
            # What is found of rows does not depend on who else calls the function, and when.
            has_rows = any(value is not None and holds_rows(value) for value in arguments)
            place = (module.path, scope_number, has_rows)
            count = self._count.get(place, 0)
            is_page = count < _MOST_PAGES and (module.is_template or _has_name(arguments))
            fewer = arguments if is_page else _forget(arguments, count)
            if fewer != arguments:
                return self.get(module, scope_number, parent, fewer)
            self._count[place] = count + 1
            frame = self._frames[key] = Frame(
                len(self._frames), module, scope_number, parent, arguments
            )
        return frame

    def single(
        self,
        module: Module,
        scope_number: int,
        parent: Frame | None,
        arguments: tuple[Value | None, ...],
    ) -> Frame:
        """A frame for one call, equal to no other, of which no argument is forgotten."""
        self._singles -= 1
        return Frame(self._singles, module, scope_number, parent, arguments)


def _forget(arguments: tuple[Value | None, ...], count: int) -> tuple[Value | None, ...]:
    """What is kept of a call's arguments when the function has had ``count`` frames already."""
    if count < _MANY:
        return arguments
    if count < _TOO_MANY:
        rest = (value if value is not None and _tells(value) else None for value in arguments[1:])
        return (*arguments[:1], *rest)
    kept = arguments[:1] if count < _MOST_RECEIVERS else ()
    return (*kept, *[None] * (len(arguments) - len(kept)))


def _has_name(arguments: tuple[Value | None, ...]) -> bool:
    """Whether a function is handed a text by which something is found."""
    return any(isinstance(value, Constant) for value in arguments)


def _tells(value: Value) -> bool:
    return isinstance(value, _FUNCTIONS) or _is_plain(value) or holds_rows(value)


def _may_have_details(value: Value) -> bool:
    return bool(value.details) if type(value) is Instance else type(value) is Union


def _is_plain(value: Value) -> bool:
    """Whether it is an object of a library of which nothing else is known: there are few kinds."""
    return (
        type(value) is Instance
        and type(value.class_) is str
        and not (value.arguments or value.details)
    )
