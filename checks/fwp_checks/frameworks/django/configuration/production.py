"""Which settings module is used in production, and why that is believed.

A project has families of settings: modules that take each other's names. Of each family it is the
module that files of the deployment name, else one called after production, else the one that
``wsgi.py``, ``asgi.py`` or ``manage.py`` name. A family that nothing names has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration.inclusions import sources
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import ClassValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_CLASS_VARIABLE = "DJANGO_CONFIGURATION"
# What a project's settings have at least one of.
_SETTINGS = ("DATABASES", "INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "CACHES")
_PRODUCTION = re.compile(r"(?:^|[._-])(?:prod|production|deploy|deployment|live|heroku)(?:$|[._-])")
_OTHER = re.compile(
    r"(?:^|[._-])(?:dev|develop|development|devstack|local|tests?|testing|ci|example|sample|docs?"
    r"|debug|demo|e2e|playground|benchmarks?|examples|samples|smoketest|travis|mypy|sandbox)(?:$|[._-])"
)
_CONFIGURATION = "configurations."


class Evidence(IntEnum):
    """Why a module is believed to be the one, the best reason first."""

    DEPLOYED = 0
    NAME = 1
    SERVED = 2
    MANAGED = 3


@dataclass(slots=True, unsafe_hash=True)
class Naming:
    """A place that names a settings module."""

    evidence: Evidence
    path: str
    line: int


@dataclass(slots=True, unsafe_hash=True)
class Leaf:
    """A settings module (with django-configurations: a class of one) that is used in production.

    ``naming`` is the best reason, None where the module is all there is.
    """

    module: Module
    naming: Naming | None
    class_: ClassValue | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.module.path}" + (f" ({self.class_.name})" if self.class_ else "")


class Production:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @classmethod
    def of(cls, project: Project) -> Production:
        """The one of a project."""
        known: Production | None = project.framework_data.get("django.production")
        if known is None:
            known = project.framework_data["django.production"] = cls(project)
        return known

    @cached_property
    def modules(self) -> list[Module]:
        """The settings modules of the project."""
        candidates = [
            module
            for module in self._project.table.modules
            if not module.is_test and not module.is_read_only and _binds_settings(module)
        ]
        known = dict.fromkeys(candidates)
        importers = [m for m in self._project.table.modules if not m.is_test and m not in known]
        waiting = True
        while waiting:
            waiting = False
            for module in importers:
                if module not in known and any(s in known for s in self._taken(module)):
                    known[module] = None
                    waiting = True
        return sorted(known, key=lambda module: module.path)

    def _taken(self, module: Module) -> list[Module]:
        return list(sources(self._project, module)) if _may_take(module) else []

    @cached_property
    def leaves(self) -> list[Leaf]:
        """The modules used in production, those of each family."""
        return [leaf for family in self._families for leaf in self._chosen(family)]

    @cached_property
    def all_leaves(self) -> list[Leaf]:
        """The same; of families without such a module, those that no other one imports."""
        found = list(self.leaves)
        known = {leaf.module for leaf in found}
        for family in self._families:
            if known.isdisjoint(family):
                taken = {source for module in family for source in sources(self._project, module)}
                ends = [module for module in family if module not in taken]
                found.extend(
                    Leaf(module, None) for module in ends if not _OTHER.search(_own_name(module))
                )
        return found

    @cached_property
    def named_leaves(self) -> list[Leaf]:
        """The same, and modules that something names to work on the project with: what fails for
        these fails for everybody who does.
        """
        found = list(self.all_leaves)
        known = {leaf.module for leaf in found}
        for module in self.modules:
            if module not in known and self._namings.get(module):
                found.extend(self._classes(Leaf(module, self._namings[module][0])))
        return found

    # -- families ----------------------------------------------------------------------------------

    @cached_property
    def _families(self) -> list[list[Module]]:
        """Modules that take names from each other."""
        family = {module: {module} for module in self.modules}
        for module in self.modules:
            for source in sources(self._project, module):
                if source in family and family[source] is not family[module]:
                    joined = family[source] | family[module]
                    for member in joined:
                        family[member] = joined
        distinct = {id(members): members for members in family.values()}
        return [sorted(m, key=lambda module: module.path) for m in distinct.values()]

    def _chosen(self, family: list[Module]) -> Iterator[Leaf]:
        ranked: dict[Evidence, list[Leaf]] = {}
        is_named = False
        for module in family:
            namings = self._namings.get(module, [])
            is_named = is_named or bool(namings)
            if _OTHER.search(_own_name(module)):
                continue
            if _PRODUCTION.search(_own_name(module)):
                namings = [*namings, Naming(Evidence.NAME, module.path, 1)]
            if namings:
                best = min(namings, key=lambda naming: (naming.evidence, naming.path))
                ranked.setdefault(best.evidence, []).append(Leaf(module, best))
        if ranked:
            for leaf in ranked[min(ranked)]:
                yield from self._classes(leaf)
        elif is_named:
            # All that is named is for development: what else there is, or what that takes from.
            named = next(module for module in family if module in self._namings)
            shared = [m for m in sources(self._project, named) if m in family]
            others = [
                module
                for module in family
                if module not in shared
                and not _OTHER.search(_own_name(module))
                and not set(shared).isdisjoint(sources(self._project, module))
            ]
            for module in others or shared:
                if not _OTHER.search(_own_name(module)):
                    yield from self._classes(Leaf(module, self._namings[named][0]))

    def _classes(self, leaf: Leaf) -> Iterator[Leaf]:
        """The leaf itself, or its classes of settings."""
        facts = leaf.module.facts
        classes = []
        for number, scope in enumerate(facts.scopes):
            if scope.kind == "class" and scope.parent == 0 and scope.bases:
                class_ = ClassValue(leaf.module, number)
                bases = self._project.classes.info(class_).externals
                if any(base.startswith(_CONFIGURATION) for base in bases):
                    classes.append(class_)
        if not classes:
            yield leaf
            return
        named = [c for c in classes if _PRODUCTION.search(c.name.lower())]
        named = named or [c for c in classes if c.name in self._class_names]
        for class_ in named or (classes if len(classes) == 1 else []):
            yield Leaf(leaf.module, leaf.naming, class_)

    # -- who names them ----------------------------------------------------------------------------

    @cached_property
    def _namings(self) -> dict[Module, list[Naming]]:
        by_name: dict[str, list[Module]] = {}
        for module in self.modules:
            for name in module.names:
                by_name.setdefault(name, []).append(module)
        found: dict[Module, list[Naming]] = {}
        for naming, name in (*self._in_files(), *self._in_code(_VARIABLE)):
            for module in by_name.get(name, ()):
                if len(by_name[name]) == 1 or _is_near(module.path, naming.path):
                    found.setdefault(module, []).append(naming)
        return found

    @cached_property
    def _class_names(self) -> set[str]:
        return {name for _, name in self._in_code(_CLASS_VARIABLE)}

    def _in_files(self) -> Iterator[tuple[Naming, str]]:
        for named in self._project.deployment.settings:
            yield Naming(Evidence.DEPLOYED, named.mention.path, named.mention.line), named.module

    def _in_code(self, variable: str) -> Iterator[tuple[Naming, str]]:
        """``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "…")`` and assignments."""
        for module, call in self._project.call_sites.spelt("setdefault"):
            arguments = module.facts.terms[call][2]
            if len(arguments) == 2 and module.facts.terms[arguments[0]] == (t.CONST, variable):
                yield from self._named(module, call, arguments[1])
        for module in self._project.table.modules:
            if module.path.endswith(("manage.py", "wsgi.py", "asgi.py")):
                for term in module.of_kind(t.STORE_ITEM):
                    _, _, key, value = module.facts.terms[term]
                    if value >= 0 and module.facts.terms[key] == (t.CONST, variable):
                        yield from self._named(module, term, value)

    def _named(self, module: Module, term: int, value: int) -> Iterator[tuple[Naming, str]]:
        entry = module.facts.terms[value]
        if entry[0] == t.CONST and isinstance(entry[1], str) and not module.is_test:
            own = PurePosixPath(module.path).name
            is_served = own.endswith(("wsgi.py", "asgi.py"))
            evidence = Evidence.SERVED if is_served else Evidence.MANAGED
            yield Naming(evidence, module.path, module.facts.span(term)[0]), entry[1]


def _binds_settings(module: Module) -> bool:
    bindings = module.facts.scopes[0].bindings
    if any(name in bindings for name in _SETTINGS):
        return True
    return any(
        scope.kind == "class" and sum(name in scope.bindings for name in _SETTINGS) > 1
        for scope in module.facts.scopes
    )


def _may_take(module: Module) -> bool:
    """Whether a module takes all names of another one: few modules do that."""
    if module.facts.star_imports:
        return True
    return any(imported.attribute == "include" for imported in module.facts.imports)


def _own_name(module: Module) -> str:
    """The last parts of a module's name, without the packages that only hold settings."""
    parts = module.path.removesuffix(".py").removesuffix("/__init__").lower().split("/")
    return ".".join(parts[-2:])


def _is_near(path: str, other: str) -> bool:
    """Whether two files lie in the same one of several projects: below the same first folder."""
    return path.split("/")[0] == other.split("/")[0]
