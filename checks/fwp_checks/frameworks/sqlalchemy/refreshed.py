"""Relations that code loads into objects that it has: ``refresh(post, ["author"])``,
``set_committed_value(post, "author", author)``, ``await post.awaitable_attrs.author``.

https://docs.sqlalchemy.org/en/20/orm/session_api.html#sqlalchemy.orm.Session.refresh
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS
from fwp_checks.frameworks.sqlalchemy.instances import ASYNC_ATTRS, AWAITED_LOAD
from fwp_checks.frameworks.sqlalchemy.rows import LAZY_LOAD
from fwp_checks.frameworks.variables import Mentions, place_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_LOADING = ("refresh", "set_committed_value")
_AWAITED = "awaitable_attrs"
# How many calls away it may be done.
_LEVELS = 2
_KEY = "sqlalchemy.refreshed"


def is_loaded(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether a loop that is done before a term, a function that is called before, or what hands
    the object over, loads a relation by its name into what may be the object that it is read from.
    """
    name, row = run.arguments.get(0), run.receiver
    if run.name not in (LAZY_LOAD, AWAITED_LOAD) or not isinstance(name, Constant):
        return False
    class_ = row.class_ if isinstance(row, Instance) else None
    if not isinstance(class_, ClassValue):
        return False
    read = str(name.value)
    if read not in _names(project) and not project.classes.derives(class_, ASYNC_ATTRS):
        return False
    return _is_loaded(project, frame, term, class_, read, _LEVELS)


def _is_loaded(
    project: Project, frame: Frame, term: int, class_: ClassValue, name: str, levels: int
) -> bool:
    mentions = Mentions.of(project, frame)
    terms = frame.module.facts.terms
    is_inner = levels < _LEVELS
    for read in mentions.of_attributes.get(name, ()):
        base = terms[terms[read][1]]
        if read < term and base[0] == t.ATTR and base[2] == _AWAITED:
            if is_inner or _is_behind_loop(frame, read, term) or _is_handed(frame, base[1], term):
                if _may_be(project, frame, base[1], class_):
                    return True
    for call in mentions.calls:
        if call >= term:
            break
        if name in _named(terms, call):
            given = terms[call][2][0]
            if is_inner or _is_behind_loop(frame, call, term) or _is_handed(frame, given, term):
                if _may_be(project, frame, given, class_):
                    return True
        elif levels:
            for option in options_of(project.values.evaluate(frame, terms[call][1])):
                if isinstance(option, FunctionValue):
                    inner = project.frame_of_scope(option.module, option.scope)
                    end = inner.scope.end
                    if _is_loaded(project, inner, end, class_, name, levels - 1):
                        return True
    return False


def _is_behind_loop(frame: Frame, earlier: int, later: int) -> bool:
    """Whether an earlier term stands in a loop that a later one does not stand in."""
    return any(
        region.kind in ROUNDS and region.start <= earlier < region.end <= later
        for region in frame.module.regions_in(frame.scope_number)
    )


def _is_handed(frame: Frame, object_: int, call: int) -> bool:
    """Whether a call is handed an object, or may be, as an argument or to call a method of it."""
    terms = frame.module.facts.terms
    if call >= frame.scope.end or terms[call][0] != t.CALL:
        return False
    entry = terms[call]
    given = [*entry[2], *[value for _, value in entry[3]]]
    if any(name is None for name, _ in entry[3]) or any(terms[one][0] == t.STAR for one in given):
        return True
    if terms[entry[1]][0] == t.ATTR:
        given.append(terms[entry[1]][1])
    place = place_of(frame, object_)
    return any(place_of(frame, one) == place for one in given)


def _may_be(project: Project, frame: Frame, term: int, class_: ClassValue) -> bool:
    """Whether something may be an object of a class."""
    options = options_of(project.values.evaluate(frame, term))
    known = [option.class_ for option in options if isinstance(option, Instance)]
    return len(known) < len(options) or any(
        isinstance(one, ClassValue) and not _differ(project, one, class_) for one in known
    )


def _differ(project: Project, one: ClassValue, other: ClassValue) -> bool:
    classes = project.classes
    return one not in classes.info(other).order and other not in classes.info(one).order


def _named(terms: list[t.Term], call: int) -> frozenset[str]:
    """The relations that a call loads by their names."""
    entry = terms[call]
    called = terms[entry[1]]
    spelling = called[1] if called[0] == t.NAME else called[2] if len(called) > 2 else ""
    if spelling not in _LOADING or not entry[2]:
        return frozenset()
    given = [*entry[2][1:], *[value for _, value in entry[3]]]
    parts = [terms[t.unaliased(terms, one)] for one in given]
    for part in parts:
        if part[0] == t.SEQUENCE:
            parts = parts + [terms[one] for one in part[2]]
    return frozenset([part[1] for part in parts if part[0] == t.CONST and type(part[1]) is str])


def _names(project: Project) -> frozenset[str]:
    """All relations that the project names so somewhere."""
    known: frozenset[str] | None = project.framework_data.get(_KEY)
    if known is None:
        found: set[str] = set()
        for spelling in _LOADING:
            for module, call in project.call_sites.spelt(spelling):
                found |= _named(module.facts.terms, call)
        known = project.framework_data[_KEY] = frozenset(found)
    return known
