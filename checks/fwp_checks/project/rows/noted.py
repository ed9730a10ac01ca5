"""The row that a loop has noted, or at which it has stopped: behind the loop it is a single one.

``best = None; for post in posts: if …: best = post`` and then ``best.author``, once for all rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.values import (
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Member,
    TupleValue,
    Union,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


def uses_noted(project: Project, frame: Frame, term: int, consumed: Place) -> bool:
    """Whether all that a term, behind the loop in which a function goes through rows, has of these
    is what a variable of the loop has been left with.
    """
    used = t.operands(frame.module.facts.terms[term])
    carrying = [one for one in used if _carries(project, frame, one, consumed)]
    return bool(carrying) and all(_is_noted(project, frame, o, consumed) for o in carrying)


def _carries(project: Project, frame: Frame, term: int, consumed: Place) -> bool:
    """Whether a term may bring rows along that are gone through at a place."""
    return _holds(project.values.evaluate(frame, term), consumed)


def _holds(value: Value | None, consumed: Place) -> bool:
    if isinstance(value, Instance):
        origin = origin_of(value)
        return origin is not None and origin.consumed == consumed
    if isinstance(value, (FunctionValue, Member)):
        return _holds(value.receiver, consumed)
    if isinstance(value, Iterable):
        return _holds(value.element, consumed)
    if isinstance(value, TupleValue):
        return any(_holds(item, consumed) for item in value.items)
    if isinstance(value, MappingValue):
        held = (value.value, *[item for _, item in value.items])
        return any(_holds(item, consumed) for item in held)
    return isinstance(value, Union) and any(_holds(option, consumed) for option in value.options)


def _is_noted(project: Project, frame: Frame, term: int, consumed: Place) -> bool:
    """Whether a term leads back to a variable that holds the element of the loop, by attributes and
    methods alone.
    """
    terms = frame.module.facts.terms
    entry = terms[term]
    while entry[0] in (t.ATTR, t.CALL):
        if entry[0] == t.CALL and any(
            _carries(project, frame, operand, consumed) for operand in t.operands(entry)[1:]
        ):
            return False
        term = entry[1]
        entry = terms[term]
    roots = roots_of(terms, term)
    return consumed.term in roots and not any(
        _carries(project, frame, root, consumed) for root in roots - {consumed.term}
    )
