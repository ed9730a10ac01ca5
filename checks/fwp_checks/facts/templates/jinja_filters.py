"""Jinja's filters to terms.

Source: jinja2/filters.py of Jinja 3.1.6. An attribute that a filter is given is a path with dots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates.nesting import Nesting
from fwp_checks.facts.templates.source import Text


class Given(NamedTuple):
    """The arguments of a filter, and where it stands."""

    positional: tuple[int, ...]
    keywords: tuple[tuple[str | None, int], ...]
    start: int
    end: int


_TEXT = frozenset(
    {
        *("capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower"),
        *("replace", "safe", "string", "striptags", "title", "trim", "truncate", "upper"),
        *("urlencode", "urlize", "wordcount", "wordwrap", "xmlattr", "pprint", "tojson"),
    }
)
_PLAIN = frozenset({"abs", "filesizeformat", "float", "int", "round"})
_SAME = frozenset({"batch", "slice", "sort", "unique", "reverse", "list", "select", "reject"})


class JinjaFilters(Nesting):
    """The part of the Jinja extractor that knows its filters."""

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self._filters: dict[str, Callable[[int, Given], int]] = {
            "length": self._length,
            "count": self._length,
            "first": self._first,
            "last": self._first,
            "random": self._first,
            "min": self._first,
            "max": self._first,
            "sum": self._sum_of,
            "join": self._join,
            "map": self._map,
            "selectattr": self._selected,
            "rejectattr": self._selected,
            "groupby": self._groups,
            "default": self._default,
            "d": self._default,
            "items": self._pairs,
            "dictsort": self._pairs,
            "attr": self._attribute,
        }

    def filtered(self, name: str, base: int, given: Given) -> int:
        """What a filter gives."""
        known = self._filters.get(name)
        if known is not None:
            return known(base, given)
        if name in _SAME:
            return self._listed(base, given)
        if name in _TEXT:
            return self.add((t.FORMAT, (base,)), given.start, given.end)
        if name in _PLAIN:
            return self.add((t.UNKNOWN, f"result of the filter '{name}'"), given.start, given.end)
        function = self.add((t.REGISTERED, "filter", name, ()), given.start, given.end)
        call = (t.CALL, function, (base, *given.positional), given.keywords)
        return self.add(call, given.start, given.end)

    def _constant(self, given: Given, position: int, *names: str) -> object:
        """A literal argument; None if it is none or is missing."""
        terms = [term for name, term in given.keywords if name in names]
        terms += given.positional[position : position + 1] if position >= 0 else ()
        entry = self.terms[terms[0]] if terms else t.NOTHING
        return entry[1] if entry[0] == t.CONST else None

    def _by_attribute(self, base: int, given: Given, path: object) -> int:
        """What each element holds at a path; the elements where there is none."""
        names = path.split(".") if isinstance(path, str) and path else []

        def read(element: int) -> int:
            return self.path(element, names, given.start, given.end)

        return self.each(base, given.start, given.end, read)

    def _function(self, name: str, base: int, given: Given) -> int:
        return self.call(
            self.builtin(name, given.start, given.end), (base,), given.start, given.end
        )

    def _length(self, base: int, given: Given) -> int:
        return self._function("len", base, given)

    def _first(self, base: int, given: Given) -> int:
        path = self._constant(given, -1, "attribute")
        if path is not None:
            self._by_attribute(base, given, path)
        return self._function("next", base, given)

    def _sum_of(self, base: int, given: Given) -> int:
        self._by_attribute(base, given, self._constant(given, 0, "attribute"))
        return self.add((t.UNKNOWN, "a sum"), given.start, given.end)

    def _join(self, base: int, given: Given) -> int:
        names = self._constant(given, 1, "attribute")
        path = names.split(".") if isinstance(names, str) else []

        def text(element: int) -> int:
            value = self.path(element, path, given.start, given.end)
            return self.add((t.FORMAT, (value,)), given.start, given.end)

        texts = self.each(base, given.start, given.end, text)
        return self.add((t.FORMAT, (texts,)), given.start, given.end)

    def _map(self, base: int, given: Given) -> int:
        path = self._constant(given, -1, "attribute")
        if path is not None:
            return self._by_attribute(base, given, path)
        name = self._constant(given, 0)

        def apply(element: int) -> int:
            rest = Given(given.positional[1:], given.keywords, given.start, given.end)
            return self.filtered(str(name), element, rest)

        return self.each(base, given.start, given.end, apply)

    def _selected(self, base: int, given: Given) -> int:
        self._by_attribute(base, given, self._constant(given, 0))
        return self._function("list", base, given)

    def _listed(self, base: int, given: Given) -> int:
        path = self._constant(given, -1, "attribute")
        if path is not None:
            for part in str(path).split(","):
                self._by_attribute(base, given, part.strip())
        return self._function("list", base, given)

    def _groups(self, base: int, given: Given) -> int:
        path = self._constant(given, 0, "attribute")
        names = path.split(".") if isinstance(path, str) else []

        def group(element: int) -> int:
            key = self.path(element, names, given.start, given.end)
            pair = (t.SEQUENCE, "tuple", (key, self._function("list", base, given)))
            return self.add(pair, given.start, given.end)

        return self.each(base, given.start, given.end, group)

    def _default(self, base: int, given: Given) -> int:
        return self.add((t.BOOL, "or", (base, *given.positional[:1])), given.start, given.end)

    def _pairs(self, base: int, given: Given) -> int:
        items = self.add((t.ATTR, base, "items"), given.start, given.end)
        return self.call(items, (), given.start, given.end)

    def _attribute(self, base: int, given: Given) -> int:
        name = self._constant(given, 0)
        if not isinstance(name, str):
            return self.add((t.UNKNOWN, "computed attribute"), given.start, given.end)
        return self.add((t.ATTR, base, name), given.start, given.end)
