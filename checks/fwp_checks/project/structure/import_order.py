"""Which names are bound when modules import each other in a circle.

The statements at the top of the modules are gone through in the order in which Python runs them,
from where the import of an application begins. Imports that may or may not run, and modules that
bind names in ways that cannot be told, prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.toplevel import Imported, Step, steps
from fwp_checks.project.application.model import Router
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import Instance, options_of
from fwp_checks.project.structure.loaded import Loaded, is_around

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_FLASK = "Flask"


@dataclass(slots=True, unsafe_hash=True)
class Unbound:
    """An import that fails, or that gets another object than the one that runs.

    At ``step`` of ``module``, ``name`` is imported from ``owner``, which is being imported itself
    and has got as far as ``waiting``, before it binds the name. ``is_twice``: ``owner`` runs as a
    script, so that this import runs it once more, as another module.
    """

    module: Module
    step: Step
    name: str
    owner: Module
    waiting: Step
    is_twice: bool = False


@dataclass(slots=True)
class _Run:
    """A module that is being imported, or was."""

    bound: set[str] = field(default_factory=set)
    at: Step | None = None
    is_done: bool = False
    is_open: bool = False


class ImportOrder:
    """Answers for one project."""

    def __init__(self, project: Project, loaded: Loaded) -> None:
        self._project = project
        self._loaded = loaded
        self._steps: dict[Module, list[Step]] = {}

    def of(self, module: Module) -> list[Unbound]:
        """The imports of a module that fail, or get another object than the one that runs."""
        return [found for found in self._all if found.module is module]

    @cached_property
    def _all(self) -> list[Unbound]:
        found: dict[tuple[Module, Step, str], Unbound] = {}
        for application in self._project.applications.applications:
            module = self._project.table.by_path[application.place.path]
            if application.framework == _FLASK and module.is_served:
                for unbound in self._around(application, module):
                    found.setdefault((unbound.module, unbound.step, unbound.name), unbound)
        return list(found.values())

    def _around(self, application: Router, module: Module) -> Iterator[Unbound]:
        circle = self._circle(module)
        if len(circle) < 2:
            return
        failing = self._failing(module, circle) if self._binds_late(circle) else None
        if failing is not None:
            yield failing
        elif not application.frame.scope_number and module.main_guards and not module.is_package:
            yield from self._imported_twice(module, circle)

    def _failing(self, module: Module, circle: set[Module]) -> Unbound | None:
        """The import in a circle that fails, from wherever the circle is entered."""
        entries = [
            importer
            for importer in self._loaded.importers(module)
            if importer not in circle and importer.is_served
        ] or [module]
        results = [self._run(entry) for entry in entries]
        first = results[0]
        if first is not None and all(results) and {first.owner, first.module} <= circle:
            return first
        return None

    def _circle(self, module: Module) -> set[Module]:
        """The modules of the short circles of imports that lead back to a module."""
        ahead = self._loaded.imported_at_top(module)
        behind = set(self._loaded.importers(module, at_top=True))
        if not behind:
            return set()
        found = {module, *(ahead & behind)}
        for imported in ahead:
            closing = self._loaded.imported_at_top(imported) & behind
            if closing:
                found |= {imported, *closing}
        return found

    def _binds_late(self, circle: set[Module]) -> bool:
        """Whether some module of a circle binds a name after it has imported the module that
        imports this name from it.
        """
        imports = {module: list(self._imports_into(module, circle)) for module in circle}
        for module, found in imports.items():
            for _, name, owner, _ in found:
                bound = owner.facts.scopes[0].bindings.get(name, -1) if owner in circle else -1
                for term, _, _, targets in imports.get(owner, ()):
                    if term < bound and owner is not module:
                        if module in targets or any(
                            module in self._loaded.imported_at_top(target)
                            for target in targets - {owner}
                        ):
                            return True
        return False

    def _imports_into(
        self, module: Module, circle: set[Module]
    ) -> Iterator[tuple[int, str, Module, set[Module]]]:
        """The imports of a module that lead into a circle: the term, the name that is imported, the
        module that it is imported from, and the modules of the circle that it runs.
        """
        for term in module.of_kind(t.IMPORT):
            _, name, attribute, level = module.facts.terms[term]
            if module.scope_of(term):
                continue
            targets = circle & set(self._loaded.targets(module, name, attribute, level))
            owner = self._loaded.owner(module, name, level)
            if targets and owner is not None:
                ran = {target for target in targets - {module} if not is_around(target, module)}
                yield term, attribute or "", owner, ran

    # -- running -----------------------------------------------------------------------------------

    def _steps_of(self, module: Module) -> list[Step]:
        known = self._steps.get(module)
        if known is None:
            known = self._steps[module] = steps(module.text or "")
        return known

    def _run(self, entry: Module) -> Unbound | None:
        """The first import that fails when a module is imported; None if none certainly does."""
        runs: dict[Module, _Run] = {}
        for module in self._loaded.targets(entry, entry.name, None, 0):
            failed = self._import(module, runs)
            if failed is not None:
                return failed
        return self._import(entry, runs)

    def _import(self, module: Module, runs: dict[Module, _Run]) -> Unbound | None:
        if module in runs:
            return None
        run = runs[module] = _Run()
        run.is_open = (
            bool(module.facts.star_imports) or "__getattr__" in module.facts.scopes[0].bindings
        )
        for step in self._steps_of(module):
            run.at = step
            for imported in step.imports:
                failed = self._imported(module, step, imported, runs)
                if failed is not None:
                    return failed
            run.bound.update(step.names)
        run.is_done = True
        return None

    def _imported(
        self, module: Module, step: Step, imported: Imported, runs: dict[Module, _Run]
    ) -> Unbound | None:
        targets = list(
            self._loaded.targets(module, imported.module, imported.attribute, imported.level)
        )
        if not step.is_certain:
            for target in targets:
                # It may have been imported by then, completely or not.
                runs.setdefault(target, _Run(is_open=True))
            return None
        for target in targets:
            failed = self._import(target, runs)
            if failed is not None:
                return failed
        owner = self._loaded.owner(module, imported.module, imported.level)
        if owner is None or imported.attribute in (None, "*"):
            return None
        run = runs[owner]
        below = any(target is not owner for target in targets[-1:])
        if run.is_done or run.is_open or below or imported.attribute in run.bound:
            return None
        if run.at is None or imported.attribute not in owner.facts.scopes[0].bindings:
            return None
        return Unbound(module, step, str(imported.attribute), owner, run.at)

    # -- scripts -----------------------------------------------------------------------------------

    def _imported_twice(self, module: Module, circle: set[Module]) -> Iterator[Unbound]:
        """Imports that a script leads to of an application that the script makes itself: they run
        it once more, under its own name, and make another application.
        """
        waiting = {
            target: step
            for step in reversed(self._steps_of(module))
            for imported in step.imports
            if step.is_certain
            for target in self._loaded.targets(
                module, imported.module, imported.attribute, imported.level
            )
            if target in circle
        }
        for target in sorted(waiting, key=lambda target: (waiting[target].line, target.path)):
            if target is module:
                continue
            for step in self._steps_of(target):
                for imported in step.imports:
                    if (
                        step.is_certain
                        and self._loaded.owner(target, imported.module, imported.level) is module
                        and self._is_kept(module, imported.attribute)
                    ):
                        name = str(imported.attribute)
                        yield Unbound(target, step, name, module, waiting[target], True)
                        return

    def _is_kept(self, module: Module, name: str | None) -> bool:
        """Whether a name stands for an application, or for what is bound to one."""
        value = self._project.values.module_binding(module, name) if name else None
        return value is not None and any(
            isinstance(option, Instance)
            and (
                self._project.classes.is_instance(option, "flask.Flask")
                or (isinstance(option.class_, str) and option.class_.startswith("flask_"))
            )
            for option in options_of(value)
        )
