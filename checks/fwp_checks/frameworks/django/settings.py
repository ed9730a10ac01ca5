"""The settings and apps of a Django project, as far as they are literals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import ClassValue, Constant, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_ADDING = frozenset({"append", "insert", "extend"})
_APP_CONFIG = "django.apps.AppConfig"


class Settings:
    """Reads module-level names in the form settings have. A project may hold several settings
    modules.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._labels: dict[Module, str] = {}

    @cached_property
    def modules(self) -> list[Module]:
        """The modules that look like settings: they bind one of the names every Django project
        sets.
        """
        names = ("INSTALLED_APPS", "MIDDLEWARE", "AUTH_USER_MODEL", "ROOT_URLCONF")
        return [
            module
            for module in self._project.table.modules
            if any(name in module.facts.scopes[0].bindings for name in names)
        ]

    def text(self, name: str) -> str | None:
        """The value of a setting that is a string; None if none or several are given."""
        found = set()
        for module in self.modules:
            value = self._project.values.module_binding(module, name)
            if value is not None:
                found.add(
                    value.value
                    if isinstance(value, Constant) and isinstance(value.value, str)
                    else None
                )
        return found.pop() if len(found) == 1 else None

    def strings(self, name: str) -> tuple[list[tuple[Module, str]], bool]:
        """The strings of a setting that is a list, of all settings modules together, and whether
        these are all: one list at least is given, and each is literal. Those that a branch adds, or
        a call (``append``), are among them, and so are those added to a list of another module.
        """
        found: list[tuple[Module, str]] = []
        are_literal = []
        for module in self.modules:
            term = module.facts.scopes[0].bindings.get(name, -1)
            added = self._added(module, name)
            if term >= 0 or added:
                are_literal.append(not added and self._items(module, term) is not None)
                written = self._written(module, [term, *added])
                found.extend((module, item) for item in written)
        return found, bool(are_literal) and all(are_literal)

    def _added(self, module: Module, name: str) -> list[int]:
        """What calls at the top of a module add to a list, ``MIDDLEWARE.insert(0, …)``."""
        terms = module.facts.terms
        own = self._parts_of(module, [module.facts.scopes[0].bindings.get(name, -1)])
        found = []
        for term in module.calls_in(0):
            called = terms[terms[term][1]]
            if called[0] == t.ATTR and called[2] in _ADDING and terms[term][2]:
                base = t.unaliased(terms, called[1])
                if base in own or terms[base] == (t.NAME, name):
                    found.append(terms[term][2][-1])
        return found

    def _written(self, module: Module, waiting: list[int]) -> Iterator[str]:
        """The strings among the parts of lists, in order."""
        frame = self._project.module_frame(module)
        for part in self._parts_of(module, waiting):
            if module.facts.terms[part][0] in (t.CONST, t.NAME, t.ATTR, t.IMPORT):
                value = self._project.values.evaluate(frame, part)
                if isinstance(value, Constant) and isinstance(value.value, str):
                    yield value.value

    @staticmethod
    def _parts_of(module: Module, waiting: list[int]) -> dict[int, None]:
        """The terms that lists are put together from, by whichever branch."""
        terms = module.facts.terms
        waiting = [term for term in reversed(waiting) if term >= 0]
        seen: dict[int, None] = {}
        while waiting:
            term = waiting.pop()
            if term not in seen:
                seen[term] = None
                waiting.extend(reversed(_parts(terms[term])))
        return seen

    def _items(self, module: Module, term: int) -> list[str] | None:
        terms = module.facts.terms
        entry = terms[term]
        if entry[0] == t.DECLARED and entry[1] >= 0:
            return self._items(module, entry[1])
        if entry[0] == t.BINARY and entry[1] in ("+", "+="):
            left, right = self._items(module, entry[2]), self._items(module, entry[3])
            return left + right if left is not None and right is not None else None
        if entry[0] != t.SEQUENCE:
            return None
        found = []
        for item in entry[2]:
            value = self._project.values.evaluate(self._project.module_frame(module), item)
            if not (isinstance(value, Constant) and isinstance(value.value, str)):
                return None
            found.append(value.value)
        return found

    @cached_property
    def installed(self) -> frozenset[str]:
        """The packages of the installed apps, as far as these are literals."""
        named: set[str] = set()
        for module in self.modules:
            term = module.facts.scopes[0].bindings.get("INSTALLED_APPS", -1)
            for part in self._parts_of(module, [term, *self._added(module, "INSTALLED_APPS")]):
                entry = module.facts.terms[part]
                if entry[0] == t.CONST and isinstance(entry[1], str):
                    named.add(_package(entry[1]))
        return frozenset(named)

    def imported(self, origin: Module, dotted: str) -> Value:
        """What a dotted path in a setting stands for."""
        name, _, attribute = dotted.rpartition(".")
        return self._project.values.imported(origin, name, attribute, 0)

    def label_of(self, module: Module) -> str:
        """The label of the app that the models of a file belong to."""
        known = self._labels.get(module)
        if known is None:
            known = self._labels[module] = self._find_label_of(module)
        return known

    def _find_label_of(self, module: Module) -> str:
        # A file may go by several names, and an app is installed by one of them.
        packages = [_package_around(name) for name in (module.names or (module.name,))]
        for package in packages:
            # The models of an app may stand in any package below it.
            for end in range(len(package), 0, -1):
                app = ".".join(package[:end])
                if app in self.installed:
                    return self._find_label(app, module) or package[end - 1]
        own = next(filter(None, packages), [])
        return self._find_label(".".join(own), module) or (own or module.name.split("."))[-1]

    def _find_label(self, package: str, origin: Module) -> str | None:
        """The label that an app's ``AppConfig`` gives it, None if it leaves the default."""
        apps = self._project.table.find(f"{package}.apps", origin)
        if apps is None:
            return None
        for number, scope in enumerate(apps.facts.scopes):
            if scope.kind == "class" and scope.bases:
                class_ = ClassValue(apps, number)
                if self._project.classes.derives(class_, _APP_CONFIG):
                    label = self._project.members.find_in_class(class_, "label")
                    if isinstance(label, Constant) and isinstance(label.value, str):
                        return label.value
        return None


def _parts(entry: t.Term) -> tuple[int, ...]:
    """The terms that a list is put together from."""
    if entry[0] == t.JOIN:
        return tuple(entry[1])
    if entry[0] in (t.BINARY, t.SEQUENCE):
        return tuple(entry[2]) if entry[0] == t.SEQUENCE else (entry[2], entry[3])
    return (entry[1],) if entry[0] in (t.STAR, t.ALIAS, t.DECLARED) else ()


def _package_around(name: str) -> list[str]:
    """The package that a module of models stands in."""
    parts = name.split(".")
    return parts[: parts.index("models")] if "models" in parts else parts[:-1]


def _package(installed: str) -> str:
    """The package of an app that is installed by its own name or by that of its ``AppConfig``."""
    owner, _, last = installed.rpartition(".")
    return owner.removesuffix(".apps") if last[:1].isupper() else installed
