"""Pages of Wagtail: each is shown in a template, with what its ``get_context()`` gives.

Source: ``Page.serve``, ``get_context``, ``get_template`` and ``PageBase`` in
wagtail/models/pages.py, and ``camelcase_to_underscore`` in wagtail/coreutils.py of Wagtail 8.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import views
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django_templates.processors import context_names, with_request
from fwp_checks.frameworks.django_templates.rendering import consumer
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Unknown,
    Value,
)
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_PAGE = "wagtail.models.Page"
_CAPITALS = re.compile("(?<=[a-z])[A-Z]|[A-Z](?![A-Z]|$)")
_REQUEST = Instance(views.REQUEST)


class Wagtail(Framework):
    """Hooks for pages."""

    name = "Wagtail"
    modules = frozenset({"wagtail"})
    row_sources = ("wagtail.",)

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """The context that every page has."""
        if not name.endswith(".get_context") or not isinstance(receiver, Instance):
            return None
        if not isinstance(receiver.class_, ClassValue) or not _is_page(project, receiver.class_):
            return None
        names = tuple(_names(project, receiver, receiver.class_).items())
        return Outcome.nothing(MappingValue(Unknown("another name of the context"), names))

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The templates of pages."""
        for class_ in project.classes.with_bases:
            if class_.module not in modules or class_.module.is_test:
                continue
            if not _is_page(project, class_):
                continue
            if Models.of(project).meta(class_, "abstract") is True:
                continue
            page = Instance(class_)
            names = with_request(project, _context(project, page, class_), _REQUEST)
            place = Place(class_.module.path, class_.module.facts.scopes[class_.scope].start)
            frame = project.classes.frame_around(class_)
            yield consumer(project, place, _template(project, page, class_), names, frame)


FRAMEWORK = Wagtail()


def _is_page(project: Project, class_: ClassValue) -> bool:
    return project.classes.derives(class_, _PAGE)


def _names(project: Project, page: Instance, class_: ClassValue) -> dict[str, Value]:
    """The names that the library gives to the template of a page."""
    names: dict[str, Value] = {"page": page, "self": page, "request": _REQUEST}
    own = literals.text_of(project.members.find_in_class(class_, "context_object_name"))
    return names | ({own: page} if own else {})


def _context(project: Project, page: Instance, class_: ClassValue) -> dict[str, Value]:
    method = project.members.find_in_class(class_, "get_context")
    if method is None:
        return _names(project, page, class_)
    bound = project.members.bind(method, page, class_)
    return context_names(project.calls.invoke(bound, Arguments((_REQUEST,))).result)


def _template(project: Project, page: Instance, class_: ClassValue) -> Value:
    """What names the template of a page."""
    method = project.members.find_in_class(class_, "get_template")
    if isinstance(method, FunctionValue):
        bound = project.members.bind(method, page, class_)
        return project.calls.invoke(bound, Arguments((_REQUEST,))).result
    body = class_.module.facts.scopes[class_.scope].bindings
    named = project.members.find_in_class(class_, "template") if "template" in body else None
    if named is not None:
        return named
    # What a base class names is no default: each class has one of its own.
    last = _CAPITALS.sub(lambda found: f"_{found[0]}", class_.name).lower().strip("_")
    return Constant(f"{Models.of(project).app_label(class_)}/{last}.html")
