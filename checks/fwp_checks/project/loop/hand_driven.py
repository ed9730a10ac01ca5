"""Coroutines that a project drives itself, step by step, with no event loop running.

``coroutine.send(None)`` and ``next()`` on what ``__await__()`` gives run a coroutine up to its next
wait (https://docs.python.org/3/reference/datamodel.html#coroutine-objects): enough for a scheduler
of one's own. An async function of such a project may run under it as well as on a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.values import (
    Awaitable,
    Coroutine,
    FunctionValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Code that imports these knows of a real loop.
_LOOP_LIBRARIES = frozenset({"asyncio", "anyio", "trio", "tornado", "aiohttp", "uvloop"})
# Objects that are awaitable themselves pass each step on, by the protocol of coroutines.
_PROTOCOL = frozenset({"__await__", "__iter__", "__next__", "send", "throw", "close"})
_LOOP_ROLES = ("enters_loop", "schedules", "loop_callback")


def drives(project: Project) -> bool:
    """Whether plain code of a project steps through coroutines, in a module without a loop."""
    sites = project.call_sites
    for module, term in sites.spelt("__await__"):
        if _is_driver(module, term) and _steps(project, module):
            return True
    return any(
        _is_driver(module, term) and _is_sent_to_coroutine(project, module, term)
        for module, term in sites.spelt("send")
    )


def _is_driver(module: Module, term: int) -> bool:
    """Whether a call stands in code that may be a scheduler: a generator or an async function hands
    what it gets to the loop that runs itself.
    """
    if module.is_read_only or module.is_test or module.imports_any(_LOOP_LIBRARIES):
        return False
    if module.facts.terms[module.facts.terms[term][1]][0] != t.ATTR:
        return False
    scope = module.facts.scopes[module.code_scope_of(term)]
    return not (scope.is_async or scope.is_generator or scope.name in _PROTOCOL)


def _steps(project: Project, module: Module) -> bool:
    """Whether plain code of a module moves iterators on."""
    steps = (*project.call_sites.spelt("next"), *project.call_sites.spelt("send"))
    for other, term in steps:
        if other is module:
            scope = module.facts.scopes[module.code_scope_of(term)]
            if not (scope.is_async or scope.is_generator or scope.name in _PROTOCOL):
                return True
    return False


def _is_sent_to_coroutine(project: Project, module: Module, term: int) -> bool:
    """Whether what is sent something is a coroutine, as its annotation or some caller tells."""
    terms = module.facts.terms
    number = module.code_scope_of(term)
    receiver = t.unaliased(terms, terms[terms[term][1]][1])
    values = [project.values.evaluate(project.frame_of_scope(module, number), receiver)]
    if terms[receiver][0] == t.PARAM:
        values.extend(_given(project, module, number, terms[receiver][1]))
    return any(
        isinstance(option, (Coroutine, Awaitable))
        for value in values
        for option in options_of(value)
    )


def _given(project: Project, module: Module, number: int, index: int) -> Iterator[Value]:
    """What calls in a project give a function for a parameter."""
    name = module.facts.scopes[number].parameters[index].name
    for frame, call, called in project.call_sites.of_function(module, number):
        if called is not None:
            position = index if called.receiver is None else index - 1
            arguments = project.calls.arguments(frame, frame.module.facts.terms[call])
            given = arguments.get(position, name)
            if given is not None:
                yield given


def on_loops(project: Project) -> frozenset[FunctionKey]:
    """The functions that run on a real loop all the same: what is handed to one, and the async
    functions of modules that import one.
    """
    found: set[FunctionKey] = set()
    for module in project.table.modules:
        if not module.is_read_only and module.imports_any(_LOOP_LIBRARIES):
            found.update(
                (module.path, number)
                for number, scope in enumerate(module.facts.scopes)
                if scope.is_async
            )
    sites = project.call_sites
    names = sorted({name for role in _LOOP_ROLES for name in project.catalogue.members_with(role)})
    for module, term in (place for name in names for place in sites.spelt(name)):
        if not module.is_read_only:
            found.update(_handed(project, module, term))
    return frozenset(found)


def _handed(project: Project, module: Module, term: int) -> set[FunctionKey]:
    """The functions of a project that a call may hand to a loop: whatever it hands over, unless it
    calls the project's own; what it is called on may be unknown.
    """
    entry = module.facts.terms[term]
    frame = project.frame_of_scope(module, module.code_scope_of(term))
    called = project.values.evaluate(frame, entry[1])
    if any(isinstance(option, FunctionValue) for option in options_of(called)):
        return set()
    values: list[Value] = [
        project.values.evaluate(frame, argument)
        for argument in (*entry[2], *(value for _, value in entry[3]))
    ]
    found: set[FunctionKey] = set()
    for value in values:
        for option in options_of(value):
            if isinstance(option, Coroutine):
                found.add(option.frame.function)
            elif isinstance(option, FunctionValue):
                found.add((option.module.path, option.scope))
    return found
