"""Attributes that give the same object in each round of a loop: those that keep what they were
given, and properties that keep what they find.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import LOOPS
from fwp_checks.project.effects.behaviours import run_by
from fwp_checks.project.effects.effects import Link
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import Instance, options_of
from fwp_checks.project.rows.lengths import met

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# A new object is given its attributes, which no round shares with another.
_CONSTRUCTORS = ("__init__", "__post_init__", "__new__")
# How many functions a round may run until it counts as one that assigns anything.
_MOST_RUN = 200


def holder_of(project: Project, chain: Sequence[Link], position: int, term: int) -> int:
    """The object that a link's function reads something of which is the same whenever it is read:
    ``self`` of ``self.board.posts``, and of what is no attribute the thing itself. -1 if it may be
    another each time.
    """
    frame = chain[position].frame
    terms = frame.module.facts.terms
    while True:
        (term, *others) = met(terms, term)
        if others:
            return -1
        entry = terms[term]
        if entry[0] not in (t.ATTR, t.LOOKUP):
            return term
        if entry[0] == t.LOOKUP and terms[entry[1]][0] == t.PARAM:
            return term  # a name in the context of a template
        if not _keeps(project, frame, term) or _is_assigned(project, chain, entry[2]):
            return -1
        term = entry[1]


def is_global(frame: Frame, term: int) -> bool:
    """Whether a term reads a variable of a module, or what that imports."""
    kind = frame.module.facts.terms[term][0]
    around = frame.module.facts.scopes[frame.scope.parent].kind
    return bool(kind == t.IMPORT or (kind == t.NAME and around in ("module", "class")))


def is_receiver(project: Project, outer: Link, frame: Frame, name: str) -> bool:
    """Whether a name is that of the object whose method a link calls, or whose property it reads.
    What a decorator makes of a method is not known.
    """
    parameters = frame.scope.parameters
    if not parameters or parameters[0].name != name:
        return False
    if frame.scope.decorators and outer.frame.module.facts.terms[outer.term][0] == t.CALL:
        return False
    return project.calls.class_of_method(frame.module, frame.scope_number) is not None


def receiver_at(project: Project, outer: Link) -> tuple[int, str]:
    """The object whose method a link calls, or whose property it reads: a term, or -1 and the name
    of the object whose method the link's own function is; -1 and no name if that is not known.
    """
    frame = outer.frame
    terms = frame.module.facts.terms
    term = outer.term
    if terms[term][0] == t.CALL:
        term = t.unaliased(terms, terms[term][1])
        if _is_object(project, frame, term):
            return term, ""  # __call__
    if terms[term][0] not in (t.ATTR, t.LOOKUP):
        return -1, ""
    base = t.unaliased(terms, terms[term][1])
    if terms[base][0] == t.CALL and terms[terms[base][1]] == (t.NAME, "super"):
        return -1, frame.scope.parameters[0].name if frame.scope.parameters else ""
    return base if _is_object(project, frame, base) else -1, ""


def _is_object(project: Project, frame: Frame, term: int) -> bool:
    """Whether a term gives an object, not a class or a module."""
    options = options_of(project.values.evaluate(frame, term))
    return all(isinstance(option, Instance) for option in options)


def _keeps(project: Project, frame: Frame, term: int) -> bool:
    """Whether reading an attribute runs no code of a property, or what it finds then is kept; a
    template calls what can be called.
    """
    entry = frame.module.facts.terms[term]
    base, name = project.values.evaluate(frame, entry[1]), entry[2]
    if entry[0] == t.LOOKUP and entry[3]:
        read, called = [project.templates.looked_up(base, name, how) for how in (False, True)]
        if read.result != called.result:
            return False
    for option in options_of(base):
        for alternative in project.descriptors.reading(option, name):
            for run in alternative or (None,):
                if not isinstance(run, RunFrame) or not project.behaviours.is_kept(run.frame):
                    return False
    return True


def _is_assigned(project: Project, chain: Sequence[Link], name: str) -> bool:
    """Whether some attribute of this name is assigned in the rounds that a chain begins in, but for
    those of new objects.
    """
    stores: dict[tuple[str, int], list[int]] = {}
    for module, store in project.attribute_stores.get(name, ()):
        scope = module.code_scope_of(store)
        if module.facts.scopes[scope].name not in _CONSTRUCTORS:
            stores.setdefault((module.path, scope), []).append(store)
    if not stores:
        return False
    frame, begun = chain[0].frame, chain[0].term
    loops = [
        region
        for region in frame.module.regions_in(frame.scope_number)
        if region.kind in LOOPS and region.start < begun < region.end
    ]
    start = min([loop.start for loop in loops], default=begun)
    end = max([loop.end for loop in loops], default=begun + 1)
    if any(start <= store < end for store in stores.get(frame.function, ())):
        return True
    events = project.behaviours.with_awaited(frame)
    waiting = run_by([event for event in events if start <= event.term < end])
    seen: set[tuple[str, int]] = set()
    for run in waiting:
        if run.function in stores or len(seen) > _MOST_RUN:
            return True
        if run.function not in seen:
            seen.add(run.function)
            waiting.extend(run_by(project.behaviours.with_awaited(run)))
    return False
