"""What schemas of marshmallow read of each object that they dump.

A schema dumps the fields that it declares, under their ``attribute``; ``only`` and ``exclude``
choose among them. Schemas whose constructor the project writes are left out: it may choose, too.

Source: marshmallow/schema.py (``Schema.dump``, ``_serialize``, ``_init_fields``) and fields.py
(``Nested``, ``Pluck``, ``List``, ``Method``, ``Function``) of marshmallow 4.4.0; flask_smorest/
response.py of flask-smorest 0.47.0 (``Blueprint.response``).
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.frameworks import shown_fields
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.shown_fields import Fields, ShownField
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    CallableValue,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    Member,
    TupleValue,
    Unknown,
    Value,
    options_of,
)
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_FIELDS = "marshmallow.fields."
_OWN = "flask_marshmallow"
_EXTENSION = "flask_marshmallow.Marshmallow"
_DUMPING = ("dump", "dumps", "jsonify")
_RESPONSES = frozenset({"flask_smorest.Blueprint.response", "flask_apispec.marshal_with"})
_TRUE = Constant(True)
_NESTING = ("Nested", "Pluck")


@dataclass(frozen=True, slots=True)
class _Dumping:
    """How a schema object dumps: many objects or one, and which fields; None for all."""

    many: bool = False
    only: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()


@dataclass(slots=True, unsafe_hash=True)
class _Declared:
    """What a field was made with, and where."""

    place: Place
    attribute: str | None = None
    function: Value | None = None
    method: str | None = None
    how: _Dumping = _Dumping()
    is_hidden: bool = False


class Marshmallow(Framework):
    """Hooks for marshmallow."""

    name = "marshmallow"
    modules = frozenset({"marshmallow", "flask_marshmallow", "flask_smorest", "flask_apispec"})

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Fields keep what they are made with; an extension object has schema classes."""
        if name == _EXTENSION:
            return Outcome.nothing(Instance(_EXTENSION))
        if not name.startswith(_FIELDS) or arguments.site is None:
            return None
        kind = name.rpartition(".")[2]
        first = arguments.get(0, "nested") or arguments.get(0, "cls_or_instance")
        how = _dumping(arguments)
        if kind == "Pluck":
            plucked = literals.text_of(arguments.get(1, "field_name"))
            how = _Dumping(only=frozenset({plucked}) if plucked else frozenset())
        declared = _Declared(
            Place(*arguments.site),
            literals.text_of(arguments.get(-1, "attribute")),
            arguments.get(0, "serialize") if kind == "Function" else None,
            literals.text_of(arguments.get(0, "serialize")) if kind == "Method" else None,
            how or _Dumping(only=frozenset()),
            arguments.get(-1, "load_only") == _TRUE,
        )
        held = (first,) if first is not None and (kind == "List" or kind in _NESTING) else ()
        return Outcome.nothing(Instance(name, arguments=held, details=(declared,)))

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """The schema classes and fields that an extension object has."""
        if not isinstance(base, Instance) or base.class_ != _EXTENSION or not name[:1].isupper():
            return None
        return External(f"{_OWN}.{name}" if name.endswith("Schema") else f"{_FIELDS}{name}")

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """A schema object knows how it dumps."""
        how = _dumping(arguments) if is_schema(project, class_) else None
        if how is None or project.members.find_in_class(class_, "__init__") is not None:
            return None
        return Outcome.nothing(Instance(class_, details=(how,)))

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Lists that schemas dump, and those that functions give to be dumped."""
        for spelling in _DUMPING:
            for module, term in project.call_sites.spelt(spelling):
                if module in modules and module.is_served:
                    yield from _dumped(project, module, term)
        for decoration in project.call_sites.decorated(_RESPONSES):
            module = decoration.around.module
            is_response = decoration.name.endswith(".response")
            schema = decoration.arguments.get(int(is_response), "schema")
            if schema is not None and module in modules and module.is_served:
                yield from _answered(project, module, decoration.scope_number, schema)


FRAMEWORK = Marshmallow()


def is_schema(project: Project, class_: ClassValue) -> bool:
    """Whether a project class is a schema of marshmallow's or of a package on top."""
    return any(
        base.endswith("Schema") and base.startswith(("marshmallow", "flask_marshmallow"))
        for base in project.classes.info(class_).externals
    )


def _dumping(arguments: Arguments) -> _Dumping | None:
    """How a schema or a nested field is made; None where that is not known."""
    only = _names(arguments.get(-1, "only"))
    exclude = _names(arguments.get(-1, "exclude"))
    if not arguments.complete or only is _UNKNOWN or exclude is _UNKNOWN:
        return None
    many = arguments.get(-1, "many") == _TRUE
    return _Dumping(many, only, exclude or frozenset())


