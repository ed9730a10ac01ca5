"""Where a settings module takes all names of another one: star imports, and ``include()`` of
django-split-settings, whose arguments are files or patterns beside the module.

Source: split_settings/tools.py of django-split-settings 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import External

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

INCLUDE = External("split_settings.tools.include")


def sources(project: Project, module: Module) -> Iterator[Module]:
    """The modules whose names a module takes, in order."""
    known: dict[Module, list[Module]] = project.framework_data.setdefault("django.inclusions", {})
    if module not in known:
        known[module] = list(dict.fromkeys(_find(project, module)))
    yield from known[module]


def named(project: Project, module: Module, name: str, level: int) -> Module | None:
    """The module of the project that an import in another one names."""
    if level:
        return project.table.find_relative(name, level, module)
    return project.table.find(name, module)


def _find(project: Project, module: Module) -> Iterator[Module]:
    for name, level in module.facts.star_imports:
        found = named(project, module, name, level)
        if found is not None and found is not module:
            yield found
    if any(imported.attribute == "include" for imported in module.facts.imports):
        for call in module.calls_in(0):
            function = module.facts.terms[call][1]
            if project.values.evaluate(project.module_frame(module), function) == INCLUDE:
                for argument in module.facts.terms[call][2]:
                    yield from _included(project, module, argument)


def _included(project: Project, module: Module, argument: int) -> Iterator[Module]:
    terms = module.facts.terms
    while terms[argument][0] == t.CALL and terms[argument][2]:
        argument = terms[argument][2][0]  # optional("local.py")
    pattern = terms[argument][1] if terms[argument][0] == t.CONST else None
    if isinstance(pattern, str):
        folder = module.path.rpartition("/")[0]
        wanted = f"{folder}/{pattern}" if folder else pattern
        for other in project.table.modules:
            if other is not module and fnmatchcase(other.path, wanted):
                yield other
