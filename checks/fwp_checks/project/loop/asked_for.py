"""What async functions do for some values of their parameters only, and whether any caller asks
for it.

``async def install(names, report=None): if report is None: return install_now(names)`` blocks
nothing where everything in the project that calls it hands over a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.effects.requirements import Requirements
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_MOST_CALLS = 64
# How far up callers are asked that hand on parameters of their own.
_LEVELS = 3


def by_nobody(project: Project, frame: Frame, term: int) -> bool:
    """Whether every call of a function in the project rules out that a term of it is reached, or
    stands itself where nothing gets to.
    """
    if frame.scope.decorators:
        return False
    requirements = project.conditions.of(frame, term)
    if requirements:
        return _rule_out(project, frame, requirements, _LEVELS)
    return _is_called_in_vain(project, frame)


def _is_called_in_vain(project: Project, frame: Frame) -> bool:
    """Whether all calls of a function stand behind what control leaves their block from."""
    name = frame.scope.name
    spelt = project.call_sites.spelt(name)
    if not spelt or name.startswith("__") or _is_of_library(project, frame):
        return False
    return all(_is_unreached(module, term) for module, term in spelt)


def _is_unreached(module: Module, term: int) -> bool:
    stretches = module.unreached_in(module.code_scope_of(term))
    return any(start <= term < end for start, end in stretches)


def _rule_out(project: Project, frame: Frame, requirements: Requirements, levels: int) -> bool:
    """Whether there are calls of a function, and all of them rule some requirements out."""
    if levels == 0 or frame.scope.name.startswith("__") or _is_of_library(project, frame):
        return False
    sites = project.call_sites
    if len(sites.spelt(frame.scope.name)) > _MOST_CALLS:
        return False
    is_called = False
    for caller, call, called in sites.of_function(frame.module, frame.scope_number):
        if caller.module.is_test:
            continue
        if called is None:
            return False
        is_called = True
        left = project.passed.left(requirements, caller, call, frame)
        if left is not None and not (left and _rule_out(project, caller, left, levels - 1)):
            return False
    return is_called


def _is_of_library(project: Project, frame: Frame) -> bool:
    """Whether a function is a method that a library may call: its class is derived from one."""
    class_ = project.calls.class_of_method(frame.module, frame.scope_number)
    return class_ is not None and bool(project.classes.info(class_).externals)
