"""Events of threads that are set: nobody waits for one.

``if event.is_set(): event.wait()``, and ``self.started = Event(); self.started.set()`` of an event
that nothing clears. Nor for one by which a thread tells that it runs its loop (``self.ready.set();
loop.run_forever()``): what runs there, or later, finds it set. https://docs.python.org/3/library/threading.html#threading.Event.wait
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.effects.constructed import MOST_STORES, is_attribute_of
from fwp_checks.project.loop.own_loops import last_name
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import tests_before
from fwp_checks.project.meaning.values import ClassValue, Instance, options_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_RUNNING = frozenset({"run_forever", "run_until_complete"})
_STARTS = "start"
_CALLBACKS = ("call_soon", "call_soon_threadsafe")
_WAITS = "threading.Event.wait"
_EVENT = Instance("threading.Event")
_SETTINGS = "events.settings"

_Setting = tuple["Module", int, t.Term]
"""A call that may set or clear an event, and the method that does."""


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
        return event[0] == t.ATTR and (
            _stays_set(project, frame, event) or _is_of_loop(project, frame, event, term)
        )


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


def _attribute(terms: list[t.Term], method: t.Term) -> int:
    """The attribute of which a method is read; -1 if it is of something else."""
    if method[0] != t.ATTR:
        return -1
    read = t.unaliased(terms, method[1])
    return read if terms[read][0] == t.ATTR else -1


def _is_of_loop(project: Project, frame: Frame, read: t.Term, wait: int) -> bool:
    """Whether all that sets the event that an attribute holds is about to run a loop, in a thread
    that has been started elsewhere.
    """
    terms = frame.module.facts.terms
    for call in frame.module.calls_in(frame.scope_number):
        if call < wait and last_name(terms, call) == _STARTS:
            return False
    owners = options_of(project.values.evaluate(frame, read[1]))
    owner = owners[0].class_ if isinstance(owners[0], Instance) else None
    if len(owners) != 1 or not isinstance(owner, ClassValue):
        return False
    is_set = False
    settings = _settings(project).get(read[2], [])
    for module, call, method in settings if len(settings) <= MOST_STORES else ():
        event = t.unaliased(module.facts.terms, method[1])
        is_owned = is_attribute_of(project, owner, module, event)
        if is_owned or (is_owned is None and module is owner.module):
            if method[2] == "clear" or not _runs_loop_after(module, call):
                return False
            is_set = True
    return is_set


def _settings(project: Project) -> dict[str, list[_Setting]]:
    """What may set or clear the event in an attribute, by the name of that."""
    found: dict[str, list[_Setting]] | None = project.framework_data.get(_SETTINGS)
    if found is None:
        found = project.framework_data[_SETTINGS] = {}
        for module, call, method in _methods(project):
            event = _attribute(module.facts.terms, method)
            if event >= 0:
                name = module.facts.terms[event][2]
                found.setdefault(name, []).append((module, call, method))
    return found


def _methods(project: Project) -> Iterator[_Setting]:
    """What may set or clear an event: the call, and the method that is called, or handed over."""
    sites = project.call_sites
    for name in ("set", "clear"):
        for module, call in sites.spelt(name):
            terms = module.facts.terms
            yield module, call, terms[terms[call][1]]
    for callback in _CALLBACKS:
        for module, call in sites.spelt(callback):
            terms = module.facts.terms
            for argument in terms[call][2][:1]:
                if terms[argument][0] == t.ATTR and terms[argument][2] == "set":
                    yield module, call, terms[argument]


def _runs_loop_after(module: Module, call: int) -> bool:
    """Whether the function around a call runs a loop behind it."""
    terms = module.facts.terms
    for other in module.calls_in(module.code_scope_of(call)):
        called = terms[terms[other][1]]
        if other > call and called[0] == t.ATTR and called[2] in _RUNNING:
            return True
    return False


FRAMEWORK = Events()
