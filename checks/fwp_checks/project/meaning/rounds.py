"""The rounds of a loop over items that are spelt out: each seen by itself.

``for path, view in [("/", home), ("/about", about)]: app.add_url_rule(path, view_func=view)`` says
which view belongs to which path only where the rounds are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.literals import items
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Constant,
    MappingValue,
    TupleValue,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_MOST_ROUNDS = 500


def rounds(
    project: Project, frame: Frame, terms: Iterable[int], call: Place | None = None
) -> list[Frame]:
    """A frame for each round of the loop that decides what these terms are; the frame itself where
    there is none, or none over items that are spelt out: in the function, or in the ``call`` that
    the frame is of.
    """
    table = frame.module.facts.terms
    loops = {found for term in terms for found in t.reached(table, term, t.ITER)}
    if len(loops) != 1:
        return [frame]
    (loop,) = loops
    iterable = table[loop][1]
    values = _values(project, frame, iterable)
    if values is None and call is not None and table[iterable][0] == t.PARAM:
        values = _handed(project, frame, table[iterable][1], call)
    if not values or len(values) > _MOST_ROUNDS:
        return [frame]
    found = []
    for value in values:
        one = project.frames.single(frame.module, frame.scope_number, frame.parent, frame.arguments)
        one.note(loop, value)
        found.append(one)
    return found


def _handed(project: Project, frame: Frame, index: int, call: Place) -> list[Value] | None:
    """The items of what a call of a function hands it for a parameter."""
    caller = project.table.by_path[call.path]
    entry = caller.facts.terms[call.term]
    if entry[0] != t.CALL or any(name is None for name, _ in entry[3]):
        return None
    name = frame.scope.parameters[index].name
    given = [term for keyword, term in entry[3] if keyword == name]
    if not given and project.calls.class_of_method(frame.module, frame.scope_number) is None:
        given = list(entry[2][index : index + 1])
    around = project.frame_of_scope(caller, caller.code_scope_of(call.term))
    return _values(project, around, given[0]) if given else None


def _values(project: Project, frame: Frame, iterable: int) -> list[Value] | None:
    spelt = items(project, frame, iterable)
    if spelt is not None:
        return [project.values.evaluate(item.frame, item.term) for item in spelt]
    value = project.values.evaluate(frame, iterable)
    return (
        list(value.items)
        if isinstance(value, TupleValue)
        else _in_mapping(project, frame, iterable)
    )


def _in_mapping(project: Project, frame: Frame, iterable: int) -> list[Value] | None:
    """The keys of a dictionary that is spelt out, or what its ``items`` or ``values`` are."""
    table = frame.module.facts.terms
    entry = table[iterable]
    called = table[entry[1]] if entry[0] == t.CALL else entry
    view = called[2] if entry[0] == t.CALL and called[0] == t.ATTR else ""
    held = project.values.evaluate(frame, called[1] if view else iterable)
    if not isinstance(held, MappingValue) or held.value is not RECURSIVE:
        return None
    if view == "items":
        return [TupleValue((Constant(key), value)) for key, value in held.items]
    if view == "values":
        return [value for _, value in held.items]
    return [Constant(key) for key, _ in held.items] if view in ("", "keys") else None
