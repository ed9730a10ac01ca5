"""The lists that a schema gives, and what is resolved for each object in one.

Which fields are resolved is for the client to say: what counts is what each of them costs for all
objects of a list.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.graphql.object_types import INFO, GraphField, ObjectTypes
from fwp_checks.frameworks.graphql.reads import Reader, resolved, rows_of
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import (
    Origin,
    Place,
    consumed_at,
    origin_of,
    with_origin,
)
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    FunctionValue,
    Instance,
    Unknown,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_ROOT = Unknown("the object whose field is resolved")


class Lists:
    """The lists of one project, of one library's types."""

    def __init__(self, project: Project, types: ObjectTypes) -> None:
        self._project = project
        self._models = Models.of(project)
        self._types = types

    def consumers(self, modules: Container[Module]) -> Iterator[Consumer]:
        """Each list in these modules, and each field of the types that are in lists."""
        listed = self._listed()
        for class_ in self._types.all():
            if class_.module not in modules or not class_.module.is_served:
                continue
            for field in self._types.own(class_):
                if field.is_list and field.type is not None and not field.is_made:
                    # A resolver that asks for each object of another list is the worse of the two.
                    if class_ not in listed or self._types.model(class_) is None:
                        yield from self._list(class_, field, field.type)
            if class_ in listed:
                yield from self._fields_of(class_)
        for class_ in self._types.all():
            yield from self._constructed(class_, modules)

    def _listed(self) -> set[ClassValue]:
        """The types of which a client may ask for many objects: in a list, or behind a field of
        one that is.
        """
        known = self._types.listed
        if known is None:
            known = self._types.listed = set()
            waiting = [
                field.type
                for class_ in self._types.all()
                for field in self._types.own(class_)
                if field.is_list and field.type is not None
            ]
            while waiting:
                class_ = waiting.pop()
                if class_ not in known:
                    known.add(class_)
                    waiting += [f.type for f in self._types.fields(class_) if f.type is not None]
        return known

    # -- lists -------------------------------------------------------------------------------------

    def _list(self, class_: ClassValue, field: GraphField, type_: ClassValue) -> Iterator[Consumer]:
        """What is read of each object of a list that a resolver gives."""
        if field.is_own:
            return
        given = self._given(class_, field, type_)
        yield from self._shown(field, type_, given, class_.module, field.place)

    def _constructed(self, class_: ClassValue, modules: Container[Module]) -> Iterator[Consumer]:
        """The lists that objects of a type are made with: ``Page(items=queryset)``."""
        lists = {
            field.name: (field, field.type)
            for field in self._types.own(class_)
            if field.is_list and field.type is not None and field.resolver is None
        }
        if not lists or self._types.model(class_) is not None:
            return
        for module, term in self._project.call_sites.spelt(class_.name):
            entry = module.facts.terms[term]
            if module not in modules or not module.is_served:
                continue
            frame = self._project.frame_of_scope(module, module.code_scope_of(term))
            if self._project.values.evaluate(frame, entry[1]) != class_:
                continue
            for name, argument in entry[3]:
                if name in lists:
                    field, type_ = lists[name]
                    given = rows_of(self._project, self._project.values.evaluate(frame, argument))
                    yield from self._shown(field, type_, given, module, Place(module.path, term))

    def _shown(
        self, field: GraphField, type_: ClassValue, given: Value, module: Module, place: Place
    ) -> Iterator[Consumer]:
        """What is read of each of the objects that a field is given."""
        row = consumed_at(self._project.protocols.element(given), place.path, place.term)
        if not is_informative(row):
            return
        reader = Reader(self._project, self._types)
        reader.read_all(type_, row)
        if reader.touches:
            touches = tuple(reader.touches)
            yield Consumer(place, "graphql", field.label, module, place.term, touches=touches)

    def _given(self, class_: ClassValue, field: GraphField, type_: ClassValue) -> Value:
        """The objects of a list."""
        value: Value = Unknown("what resolves a list")
        if field.resolver is not None:
            model = self._types.model(class_)
            root = rows.objects(model) if model is not None else _ROOT
            value = without_none(resolved(self._project, self._types, field.resolver, root)[0])
            value = self._as_the_resolver_says(class_, field, value)
        elif field.by_manager and self._types.model(class_) is None:
            model = self._types.model(type_)
            value = (self._models.managers.default(model) if model else None) or value
        value = rows_of(self._project, value)
        return self._through_type(value, type_) if field.by_manager else value

    def _as_the_resolver_says(self, class_: ClassValue, field: GraphField, value: Value) -> Value:
        """What a resolver gives, built where it says so itself, not in a decorator that calls it
        for many.
        """
        bound = literals.attribute_term(self._project, class_, f"resolve_{field.name}")
        entry = bound[0].module.facts.terms[bound[1]] if bound is not None else (t.UNKNOWN,)
        if bound is None or entry[0] != t.DEFINITION:
            return value
        module, scope = bound[0].module, entry[1]

        def is_own(place: Place | None) -> bool:
            is_here = place is not None and place.path == module.path
            return place is not None and is_here and module.code_scope_of(place.term) == scope

        found: list[Value] = []
        for option in options_of(value):
            origin = origin_of(option)
            if isinstance(option, Instance) and origin is not None and not is_own(origin.built):
                built = origin.made if is_own(origin.made) else None
                option = with_origin(option, replace(origin, built=built, also=()))
            found.append(option)
        return join(found)

    def _through_type(self, value: Value, type_: ClassValue) -> Value:
        """What the ``get_queryset`` of a type leaves of a queryset."""
        if not self._types.is_plain(type_):
            return Unknown("a library decides what is shown")
        if self._types.queryset_method(type_) is None:
            return value
        method = self._project.members.attribute(type_, "get_queryset")
        found: list[Value] = []
        for option in options_of(value):
            if self._models.is_queryset(option):
                given = Arguments((option, Instance(INFO)))
                left = self._project.calls.invoke(method, given).result
                option = _built_as(left, origin_of(option))
            found.append(option)
        return rows_of(self._project, join(found))

    # -- fields ------------------------------------------------------------------------------------

    def _fields_of(self, class_: ClassValue) -> Iterator[Consumer]:
        """What the fields of a type ask the database for by themselves, whatever was fetched
        along.
        """
        model = self._types.model(class_)
        module = class_.module
        place = Place(module.path, literals.definition_term(module, class_.scope))
        again = Reader(self._project, self._types)
        for field in self._types.fields(class_):
            relation = again.asks_again(class_, field)
            if relation is not None:
                again.read_again(field, relation, _listed_row(class_, model, place))
            elif not field.is_made or field.resolver is not None:
                yield from self._field(class_, field, model)
        if again.touches:
            touches = tuple(again.touches)
            yield Consumer(place, "resolver", class_.name, module, place.term, touches=touches)

    def _field(
        self, class_: ClassValue, field: GraphField, model: Value | None
    ) -> Iterator[Consumer]:
        place, resolver = field.place, field.resolver
        if isinstance(resolver, FunctionValue):
            number = literals.definition_term(resolver.module, resolver.scope)
            place = Place(resolver.module.path, number)
        module = self._project.table.by_path.get(place.path)
        if module is None:
            return
        reader = Reader(self._project, self._types)
        given = reader.read(field, _listed_row(class_, model, place))
        asked = self._asked(resolver, given) if isinstance(resolver, FunctionValue) else ()
        if reader.touches or asked:
            label = f"{class_.name}.{field.name}"
            touches = tuple(reader.touches)
            yield Consumer(
                place, "resolver", label, module, place.term, touches=touches, asked=asked
            )

    def _asked(self, resolver: FunctionValue, given: Value) -> tuple[Place, ...]:
        """Where a resolver builds the queries that it gives for its object: it runs one each time
        that it is asked.
        """
        places: dict[Place, None] = {}
        for option in options_of(given):
            origin = origin_of(option)
            is_own = origin is not None and origin.consumed is None and not origin.hops
            if origin is None or not is_own or not self._models.is_queryset(option):
                return ()
            built = origin.built
            if built is None or built.path != resolver.module.path:
                return ()
            if resolver.module.code_scope_of(built.term) != resolver.scope:
                return ()
            if not _depends_on_first(resolver.module, built.term):
                return ()
            places[built] = None
        return tuple(places)


def _built_as(left: Value, origin: Origin | None) -> Value:
    """What is left of a queryset, built where that was, if the project's own code did."""
    if origin is None or origin.built is None:
        return left
    found: list[Value] = []
    for option in options_of(left):
        own = origin_of(option)
        if isinstance(option, Instance) and own is not None:
            option = with_origin(option, replace(own, built=origin.built, also=origin.also))
        found.append(option)
    return join(found)


def _listed_row(shown: ClassValue, model: Value | None, place: Place) -> Value:
    """One object of some list, for which anything may have been fetched along: of a model, else of
    the type itself.
    """
    origin = Origin(consumed=place)
    if model is None:
        return Instance(shown, details=(origin,))
    return rows.objects(model, (rows.Row(rows.ALL_PATHS), origin))


def _depends_on_first(module: Module, term: int) -> bool:
    """Whether a term has to do with the first parameter of the function around it."""
    waiting, seen = [term], {term}
    while waiting:
        entry = module.facts.terms[waiting.pop()]
        if entry[0] == t.PARAM and entry[1] == 0:
            return True
        following = [one for one in t.operands(entry) if one not in seen]
        seen.update(following)
        waiting.extend(following)
    return False
