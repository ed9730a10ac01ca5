"""What the tests around a call have said of what it hands over, where its callee asks the same:
``if name == LOCAL: return`` in front of ``load(name)`` rules out what that does for ``LOCAL``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.compared import compared, may_be, wanted_of
from fwp_checks.project.meaning.narrowing import is_same, what_is_read
from fwp_checks.project.meaning.tested import tests_around
from fwp_checks.project.meaning.values import ClassValue, TupleValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.effects.requirements import Condition
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


def is_excluded(project: Project, frame: Frame, call: int, term: int, need: Condition) -> bool:
    """Whether a comparison that holds (or fails) around a call says that what it hands over is
    not what the callee compares it with.
    """
    terms = frame.module.facts.terms
    for test in tests_around(frame.module, frame.scope_number, call):
        if terms[test.term][0] != t.COMPARE:
            continue
        found = compared(terms, terms[test.term])
        if found is None or found.form != need.form or not is_same(terms, found.term, term):
            continue
        wanted = wanted_of(project, frame, found)
        if wanted is not None and _contradicts(need, wanted, found.is_equal is test.holds):
            return not _may_change(frame, found.term, test.term, call)
    return False


def _contradicts(need: Condition, wanted: tuple[object, ...], is_equal: bool) -> bool:
    """Whether what is (not ``is_equal``: is not) one of some literals cannot meet a condition."""
    if not is_equal:
        return need.test == "equal" and set(need.literals) <= set(wanted)
    return not any(may_be(one, "", need.literals, need.test == "equal") for one in wanted)


def _may_change(frame: Frame, tested: int, start: int, call: int) -> bool:
    """Whether what a test has asked may be another between it and a call: an attribute or item of
    an object that is assigned, handed on, or waited for.
    """
    terms = frame.module.facts.terms
    if terms[t.unaliased(terms, tested)][0] not in (t.ATTR, t.ITEM):
        return False
    owner = what_is_read(terms, tested)[0]
    return any(_may_touch(terms, terms[term], owner) for term in range(start, call))


def _may_touch(terms: list[t.Term], entry: t.Term, owner: object) -> bool:
    if entry[0] == t.CALL:
        called = what_is_read(terms, entry[1])
        given = [*entry[2], *[term for _, term in entry[3]]]
        handed = any(what_is_read(terms, term) == (owner,) for term in given)
        return handed or (len(called) > 1 and called[0] == owner)
    stores = entry[0] in (t.STORE, t.STORE_ITEM)
    return entry[0] == t.AWAIT or (stores and what_is_read(terms, entry[1])[0] == owner)


def is_of_others(project: Project, frame: Frame, narrowed: int, classes: tuple[Value, ...]) -> bool:
    """Whether a test of ``isinstance`` that has failed says that a term is no object of any of
    some classes.
    """
    terms = frame.module.facts.terms
    term = narrowed
    while terms[term][0] in (t.NARROW, t.ALIAS):
        entry = terms[term]
        if entry[0] == t.NARROW and entry[2] == "not-instance":
            value = project.values.evaluate(frame, entry[3])
            failed = value.items if isinstance(value, TupleValue) else (value,)
            if all(_is_below(project, class_, failed) for class_ in classes):
                return True
        term = entry[1]
    return False


def _is_below(project: Project, class_: Value, failed: tuple[Value, ...]) -> bool:
    order = project.classes.info(class_).order if isinstance(class_, ClassValue) else (class_,)
    return any(above in failed for above in order)
