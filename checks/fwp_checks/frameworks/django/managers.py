"""The managers of models: which a class has, and what the querysets that they make are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.project.meaning.values import CallableValue, ClassValue, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.models import Models
    from fwp_checks.project.linked import Project


class Managers:
    """Looks managers up; one for each project."""

    def __init__(self, project: Project, models: Models) -> None:
        self._project = project
        self._models = models
        self._known: dict[Value, dict[str, Instance]] = {}

    def default(self, class_: Value) -> Instance | None:
        """The manager that Django itself uses for a model class."""
        if not isinstance(class_, ClassValue):
            return None
        managers = self._of_class(class_)
        declared = self._models.meta(class_, "default_manager_name")
        if isinstance(declared, str) and declared in managers:
            return managers[declared]
        return next(iter(managers.values()), None)

    def named(self, class_: Value, name: str) -> Instance | None:
        """The manager that a model class has under a name."""
        if name == "_default_manager" or not isinstance(class_, ClassValue):
            return self.default(class_)
        if name == "_base_manager":
            return self.with_model(Instance(rows.MANAGER), class_)
        return self._of_class(class_).get(name)

    def _of_class(self, class_: ClassValue) -> dict[str, Instance]:
        """The managers of a model by name, the default one first."""
        known = self._known.get(class_)
        if known is None:
            self._known[class_] = {}
            known = self._known[class_] = dict(self._find_managers(class_))
        return known

    def _find_managers(self, class_: ClassValue) -> Iterator[tuple[str, Instance]]:
        has_own = False
        seen: set[str] = set()
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                frame = self._project.classes.frame_around(owner)
                for name, term in owner.module.facts.scopes[owner.scope].bindings.items():
                    # What a class binds hides what its bases do.
                    is_hidden = name in seen
                    seen.add(name)
                    if not is_hidden and owner.module.facts.terms[term][0] in (t.CALL, t.DECLARED):
                        made = self._project.values.evaluate(frame, term)
                        if isinstance(made, Instance) and self._models.is_manager(made):
                            has_own = True
                            yield name, self.with_model(made, class_)
        if not has_own:
            yield "objects", self.with_model(self._shipped_manager(class_), class_)

    def _shipped_manager(self, class_: ClassValue) -> Instance:
        for base in self._project.classes.info(class_).externals:
            given = self._project.catalogue.gives(f"{base}.objects", "attribute")
            if given is not None:
                return Instance(given)
        return Instance(rows.MANAGER)

    def with_model(self, manager: Instance, class_: Value) -> Instance:
        """A manager, as one of a model, of whose querysets all is known."""
        query = rows.query_of(manager) or rows.Query(queryset=self._queryset_class(manager))
        return replace(manager, arguments=(class_,), details=(query,))

    def _queryset_class(self, manager: Instance) -> ClassValue | None:
        """The project's queryset class that a project's manager class was made from with
        ``from_queryset``.
        """
        if not isinstance(manager.class_, ClassValue):
            return None
        for owner in self._project.classes.info(manager.class_).order:
            if isinstance(owner, ClassValue):
                frame = self._project.classes.frame_around(owner)
                for base in owner.module.facts.scopes[owner.scope].bases:
                    made = self._project.values.evaluate(frame, base)
                    query = rows.query_of(made.result) if isinstance(made, CallableValue) else None
                    if query is not None and query.queryset is not None:
                        return query.queryset
        return None

    def related(self, target: Value, query: rows.Query) -> Instance:
        """The manager through which one object's related objects are reached."""
        default = self.default(target)
        own = rows.query_of(default) if default is not None else None
        if own is not None:
            query = replace(query, queryset=own.queryset)
        if default is not None and isinstance(default.class_, ClassValue):
            return Instance(default.class_, None, (target,), (query, rows.RELATED_MANAGER))
        return Instance(rows.RELATED_MANAGER, None, (target,), (query,))
