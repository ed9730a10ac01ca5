"""Code that asks whether an event loop runs on this thread, and the branches that run only where
none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# These raise where no loop runs,
# https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_running_loop
_RAISING = frozenset({"get_running_loop", "current_task", "current_async_library"})
# Compared with the thread of the loop, the thread that runs tells, too.
_QUESTIONS = _RAISING | {"is_running", "get_ident", "get_native_id", "current_thread"}
_IDENTITIES = frozenset({"ident", "native_id", "name"})
_NEGATIONS = {"is": False, "==": False, "is not": True, "!=": True}
_MAX_DEPTH = 8


class OffLoop:
    """Finds such branches of functions."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._asked: dict[Module, list[int]] = {}

    def stretches(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms of a function that run on no event loop.

        ``except`` after asking for the running loop; the branches of ``if loop.is_running():`` and
        of tests of what was learnt before; what follows ``if is_running: return``, or a ``try``
        that returns once it has the loop.
        """
        asked = self._asked_in(frame)
        if not asked:
            return []
        terms = frame.module.facts.terms
        regions = frame.module.regions_in(frame.scope_number)
        raising = {term for term in asked if _called(terms, term) in _RAISING}
        # Whether there is a loop to ask at all, tells, too: "if loop is None: …".
        known = {*asked, *[_loop(terms, term) for term in asked if _is_method(terms, term)]}
        found: list[tuple[int, int]] = []
        for region in regions:
            if region.kind == "try" and any(region.start <= term < region.end for term in raising):
                handlers = frame.module.handlers_of(region, frame.scope_number)
                found.extend((r.start, r.end) for r in handlers[:1])
                found.extend(
                    (end, frame.scope.end) for end, raises in _left(frame, region) if not raises
                )
            elif region.kind in ("if", "else") and region.term >= 0:
                runs = _tells(terms, region.term, known)
                if runs is None:
                    continue
                if runs is (region.kind == "else"):
                    found.append((region.start, region.end))
                elif region.leaves:
                    found.append(frame.module.rest_after(region, frame.scope_number))
        return found

    def needing_one(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms of a function that run only where a loop is running on its thread:
        behind what raises where none is, and under tests of what that has given.
        """
        asked = self._asked_in(frame)
        terms = frame.module.facts.terms
        raising = {term for term in asked if _called(terms, term) in _RAISING}
        if not raising:
            return []
        found: list[tuple[int, int]] = []
        for region in frame.module.regions_in(frame.scope_number):
            if region.kind == "try":
                found.extend(
                    (term, region.end) for term in raising if region.start <= term < region.end
                )
            elif region.kind in ("if", "else") and region.term >= 0:
                runs = _tells(terms, region.term, raising)
                if runs is (region.kind == "if"):
                    found.append((region.start, region.end))
        return found

    def refused(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms that an exception keeps from running on a loop: whoever calls the
        function there is told so.
        """
        asked = self._asked_in(frame)
        if not asked:
            return []
        terms = frame.module.facts.terms
        raising = {term for term in asked if _called(terms, term) in _RAISING}
        if not raising:
            return []
        return [
            (end, frame.scope.end)
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind == "try" and any(region.start <= term < region.end for term in raising)
            for end, raises in _left(frame, region)
            if raises
        ]

    def _asked_in(self, frame: Frame) -> list[int]:
        asked = self._questions(frame.module)
        if not asked:
            return asked
        scope = frame.scope
        return [term for term in asked if scope.start <= term < scope.end]

    def _questions(self, module: Module) -> list[int]:
        """The calls of a module that ask whether a loop is running."""
        known = self._asked.get(module)
        if known is None:
            calls: Sequence[int] = module.calls
            if _QUESTIONS.isdisjoint(module.facts.scopes[0].bindings):
                # Names that are spelt so mean no other name here.
                calls = self._project.call_sites.spelt_in(module, _QUESTIONS)
            terms = module.facts.terms
            known = self._asked[module] = [
                term for term in calls if _called(terms, term) in _QUESTIONS
            ]
        return known


def _left(frame: Frame, tried: Region) -> Iterator[tuple[int, bool]]:
    """Where a ``try`` of the function's own body ends that is left once it has the loop, so that
    only handlers go on behind it; and whether it raises (in ``else``) instead of returning.
    """
    module, scope = frame.module, frame.scope
    for statement in module.facts.statements_of(scope):
        if statement.kind != "try" or not statement.start <= tried.start < statement.end:
            continue
        inner = [
            region
            for region in module.regions_in(frame.scope_number)
            if statement.start <= region.start < region.end <= statement.end and region != tried
        ]
        for last in {tried.end - 1, statement.end - 1}:
            if any(region.start <= last < region.end for region in inner):
                continue
            if last in scope.returns:
                yield statement.end, False
            elif last >= tried.end and module.facts.terms[last][0] == t.RAISE:
                yield statement.end, True


def _tells(terms: list[t.Term], term: int, asked: set[int], depth: int = 0) -> bool | None:
    """Whether a condition, where it holds, says that a loop runs (True) or that none does."""
    if term in asked:
        return True
    entry = terms[term]
    kind = entry[0]
    if depth == _MAX_DEPTH:
        return None
    if kind == t.UNARY and entry[1] == "not":
        inner = _tells(terms, entry[2], asked, depth + 1)
        return None if inner is None else not inner
    if kind == t.NARROW or (kind == t.ATTR and entry[2] in _IDENTITIES):
        return _tells(terms, entry[1], asked, depth + 1)
    if kind == t.COMPARE and entry[1] in _NEGATIONS:
        inner = _tells(terms, entry[2], asked, depth + 1)
        if inner is None:
            inner = _tells(terms, entry[3], asked, depth + 1)
        # "is None" says the contrary of what it is asked of, "is loop" the same.
        against = _NEGATIONS[entry[1]] is not (terms[entry[3]] == (t.CONST, None))
        return None if inner is None else inner is not against
    if kind == t.BOOL and entry[1] == "and":
        return True if any(_tells(terms, o, asked, depth + 1) for o in entry[2]) else None
    if kind == t.JOIN:
        others = [option for option in entry[1] if terms[option] not in _NOTHING]
        if len(others) == 1:
            return _tells(terms, others[0], asked, depth + 1)
    return None


_NOTHING = ((t.CONST, None), (t.CONST, False))


def _is_method(terms: list[t.Term], call: int) -> bool:
    return bool(terms[terms[call][1]][0] == t.ATTR and _called(terms, call) == "is_running")


def _loop(terms: list[t.Term], call: int) -> int:
    """What ``loop.is_running()`` asks, before any test narrowed it."""
    term: int = terms[terms[call][1]][1]
    return t.unaliased(terms, term)


def _called(terms: list[t.Term], call: int) -> object:
    """The last name of what a call calls, as it is spelt."""
    function = terms[terms[call][1]]
    return function[2] if function[0] == t.IMPORT else function[-1]