_UNKNOWN: frozenset[str] = frozenset({"?"})


def _names(given: Value | None) -> frozenset[str] | None:
    """The names in a list; None if none is given."""
    if given is None or given == Constant(None):
        return None
    items: tuple[Value, ...] = ()
    if isinstance(given, TupleValue):
        items = given.items
    elif isinstance(given, Iterable):
        items = options_of(given.element)
    texts = [literals.text_of(item) for item in items]
    if not texts or None in texts:
        return _UNKNOWN
    return frozenset(text.partition(".")[0] for text in texts if text)


# -- what is dumped --------------------------------------------------------------------------------


def _dumped(project: Project, module: Module, term: int) -> Iterator[Consumer]:
    entry = module.facts.terms[term]
    shown: list[tuple[Value, Fields]] = []
    for frame in shown_fields.frames(project, module, module.code_scope_of(term)):
        called = project.values.evaluate(frame, entry[1])
        schema = getattr(called, "receiver", None)
        how = _how(schema)
        if how is None:
            return
        arguments = project.calls.arguments(frame, entry)
        data = arguments.get(0, "obj")
        is_many = how.many or arguments.get(1, "many") == _TRUE
        if data is not None and is_many and shown_fields.is_many(project, data):
            shown.append((data, _fields_of(project, schema)))
    yield from shown_fields.consumers(project, module, term, shown)


def _answered(
    project: Project, module: Module, scope_number: int, schema: Value
) -> Iterator[Consumer]:
    how = _how(schema)
    if how is None or not how.many:
        return
    yield from shown_fields.consumers_of_results(
        project,
        module,
        scope_number,
        _fields_of(project, schema),
        partial(shown_fields.is_many, project),
    )


# -- fields ----------------------------------------------------------------------------------------


def _how(schema: Value | None) -> _Dumping | None:
    for detail in schema.details if isinstance(schema, Instance) else ():
        if isinstance(detail, _Dumping):
            return detail
    return None


def _fields_of(project: Project, schema: Value | None, how: _Dumping | None = None) -> Fields:
    """The fields that a schema object dumps; of a class, or of one that a field chooses from, those
    of ``how``.
    """
    own = _how(schema)
    class_ = schema.class_ if isinstance(schema, Instance) else schema
    if not isinstance(class_, ClassValue) or not is_schema(project, class_):
        return ()
    if own is None and project.members.find_in_class(class_, "__init__") is not None:
        return ()
    found: list[ShownField] = []
    receiver = Instance(class_)
    for name, field in _declared(project, class_).items():
        chosen = [one for one in (own, how) if one is not None]
        if any(
            (one.only is not None and name not in one.only) or name in one.exclude for one in chosen
        ):
            continue
        shown = _shown(project, receiver, name, field)
        if shown is not None:
            found.append(shown)
    return tuple(found)


def _declared(project: Project, class_: ClassValue) -> dict[str, Value]:
    """The fields that class bodies declare, by name."""
    found: dict[str, Value] = {}
    for owner in project.classes.info(class_).order:
        if isinstance(owner, ClassValue):
            frame = project.classes.frame_around(owner)
            for name, term in owner.module.facts.scopes[owner.scope].bindings.items():
                if name not in found:
                    found[name] = project.values.evaluate(frame, term)
    return found


def _detail(field: Value) -> _Declared | None:
    for detail in field.details if isinstance(field, Instance) else ():
        if isinstance(detail, _Declared):
            return detail
    return None


def _shown(project: Project, schema: Instance, name: str, field: Value) -> ShownField | None:
    declared = _detail(field)
    if declared is None or declared.is_hidden:
        return None
    function = declared.function
    if declared.method is not None:
        function = project.members.attribute(schema, declared.method)
    if function is not None:
        known = isinstance(function, FunctionValue)
        return ShownField((), declared.place, function=function) if known else None
    path = tuple((declared.attribute or name).split("."))
    return ShownField(path, declared.place, _inner(project, schema, field))


def _inner(project: Project, schema: Instance, field: Value) -> partial[Fields] | None:
    """What gives the fields of the objects behind a nested schema, or behind a list of such."""
    declared = _detail(field)
    if declared is None or not isinstance(field, Instance) or isinstance(field.class_, ClassValue):
        return None
    kind = field.class_.rpartition(".")[2]
    held = field.arguments[0] if field.arguments else Unknown("no schema")
    if kind == "List":
        return _inner(project, schema, held) or partial(tuple)
    if kind not in _NESTING:
        return None
    if isinstance(held, (FunctionValue, CallableValue)):
        held = project.calls.invoke(held, Arguments()).result
    if literals.text_of(held) == "self":
        held = schema.class_ if isinstance(schema.class_, ClassValue) else held
    return partial(_fields_of, project, held, declared.how)
