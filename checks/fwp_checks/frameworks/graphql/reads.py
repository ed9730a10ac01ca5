"""What resolving the fields of an object reads of it.

Source: graphene/types/resolver.py of Graphene 3.4.3, and graphene_django/converter.py of
graphene-django 3.2.3: a relation whose type has a ``get_queryset`` of its own is asked for by key,
whatever was fetched along.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.frameworks.graphql.object_types import INFO, GraphField, ObjectTypes
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Alternative, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    Coroutine,
    FunctionValue,
    Instance,
    Value,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Touch

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

GET_NODE = "graphene_django.DjangoObjectType.get_node"
LIST_RESOLVER = "graphene_django.DjangoListField.list_resolver"
_BYPASS = "bypass_get_queryset"


def resolved(
    project: Project, types: ObjectTypes, resolver: Value, root: Value
) -> tuple[Value, tuple[Alternative, ...]]:
    """What a resolver gives for an object, and what it runs."""
    frame = types.frame(resolver, root)
    if frame is not None:
        return project.calls.returned(frame), ((RunFrame(frame),),)
    outcome = project.calls.invoke(resolver, types.arguments(resolver, root))
    result = outcome.result
    if isinstance(result, Coroutine):
        return project.values.awaited(result), ((RunFrame(result.frame),),)
    return result, outcome.alternatives


def rows_of(project: Project, value: Value) -> Value:
    """The objects that a field goes through: all of them, of a manager."""
    models = Models.of(project)
    found: list[Value] = []
    for option in options_of(without_none(value)):
        if models.is_manager(option):
            method = project.members.attribute(option, "get_queryset")
            option = project.calls.invoke(method, NO_ARGUMENTS).result
        found.append(option)
    return join(found)


class Reader:
    """Notes what the fields of a type read of one object. Read ``touches`` afterwards."""

    def __init__(self, project: Project, types: ObjectTypes) -> None:
        self.touches: list[Touch] = []
        self._project = project
        self._types = types
        self._models = Models.of(project)

    def read_all(self, type_: ClassValue, row: Value) -> None:
        """Note what any field of a type reads, as far as what is fetched along is of use."""
        for field in self._types.fields(type_):
            if self.asks_again(type_, field) is None:
                self.read(field, row)

    def read(self, field: GraphField, row: Value) -> Value:
        """Note what one field reads; what it gives."""
        if field.resolver is not None:
            value, alternatives = resolved(self._project, self._types, field.resolver, row)
            self._note(field.place, alternatives)
        else:
            self._note(field.place, self._project.protocols.reading(row, field.source))
            value = self._project.members.attribute(row, field.source)
        if field.is_list:
            value = rows_of(self._project, value)
            self._note(field.place, self._project.protocols.iterating(value, is_async=False))
        return value

    def _note(self, place: Place, alternatives: tuple[Alternative, ...]) -> None:
        module = self._project.table.by_path.get(place.path)
        if any(alternatives) and module is not None:
            self.touches.append(Touch(alternatives, module, place.term))

    # -- relations that are asked for again --------------------------------------------------------

    def asks_again(self, class_: ClassValue, field: GraphField) -> Relation | None:
        """The relation that a field of a type leads along through the ``get_queryset`` of the type
        behind it, which asks for the objects again; None if it does not.
        """
        model = self._types.model(class_)
        if model is None or field.is_own or not (field.is_made or field.by_manager):
            return None
        relation = self._models.relation(model, field.source)
        if relation is None or relation.kind == "generic":
            return None
        types = [field.type] if field.type is not None else self._types.behind(relation)
        if not any(self._types.queryset_method(found) is not None for found in types):
            return None
        if relation.is_single:
            return None if self._is_direct(field) else relation
        is_given = field.resolver is not None or field.type is None
        return None if is_given or not self._is_narrowed(field.type) else relation

    def _is_direct(self, field: GraphField) -> bool:
        """Whether what a field gives does not go through ``get_node``."""
        if not self._types.asks_by_key:
            return True
        resolver = field.resolver
        if not isinstance(resolver, FunctionValue):
            return False
        terms = resolver.module.facts.terms
        scope = resolver.module.facts.scopes[resolver.scope]
        for decorator in scope.decorators:
            entry = terms[decorator]
            if _BYPASS in (terms[entry[1]] if entry[0] == t.CALL else entry):
                return True
        return scope.is_async

    def _is_narrowed(self, type_: ClassValue | None) -> bool:
        """Whether the ``get_queryset`` of a type surely gives another query."""
        model = self._types.model(type_) if type_ is not None else None
        manager = self._models.managers.default(model) if model is not None else None
        if type_ is None or manager is None:
            return False
        everything = join(
            [
                rows.with_query(option, replace(query, fetched=True, surely=True))
                for option in options_of(rows_of(self._project, manager))
                if isinstance(option, Instance) and (query := rows.query_of(option)) is not None
            ]
        )
        method = self._project.members.attribute(type_, "get_queryset")
        given = self._project.calls.invoke(method, Arguments((everything, Instance(INFO)))).result
        queries = [rows.query_of(option) for option in options_of(given)]
        return all(query is not None and query.narrowed and not query.fetched for query in queries)

    def read_again(self, field: GraphField, relation: Relation, row: Value) -> None:
        """Note that what a relation of a row leads to is asked for again."""
        called = GET_NODE if relation.is_single else LIST_RESOLVER
        given = Arguments((Constant(relation.name),))
        self._note(field.place, ((RunExternal(called, given, row),),))
