"""What ``marshal()`` and ``marshal_with()`` of Flask-RESTful and Flask-RESTX read of each object.

Source: ``marshal`` and the fields in flask_restful/__init__.py and fields.py of Flask-RESTful
0.3.10; flask_restx/marshalling.py, fields.py and namespace.py of Flask-RESTX 1.3.2.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.frameworks import shown_fields
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.shown_fields import Fields, ShownField
from fwp_checks.frameworks.web import members
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Arguments,
    ClassValue,
    FunctionValue,
    Instance,
    MappingValue,
    Value,
    options_of,
)
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_RESTX = ("flask_restx", "flask_restplus")
_PACKAGES = ("flask_restful", *_RESTX)
_OWNERS = members(_RESTX, ("Api", "Namespace"))
_MARSHALS = frozenset(
    {
        *(f"{package}.marshal" for package in _PACKAGES),
        *(f"{package}.marshalling.marshal" for package in _RESTX),
        *(f"{owner}.marshal" for owner in _OWNERS),
    }
)
_DECORATORS = frozenset(
    {
        *(f"{package}.marshal_with" for package in _PACKAGES),
        *(f"{package}.marshalling.marshal_with" for package in _RESTX),
        *(f"{owner}.{name}" for owner in _OWNERS for name in ("marshal_with", "marshal_list_with")),
    }
)
_FIELDS = tuple(f"{package}.fields." for package in _PACKAGES)
_MODELS = frozenset(f"{owner}.model" for owner in _OWNERS)
_INHERITING = frozenset(f"{owner}.{name}" for owner in _OWNERS for name in ("inherit", "clone"))


@dataclass(slots=True, unsafe_hash=True)
class _Declared:
    """What a field was made with: the attribute that it reads, if not that of its name, and where
    it was made.
    """

    attribute: str | None
    function: Value | None
    place: Place


class FlaskMarshal(Framework):
    """Hooks for both."""

    name = "marshal() of Flask-RESTful"
    modules = frozenset(_PACKAGES)

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Fields keep what they are made with; a model is what it is made of."""
        if name.startswith(_FIELDS) and arguments.site is not None:
            attribute = arguments.get(-1, "attribute")
            function = attribute if isinstance(attribute, FunctionValue) else None
            text = literals.text_of(attribute)
            declared = _Declared(text, function, Place(*arguments.site))
            inner = arguments.get(0, "model") or arguments.get(-1, "nested")
            held = (inner,) if inner is not None else ()
            return Outcome.nothing(Instance(name, arguments=held, details=(declared,)))
        if name in _MODELS:
            model = arguments.get(1, "model")
            return Outcome.nothing(model) if isinstance(model, MappingValue) else None
        if name in _INHERITING:
            parts = [part for part in arguments.positional[1:] if isinstance(part, MappingValue)]
            items = tuple(item for part in parts for item in part.items)
            return Outcome.nothing(MappingValue(RECURSIVE, tuple(dict(items).items())))
        return None

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Lists that functions marshal, and those that decorated functions give."""
        for module, term in project.call_sites.spelt("marshal"):
            if module in modules and module.is_served:
                yield from _called(project, module, term)
        for decoration in project.call_sites.decorated(_DECORATORS):
            module = decoration.around.module
            if module in modules and module.is_served:
                given = decoration.arguments.get(0, "fields")
                if given is not None:
                    number, fields = decoration.scope_number, _fields_of(project, given)
                    yield from shown_fields.consumers_of_results(
                        project, module, number, fields, shown_fields.is_list
                    )


FRAMEWORK = FlaskMarshal()


def _called(project: Project, module: Module, term: int) -> Iterator[Consumer]:
    entry = module.facts.terms[term]
    shown: list[tuple[Value, Fields]] = []
    for frame in shown_fields.frames(project, module, module.code_scope_of(term)):
        called = project.values.evaluate(frame, entry[1])
        if getattr(called, "name", "") not in _MARSHALS:
            return
        arguments = project.calls.arguments(frame, entry)
        data, fields = arguments.get(0, "data"), arguments.get(1, "fields")
        if data is not None and fields is not None and shown_fields.is_list(data):
            shown.append((data, _fields_of(project, fields)))
    yield from shown_fields.consumers(project, module, term, shown)


# -- fields ----------------------------------------------------------------------------------------


def _fields_of(project: Project, model: Value) -> Fields:
    """The fields of a dictionary, if it is known which one."""
    if not isinstance(model, MappingValue):
        return ()
    found: list[ShownField] = []
    for name, field in model.items:
        declared = _declared(field)
        if isinstance(name, str) and declared is not None:
            path = tuple((declared.attribute or name).split("."))
            inner = _inner_of(project, field)
            found.append(ShownField(path, declared.place, inner, declared.function))
    return tuple(found)


def _declared(field: Value) -> _Declared | None:
    for detail in field.details if isinstance(field, Instance) else ():
        if isinstance(detail, _Declared):
            return detail
    return None


def _inner_of(project: Project, field: Value) -> partial[Fields] | None:
    """What gives the fields of the objects behind a ``Nested``, or behind a list of such."""
    if not isinstance(field, Instance) or isinstance(field.class_, ClassValue):
        return None
    kind = field.class_.rpartition(".")[2]
    held = options_of(field.arguments[0]) if field.arguments else ()
    if kind == "List" and len(held) == 1:
        return _inner_of(project, held[0]) or partial(_nothing)
    if kind == "Nested" and len(held) == 1:
        return partial(_fields_of, project, held[0])
    return None


def _nothing() -> Fields:
    """A list of plain values is gone through all the same."""
    return ()
