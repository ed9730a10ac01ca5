"""Events of threads that are set: nobody waits for one.

``if event.is_set(): event.wait()``, and ``self.started = Event(); self.started.set()`` of an event
that nothing clears. https://docs.python.org/3/library/threading.html#threading.Event.wait
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import tests_before
from fwp_checks.project.meaning.values import ClassValue, Instance, options_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_WAITS = "threading.Event.wait"
_EVENT = Instance("threading.Event")


class Events(Framework):
    """Hooks for events of threads."""

    name = "events"
    modules = frozenset({"threading"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether an event is waited for that is set."""
        terms = frame.module.facts.terms
        called = terms[terms[term][1]] if terms[term][0] == t.CALL else ()
        if run.name != _WAITS or not called or called[0] != t.ATTR:
            return False
        for test, holds in tests_before(frame.module, frame.scope_number, term):
            if holds and _calls(terms, test, "is_set", called[1]):
                return True
        event = terms[t.unaliased(terms, called[1])]
        return event[0] == t.ATTR and _stays_set(project, frame, event)


def _calls(terms: list[t.Term], term: int, method: str, event: int) -> bool:
    """Whether a term calls a method of an event."""
    if terms[term][0] != t.CALL:
        return False
    called = terms[terms[term][1]]
    return called[0] == t.ATTR and called[2] == method and is_same(terms, called[1], event)


def _stays_set(project: Project, frame: Frame, event: t.Term) -> bool:
    """Whether the event that an attribute holds is set where it is made, and never cleared."""
    name: str = event[2]
    for module, call in project.call_sites.spelt("clear"):
        called = module.facts.terms[module.facts.terms[call][1]]
        if called[0] != t.ATTR:
            continue
        cleared = module.facts.terms[t.unaliased(module.facts.terms, called[1])]
        if cleared[0] == t.ATTR:
            if cleared[2] == name:
                return False
            continue
        around = project.frame_of_scope(module, module.code_scope_of(call))
        if _EVENT in options_of(project.values.evaluate(around, called[1])):
            return False
    stores = project.attribute_stores.get(name, [])
    owners = options_of(project.values.evaluate(frame, event[1]))
    return (
        len(stores) == 1
        and _is_set(*stores[0])
        and all(isinstance(o, Instance) and isinstance(o.class_, ClassValue) for o in owners)
    )


def _is_set(module: Module, store: int) -> bool:
    """Whether a function sets the event that it assigns to an attribute, right there."""
    terms = module.facts.terms
    number = module.scope_of(store)
    if terms[store][0] != t.STORE or terms[store][3] < 0:
        return False
    for call in module.calls_in(number):
        called = terms[terms[call][1]]
        if call < store or called[0] != t.ATTR or called[2] != "set":
            continue
        held = terms[t.unaliased(terms, called[1])]
        is_held = held[0] == t.ATTR and held[2] == terms[store][2]
        if is_held and is_same(terms, held[1], terms[store][1]):
            return not any(
                region.start <= call < region.end for region in module.regions_in(number)
            )
    return False


FRAMEWORK = Events()
