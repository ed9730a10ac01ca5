"""What serializers show of an object: their fields, from source.

Source: rest_framework/serializers.py (``SerializerMetaclass``, ``ModelSerializer.get_fields``),
fields.py and relations.py of Django REST framework 3.18.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.models import GENERIC_RELATION, Field, Models, Relation
from fwp_checks.frameworks.rest_framework import taken_out
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    External,
    Instance,
    MappingValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

PACKAGE = "rest_framework"
# Fields by the last part of their class's name. Those that are not here show a plain value.
_KINDS = {
    "SerializerMethodField": "method",
    "StringRelatedField": "string",
    "SlugRelatedField": "slug",
    "PrimaryKeyRelatedField": "key",
    "HyperlinkedRelatedField": "link",
    "HyperlinkedIdentityField": "identity",
    "ManyRelatedField": "unknown",
    "HiddenField": "hidden",
    **dict.fromkeys(
        ("CharField", "EmailField", "SlugField", "URLField", "RegexField", "UUIDField"), "text"
    ),
}
_TRUE = Constant(True)
_ALL_FIELDS = "__all__"


@dataclass(slots=True, unsafe_hash=True)
class Nested:
    """The serializer that ``depth`` makes for a relation: all fields of a model."""

    model: Value
    depth: int


Serializer = ClassValue | Nested
# Names of fields, and where each is written.
Names = list[tuple[str, Place]]


@dataclass(slots=True, unsafe_hash=True)
class Chosen:
    """Which fields the call of a serializer asks for by their names: ``only`` these if there are
    any, and those of ``without`` not; ``kept`` are those that the class takes out for other calls.
    """

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a field is shown."""
        return name not in self.without and (self.only is None or name in self.only)


ALL_FIELDS = Chosen()


def chosen(project: Project, frame: Frame, call: t.Term) -> Chosen | None:
    """The fields that a call asks for, as packages and mixins of projects have it:
    ``PostSerializer(posts, fields=["title"])``, ``exclude=``, ``omit=``. None if their names are
    not known.

    https://www.django-rest-framework.org/api-guide/serializers/#dynamically-modifying-fields
    """
    found = ALL_FIELDS
    for keyword, term in call[3]:
        if keyword not in ("fields", "exclude", "omit"):
            continue
        items = literals.items(project, frame, term)
        names = literals.strings(project, items) if items is not None else None
        if names is None:
            return None
        if keyword == "fields":
            found = replace(found, only=frozenset(names))
        else:
            found = replace(found, without=found.without | frozenset(names))
    return found


@dataclass(slots=True, unsafe_hash=True)
class SerializerField:
    """One readable field.

    ``kind`` is ``value`` (as it is), ``text`` (made a string), ``key``, ``link``, ``identity`` (a
    link to the object itself), ``slug``, ``string`` (relations shown by key, address, attribute or
    ``str()``), ``nested``, ``method``, or ``unknown``. ``source`` are the attributes that lead to
    what is shown, none for the object itself. ``detail`` is the name of the method, of the slug, or
    of the lookup field. ``own`` is the project's field class. ``place`` is where it is declared.
    """

    name: str
    kind: str
    source: tuple[str, ...]
    place: Place
    many: bool = False
    serializer: Serializer | None = None
    detail: str = ""
    own: ClassValue | None = None
    chosen: Chosen = ALL_FIELDS


