"""Futures of executors, and what is like them: nothing waits for the result of one that is done.

``await asyncio.wrap_future(future); future.result()``, ``while not future.done(): await …``,
``if future.done(): …``, what is called back with it, what the function has completed itself, and
what it has cancelled of that which never counts as running:
https://docs.python.org/3/library/concurrent.futures.html#future-objects

The results of pools of processes and of Celery's tasks say by other names that they are there:
https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.AsyncResult.ready
https://github.com/celery/celery/blob/v5.4.0/celery/result.py (``get`` returns what ``ready`` found)
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import tests_before, tests_behind_loops
from fwp_checks.project.meaning.values import (
    External,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_OF_COROUTINE = "asyncio.run_coroutine_threadsafe.future"
_READING = frozenset(
    {
        f"{future}.{name}"
        for future in ("concurrent.futures.Future", _OF_COROUTINE)
        for name in ("result", "exception")
    }
)
_DONE = frozenset({"done"})
# What reads results, and the methods that are true only if those are there.
_ASKING: dict[str, frozenset[str]] = {
    **dict.fromkeys(_READING, _DONE),
    "multiprocessing.pool.AsyncResult.get": frozenset({"ready", "successful"}),
    "multiprocessing.pool.AsyncResult.wait": frozenset({"ready", "successful"}),
    "celery.result.AsyncResult.get": frozenset({"ready", "successful", "failed"}),
    "celery.result.AsyncResult.wait": frozenset({"ready", "successful", "failed"}),
}
_WRAP = External("asyncio.wrap_future")
_GATHERS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.wait_for", "asyncio.shield"})
_CALLS_BACK = "add_done_callback"
_FIRST = "return_when"
_UNTIL = "timeout"
_COMPLETING = frozenset({"set_result", "set_exception"})
# So many callers away it is looked for what completes a future.
_CALLS = 2


class Futures(Framework):
    """Hooks for futures of executors."""

    name = "concurrent.futures"
    modules = frozenset({"concurrent", "asyncio", "multiprocessing", "celery"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether the result of a future is read that is done."""
        if run.name not in _ASKING:
            return False
        terms = frame.module.facts.terms
        called = terms[terms[term][1]] if terms[term][0] == t.CALL else ()
        if not called or called[0] != t.ATTR:
            return False
        future = t.unaliased(terms, called[1])
        if _is_of_coroutine(run.receiver) and _is_cancelled(frame, term, future):
            return True
        if run.name not in _READING:
            return _is_asked(frame, term, future, _ASKING[run.name])
        return _is_done(project, frame, term, future, _CALLS)


def _is_of_coroutine(future: Value | None) -> bool:
    """Whether a future is that of a coroutine on a loop: cancelled, it is done at once."""
    return isinstance(future, Instance) and future.class_ == _OF_COROUTINE


def _is_cancelled(frame: Frame, term: int, future: int) -> bool:
    """Whether a function has cancelled a future before a term, wherever that runs."""
    module = frame.module
    terms = module.facts.terms
    regions = module.regions_in(frame.scope_number)
    for call in module.calls_in(frame.scope_number):
        called = terms[terms[call][1]]
        if call < term and called[0] == t.ATTR and called[2] == "cancel":
            if is_same(terms, t.unaliased(terms, called[1]), future) and all(
                region.start <= term < region.end
                for region in regions
                if region.kind != "try" and region.start <= call < region.end
            ):
                return True
    return False


def _is_done(project: Project, frame: Frame, term: int, future: int, calls: int) -> bool:
    """Whether a future is done wherever a term runs, as the function tells, or what calls it."""
    return (
        _is_asked(frame, term, future, _DONE)
        or _is_completed(frame, term, future)
        or _is_awaited(project, frame, term, future)
        or _is_called_back(project, frame, future)
        or (calls > 0 and _is_handed_over(project, frame, future, calls))
    )


def _is_completed(frame: Frame, term: int, future: int) -> bool:
    """Whether a function has given a future its result before a term, on some way that goes on."""
    module = frame.module
    terms = module.facts.terms
    calls = module.calls
    for at in range(bisect_left(calls, frame.scope.start), bisect_left(calls, term)):
        called = terms[terms[calls[at]][1]]
        if called[0] != t.ATTR or called[2] not in _COMPLETING:
            continue
        if is_same(terms, t.unaliased(terms, called[1]), future) and not any(
            region.leaves and region.start <= calls[at] < region.end <= term
            for region in module.regions_in(frame.scope_number)
        ):
            return True
    return False


