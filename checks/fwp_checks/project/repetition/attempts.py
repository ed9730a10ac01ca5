"""Handlers whose work is one ``try``: what it begins with is what they begin with, if it may be
moved out in front of it. It may where no ``except`` catches what it raises, or only to raise it
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region, Statement
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    TupleValue,
    Value,
    options_of,
)
from fwp_checks.project.repetition.sameness import Reading, last_name

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Libraries whose errors stand for responses, by their first names; those of a family derive from
# each other. Source: fastapi/exceptions.py 0.115, werkzeug/exceptions.py 3.1, litestar/exceptions
# 2.16, django/http/response.py 5.2, rest_framework/exceptions.py 3.16: none is derived from errors
# of Python but Exception, or of a library of another family.
_FAMILIES = {
    "fastapi": "starlette",
    "starlette": "starlette",
    "litestar": "litestar",
    "werkzeug": "werkzeug",
    "flask": "werkzeug",
    "quart": "werkzeug",
    "django": "django",
    "rest_framework": "rest_framework",
    "ninja": "ninja",
}
_CATCHING_ALL = frozenset({"builtins.Exception", "builtins.BaseException"})


def statements_of(reading: Reading, frame: Frame) -> list[Statement]:
    """The statements in the ``try`` that is all of a function, but for what does nothing; none if
    there is more to it, or if it has a ``finally``, which what is moved out would be without.
    """
    attempted = frame.module.facts.attempted(frame.scope)
    if not attempted:
        return []
    for statement in frame.module.facts.statements_of(frame.scope):
        if statement.kind == "try":
            regions = frame.module.regions_in(frame.scope_number)
            has_end = any(
                region.kind == "finally" and statement.start <= region.start <= statement.end
                for region in regions
            )
            return [] if has_end else attempted
        if not reading.is_idle(statement):
            return []
    return []


def lets_through(project: Project, frame: Frame, statements: Sequence[Statement]) -> bool:
    """Whether what statements at the beginning of a function's ``try`` raise leaves it as it is."""
    regions = frame.module.regions_in(frame.scope_number)
    clauses = _clauses(regions, frame.module.facts.attempted(frame.scope)[0].start)
    if clauses is None:
        return False
    raised = list(_raised(project, frame, statements))
    return all(_passes(project, frame, clauses, one) for one in raised)


def aborts(project: Project, frame: Frame, term: int) -> bool:
    """Whether a term calls a library's ``abort()``, which raises an error that is a response."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] != t.CALL or last_name(terms[entry[1]]) != "abort":
        return False
    called = project.values.evaluate(frame, entry[1])
    return isinstance(called, External) and called.name.endswith(".abort")


def _clauses(regions: Sequence[Region], start: int) -> list[Region] | None:
    """The ``except`` clauses of the outermost ``try`` that begins at a term, in order; None if it
    is not certain which ones are its own.
    """
    tries = [region for region in regions if region.kind == "try" and region.start == start]
    if not tries:
        return None
    own = max(tries, key=lambda region: region.end)
    later = [region for region in regions if region.start >= own.end]
    caught = [region for region in later if region.kind == "except"]
    clauses = [one for one in caught if not any(_is_inside(one, other) for other in caught)]
    if any(
        region.kind == "try" and not any(_is_inside(region, clause) for clause in clauses)
        for region in later
    ):
        return None
    return sorted(clauses, key=lambda region: region.start)


def _is_inside(inner: Region, outer: Region) -> bool:
    return inner is not outer and outer.start <= inner.start and inner.end <= outer.end


def _raised(
    project: Project, frame: Frame, statements: Sequence[Statement]
) -> Iterator[Value | None]:
    """The classes of what statements raise by themselves; None for what is not known."""
    terms = frame.module.facts.terms
    for term in range(statements[0].start, statements[-1].end):
        entry = terms[term]
        if entry[0] == t.RAISE:
            yield _class_of(project, frame, entry[1])
        elif aborts(project, frame, term):
            yield External("werkzeug.exceptions.HTTPException")


def _class_of(project: Project, frame: Frame, term: int) -> Value | None:
    terms = frame.module.facts.terms
    if term < 0:
        return None
    made = t.unaliased(terms, term)
    value = project.values.evaluate(frame, terms[made][1] if terms[made][0] == t.CALL else made)
    return value if isinstance(value, (ClassValue, External)) else None


def _passes(
    project: Project, frame: Frame, clauses: Sequence[Region], raised: Value | None
) -> bool:
    """Whether no clause catches something, or the first one that does raises it again."""
    for clause in clauses:
        catches = _catches(project, frame, clause, raised)
        if catches is None:
            return False
        if catches:
            return _raises_again(frame, clause)
    return True


def _catches(project: Project, frame: Frame, clause: Region, raised: Value | None) -> bool | None:
    """Whether a clause catches something; None if that is not certain."""
    if clause.term < 0:
        return True
    value = project.values.evaluate(frame, clause.term)
    classes = value.items if isinstance(value, TupleValue) else options_of(value)
    found: set[bool | None] = {_is_derived(project, raised, class_) for class_ in classes}
    if True in found:
        return True
    return None if None in found else False


def _is_derived(project: Project, raised: Value | None, class_: Value) -> bool | None:
    """Whether a class of errors is derived from another one; None if that is not certain."""
    if isinstance(class_, External) and class_.name in _CATCHING_ALL:
        return True
    if isinstance(raised, ClassValue):
        info = project.classes.info(raised)
        if class_ in info.order:
            return True
        if info.is_open or not isinstance(class_, (ClassValue, External)):
            return None
        bases = {_is_derived(project, External(name), class_) for name in info.externals}
        return True if True in bases else None if None in bases else False
    if not isinstance(raised, External):
        return None
    if raised.name in _CATCHING_ALL or isinstance(class_, ClassValue):
        return False
    family = _FAMILIES.get(raised.name.partition(".")[0])
    if family is None or not isinstance(class_, External):
        return None
    if _FAMILIES.get(class_.name.partition(".")[0]) != family:
        return False
    return True if raised.name.rpartition(".")[2] == class_.name.rpartition(".")[2] else None


def _raises_again(frame: Frame, clause: Region) -> bool:
    """Whether all that a clause does is to raise what it has caught."""
    terms = frame.module.facts.terms
    done = [terms[term] for term in range(clause.start, clause.end)]
    raising = [entry for entry in done if entry[0] == t.RAISE]
    calls = [entry for entry in done if entry[0] == t.CALL]
    return len(raising) == 1 and raising[0][1] < 0 and not calls
