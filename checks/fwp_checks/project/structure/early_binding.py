"""Applications of Flask that exist, with extensions bound to them, before they are configured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Router
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, made_at
from fwp_checks.project.meaning.values import ClassValue, Constant, External, Instance, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_CONFIGURING = frozenset(
    {"update", "from_object", "from_mapping", "from_pyfile", "from_file", "from_json", "setdefault"}
)
# What Flask, Flask-WTF and Flask-Login look up for each request (flask/app.py of Flask 3.1.3,
# flask_wtf/csrf.py of Flask-WTF 1.3.0, flask_login/utils.py of Flask-Login 0.6.3).
_READ_EACH_TIME = frozenset(
    {"TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS", "WTF_CSRF_ENABLED", "LOGIN_DISABLED"}
)


@dataclass(slots=True, unsafe_hash=True)
class EarlyBinding:
    """An application that is made at import, and the first extension bound to it.

    ``extension`` is its name, ``bound`` where that is. ``changed`` is where test code writes the
    settings afterwards: test module and term. ``chosen`` is the class of settings that is named in
    the code, ``others`` are those that it might be.
    """

    application: Router
    extension: str
    bound: Place
    changed: tuple[tuple[Module, int], ...] = ()
    chosen: str = ""
    others: tuple[str, ...] = ()

    @property
    def is_read_later(self) -> bool:
        """Whether tests write nothing but what is looked up for each request."""
        return bool(self.changed) and all(
            _READ_EACH_TIME.issuperset(_written(*one)) for one in self.changed
        )


class EarlyBindings:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, module: Module) -> list[EarlyBinding]:
        """Those of the applications that a module makes of which there is harm."""
        return [found for found in self._all if found.application.place.path == module.path]

    @cached_property
    def _all(self) -> list[EarlyBinding]:
        found = []
        for application in self._project.applications.applications:
            if application.framework == "Flask" and not application.frame.scope_number:
                bound = next(self._bound(application), None)
                if bound is not None:
                    changed = tuple(self._changed(application))
                    chosen, others = self._chosen(application)
                    if changed or others:
                        found.append(EarlyBinding(application, *bound, changed, chosen, others))
        return found

    # -- extensions --------------------------------------------------------------------------------

    def _bound(self, application: Router) -> Iterator[tuple[str, Place]]:
        """The extensions that are made with the application, at the top of modules."""
        for module in self._modules_with(application):
            frame = self._project.module_frame(module)
            for term in module.calls_in(0):
                entry = module.facts.terms[term]
                if entry[2] and self._is_application(frame, entry[2][0], application):
                    called = self._project.values.evaluate(frame, entry[1])
                    if isinstance(called, External) and called.name.startswith("flask_"):
                        yield called.name.rpartition(".")[2], Place(module.path, term)

    def _modules_with(self, application: Router) -> list[Module]:
        """The module that makes an application, then those that import it."""
        module = self._project.table.by_path[application.place.path]
        importers = self._project.structure.loaded.importers(module)
        return [module, *(importer for importer in importers if importer.is_served)]

    def _is_application(self, frame: Frame, term: int, application: Router) -> bool:
        return application.place in made_at(self._project.values.evaluate(frame, term))

    # -- harm --------------------------------------------------------------------------------------

    def _changed(self, application: Router) -> Iterator[tuple[Module, int]]:
        """Where test code writes settings of the application that it imports."""
        for module in self._project.test_code.modules:
            terms = module.facts.terms
            writes = [(term, terms[term][1]) for term in module.of_kind(t.STORE_ITEM)]
            for term in module.calls:
                called = terms[terms[term][1]]
                if called[0] == t.ATTR and called[2] in _CONFIGURING:
                    writes.append((term, called[1]))
            for term, base in sorted(writes):
                entry = terms[t.unaliased(terms, base)]
                if entry[0] == t.ATTR and entry[2] == "config":
                    frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                    if self._is_application(frame, entry[1], application):
                        yield module, term

    def _chosen(self, application: Router) -> tuple[str, tuple[str, ...]]:
        """The class of settings that is named where the application is made, and its siblings;
        nothing if another one may be chosen.
        """
        module = self._project.table.by_path[application.place.path]
        frame = self._project.module_frame(module)
        terms = module.facts.terms
        calls = [
            term
            for term in module.calls_in(0)
            if terms[terms[term][1]][0] == t.ATTR and terms[terms[term][1]][2] == "from_object"
        ]
        if len(calls) != 1 or not terms[calls[0]][2]:
            return "", ()
        if any(r.start <= calls[0] < r.end for r in module.regions_in(0) if r.kind != "with"):
            return "", ()
        class_ = self._class_at(frame, terms[calls[0]][2][0])
        if class_ is None:
            return "", ()
        siblings = tuple(self._siblings(class_))
        return class_.name, siblings

    def _class_at(self, frame: Frame, term: int) -> ClassValue | None:
        options = options_of(self._project.values.evaluate(frame, term))
        option = options[0]
        if len(options) != 1:
            return None
        if isinstance(option, Constant) and isinstance(option.value, str):
            name, _, attribute = option.value.replace(":", ".").rpartition(".")
            option = self._project.values.imported(frame.module, name, attribute, 0)
        if isinstance(option, Instance):
            return option.class_ if isinstance(option.class_, ClassValue) else None
        return option if isinstance(option, ClassValue) else None

    def _siblings(self, class_: ClassValue) -> Iterator[str]:
        """Other classes of the same module in the same family."""
        family = set(self._project.classes.info(class_).order)
        for number, scope in enumerate(class_.module.facts.scopes):
            other = ClassValue(class_.module, number)
            if scope.kind != "class" or other == class_:
                continue
            # A class that it derives from is none that it might be.
            order = self._project.classes.info(other).order
            if other not in family and not family.isdisjoint(order):
                yield other.name


def _written(module: Module, term: int) -> Iterator[str]:
    """The names of the settings that a statement of a test writes; empty for one not spelt out."""
    terms = module.facts.terms
    entry = terms[term]
    keys = [entry[2]] if entry[0] == t.STORE_ITEM else []
    if entry[0] == t.CALL:
        yield from (name or "" for name, _ in entry[3])
        for argument in entry[2]:
            given = terms[t.unaliased(terms, argument)]
            if given[0] != t.MAPPING:
                yield ""
            keys += [key for key, _ in given[1]] if given[0] == t.MAPPING else []
    for key in keys:
        name = terms[key][1] if key >= 0 and terms[key][0] == t.CONST else ""
        yield name if isinstance(name, str) else ""
