"""Work for whose end nobody waits: what runs in commands, jobs of workers and scripts alone, and
what fills a cache.

It weighs less than what a request waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.rows.weights import Weight

# Decorators that keep results for the next call. Only a weight hangs on their names.
_KEEPING = ("cache", "cached", "memoize", "memoized")


class Jobs:
    """Tells what is reached from ``commands`` alone, of functions that call each other. What
    modules do outside of functions is among those.
    """

    def __init__(
        self, commands: Iterable[FunctionKey], calls: Iterable[tuple[FunctionKey, FunctionKey]]
    ) -> None:
        callers: dict[FunctionKey, set[FunctionKey]] = {}
        callees: dict[FunctionKey, set[FunctionKey]] = {}
        for caller, callee in calls:
            callers.setdefault(callee, set()).add(caller)
            callees.setdefault(caller, set()).add(callee)
        started = set(commands)
        self._functions = _reached(started, callees)
        # What runs when a module does, and in no command: scripts, and what happens at start-up.
        self._commanded = _reached({key for key in started if key[1]}, callees)
        waiting = list(self._functions)
        while waiting:
            function = waiting.pop()
            if function in self._functions and not callers.get(function, set()) <= self._functions:
                # Somebody else calls it, too; and so what it calls.
                self._functions.discard(function)
                waiting.extend(callees.get(function, ()))

    def weight(self, module: Module, term: int) -> Weight:
        """How much the time weighs that code takes."""
        function = (module.path, module.code_scope_of(term))
        if function not in self._functions:
            return Weight.WAITED
        return Weight.JOB if function in self._commanded else Weight.WORK


def _reached(
    first: set[FunctionKey], callees: dict[FunctionKey, set[FunctionKey]]
) -> set[FunctionKey]:
    found = set(first)
    waiting = list(first)
    while waiting:
        for callee in callees.get(waiting.pop(), set()) - found:
            found.add(callee)
            waiting.append(callee)
    return found


def fills_cache(module: Module, term: int) -> bool:
    """Whether code runs only where ``cache.get(key)`` gave nothing, to fill it with ``set()``, or
    in a function whose decorator keeps its results (``@cache.memoize()``).
    """
    if any(
        _is_keeping(module, d) for d in module.facts.scopes[module.code_scope_of(term)].decorators
    ):
        return True
    terms = module.facts.terms
    for region in module.regions_in(module.code_scope_of(term)):
        if region.kind in ("if", "else") and region.start <= term < region.end:
            asked = _asked(terms, region.term)
            if asked is not None and any(
                _owner(terms, entry, "set") == asked for entry in terms[region.start : region.end]
            ):
                return True
    return False


def _asked(terms: Sequence[t.Term], test: int) -> t.Term | None:
    """What a test asks for something that it may hold: ``cache`` of ``cache.get(key) is None``."""
    if test < 0:
        return None
    entry = terms[t.unaliased(terms, test)]
    if entry[0] == t.UNARY and entry[1] == "not":
        return _asked(terms, entry[2])
    if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
        return _asked(terms, entry[2])
    return _owner(terms, entry, "get")


def _owner(terms: Sequence[t.Term], entry: t.Term, method: str) -> t.Term | None:
    """What a method of this name is called on."""
    function = terms[entry[1]] if entry[0] == t.CALL else entry
    if function[0] != t.ATTR or function[2] != method:
        return None
    return terms[t.unaliased(terms, function[1])]


def _is_keeping(module: Module, decorator: int) -> bool:
    terms = module.facts.terms
    entry = terms[decorator]
    called = terms[entry[1]] if entry[0] == t.CALL else entry
    spelt = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
    return spelt in _KEEPING
