"""What functions do for some values of their parameters only, and whether any caller asks for it.

``async def install(names, report=None): if report is None: return install_now(names)`` blocks
nothing where everything in the project that calls it hands over a function; nor does what it hands
its parameters on to, where that does so for some of them only. ``def show(posts, counts=False):
return [shown(post, counts) for post in posts]`` runs no query in its loop where all leave it so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_MOST_CALLS = 64
# So many functions are asked that hand on parameters of their own.
_MOST_FUNCTIONS = 48
# Bases that call no methods but their own special ones.
_PASSIVE: frozenset[str] = frozenset(
    {
        "abc.ABC",
        "contextlib.AbstractAsyncContextManager",
        "contextlib.AbstractContextManager",
        "typing.Generic",
        "typing.Protocol",
        "typing_extensions.Protocol",
    }
)


class AskedFor:
    """Answers for one share."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Frame, Requirements], bool] = {}
        self._calls: dict[Frame, list[tuple[Frame, int]]] = {}
        self._in_vain: dict[Frame, bool] = {}

    def by_nobody(self, frame: Frame, term: int, needed: Requirements = NOTHING) -> bool:
        """Whether every call of a function in the project rules out that a term of it is reached,
        or what that needs of parameters to do something, or stands itself where nothing gets to.
        """
        if frame.scope.decorators:
            return False
        requirements = self._project.conditions.of(frame, term) | needed
        if not requirements:
            in_vain = self._in_vain.get(frame)
            if in_vain is None:
                in_vain = self._in_vain[frame] = self._is_called_in_vain(frame)
            return in_vain
        key = (frame, requirements)
        known = self._known.get(key)
        if known is None:
            known = self._all_rule_out(frame, requirements)
            self._known[key] = known
        return known

    def _all_rule_out(self, frame: Frame, requirements: Requirements) -> bool:
        """Whether all calls of a function rule some requirements out, or those of the functions
        that hand them on.
        """
        waiting = [(frame, requirements)]
        seen = set(waiting)
        is_ruled_out = False
        while waiting:
            callee, asked = waiting.pop()
            calls = self._calls_of(callee)
            if not calls or len(seen) > _MOST_FUNCTIONS:
                return False
            for caller, call in calls:
                left = self._project.passed.left(asked, caller, call, callee)
                is_ruled_out = is_ruled_out or left is None
                if left is not None and not left:
                    return False
                if left and (caller, left) not in seen:
                    seen.add((caller, left))
                    waiting.append((caller, left))
        return is_ruled_out

    def _calls_of(self, frame: Frame) -> list[tuple[Frame, int]]:
        """The calls of a function; none if there may be others."""
        known = self._calls.get(frame)
        if known is None:
            known = self._calls[frame] = self._find_calls(frame)
        return known

    def _find_calls(self, frame: Frame) -> list[tuple[Frame, int]]:
        if frame.scope.name.startswith("__") or self._is_of_library(frame):
            return []
        sites = self._project.call_sites
        if len(sites.spelt(frame.scope.name)) > _MOST_CALLS:
            return []
        found = []
        for caller, call, called in sites.of_function(frame.module, frame.scope_number):
            if caller.module.is_test:
                continue
            if called is None:
                return []
            found.append((caller, call))
        return found

    def _is_called_in_vain(self, frame: Frame) -> bool:
        """Whether all calls of a function stand behind what control leaves their block from."""
        name = frame.scope.name
        spelt = self._project.call_sites.spelt(name)
        if not spelt or name.startswith("__") or self._is_of_library(frame):
            return False
        return all(_is_unreached(module, term) for module, term in spelt)

    def _is_of_library(self, frame: Frame) -> bool:
        """Whether a function is a method that a library may call: its class is derived from one."""
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        return class_ is not None and not _PASSIVE.issuperset(
            self._project.classes.info(class_).externals
        )


def _is_unreached(module: Module, term: int) -> bool:
    stretches = module.unreached_in(module.code_scope_of(term))
    return any(start <= term < end for start, end in stretches)
