"""Which modules are imported together with an application, and which are only run by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.files.modules import Module

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_EXAMPLES = frozenset(
    {
        "docs", "doc", "docs_src", "examples", "example", "samples", "sample", "exercises",
        "tutorial", "tutorials", "demo", "demos", "benchmarks", "scripts",
    }
)  # fmt: skip


def is_example(module: Module) -> bool:
    """Whether a module lies where code is shown, tried out or run by hand."""
    return not _EXAMPLES.isdisjoint(module.path.split("/")[:-1])


class Loaded:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Module, tuple[Module, ...]] = {}

    def __contains__(self, module: Module) -> bool:
        return module in self._all

    @cached_property
    def _all(self) -> frozenset[Module]:
        by_path = self._project.table.by_path
        waiting = [by_path[made.place.path] for made in self._project.applications.applications]
        found = set(waiting)
        while waiting:
            for module in self.imported_by(waiting.pop()):
                if module not in found:
                    found.add(module)
                    waiting.append(module)
        return frozenset(found)

    def imported_by(self, module: Module) -> tuple[Module, ...]:
        """The modules of the project that a module imports, wherever in it."""
        known = self._known.get(module)
        if known is None:
            found: dict[Module, None] = {}
            for entry in module.facts.imports:
                targets = self.targets(module, entry.module, entry.attribute, entry.level)
                found.update(dict.fromkeys(targets))
            for name, level in module.facts.star_imports:
                found.update(dict.fromkeys(self.targets(module, name, None, level)))
            known = self._known[module] = tuple(found)
        return known

    @cached_property
    def importers(self) -> dict[Module, list[Module]]:
        """Who imports each module."""
        found: dict[Module, list[Module]] = {}
        for module in self._project.table.modules:
            for imported in self.imported_by(module):
                if imported is not module:
                    found.setdefault(imported, []).append(module)
        return found

    def targets(
        self, origin: Module, name: str, attribute: str | None, level: int
    ) -> Iterator[Module]:
        """The modules that an import runs, those around first: packages, the module itself, and
        the submodule that ``attribute`` may be.
        """
        table = self._project.table
        if level:
            found = table.find_relative(name, level, origin)
            inner = f"{name}.{attribute}" if name else attribute
            below = table.find_relative(inner, level, origin) if inner and attribute else None
            if found is not None:
                yield found
            if below is not None:
                yield below
            return
        parts = name.split(".") if name else []
        for end in range(1, len(parts) + 1):
            found = table.find(".".join(parts[:end]), origin)
            if found is not None:
                yield found
        if attribute is not None and name:
            below = table.find(f"{name}.{attribute}", origin)
            if below is not None:
                yield below
