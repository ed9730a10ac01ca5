"""Pony ORM: leaving a session commits only where something was changed in it.

``with db_session: …`` around queries alone sends nothing when it is left: the connection has no
transaction then, so what waits is each query where it stands.
https://docs.ponyorm.org/transactions.html

An object that something unknown gives, ``item = store.Item(name)``, may be a new row. It is taken
for none: most of what is called so makes something else, and the block is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Member,
    Unknown,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal
    from fwp_checks.project.meaning.values import Value

_LEAVING = "pony.orm.core.DBSessionContextManager.__exit__"
_ENTITY = "pony.orm.core.Entity"
_DATABASE = "pony.orm.core.Database."
# So many calls below the block changes are looked for.
_DEPTH = 3


class Pony(Framework):
    """Hooks for Pony ORM."""

    name = "Pony ORM"
    modules = frozenset({"pony"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a session is left in whose block there is something, but nothing is changed."""
        if run.name != _LEAVING or frame.module.facts.terms[term][0] != t.ENTER:
            return False
        blocks = [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind == "with" and region.term == term and region.start < region.end
        ]
        return bool(blocks) and not any(
            _may_change(project, frame, region.start, region.end, _DEPTH) for region in blocks
        )


def _may_change(project: Project, frame: Frame, start: int, end: int, depth: int) -> bool:
    """Whether a stretch assigns to an object, makes one, or calls something for what it does."""
    terms = frame.module.facts.terms
    for term in range(start, end):
        entry = terms[term]
        if entry[0] in (t.STORE, t.STORE_ITEM):
            if _is_entity(project, project.values.evaluate(frame, entry[1])):
                return True
        elif entry[0] == t.DROP and terms[entry[1]][0] == t.CALL:
            if _is_for_a_change(project, frame, terms[entry[1]][1]):
                return True
        elif entry[0] == t.CALL and _call_may_change(project, frame, term, depth):
            return True
    return False


def _is_entity(project: Project, value: Value) -> bool:
    """Whether a value may be a row of the database: one is, or nothing is known."""
    for option in options_of(value):
        if isinstance(option, Unknown):
            return True
        if not isinstance(option, Instance):
            continue
        if isinstance(option.class_, str):
            if option.class_ == _ENTITY:
                return True
        elif project.classes.derives(option.class_, _ENTITY):
            return True
    return False


def _is_for_a_change(project: Project, frame: Frame, called: int) -> bool:
    """Whether what is called for what it does may change something, as far as is known of it."""
    for option in options_of(project.values.evaluate(frame, called)):
        if isinstance(option, (External, Member)):
            if option.name.startswith("pony.") or not project.libraries.is_idle(option.name):
                return True
        elif isinstance(option, FunctionValue):
            # Of a stub only the name is known; other functions are looked into.
            if option.frame.module.facts.scopes[option.scope].is_stub:
                return True
        elif isinstance(option, Unknown):
            entry = frame.module.facts.terms[called]
            if entry[0] != t.ATTR:
                return True
            if _is_entity(project, project.values.evaluate(frame, entry[1])):
                return True
    return False


def _call_may_change(project: Project, frame: Frame, term: int, depth: int) -> bool:
    """Whether a call makes a row, or runs a function that may change something."""
    called = project.values.evaluate(frame, frame.module.facts.terms[term][1])
    for option in options_of(called):
        if isinstance(option, ClassValue) and project.classes.derives(option, _ENTITY):
            return True
        # A database has its entities as attributes; its methods begin with a small letter.
        if isinstance(option, Member) and option.name.startswith(_DATABASE):
            if option.name[len(_DATABASE) :][:1].isupper():
                return True
    if depth == 0:
        return False
    return any(
        _may_change(project, inner, inner.scope.start, inner.scope.end, depth - 1)
        for inner in project.calls.outcome(frame, term).frames()
    )


FRAMEWORK = Pony()
