"""Work for whose end nobody waits: what runs in commands, jobs of workers and scripts alone.

It weighs less than what a request waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.rows.weights import Weight

Calls = dict[FunctionKey, set[FunctionKey]]
"""The functions that each function calls."""


class Jobs:
    """Tells what is reached from ``commands`` alone, of functions that call each other, as
    ``calls`` of each share tell. What modules do outside of functions is among those.
    """

    def __init__(self, commands: Iterable[FunctionKey], calls: Sequence[Calls]) -> None:
        callees: Calls = {}
        for told in calls:
            for caller, called in told.items():
                known = callees.get(caller)
                callees[caller] = called if known is None else known | called
        started = set(commands)
        reached = _reached(started, callees)
        # What somebody else calls, too; and so what it calls.
        self._functions = reached - _reached(callees.keys() - reached, callees)
        # What runs when a module does, and in no command: scripts, and what happens at start-up.
        self._commanded = _reached({key for key in started if key[1]}, callees)

    def weight(self, module: Module, term: int) -> Weight:
        """How much the time weighs that code takes."""
        function = (module.path, module.code_scope_of(term))
        if function not in self._functions:
            return Weight.WAITED
        return Weight.JOB if function in self._commanded else Weight.WORK


def _reached(first: Set[FunctionKey], callees: Calls) -> set[FunctionKey]:
    found = set(first)
    waiting = list(found)
    while waiting:
        called = callees.get(waiting.pop())
        if called is not None:
            new = called - found
            found |= new
            waiting.extend(new)
    return found
