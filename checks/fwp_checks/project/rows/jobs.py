"""Work for whose end nobody waits: what runs in commands, jobs of workers and scripts alone.

It weighs less than what a request waits for.
"""

from __future__ import annotations

from collections.abc import Iterable

from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.rows.weights import Weight


class Jobs:
    """Tells what is reached from ``commands`` alone, of functions that call each other. What
    modules do outside of functions is among those.
    """

    def __init__(
        self, commands: Iterable[FunctionKey], calls: Iterable[tuple[FunctionKey, FunctionKey]]
    ) -> None:
        callees: dict[FunctionKey, set[FunctionKey]] = {}
        for caller, callee in calls:
            callees.setdefault(caller, set()).add(callee)
        started = set(commands)
        self._functions = _reached(started, callees)
        callers: dict[FunctionKey, set[FunctionKey]] = {}
        for caller, called in callees.items():
            for callee in called & self._functions:
                callers.setdefault(callee, set()).add(caller)
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
