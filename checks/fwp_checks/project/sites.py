"""Where library functions are called in a project: the index frameworks search for registrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.frames import Frame
from fwp_checks.project.modules import Module
from fwp_checks.project.values import Arguments, ClassValue, External, Member, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class CallSite:
    """One call of a library function, with its arguments as values."""

    __slots__ = ("_project", "frame", "name", "term")

    def __init__(self, project: Project, frame: Frame, term: int, name: str) -> None:
        self._project = project
        self.frame = frame
        self.term = term
        self.name = name

    @property
    def arguments(self) -> Arguments:
        """The arguments of the call."""
        return self._project.calls.arguments(self.frame, self.frame.module.facts.terms[self.term])


class CallSites:
    """Finds calls by what they resolve to; a look at the spelling first saves resolving the others."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_spelling: dict[str, list[tuple[Module, int]]] | None = None

    def of(self, names: frozenset[str]) -> Iterator[CallSite]:
        """Calls of any of these library names (canonical), in module order.

        A name that ends in ``.member`` also matches the member read through an object of a project class that derives
        from the library's.
        """
        spellings = sorted({name.rpartition(".")[2] for name in names})
        places = [place for spelling in spellings for place in self._index.get(spelling, ())]
        places.extend(self._index.get("", ()))
        for module, term in sorted(set(places), key=lambda place: (place[0].path, place[1])):
            frame = self._project.frame_of_scope(module, module.scope_of(term))
            function = module.facts.terms[term][1]
            for option in options_of(self._project.values.evaluate(frame, function)):
                name = self._resolved(option, names)
                if name is not None:
                    yield CallSite(self._project, frame, term, name)
                    break

    def _resolved(self, function: object, names: frozenset[str]) -> str | None:
        if isinstance(function, (External, Member)):
            if function.name in names:
                return function.name
            owner, _, member = function.name.rpartition(".")
            for base in self._project.catalogue.bases(owner):
                if f"{base}.{member}" in names:
                    return f"{base}.{member}"
        if isinstance(function, ClassValue):
            for base in self._project.classes.info(function).externals:
                if base in names:
                    return base
        return None

    @property
    def _index(self) -> dict[str, list[tuple[Module, int]]]:
        """CALL terms by the last name of what they call; under "" those of a local value."""
        if self._by_spelling is None:
            index: dict[str, list[tuple[Module, int]]] = {}
            for module in self._project.table.modules:
                terms = module.facts.terms
                for term in module.calls:
                    index.setdefault(self._spelling(module, terms[terms[term][1]]), []).append(
                        (module, term)
                    )
            self._by_spelling = index
        return self._by_spelling

    def _spelling(self, module: Module, function: t.Term) -> str:
        kind = function[0]
        if kind == t.ATTR:
            return str(function[2])
        if kind == t.IMPORT:
            return str(function[2] or function[1])
        if kind == t.DEFINITION:
            return "" if module.facts.scopes[function[1]].kind == "class" else "<function>"
        if kind == t.NAME:
            bound = module.facts.scopes[0].bindings.get(function[1], -1)
            if bound < 0:
                return str(function[1])
            return self._spelling(module, module.facts.terms[bound])
        return "<value>"
