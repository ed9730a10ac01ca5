"""Objects that are made, ended and not used in between: ``session = make(); try: prepare(session)
finally: session.close()``, where ``prepare`` does nothing with it.

A session of a database has no connection before its first statement, so its end waits for nobody:
https://docs.sqlalchemy.org/en/20/orm/session_basics.html#when-do-i-make-a-sessionmaker
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import (
    ClassValue,
    Coroutine,
    External,
    Instance,
    Value,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

ENDING = frozenset({"close", "reset", "commit", "rollback"})
# After these its rows are loaded no more.
_CLOSING = frozenset({"close", "reset"})
_LOOPS = frozenset({"for", "while"})
# These look at an object and leave it alone.
_LOOKING = frozenset({t.TRUTH, t.UNARY, t.COMPARE, t.BOOL, t.DROP})
_SAME = frozenset({t.ALIAS, t.NARROW, t.ENTER})
_NOTHING = (t.CONST, None)
# So many calls away it is looked for what makes an object, and what uses it.
_DEPTH = 3


def is_unused(project: Project, frame: Frame, term: int) -> bool:
    """Whether an object that a function ends was made by it, and nothing else done with it."""
    made = _made(frame, term)
    if made is None or not _is_new(project, frame, made, _DEPTH):
        return False
    value = without_none(project.values.evaluate(frame, made))
    return not _is_used(project, frame, {made}, value, _DEPTH)


def is_ended(frame: Frame, ended: int, end: int) -> bool:
    """Whether a variable was closed whenever a term is reached, and not touched since."""
    module, number = frame.module, frame.scope_number
    terms = module.facts.terms
    ended = t.unaliased(terms, ended)
    if terms[ended][0] not in (t.CALL, t.ENTER, t.PARAM):
        return False
    last = -1
    calls = module.calls
    for at in range(bisect_left(calls, frame.scope.start), bisect_left(calls, end)):
        called = terms[terms[calls[at]][1]]
        if called[0] != t.ATTR or called[2] not in _CLOSING:
            continue
        if t.unaliased(terms, called[1]) == ended and all(
            region.start <= end < region.end
            for region in module.regions_in(number)
            if region.start <= calls[at] < region.end and region.kind != "finally"
        ):
            last = calls[at]
    if last < 0 or any(scope.parent == number for scope in module.facts.scopes[1:]):
        return False
    around = [region.start for region in module.regions_in(number) if region.kind in _LOOPS]
    if any(last < start < end for start in around):
        return False
    return not any(
        ended in [t.unaliased(terms, operand) for operand in t.operands(terms[term])]
        for term in range(last + 1, end)
        if not _only_ends(terms, term)
    )


def _only_ends(terms: list[t.Term], term: int) -> bool:
    """Whether a term leaves what it is made of alone, or ends it."""
    entry = terms[term]
    return entry[0] in _LOOKING or (entry[0] == t.ATTR and entry[2] in ENDING)


def _made(frame: Frame, term: int) -> int | None:
    """The one call of a function's own code whose result a term is, where it is not None."""
    terms = frame.module.facts.terms
    if terms[term][0] == t.CALL:
        return term
    waiting = [term]
    found: set[int] = set()
    seen = {term}
    while waiting:
        entry = terms[waiting.pop()]
        if entry[0] in _SAME:
            inner = [entry[1]]
        elif entry[0] == t.JOIN:
            inner = list(entry[1])
        else:
            return None
        for one in inner:
            if terms[one][0] == t.CALL:
                found.add(one)
            elif one not in seen and terms[one] != _NOTHING:
                seen.add(one)
                waiting.append(one)
    return found.pop() if len(found) == 1 else None


def _is_new(project: Project, frame: Frame, call: int, depth: int) -> bool:
    """Whether a call makes an object, itself or in a function that gives it back at once."""
    called = project.values.evaluate(frame, frame.module.facts.terms[call][1])
    if isinstance(called, (External, ClassValue)):
        return True
    if isinstance(called, Instance):
        return isinstance(called.class_, str) and not called.class_.endswith("scoped_session")
    alternatives = project.calls.outcome(frame, call).alternatives
    if depth == 0 or len(alternatives) != 1 or not alternatives[0]:
        return False
    for run in alternatives[0]:
        if not isinstance(run, RunFrame):
            return False
        returns = run.frame.scope.returns
        terms = run.frame.module.facts.terms
        if len(returns) != 1 or terms[returns[0]][0] != t.CALL:
            return False
        if not _is_new(project, run.frame, returns[0], depth - 1):
            return False
    return True


def _is_used(project: Project, frame: Frame, same: set[int], value: Value, depth: int) -> bool:
    """Whether a function, or what it calls, does something with an object but end it."""
    module, scope = frame.module, frame.scope
    terms = module.facts.terms
    if depth == 0 or any(s.parent == frame.scope_number for s in module.facts.scopes[1:]):
        return True
    for term in range(scope.start, scope.end):
        entry = terms[term]
        kind: int = entry[0]
        operands = t.operands(entry)
        if same.isdisjoint(operands):
            continue
        if kind in _SAME or kind == t.JOIN:
            same.add(term)
        elif kind == t.ATTR:
            if entry[2] not in ENDING:
                return True
        elif kind == t.CALL:
            if entry[1] in same or _uses(project, frame, term, value, depth):
                return True
        elif kind not in _LOOKING:
            return True
    return not same.isdisjoint(scope.returns)


def _uses(project: Project, frame: Frame, call: int, value: Value, depth: int) -> bool:
    """Whether a function does something with an object that it is handed; a coroutine that is only
    made has not begun.
    """
    outcome = project.calls.outcome(frame, call)
    if outcome.alternatives == ((),):
        is_made = all(isinstance(option, Coroutine) for option in options_of(outcome.result))
        return frame.scope.is_async or not is_made
    for alternative in outcome.alternatives:
        if not alternative:
            return True
        for run in alternative:
            if not isinstance(run, RunFrame) or run.frame.scope.is_async:
                return True
            inner = run.frame
            terms = inner.module.facts.terms
            handed = {
                term
                for term in range(inner.scope.start, inner.scope.end)
                if terms[term][0] == t.PARAM
                and without_none(project.values.evaluate(inner, term)) == value
            }
            if handed and _is_used(project, inner, handed, value, depth - 1):
                return True
    return False
