"""The object types of Graphene: their fields, and what resolves each.

Source: graphene/types/objecttype.py, schema.py (``get_function_for_type``) and resolver.py of
Graphene 3.4.3; graphene_django/types.py (``construct_fields``), converter.py and fields.py of
graphene-django 3.2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.models import Relation
from fwp_checks.frameworks.graphql.object_types import INFO, GraphField, ObjectTypes
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

OBJECT_TYPE = "graphene.ObjectType"
MODEL_TYPE = "graphene_django.DjangoObjectType"
_LIST = "graphene.List"
_BY_MANAGER = ("graphene_django.DjangoListField", "graphene_django.DjangoConnectionField")
_CONNECTION = "graphene.relay.Connection"
# What is made around the type that a field gives.
_AROUND = (*_BY_MANAGER, _LIST, "graphene.NonNull", "graphene.Field")
_AROUND_CONNECTION = "graphene.relay.ConnectionField"
_LISTS = frozenset((_LIST, *_BY_MANAGER))
# Methods by which a field class decides for itself what it gives.
_DECIDING = (
    *("connection_resolver", "get_manager", "get_queryset_resolver", "get_resolver"),
    *("list_resolver", "resolve_connection", "resolve_queryset", "wrap_resolve"),
)
_ALL_FIELDS = "__all__"
_BEFORE_3 = re.compile(r"(?:==|~=|\^|<)=?\s*(?:[0-2]\b|3(?:\.0)*\s*(?:,|$))")
_MOST_STEPS = 6


class GrapheneTypes(ObjectTypes):
    """Reads the object types of Graphene; one for each project."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._is_type: dict[ClassValue, bool] = {}
        self._registered: dict[Value, list[ClassValue]] | None = None

    # -- classes -----------------------------------------------------------------------------------

    def all(self) -> Iterator[ClassValue]:
        """Every object type, and the classes that one is put together from."""
        for module in self._project.table.modules:
            if module.is_read_only or not _names_graphene(module):
                continue
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and self.is_type(ClassValue(module, number)):
                    yield ClassValue(module, number)

    def is_type(self, class_: ClassValue) -> bool:
        """Whether a class is an object type, or a class that derives from it is one."""
        known = self._is_type.get(class_)
        if known is None:
            self._project.classes.link_subclasses()
            line = (class_, *self._project.classes.info(class_).subclasses)
            known = any(self._project.classes.derives(one, OBJECT_TYPE) for one in line)
            self._is_type[class_] = known
        return known

    def model(self, class_: ClassValue) -> Value | None:
        """The model that a type is made from. (Options of a base are its own.)"""
        meta = self._meta(class_)
        if meta is None or not self._project.classes.derives(class_, MODEL_TYPE):
            return None
        found = self._project.members.find_in_class(meta, "model")
        return found if found is not None and self._models.is_model(found) else None

    def _meta(self, class_: ClassValue) -> ClassValue | None:
        term = class_.module.facts.scopes[class_.scope].bindings.get("Meta", -1)
        if term < 0:
            return None
        frame = self._project.classes.frame_around(class_)
        found = self._project.values.evaluate(frame, term)
        return found if isinstance(found, ClassValue) else None

    def of_model(self, model: Value | None) -> list[ClassValue]:
        """The types that are made from a model; the last one to be imported shows its objects
        wherever a relation leads to them.
        """
        if self._registered is None:
            self._registered = {}
            for class_ in self.all():
                made_from = self.model(class_)
                meta = self._meta(class_)
                if made_from is None or meta is None:
                    continue
                skipped = self._project.members.find_in_class(meta, "skip_registry")
                if skipped != Constant(True):
                    self._registered.setdefault(made_from, []).append(class_)
        return self._registered.get(model, []) if model is not None else []

    @cached_property
    def asks_by_key(self) -> bool:
        """Since graphene-django 3, as far as the project's requirements tell."""
        asked = self._project.deployment.requirements.get("graphene-django", ())
        return not any(_BEFORE_3.search(one.versions) for one in asked)

    # -- fields ------------------------------------------------------------------------------------

    def arguments(self, resolver: Value, root: Value) -> Arguments:
        """The object and the state of the query, by position."""
        return Arguments((root, Instance(INFO)), complete=False)

    def _find(self, class_: ClassValue) -> Iterator[GraphField]:
        declared = {field.name: field for field in self._declared(class_)}
        yield from declared.values()
        for field in self._converted(class_):
            if field.name not in declared:
                yield field

    def _resolver(self, class_: ClassValue, name: str) -> Value | None:
        found = self._project.members.find_in_class(class_, f"resolve_{name}")
        if isinstance(found, Wrapped) and found.how == "staticmethod":
            found = found.function
        return found

    def _declared(self, class_: ClassValue) -> Iterator[GraphField]:
        frame = self._project.classes.frame_around(class_)
        terms = class_.module.facts.terms
        for name, bound in class_.module.facts.scopes[class_.scope].bindings.items():
            term = bound
            while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
                term = terms[term][1]
            if term < 0 or terms[term][0] != t.CALL:
                continue
            called = self._project.values.evaluate(frame, terms[term][1])
            resolver = self._resolver(class_, name)
            if not self._is_field(called) and resolver is None:
                continue
            arguments = self._models.arguments(frame, term)
            given = arguments.get(-1, "resolver")
            source = literals.text_of(arguments.get(-1, "source")) or name
            is_list, type_ = self._shape(frame, term)
            yield GraphField(
                class_,
                name,
                Place(class_.module.path, term),
                type_,
                is_list,
                resolver if given is None else given,
                source,
                any(self._project.classes.derives(called, base) for base in _BY_MANAGER),
                is_own=self._decides(called),
            )

    def _is_field(self, called: Value) -> bool:
        if isinstance(called, ClassValue):
            names = self._project.classes.info(called).externals
        else:
            names = (called.name,) if isinstance(called, External) else ()
        return any(name.startswith(("graphene.", "graphene_django.")) for name in names)

    def _decides(self, called: Value) -> bool:
        """Whether a field class of the project's gives something of its own."""
        return isinstance(called, ClassValue) and any(
            self._project.members.find_in_class(called, name) is not None for name in _DECIDING
        )

    # -- what a field gives ------------------------------------------------------------------------

    def _shape(
        self, frame: Frame, term: int, steps: int = _MOST_STEPS
    ) -> tuple[bool, ClassValue | None]:
        """Whether a term means many objects, and of which type."""
        entry = frame.module.facts.terms[term]
        if entry[0] == t.CALL and steps:
            called = self._project.values.evaluate(frame, entry[1])
            derives = self._project.classes.derives
            around = next((base for base in _AROUND if derives(called, base)), None)
            inner = [*entry[2][:1], *[value for name, value in entry[3] if name in _TYPE_NAMES]]
            if inner and (around is not None or derives(called, _AROUND_CONNECTION)):
                is_list, type_ = self._shape(frame, inner[0], steps - 1)
                return is_list or around in _LISTS, type_
        return self._shape_of(self._project.values.evaluate(frame, term), frame.module)

    def _shape_of(self, value: Value, module: Module) -> tuple[bool, ClassValue | None]:
        if isinstance(value, FunctionValue):
            # lambda: BookType
            return self._shape_of(self._project.calls.invoke(value, NO_ARGUMENTS).result, module)
        text = literals.text_of(value)
        if text is not None:
            name, _, attribute = text.rpartition(".")
            found = self._project.table.find(name, module)
            bound = self._project.values.module_binding(found, attribute) if found else None
            return self._shape_of(bound, module) if isinstance(bound, ClassValue) else (False, None)
        if not isinstance(value, ClassValue):
            return False, None
        if self._project.classes.derives(value, _CONNECTION):
            meta = self._meta(value)
            node = self._project.members.find_in_class(meta, "node") if meta else None
            return True, node if isinstance(node, ClassValue) else None
        return False, value

    # -- fields of models --------------------------------------------------------------------------

    def _converted(self, class_: ClassValue) -> Iterator[GraphField]:
        """The fields that are made from relations whose other end has a type."""
        model = self.model(class_)
        if model is None:
            return
        for relation, place in self._relations(class_, model):
            types = self.behind(relation)
            if types and relation.kind != "generic":
                yield GraphField(
                    class_,
                    relation.name,
                    place,
                    types[-1] if len(types) == 1 else None,
                    not relation.is_single,
                    self._resolver(class_, relation.name),
                    relation.name,
                    by_manager=not relation.is_single,
                    is_made=True,
                )

    def _relations(self, class_: ClassValue, model: Value) -> Iterator[tuple[Relation, Place]]:
        """The relations of a model that the options of its type let through, and where they do."""
        meta = self._meta(class_)
        assert meta is not None
        written = self._option(meta, "fields", "only_fields")
        excluded = self._option(meta, "exclude", "exclude_fields")
        if isinstance(written, list):
            for name, place in written:
                relation = self._models.relation(model, name)
                if relation is not None:
                    yield relation, place
            return
        place = Place(class_.module.path, literals.definition_term(class_.module, class_.scope))
        if isinstance(written, Place):
            place = written
        left_out = {name for name, _ in excluded} if isinstance(excluded, list) else set()
        for relation in self._models.relations(model):
            if relation.name not in left_out:
                yield relation, place

    def _option(self, meta: ClassValue, *names: str) -> list[tuple[str, Place]] | Place | None:
        """The names that an option lists, with their places; where it says that it means all;
        None if it is not given. An option that cannot be read names nothing.
        """
        bounds = [literals.attribute_term(self._project, meta, name) for name in names]
        bound = next((one for one in bounds if one is not None), None)
        if bound is None:
            return None
        frame, term = bound
        if literals.text_of(self._project.values.evaluate(frame, term)) == _ALL_FIELDS:
            return Place(frame.module.path, term)
        items = literals.items(self._project, frame, term)
        texts = literals.strings(self._project, items) if items is not None else None
        if items is None or texts is None:
            return []
        places = [Place(item.frame.module.path, item.term) for item in items]
        return list(zip(texts, places, strict=True))


_TYPE_NAMES = frozenset({"type_", "type", "of_type", "_type"})


def _names_graphene(module: Module) -> bool:
    imported = module.facts.imports
    return any(one.module.partition(".")[0].startswith("graphene") for one in imported)
