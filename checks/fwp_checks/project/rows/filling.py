"""What runs only where a cache has been asked, and has given nothing: to fill it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Origin
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.tested import tests_around
from fwp_checks.project.rows.ways import goes_through_rows

if TYPE_CHECKING:
    from fwp_checks.facts.model import Region
    from fwp_checks.project.effects.callers import Callers
    from fwp_checks.project.effects.effects import Link
    from fwp_checks.project.linked import Project

# Decorators that keep results for the next call. Only a weight hangs on their names.
_KEEPING = ("cache", "cached", "memoize", "memoized")
# What puts something into a cache, and with how many arguments: ``add`` of a set takes one.
_PUTTING = {"set": 1, "add": 2, "setex": 3}
# How many calls away from the one that asks a cache code is looked for.
_LEVELS = 2


class Filling:
    """Answers for one share of a project."""

    def __init__(self, project: Project, callers: Callers) -> None:
        self._project = project
        self._callers = callers

    def is_for_row(self, frame: Frame, term: int, origin: Origin, levels: int = _LEVELS) -> bool:
        """Whether a cache is asked for each row before a term is reached with it: on all ways."""
        is_own = goes_through_rows(frame, origin)
        since = origin.consumed.term if is_own and origin.consumed is not None else -1
        if _is_asked(self._project, frame, term, since):
            return True
        calls = self._callers.calls_of(frame) if levels and not is_own else ()
        return bool(calls) and all(
            self.is_for_row(caller, call, origin, levels - 1) for caller, call in calls
        )

    def is_in_loop(self, chain: Sequence[Link], loop: Region) -> bool:
        """Whether a cache is asked in each round of a loop, or in a function that it calls, before
        what a chain ends with is run.
        """
        return any(
            _is_asked(self._project, link.frame, link.term, -1 if position else loop.start)
            for position, link in enumerate(chain)
        )

    def is_whole(self, frame: Frame, term: int) -> bool:
        """Whether a term is part of what fills a cache, or of a function whose decorator keeps its
        results (``@cache.memoize()``).
        """
        keeps = any(_is_keeping(frame.module, decorator) for decorator in frame.scope.decorators)
        return keeps or _is_asked(self._project, frame, term, -1)


def _is_asked(project: Project, frame: Frame, term: int, since: int) -> bool:
    """Whether a term runs only where ``cache.get(key)``, asked behind another term, gave nothing,
    to fill it with ``set()``.
    """
    for one in tests_around(frame.module, frame.scope_number, term):
        if since < one.start:
            asked = _asked(project, frame, one.term, holds=one.holds)
            if asked is not None and any(
                _puts_into(project, frame, other, asked) for other in range(one.start, one.end)
            ):
                return True
    return False


def _asked(project: Project, frame: Frame, test: int, *, holds: bool) -> t.Term | None:
    """The cache that has given nothing where a test came out so: ``cache`` of ``cache.get(key) is
    None`` that is true, and of ``cache.get(key)`` that is false.
    """
    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, test)]
    if entry[0] == t.TRUTH:
        return _asked(project, frame, entry[1], holds=holds)
    if entry[0] == t.COMPARE:
        is_equal = entry[1] in ("is", "==")
        is_nothing = terms[entry[3]] == (t.CONST, None)
        if not is_nothing or is_equal is not holds or entry[1] not in ("is", "==", "is not", "!="):
            return None
        return _asked(project, frame, entry[2], holds=False)
    if holds or entry[0] != t.CALL:
        return None
    owner = _owner(terms, entry, "get")
    if owner is not None:
        return owner
    for body in _bodies(project, frame, t.unaliased(terms, test)):
        inner = body.module.facts.terms
        given = {_owner(inner, inner[t.unaliased(inner, one)], "get") for one in body.scope.returns}
        if len(given) == 1:
            return given.pop()
    return None


def _puts_into(project: Project, frame: Frame, term: int, cache: t.Term) -> bool:
    """Whether a term puts something into a cache, or calls a function that does."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] != t.CALL:
        return False
    if _puts(terms, entry, cache):
        return True
    return any(
        _puts(body.module.facts.terms, body.module.facts.terms[call], cache)
        for body in _bodies(project, frame, term)
        for call in body.module.calls_in(body.scope_number)
    )


def _puts(terms: list[t.Term], call: t.Term, cache: t.Term) -> bool:
    return any(
        _owner(terms, call, method) == cache
        for method, least in _PUTTING.items()
        if len(call[2]) + len(call[3]) >= least
    )


def _bodies(project: Project, frame: Frame, call: int) -> Iterator[Frame]:
    """The project's functions that a call runs."""
    for alternative in project.calls.outcome(frame, call).alternatives:
        for run in alternative or ():
            if isinstance(run, RunFrame):
                yield run.frame


def _owner(terms: list[t.Term], entry: t.Term, method: str) -> t.Term | None:
    """What a method of this name is called on."""
    if entry[0] != t.CALL:
        return None
    function = terms[entry[1]]
    if function[0] != t.ATTR or function[2] != method:
        return None
    return terms[t.unaliased(terms, function[1])]


def _is_keeping(module: Module, decorator: int) -> bool:
    terms = module.facts.terms
    entry = terms[decorator]
    called = terms[entry[1]] if entry[0] == t.CALL else entry
    spelt = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
    return spelt in _KEEPING
