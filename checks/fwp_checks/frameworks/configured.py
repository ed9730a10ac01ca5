"""Entry points from the settings: decorators of frameworks we do not know that put functions on the
event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.configured import dotted_names
from fwp_checks.project.meaning.values import External, FunctionValue, Member, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Configured(Framework):
    """Hooks for ``entry-points`` of ``[tool.fwp]``."""

    name = "configured"
    modules = frozenset()

    def roots(self, project: Project) -> Iterator[Root]:
        """Functions under a decorator that the settings name."""
        if not project.configured.has_entry_points:
            return
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind != "function":
                    continue
                frame = project.frame_of_scope(module, number)
                around = frame.parent or frame
                for decorator in scope.decorators:
                    entry = module.facts.terms[decorator]
                    called = project.values.evaluate(
                        around, entry[1] if entry[0] == t.CALL else decorator
                    )
                    if project.configured.is_entry_point(self._names(called)):
                        yield Root(frame, Context.HANDLER, self.name)

    @staticmethod
    def _names(decorator: Value) -> list[str]:
        if isinstance(decorator, (External, Member)):
            return [decorator.name]
        if isinstance(decorator, FunctionValue):
            scope = decorator.module.facts.scopes[decorator.scope]
            return dotted_names(decorator.module, scope.name)
        return []


FRAMEWORK = Configured()