class Serializers:
    """Reads serializers; one for each project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._models = Models.of(project)
        self._fields: dict[tuple[Serializer, frozenset[str]], tuple[SerializerField, ...]] = {}
        self._is_serializer: dict[ClassValue, bool] = {}

    @classmethod
    def of(cls, project: Project) -> Serializers:
        """Those of a project; made when first asked for."""
        known = project.framework_data.get("rest_framework.serializers")
        if known is None:
            known = project.framework_data["rest_framework.serializers"] = cls(project)
        assert isinstance(known, cls)
        return known

    # -- classes -----------------------------------------------------------------------------------

    def is_serializer(self, class_: Value) -> bool:
        """Whether a project class is a serializer, of REST framework's or of a package on top."""
        if not isinstance(class_, ClassValue):
            return False
        known = self._is_serializer.get(class_)
        if known is None:
            known = self._is_serializer[class_] = any(
                base.endswith("Serializer") for base in self._project.classes.info(class_).externals
            )
        return known

    def _is_model_serializer(self, class_: ClassValue) -> bool:
        return any(
            base.endswith("ModelSerializer")
            for base in self._project.classes.info(class_).externals
        )

    def _is_linked(self, class_: ClassValue) -> bool:
        """Whether relations are shown as links by default."""
        return any(
            base.endswith("HyperlinkedModelSerializer")
            for base in self._project.classes.info(class_).externals
        )

    def model(self, class_: ClassValue) -> Value | None:
        """The model of a serializer, of the project's or a library's."""
        meta = self._meta(class_)
        found = self._project.members.find_in_class(meta, "model") if meta is not None else None
        return found if found is not None and self._models.is_model(found) else None

    def is_for(self, class_: ClassValue, row: Value) -> bool:
        """Whether a serializer may be for an object, as far as its model tells."""
        model = self.model(class_)
        shown = [
            option.class_ if isinstance(option.class_, ClassValue) else External(option.class_)
            for option in options_of(row)
            if isinstance(option, Instance)
        ]
        return not isinstance(model, ClassValue) or any(
            one == model or model in self._line(one) or one in self._line(model) for one in shown
        )

    def _line(self, class_: Value) -> tuple[Value, ...]:
        return self._project.classes.info(class_).order if isinstance(class_, ClassValue) else ()

    def list_class(self, class_: ClassValue) -> ClassValue | None:
        """The project's class that shows a list of what a serializer shows; None if the library's
        does.
        """
        meta = self._meta(class_)
        found = (
            self._project.members.find_in_class(meta, "list_serializer_class")
            if meta is not None
            else None
        )
        return found if isinstance(found, ClassValue) else None

    def _meta(self, class_: ClassValue) -> ClassValue | None:
        found = self._project.members.find_in_class(class_, "Meta")
        return found if isinstance(found, ClassValue) else None

    # -- fields ------------------------------------------------------------------------------------

    def fields(
        self, serializer: Serializer, kept: frozenset[str] = frozenset()
    ) -> tuple[SerializerField, ...]:
        """The readable fields of a serializer, in no particular order; of those that it takes out
        itself, these.
        """
        key = (serializer, kept)
        known = self._fields.get(key)
        if known is None:
            self._fields[key] = ()
            if isinstance(serializer, Nested):
                found = list(self._nested_fields(serializer))
            else:
                found = list(self._find_fields(serializer, kept))
            known = tuple(f for f in found if f.kind not in ("hidden", "unknown"))
            self._fields[key] = known
        return known

    def _find_fields(self, class_: ClassValue, kept: frozenset[str]) -> Iterator[SerializerField]:
        declared = self._declared(class_)
        removed = taken_out.names(self._project, class_) - kept
        if not self._is_model_serializer(class_):
            yield from (f for name, f in declared.items() if f and name not in removed)
            return
        options = self._extra_options(class_)
        depth = self._depth(class_)
        for name, place in self._names(class_, declared):
            if name in removed:
                continue
            if name in declared:
                field = declared[name]
            elif options.get((name, "write_only")) == _TRUE:
                field = None
            else:
                field = self._default_field(class_, name, place, options, depth)
            if field is not None:
                yield field

    def _names(
        self, class_: ClassValue, declared: dict[str, SerializerField | None]
    ) -> Iterator[tuple[str, Place]]:
        """The names of a model serializer's fields, and where each is written."""
        meta = self._meta(class_)
        model = self.model(class_)
        written = self._written(meta, "fields")
        if isinstance(written, list):
            for name, place in written:
                yield name, place
            return
        own = class_.module.facts.scopes[class_.scope].bindings
        at = Place(class_.module.path, self._term_of(meta, "fields", class_))
        if written is None and self._written(meta, "exclude") is None:
            # What a class declares itself must be among the fields, whatever they are.
            yield from ((name, at) for name in declared if name in own)
            return
        left_out = self._written(meta, "exclude")
        if left_out is not None:
            at = Place(class_.module.path, self._term_of(meta, "exclude", class_))
        excluded = {name for name, _ in left_out} if isinstance(left_out, list) else set()
        yield from ((name, at) for name in declared)
        if model is not None and (left_out is None or isinstance(left_out, list)):
            for name in self._model_names(model):
                if name not in declared and name not in excluded:
                    yield name, at

    def _written(
        self, meta: ClassValue | None, option: str
    ) -> list[tuple[str, Place]] | str | None:
        """The names that an option of ``Meta`` lists, with their places; ``"__all__"``; or None."""
        bound = literals.attribute_term(self._project, meta, option) if meta is not None else None
        if bound is None:
            return None
        text = literals.text_of(self._project.values.evaluate(*bound))
        if text is not None:
            return text if text == _ALL_FIELDS else None
        items = literals.items(self._project, *bound)
        names = literals.strings(self._project, items) if items is not None else None
        if items is None or names is None:
            return None
        return [
            (name, Place(item.frame.module.path, item.term))
            for name, item in zip(names, items, strict=True)
        ]

    def _term_of(self, meta: ClassValue | None, option: str, class_: ClassValue) -> int:
        if meta is not None and meta.module is class_.module:
            term = meta.module.facts.scopes[meta.scope].bindings.get(option, -1)
            if term >= 0:
                return term
        scopes = class_.module.facts.scopes
        return scopes[scopes[class_.scope].parent].bindings.get(class_.name, 0)

    def _model_names(self, model: Value) -> Iterator[str]:
        """Names of the columns and forward relations of a model."""
        order = self._project.classes.info(model).order if isinstance(model, ClassValue) else ()
        for owner in order:
            if not isinstance(owner, ClassValue):
                continue
            frame = self._project.classes.frame_around(owner)
            bindings = owner.module.facts.scopes[owner.scope].bindings
            for name, found in self._models.declared(owner).items():
                if isinstance(found, Field):
                    if not found.relation:
                        yield name
                elif found.kind != "generic" and not self._project.classes.is_instance(
                    self._project.values.evaluate(frame, bindings[name]), GENERIC_RELATION
                ):
                    yield name
        for name in ("groups", "user_permissions", "permissions"):
            relation = self._models.relation(model, name)
            if relation is not None and relation.kind == "many" and not relation.inverse:
                if isinstance(relation.target, External):
                    yield name

    # -- declared fields ---------------------------------------------------------------------------

    def _declared(self, class_: ClassValue) -> dict[str, SerializerField | None]:
        """The fields that class bodies declare; None for one that a subclass takes away or that is
        written only.
        """
        found: dict[str, SerializerField | None] = {}
        taken: set[str] = set()
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            bindings = owner.module.facts.scopes[owner.scope].bindings
            for name, term in bindings.items():
                if name in taken:
                    continue
                taken.add(name)
                if self.is_serializer(owner):
                    frame = self._project.classes.frame_around(owner)
                    field = self.field(frame, name, term)
                    if field is not None:
                        found[name] = field if field.kind != "hidden" else None
        return found

    def field(self, frame: Frame, name: str, term: int) -> SerializerField | None:
        """The field that a term of a class body declares; None if it is none."""
        made = self._project.values.evaluate(frame, term)
        if not isinstance(made, Instance):
            return None
        arguments = self._models.arguments(frame, term)
        place = Place(frame.module.path, term)
        if arguments.get(-1, "write_only") == _TRUE:
            return SerializerField(name, "hidden", (), place)
        many = arguments.get(-1, "many") == _TRUE
        source = _source(arguments, name)
        if isinstance(made.class_, ClassValue) and self.is_serializer(made.class_):
            call = frame.module.facts.terms[term]
            shown = chosen(self._project, frame, call) if call[0] == t.CALL else ALL_FIELDS
            if shown is None:
                return SerializerField(name, "unknown", source, place, many)
            kept = taken_out.kept(self._project, made.class_, arguments)
            shown = replace(shown, kept=kept)
            return SerializerField(name, "nested", source, place, many, made.class_, chosen=shown)
        kind = self._kind(made)
        if kind is None:
            return None
        own = made.class_ if isinstance(made.class_, ClassValue) else None
        field = SerializerField(name, kind, source, place, many, own=own)
        return self._with_child(frame, field, made, arguments)

    def _kind(self, made: Instance) -> str | None:
        names = (
            (made.class_,)
            if isinstance(made.class_, str)
            else self._project.classes.info(made.class_).externals
        )
        for name in names:
            last = name.rpartition(".")[2]
            if last in _KINDS:
                return _KINDS[last]
            if name.startswith(f"{PACKAGE}.") and last.endswith("Field"):
                return "value"
            if last.endswith(("Field", "Serializer")):
                return "unknown"
        return None

    def _with_child(
        self, frame: Frame, field: SerializerField, made: Instance, arguments: Arguments
    ) -> SerializerField:
        """A field with what its arguments say of the objects that it shows."""
        if field.kind == "method":
            given = literals.text_of(arguments.get(0, "method_name"))
            return replace(field, detail=given or f"get_{field.name}")
        if field.kind == "slug":
            given = literals.text_of(arguments.get(0, "slug_field")) or ""
            return replace(field, detail=given, kind="slug" if given or field.own else "unknown")
        if field.kind in ("link", "identity"):
            lookup = literals.text_of(arguments.get(-1, "lookup_field")) or "pk"
            if field.kind == "identity":
                return replace(field, detail=lookup, source=())
            return replace(field, detail=lookup)
        name = made.class_.rpartition(".")[2] if isinstance(made.class_, str) else ""
        if name == "ListSerializer":
            child = arguments.get(0, "child")
            for option in options_of(child) if child is not None else ():
                if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                    return replace(field, kind="nested", many=True, serializer=option.class_)
        return field

    # -- default fields ----------------------------------------------------------------------------

    def _depth(self, class_: ClassValue) -> int:
        meta = self._meta(class_)
        found = self._project.members.find_in_class(meta, "depth") if meta is not None else None
        held = found.value if isinstance(found, Constant) else 0
        return held if isinstance(held, int) else 0

    def _extra_options(self, class_: ClassValue) -> dict[tuple[str, str], Value]:
        meta = self._meta(class_)
        found: dict[tuple[str, str], Value] = {}
        given = (
            self._project.members.find_in_class(meta, "extra_kwargs") if meta is not None else None
        )
        for name, options in given.items if isinstance(given, MappingValue) else ():
            for option, value in options.items if isinstance(options, MappingValue) else ():
                found[(name, option)] = value
        return found

    def _default_field(
        self,
        class_: ClassValue,
        name: str,
        place: Place,
        options: dict[tuple[str, str], Value],
        depth: int,
    ) -> SerializerField | None:
        model = self.model(class_)
        source = literals.text_of(options.get((name, "source"))) or name
        if model is None or name == "url":
            return None
        field = self._of_model(model, name, source, place, depth)
        if self._is_linked(class_) and field.kind == "key":
            lookup = literals.text_of(options.get((name, "lookup_field"))) or "pk"
            return replace(field, kind="link", detail=lookup)
        return field

    def _of_model(
        self, model: Value, name: str, source: str, place: Place, depth: int
    ) -> SerializerField:
        """The field that a model serializer makes for an attribute of its model."""
        relation = self._models.relation(model, source)
        path = (source,)
        if not isinstance(relation, Relation) or relation.kind == "generic":
            return SerializerField(name, "value", path, place)
        many = not relation.is_single
        if depth <= 0:
            return SerializerField(name, "key", path, place, many)
        target = relation.target
        nested = Nested(target, depth - 1) if target is not None else None
        return SerializerField(name, "nested", path, place, many, nested)

    def _nested_fields(self, nested: Nested) -> Iterator[SerializerField]:
        for name in self._model_names(nested.model):
            # Nothing is written down of these; their reader puts the place of the outer field.
            yield self._of_model(nested.model, name, name, Place("", -1), nested.depth)


def _source(arguments: Arguments, name: str) -> tuple[str, ...]:
    given = literals.text_of(arguments.get(-1, "source"))
    if given == "*":
        return ()
    return tuple((given or name).split("."))