def _is_handed_over(project: Project, frame: Frame, future: int, calls: int) -> bool:
    """Whether a future is a parameter, and done wherever the project calls the function."""
    entry = frame.module.facts.terms[future]
    if entry[0] != t.PARAM:
        return False
    index = entry[1]
    name = frame.scope.parameters[index].name
    if project.calls.class_of_method(frame.module, frame.scope_number) is not None:
        index -= 1
    found = False
    for around, call, called in project.call_sites.of_function(frame.module, frame.scope_number):
        if around.module.is_test or called is None:
            continue
        terms = around.module.facts.terms
        positional, keywords = terms[call][2], dict(terms[call][3])
        given = positional[index] if 0 <= index < len(positional) else keywords.get(name, -1)
        if given < 0:
            return False
        if not _is_done(project, around, call, t.unaliased(terms, given), calls - 1):
            return False
        found = True
    return found


def _is_called_back(project: Project, frame: Frame, future: int) -> bool:
    """Whether a future is the parameter of a function that is called when one is done."""
    is_method = project.calls.class_of_method(frame.module, frame.scope_number) is not None
    if frame.module.facts.terms[future] != (t.PARAM, int(is_method)):
        return False
    for module, call in project.call_sites.spelt(_CALLS_BACK):
        handed = module.facts.terms[call][2]
        around = project.frame_of_scope(module, module.code_scope_of(call))
        for option in options_of(project.values.evaluate(around, handed[0])) if handed else ():
            if _is_function(option, frame):
                return True
    return False


def _is_function(value: Value, frame: Frame) -> bool:
    """Whether a value is the function that a frame is of."""
    return (
        isinstance(value, FunctionValue)
        and value.module is frame.module
        and value.scope == frame.scope_number
    )


def _is_asked(frame: Frame, term: int, future: int, asking: frozenset[str]) -> bool:
    """Whether ``done()``, or what else says so, has been true of a future wherever a term runs."""
    module, number = frame.module, frame.scope_number
    terms = module.facts.terms
    return any(
        holds and _asks_whether_done(terms, test, future, asking)
        for test, holds in (
            *tests_before(module, number, term),
            *tests_behind_loops(module, number, term),
        )
    )


def _asks_whether_done(terms: list[t.Term], test: int, future: int, asking: frozenset[str]) -> bool:
    entry = terms[test]
    if entry[0] != t.CALL or terms[entry[1]][0] != t.ATTR:
        return False
    asked = terms[entry[1]]
    return bool(asked[2] in asking and is_same(terms, t.unaliased(terms, asked[1]), future))


def _is_awaited(project: Project, frame: Frame, term: int, future: int) -> bool:
    """Whether a future, or all of those that it is one of, have been awaited before a term."""
    module, number = frame.module, frame.scope_number
    terms = module.facts.terms
    wanted = _held(terms, future)
    around = [
        region for region in module.regions_in(number) if not region.start <= term < region.end
    ]
    awaits = module.of_kind(t.AWAIT)
    for at in range(bisect_left(awaits, frame.scope.start), bisect_left(awaits, term)):
        awaited = awaits[at]
        if module.code_scope_of(awaited) != number:
            continue
        if any(region.start <= awaited < region.end for region in around):
            continue
        for wrapped in _wrapped(project, frame, terms[awaited][1]):
            if _held(terms, wrapped) == wanted:
                return True
    return False


def _held(terms: list[t.Term], term: int) -> int:
    """A future, or the list of which it is an element."""
    term = t.unaliased(terms, term)
    if terms[term][0] == t.ITER:
        term = t.unaliased(terms, terms[term][1])
    return term


def _wrapped(project: Project, frame: Frame, term: int) -> Iterator[int]:
    """The futures that are done when a term has been awaited."""
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] in (t.STAR, t.COMPREHENSION):
        yield from _wrapped(project, frame, entry[2 if entry[0] == t.COMPREHENSION else 1])
    elif entry[0] == t.SEQUENCE:
        for item in t.operands(entry):
            yield from _wrapped(project, frame, item)
    elif entry[0] == t.CALL and entry[2]:
        called = project.values.evaluate(frame, entry[1])
        if called == _WRAP:
            yield entry[2][0]
        elif isinstance(called, External) and called.name in _GATHERS:
            name = called.name.rpartition(".")[2]
            if name == "wait" and any(keyword in (_FIRST, _UNTIL) for keyword, _ in entry[3]):
                return
            for argument in entry[2]:
                yield from _wrapped(project, frame, argument)


FRAMEWORK = Futures()
