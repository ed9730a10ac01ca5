"""What a function did before, where that makes reading a relation free.

A relation that was read or assigned is kept on the object, ``refresh`` may load it, and an object
that is in the session already needs no query to be found by its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy import preloaded, refreshed, rows
from fwp_checks.frameworks.sqlalchemy.instances import AWAITED_LOAD
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.frameworks.variables import Mentions, Place, comes_before, place_of
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import ClassValue, Constant, Instance, Iterable, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_REFRESHING = frozenset({"refresh", "set_committed_value", "run_sync", "greenlet_spawn"})


def spares(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether a relation that is read here is there already."""
    name = run.arguments.get(0)
    if run.name not in (rows.LAZY_LOAD, AWAITED_LOAD) or not isinstance(name, Constant):
        return False
    return (
        _is_kept(project, frame, term, str(name.value))
        or _is_in_session(project, frame, term, run)
        or refreshed.is_loaded(project, frame, term, run)
        or preloaded.is_loaded(project, frame, term, run)
    )


def _is_kept(project: Project, frame: Frame, term: int, name: str) -> bool:
    """Whether it was read or assigned on this object before, or the object refreshed."""
    terms = frame.module.facts.terms
    place = _read_from(frame, term, name)
    if place is None:
        return False
    mentions = Mentions.of(project, frame)
    for earlier in mentions.of_attributes.get(name, ()):
        if earlier >= term:
            break
        entry = terms[earlier]
        if entry[0] == t.STORE:
            if _object(place_of(frame, entry[1])) == place:
                return True
        elif entry[0] == t.ATTR:
            if _read_from(frame, earlier, name) == place and comes_before(frame, earlier, term):
                return True
    for call in mentions.calls:
        if call >= term:
            break
        called = terms[terms[call][1]]
        if called[0] in (t.ATTR, t.NAME, t.IMPORT) and _last_name(called) in _REFRESHING:
            if any(place_of(frame, argument) == place for argument in terms[call][2]):
                return True
    return False


def _last_name(entry: t.Term) -> str:
    return str(entry[1] if entry[0] == t.NAME else entry[2])


def _read_from(frame: Frame, term: int, name: str) -> Place | None:
    """The object whose attribute of this name a term reads, by itself or with ``getattr``."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] == t.ATTR and entry[2] == name:
        return _object(place_of(frame, entry[1]))
    if entry[0] == t.CALL and len(entry[2]) > 1 and terms[entry[2][1]] == (t.CONST, name):
        return place_of(frame, entry[2][0])
    return None


def _object(place: Place) -> Place:
    """``post.awaitable_attrs`` speaks of ``post``."""
    variable, names = place
    return variable, tuple([name for name in names if name != "awaitable_attrs"])


def _is_in_session(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether the object that a foreign key names was fetched before: all of its class were."""
    receiver = run.receiver
    name = run.arguments.get(0)
    if not isinstance(receiver, Instance) or not isinstance(receiver.class_, ClassValue):
        return False
    assert isinstance(name, Constant)
    relation = Mappers.of(project).relation(receiver.class_, str(name.value))
    if relation is None or not relation.by_key or relation.target is None:
        return False
    terms = frame.module.facts.terms
    for earlier in range(frame.scope.start, term):
        if terms[earlier][0] in (t.CALL, t.ATTR):
            value = project.values.evaluate(frame, earlier)
            if any(_holds(option, relation.target) for option in options_of(value)):
                return True
    return False


def _holds(value: object, class_: ClassValue) -> bool:
    """Whether a list holds objects of a class."""
    if not isinstance(value, Iterable):
        return False
    return any(
        isinstance(option, Instance) and option.class_ == class_
        for option in options_of(value.element)
    )
