"""Which modules are imported together with an application, and which are only run by hand."""

from __future__ import annotations

from collections.abc import Sequence
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


def is_around(package: Module, module: Module) -> bool:
    """Whether a module is a package that another one lies in, which is imported before it."""
    folder = package.path.removesuffix("__init__.py")
    return package.is_package and module is not package and module.path.startswith(folder)


class Loaded:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Module, tuple[Module, ...]] = {}
        self._importers: dict[tuple[Module, bool], list[Module]] = {}
        self._around: dict[tuple[str, str], list[Module]] = {}

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

    def importers(self, module: Module, *, at_top: bool = False) -> list[Module]:
        """Who imports a module; ``at_top``: and not in a function."""
        key = (module, at_top)
        known = self._importers.get(key)
        if known is None:
            stems = {name.rpartition(".")[2] for name in module.names}
            known = self._importers[key] = [
                other
                for other in self._project.table.modules
                if other is not module
                and any(
                    module in self.targets(other, entry.module, entry.attribute, entry.level)
                    and (
                        not is_around(module, other)
                        or self.owner(other, entry.module, entry.level) is module
                    )
                    for entry in other.facts.imports
                    if not (at_top and entry.in_function)
                    and (
                        entry.attribute in stems
                        or not stems.isdisjoint(entry.module.split("."))
                        or (module.is_package and entry.level)
                    )
                )
            ]
        return known

    def imported_at_top(self, module: Module) -> set[Module]:
        """The modules of the project that a module imports when it is imported itself."""
        return {
            target
            for entry in module.facts.imports
            if not entry.in_function
            for target in self.targets(module, entry.module, entry.attribute, entry.level)
            if not is_around(target, module)
        }

    def owner(self, origin: Module, name: str, level: int) -> Module | None:
        """The module of the project that ``from <name> import …`` takes names from."""
        table = self._project.table
        return table.find_relative(name, level, origin) if level else table.find(name, origin)

    def targets(
        self, origin: Module, name: str, attribute: str | None, level: int
    ) -> Sequence[Module]:
        """The modules that an import runs, those around first: packages, the module itself, and
        the submodule that ``attribute`` may be.
        """
        table = self._project.table
        if level:
            inner = f"{name}.{attribute}" if name else attribute
            below = table.find_relative(inner, level, origin) if inner and attribute else None
            both = (table.find_relative(name, level, origin), below)
            return [module for module in both if module is not None]
        key = (name, origin.folder)
        around = self._around.get(key)
        if around is None:
            around = self._around[key] = self._find_around(name, origin)
        below = table.find(f"{name}.{attribute}", origin) if attribute and name else None
        return around if below is None else [*around, below]

    def _find_around(self, name: str, origin: Module) -> list[Module]:
        """The module of an absolute name, behind the packages that it lies in."""
        parts = name.split(".") if name else []
        names = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        found = [self._project.table.find(one, origin) for one in names]
        return [module for module in found if module is not None]
