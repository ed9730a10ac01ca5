"""Which code may be given rows of a query: the modules that can come by one, and of one share the
frames that it starts from with all that they run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.effects.behaviours import Event, run_by
from fwp_checks.project.effects.call_graph import CallGraph
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import ClassValue, Instance

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.needs import Consumer
    from fwp_checks.project.shares import Share


class RowFrames:
    """Answers for one share of a project."""

    def __init__(self, project: Project, share: Share) -> None:
        self._project = project
        self._share = share

    @property
    def is_whole(self) -> bool:
        """Whether there is no other share."""
        return len(self._share.modules) == len(self._project.table.modules)

    @cached_property
    def modules(self) -> list[Module]:
        """The modules of the share that can come by a query."""
        return [module for module in self._project.row_modules if module in self._share]

    @cached_property
    def consumers(self) -> list[Consumer]:
        """What goes through rows for the frameworks in the modules of the share."""
        return self._project.frameworks.consumers(self._share)

    @cached_property
    def all(self) -> list[Frame]:
        """Everything that may be given rows, in a fixed order."""
        found: dict[Frame, None] = {}
        for module in self.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.is_function or number == 0:
                    found[self._project.frame_of_scope(module, number)] = None
        for frame in self._project.frameworks.inherited_frames():
            if frame.module in self._share and self._can_have_rows(frame):
                found[frame] = None
        for consumer in self.consumers:
            found.update(dict.fromkeys(consumer.frames))
            for touch in consumer.touches:
                for alternative in touch.alternatives:
                    runs = [run for run in alternative or () if isinstance(run, RunFrame)]
                    found.update(dict.fromkeys(run.frame for run in runs))
        waiting = list(found)
        while waiting:
            for following in self._project.behaviours.following(waiting.pop()):
                if following not in found:
                    found[following] = None
                    waiting.append(following)
        return list(found)

    def _can_have_rows(self, frame: Frame) -> bool:
        """Whether the module of a method, or that of the class which inherits it, can come by a
        query.
        """
        class_ = frame.arguments[0].class_ if isinstance(frame.arguments[0], Instance) else ""
        modules = [frame.module, *([class_.module] if isinstance(class_, ClassValue) else [])]
        return any(module in self._project.row_modules for module in modules)

    def calls_from(self, asked: Mapping[Frame, Sequence[Event]]) -> CallGraph:
        """What some events of frames call, and all that is called then. Who awaits a coroutine
        calls its function.
        """
        happening = self._project.behaviours.with_awaited
        called: dict[Frame, Sequence[Event]] = {}
        waiting = list(asked.values())
        while waiting:
            for frame in run_by(waiting.pop()):
                if frame not in called:
                    called[frame] = happening(frame)
                    waiting.append(called[frame])
        among = {**asked, **called}
        return CallGraph(
            self._project, {frame: among[frame] for frame in self.all if frame in among}
        )

    @cached_property
    def by_function(self) -> dict[FunctionKey, list[Frame]]:
        """The same, by whose frames they are."""
        found: dict[FunctionKey, list[Frame]] = {}
        for frame in self.all:
            found.setdefault(frame.function, []).append(frame)
        return found

    def is_start(self, frame: Frame) -> bool:
        """Whether a share starts from a frame, about whose arguments nothing is known, and others
        may reach it.
        """
        module, number = frame.module, frame.scope_number
        if self.is_whole or module not in self._project.row_modules:
            return False
        return self._project.frame_of_scope(module, number) is frame


def row_modules(project: Project) -> dict[Module, None]:
    """The modules that can come by a query: they import what makes some, directly or not, or are
    handed rows.
    """
    sources = project.frameworks.row_sources
    own = (*sources, *project.frameworks.row_hosts)
    importers: dict[Module, list[Module]] = {}
    found: dict[Module, None] = {}
    table = project.table
    for module in table.modules if sources else ():
        # Names that are imported from one module follow each other.
        before = "", -1
        for imported in module.facts.imports:
            name, attribute, level = imported.module, imported.attribute, imported.level
            inner = f"{name}.{attribute}"
            if not level and f"{inner}.".startswith(own):
                found[module] = None
            names = [inner] if before == (name, level) else [name, inner]
            before = name, level
            for one in names:
                if level:
                    target = table.find_relative(one.strip("."), level, module)
                else:
                    target = table.find(one, module)
                if target is not None:
                    importers.setdefault(target, []).append(module)
    waiting = list(found)
    while waiting:
        for module in importers.get(waiting.pop(), ()):
            if module not in found:
                found[module] = None
                waiting.append(module)
    return {
        module: None for module in project.table.modules if module in found and module.is_served
    }
