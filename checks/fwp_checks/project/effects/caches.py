"""Caches on functions: what they keep, and whether that is ever asked for anew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/functools.html
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})
_CACHED_PROPERTIES = frozenset(
    name for name, how in python.DECORATORS.items() if how == "cached_property"
)
# Terms that bring nothing of a call or a round with them.
_SETTLED = frozenset(
    {
        t.ALIAS, t.ATTR, t.BINARY, t.BOOL, t.CALL, t.COMPARE, t.FORMAT, t.ITEM, t.JOIN, t.MAPPING,
        t.NARROW, t.SEQUENCE, t.STAR, t.TRUTH, t.UNARY,
    }
)  # fmt: skip
_MOST_TERMS = 60
_MOST_CALLED = 200


class Caches:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._cached: dict[tuple[str, int], bool] = {}

    def keeps_one(self, frame: Frame, caller: Frame, call: int) -> bool:
        """Whether the result of a call is kept for the next one: a cache on a function that is
        called without arguments, or with the same ones each time.
        """
        return self.has_cache(frame) and self._is_the_same_each_time(frame, caller, call)

    def is_property(self, frame: Frame) -> bool:
        """Whether a method is a property whose value is kept with the object."""
        return has_decorator(self._project, frame, _CACHED_PROPERTIES)

    def has_cache(self, frame: Frame) -> bool:
        """Whether the results of a function are kept by its arguments."""
        if not frame.scope.decorators:
            return False
        key = (frame.module.path, frame.scope_number)
        known = self._cached.get(key)
        if known is None:
            known = self._cached[key] = has_decorator(self._project, frame, _CACHES)
        return known and key not in self._cleared

    @cached_property
    def _cleared(self) -> frozenset[tuple[str, int]]:
        """Functions whose cache async code clears once it has called them, and methods whose cache
        a method beside them clears for requests: they do their work again and again.
        """
        found: set[tuple[str, int]] = set()
        for module, term in self._project.call_sites.spelt("cache_clear"):
            scope_number = module.code_scope_of(term)
            called = module.facts.terms[module.facts.terms[term][1]]
            if called[0] != t.ATTR or module.is_test:
                continue
            is_async = module.facts.scopes[scope_number].is_async
            class_ = self._project.calls.class_of_method(module, scope_number)
            if not is_async and class_ is None:
                continue
            frame = self._project.frame_of_scope(module, scope_number)
            cleared = {
                (option.module.path, option.scope)
                for option in options_of(self._project.values.evaluate(frame, called[1]))
                if isinstance(option, FunctionValue)
            }
            if is_async and not cleared <= found:
                found |= cleared & self._called_before(frame, term)
            if class_ is not None and not cleared <= found:
                scopes = module.facts.scopes
                beside = {
                    (path, number)
                    for path, number in cleared
                    if path == module.path and scopes[number].parent == class_.scope
                }
                if beside and self._runs_for_requests(frame):
                    found |= beside
        return frozenset(found)

    def _runs_for_requests(self, frame: Frame) -> bool:
        """Whether a function answers requests on the loop, or is called, directly or not, by one
        that does; an async function under a decorator, which nobody calls, is taken for one.
        """
        roots = self._project.loop_entries.roots.values()
        contexts = {root.frame.function: root.context for root in roots}
        seen = {frame.function}
        waiting = [frame]
        for called in waiting:
            context = contexts.get(called.function)
            if context is not None and context.is_request:
                return True
            calls = self._project.call_sites.of_function(called.module, called.scope_number)
            callers = [
                caller
                for caller, _, bound in calls
                if bound is not None and not caller.module.is_test
            ]
            if not callers and context is None:
                if called.scope.is_async and called.scope.decorators:
                    return True
            for caller in callers:
                if caller.function not in seen and len(seen) < _MOST_CALLED:
                    seen.add(caller.function)
                    waiting.append(caller)
        return False

    def _called_before(self, frame: Frame, term: int) -> set[tuple[str, int]]:
        """The plain functions that a function has called, directly or not, when it is at a term."""
        seen: set[tuple[str, int]] = set()
        waiting = [(frame, term)]
        for caller, end in waiting:
            for call in caller.module.calls_in(caller.scope_number):
                if call >= end:
                    break
                for run in self._project.calls.outcome(caller, call).frames():
                    function = (run.module.path, run.scope_number)
                    if run.scope.is_async or function in seen or len(seen) >= _MOST_CALLED:
                        continue
                    seen.add(function)
                    waiting.append((run, run.scope.end))
        return seen

    def _is_the_same_each_time(self, frame: Frame, caller: Frame, call: int) -> bool:
        is_method = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if is_method:
            # The object is among the arguments.
            return len(frame.scope.parameters) <= 1
        terms = caller.module.facts.terms
        entry = terms[call]
        if not frame.scope.parameters:
            return True
        arguments = (*entry[2], *(term for _, term in entry[3])) if entry[0] == t.CALL else (call,)
        return all(self._is_settled(caller, argument) for argument in arguments)

    def _is_settled(self, frame: Frame, argument: int) -> bool:
        """Whether an argument is the same whenever it is asked for: a literal, or what settings of
        the project say, ``get_config().url``, and nothing of the call or of a round.
        """
        terms = frame.module.facts.terms
        is_inner = frame.module.facts.scopes[frame.scope.parent].kind != "module"
        waiting = [argument]
        for term in waiting:
            entry = terms[term]
            if entry[0] == t.CONST:
                continue
            if entry[0] == t.IMPORT or (entry[0] == t.NAME and not is_inner):
                if not _is_of_project(self._project.values.evaluate(frame, term)):
                    return False
            elif entry[0] in _SETTLED:
                waiting.extend(t.operands(entry))
            else:
                return False
            if len(waiting) > _MOST_TERMS:
                return False
        return True


def has_decorator(project: Project, frame: Frame, names: frozenset[str]) -> bool:
    """Whether a decorator of a function, called or not, is one of these of libraries."""
    terms = frame.module.facts.terms
    for decorator in frame.scope.decorators:
        entry = terms[decorator]
        called = entry[1] if entry[0] == t.CALL else decorator
        value = project.values.evaluate(frame.parent or frame, called)
        if isinstance(value, External) and value.name in names:
            return True
    return False


def _is_of_project(value: Value) -> bool:
    """Whether a global is the project's own: those of libraries may stand for a request."""
    return all(
        isinstance(option, (FunctionValue, ClassValue, Constant))
        or (isinstance(option, Instance) and isinstance(option.class_, ClassValue))
        for option in options_of(value)
    )
