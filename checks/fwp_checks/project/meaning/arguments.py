"""What a call in the code hands over, evaluated as far as someone asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    EMPTY,
    Arguments,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class CallArguments(Arguments):
    """The arguments of a CALL term, each evaluated when it is first asked for."""

    __slots__ = ("_at", "_entry", "_frame", "_is_spread", "_project")

    def __init__(self, project: Project, frame: Frame, entry: t.Term, at: int) -> None:
        terms = frame.module.facts.terms
        count = len(entry[2])
        for index, argument in enumerate(entry[2]):
            if terms[argument][0] == t.STAR:
                count = index
                break
        is_spread = False
        for name, _ in entry[3]:
            if name is None:
                is_spread = True
        self._positional: tuple[Value, ...] | None = None if count else ()
        self._keywords: tuple[tuple[str, Value], ...] | None = None if entry[3] else ()
        self._is_spread = is_spread
        self.count = count
        self.complete = count == len(entry[2]) and not is_spread
        self.terms = entry[2]
        self._project = project
        self._frame = frame
        self._entry = entry
        self._at = at

    @property
    def site(self) -> tuple[str, int] | None:
        """The path of the module and the term of the call, else of what is called."""
        return self._frame.module.path, self._at or self._entry[1]

    @property
    def positional(self) -> tuple[Value, ...]:
        """Those that have no name."""
        known = self._positional
        if known is None:
            terms = self._entry[2][: self.count]
            known = self._positional = tuple([self._used(term) for term in terms])
        return known

    @property
    def keywords(self) -> tuple[tuple[str, Value], ...]:
        """Those that have one, with it."""
        known = self._keywords
        if known is None:
            found: list[tuple[str, Value]] = []
            for name, argument in self._entry[3]:
                if name is None:
                    spread = self._used(argument)
                    if isinstance(spread, MappingValue):
                        found += [(key, v) for key, v in spread.items if isinstance(key, str)]
                else:
                    found.append((name, self._used(argument)))
            known = self._keywords = tuple(found)
        return known

    @property
    def is_named(self) -> bool:
        """Whether some may have names."""
        return bool(self._entry[3])

    def opened(self, *, as_set: bool = False) -> Arguments:
        """These, with what is in a tuple of known length that is handed over as ``*args``; with
        ``as_set``, of a collection, too, each thing that may be in it once.
        """
        given = self._entry[2]
        if self.count == len(given):
            return self
        starred = self._frame.module.facts.terms[given[self.count]][1]
        spread = self._used(starred)
        if type(spread) is TupleValue:
            items = spread.items
        elif as_set and type(spread) is Iterable:
            items = tuple([one for one in options_of(spread.element) if one is not EMPTY])
        else:
            return self
        positional = (*self.positional, *items)
        complete = self.count + 1 == len(given) and not self._is_spread
        return Arguments(positional, self.keywords, complete, self.terms, self.site)

    def beginning(self, position: int) -> str:
        """The text that stands first in an f-string or a sum at a position; empty if none does."""
        if position >= self.count:
            return ""
        terms = self._frame.module.facts.terms
        entry = terms[t.unaliased(terms, self._entry[2][position])]
        while entry[0] == t.BINARY and entry[1] == "+":
            entry = terms[t.unaliased(terms, entry[2])]
        if entry[0] == t.FORMAT and len(entry) > 2:
            return str(entry[2][0])
        return entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else ""

    def get(self, position: int, keyword: str | None = None) -> Value | None:
        """The argument at a position or under a name, None if it was not given."""
        if 0 <= position < self.count:
            if self._positional is not None:
                return self._positional[position]
            return self._used(self._entry[2][position])
        return self.named(keyword) if keyword is not None else None

    def named(self, keyword: str) -> Value | None:
        """The argument under a name, None if it was not given."""
        if self._keywords is not None or self._is_spread:
            return super().named(keyword)
        for name, argument in self._entry[3]:
            if name == keyword:
                return self._used(argument)
        return None

    def others(self, names: set[str]) -> list[tuple[str, Value]]:
        """Those that have a name, without these."""
        if self._keywords is not None or self._is_spread:
            return super().others(names)
        given = self._entry[3]
        return [(name, self._used(argument)) for name, argument in given if name not in names]

    def _used(self, argument: int) -> Value:
        return self._project.assignments.used(self._frame, argument, self._at)
