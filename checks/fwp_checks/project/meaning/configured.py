"""What the user's settings say about functions by name: that they block nothing, or hand their
argument to a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.catalogue.grammar import expand_braces
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import ClassValue, External, FunctionValue, Member, Value

if TYPE_CHECKING:
    from fwp_checks.settings import Settings


class Configured:
    """Answers for one project's settings."""

    def __init__(self, settings: Settings) -> None:
        names = [name for pattern in settings.not_blocking for name in expand_braces(pattern)]
        self._silent = frozenset(name for name in names if not name.endswith(".*"))
        self._silent_prefixes = tuple(
            name.removesuffix("*") for name in names if name.endswith(".*")
        )
        self._offloads = frozenset(offload.name for offload in settings.offload)
        self._entry_points = frozenset(settings.entry_points)

    def is_silent(self, name: str) -> bool:
        """Whether a library name is said to block nothing."""
        return name in self._silent or (
            bool(self._silent_prefixes) and name.startswith(self._silent_prefixes)
        )

    def runs_nothing_here(self, frame: Frame) -> bool:
        """Whether a project function is said to block nothing, or to offload its argument."""
        if not (self._silent or self._silent_prefixes or self._offloads):
            return False
        return any(
            self.is_silent(name) or name in self._offloads
            for name in dotted_names(frame.module, frame.qualname)
        )

    def offloads(self, decorator: Value) -> bool:
        """Whether a decorator is said to have the functions under it run in another thread."""
        if not self._offloads:
            return False
        if isinstance(decorator, (External, Member)):
            return decorator.name in self._offloads
        if isinstance(decorator, (FunctionValue, ClassValue)):
            qualname = decorator.module.qualname(decorator.scope)
            return not self._offloads.isdisjoint(dotted_names(decorator.module, qualname))
        return False

    def is_entry_point(self, names: list[str]) -> bool:
        """Whether one of a decorator's names is said to put functions on the event loop."""
        return any(name in self._entry_points for name in names)

    @property
    def has_entry_points(self) -> bool:
        """Whether the settings name any."""
        return bool(self._entry_points)


def dotted_names(module: Module, qualname: str) -> list[str]:
    """The dotted names of a definition, one for each name its module answers to."""
    return [f"{name}.{qualname}" for name in module.names]
