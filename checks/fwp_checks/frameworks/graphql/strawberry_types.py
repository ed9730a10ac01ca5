"""The object types of Strawberry: classes with annotations, over rows or objects of their own.

Source: strawberry/types/fields/resolver.py of Strawberry 0.327.7; strawberry_django/type.py and
fields/field.py (``get_result``, ``get_queryset``) of strawberry-graphql-django 0.91.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.graphql.object_types import INFO, GraphField, ObjectTypes
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Iterable,
    Value,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.meaning.frames import Frame

_DJANGO_TYPES = frozenset({"strawberry_django.type", "strawberry.django.type"})
_TYPES = frozenset({"strawberry.type", "strawberry.federation.type", *_DJANGO_TYPES})
_DJANGO_FIELDS = frozenset(
    f"{package}.{name}"
    for package in ("strawberry_django", "strawberry.django")
    for name in ("field", "connection", "offset_paginated")
)
_FIELDS = frozenset({"strawberry.field", "strawberry.federation.field", *_DJANGO_FIELDS})
# Pages of what their argument is.
_PAGES = frozenset(
    {
        *("Connection", "ListConnection", "ListConnectionWithTotalCount", "DjangoListConnection"),
        *("DjangoCursorConnection", "OffsetPaginated"),
    }
)
_ROOTS = frozenset({"strawberry", "strawberry_django"})
_PARENTS = ("strawberry.Parent", "strawberry.parent.Parent")
_ROOT_NAMES = ("self", "root", "parent")
_OPTIMIZERS = (
    "strawberry_django.optimizer",
    "strawberry_django_plus",
    "strawberry_django_optimizer",
)


class StrawberryTypes(ObjectTypes):
    """Reads the object types of Strawberry; one for each project."""

    @cached_property
    def _declared_types(self) -> dict[ClassValue, Value | None]:
        """The types, each with the model that its decorator names.

        With the optimizer, whatever Strawberry asks Django for has what a client asks for.
        """
        found: dict[ClassValue, Value | None] = {}
        project = self._project
        if _ROOTS.isdisjoint(project.names.imported_roots):
            return found
        for class_, frame, term, name in project.call_sites.decorated_classes(_TYPES):
            if class_.module.is_read_only:
                continue
            entry = class_.module.facts.terms[term]
            model: Value | None = None
            if name in _DJANGO_TYPES and entry[0] == t.CALL:
                model = project.calls.arguments(frame, entry).get(0, "model")
            is_model = model is not None and self._models.is_model(model)
            found[class_] = model if is_model else None
        if self._has_optimizer:
            return {class_: None for class_, model in found.items() if model is None}
        return found

    @cached_property
    def _has_optimizer(self) -> bool:
        return any(
            f"{one.module}.{one.attribute}".startswith(_OPTIMIZERS)
            for module in self._project.table.modules
            for one in module.facts.imports
        )

    def all(self) -> Iterator[ClassValue]:
        """Every class under a decorator of Strawberry's."""
        yield from self._declared_types

    def model(self, class_: ClassValue) -> Value | None:
        """The model that the decorator of a type names."""
        return self._declared_types.get(class_)

    def of_model(self, model: Value | None) -> list[ClassValue]:
        """The types that are made from a model. (Annotations say which of them a field gives.)"""
        return [class_ for class_, made in self._declared_types.items() if made == model]

    def arguments(self, resolver: Value, root: Value) -> Arguments:
        """The object and the state of the query, by the names of the parameters."""
        keywords: list[tuple[str, Value]] = [(name, root) for name in _ROOT_NAMES]
        return Arguments((), (*keywords, ("info", Instance(INFO))), complete=False)

    def frame(self, resolver: Value, root: Value) -> Frame | None:
        """That of a resolver with a parameter for the object, ``root: Parent[Model]``."""
        if not isinstance(resolver, FunctionValue):
            return None
        module, around = resolver.module, resolver.frame
        terms = module.facts.terms
        values: list[Value | None] = []
        for parameter in module.facts.scopes[resolver.scope].parameters:
            entry = terms[parameter.annotation] if parameter.annotation >= 0 else (t.UNKNOWN,)
            base = self._project.values.evaluate(around, entry[1]) if entry[0] == t.ITEM else None
            is_root = isinstance(base, External) and base.name in _PARENTS
            values.append(root if is_root else None)
        if root not in values:
            return None
        return self._project.frames.get(module, resolver.scope, around, tuple(values))

    # -- fields ------------------------------------------------------------------------------------

    def _find(self, class_: ClassValue) -> Iterator[GraphField]:
        scope = class_.module.facts.scopes[class_.scope]
        terms = class_.module.facts.terms
        frame = self._project.classes.frame_around(class_)
        for name, bound in scope.bindings.items():
            if bound >= 0 and terms[bound][0] == t.DEFINITION and name not in scope.annotations:
                field = self._method(class_, frame, name, bound)
                if field is not None:
                    yield field
        declared = [n for n in range(scope.start, scope.end) if terms[n][0] == t.DECLARED]
        for name, annotation in scope.annotations.items():
            # An annotation by a mere name stands where that is bound.
            at = next((n for n in declared if terms[n][2] == annotation), annotation)
            if at in declared:
                declared.remove(at)
            yield self._attribute(class_, frame, name, annotation, at)

    def _method(self, class_: ClassValue, frame: Frame, name: str, term: int) -> GraphField | None:
        """The field that a method under a decorator is."""
        terms = class_.module.facts.terms
        scope = class_.module.facts.scopes[terms[term][1]]
        names = []
        for decorator in scope.decorators:
            entry = terms[decorator]
            called = entry[1] if entry[0] == t.CALL else decorator
            value = self._project.values.evaluate(frame, called)
            names.append(value.name if isinstance(value, External) else "")
        if _FIELDS.isdisjoint(names):
            return None
        is_list, type_ = self._shape(frame, scope.returns_annotation)
        is_django = not _DJANGO_FIELDS.isdisjoint(names)
        resolver = FunctionValue(frame, terms[term][1])
        place = Place(class_.module.path, term)
        return GraphField(
            class_, name, place, type_, is_list, resolver, name, by_manager=is_django and is_list
        )

    def _attribute(
        self, class_: ClassValue, frame: Frame, name: str, annotation: int, at: int
    ) -> GraphField:
        """The field that an annotation declares, with what it is bound to."""
        terms = class_.module.facts.terms
        term = class_.module.facts.scopes[class_.scope].bindings.get(name, -1)
        place = Place(class_.module.path, at)
        while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
            term = terms[term][1]
        called: Value | None = None
        arguments = Arguments()
        if term >= 0 and terms[term][0] == t.CALL:
            called = self._project.values.evaluate(frame, terms[term][1])
            arguments = self._project.calls.arguments(frame, terms[term])
        is_list, type_ = self._shape(frame, annotation)
        is_django = isinstance(called, External) and called.name in _DJANGO_FIELDS
        return GraphField(
            class_,
            name,
            place,
            type_,
            is_list,
            arguments.get(-1, "resolver"),
            literals.text_of(arguments.get(-1, "field_name")) or name,
            by_manager=is_list and (is_django or self.model(class_) is not None),
            is_own=isinstance(called, ClassValue),
        )

    def _shape(self, frame: Frame, annotation: int) -> tuple[bool, ClassValue | None]:
        """Whether an annotation means many objects, and of which type."""
        if annotation < 0:
            return False, None
        entry = frame.module.facts.terms[annotation]
        if entry[0] == t.ITEM:
            base = self._project.values.evaluate(frame, entry[1])
            is_page = isinstance(base, External) and base.name.startswith("strawberry")
            if is_page and isinstance(base, External) and base.name.rpartition(".")[2] in _PAGES:
                return True, self._class_in(self._project.types.annotation(frame, entry[2]))
        declared = without_none(self._project.types.annotation(frame, annotation))
        for option in options_of(declared):
            if isinstance(option, Iterable):
                return True, self._class_in(option.element)
        return False, self._class_in(declared)

    def _class_in(self, declared: Value) -> ClassValue | None:
        for option in options_of(without_none(declared)):
            if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                if option.class_ in self._declared_types:
                    return option.class_
        return None
