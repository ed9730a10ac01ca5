"""Context processors: functions that the settings name, whose results every template sees that is
rendered for a request.

Source: ``Engine.template_context_processors`` and ``RequestContext`` in django/template/ of Django
6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import views
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.values import (
    Arguments,
    FunctionValue,
    Instance,
    MappingValue,
    Value,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_KEY = "django.context_processors"


def context_names(context: Value | None) -> dict[str, Value]:
    """The names in a context that is handed over."""
    found: dict[str, Value] = {}
    for option in options_of(without_none(context)) if context is not None else ():
        if isinstance(option, MappingValue):
            for key, value in option.items:
                if isinstance(key, str):
                    found.setdefault(key, value)
    return found


def with_request(
    project: Project, names: dict[str, Value], request: Value | None
) -> dict[str, Value]:
    """The names of a context, and those that context processors add where there is a request."""
    if request is None:
        return names
    if not isinstance(request, Instance):
        request = Instance(views.REQUEST)
    user = project.members.attribute(request, "user")
    return {"request": request, "user": user, **processed(project), **names}


def processed(project: Project) -> dict[str, Value]:
    """The names that the project's context processors give to every template."""

    def find(_: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        arguments = Arguments((Instance(views.REQUEST),))
        for processor in _processors(project):
            given = project.calls.invoke(processor, arguments).result
            for name, value in context_names(given).items():
                found.setdefault(name, value)
        return found

    # What a processor renders itself sees nothing of them.
    return project.cuts.apart(project.framework_data, _KEY, find, {})


def _processors(project: Project) -> Iterator[FunctionValue]:
    """The project's own functions that settings list under ``context_processors``."""
    settings = Models.of(project).settings
    for module in settings.modules:
        for dotted in _listed(project, module):
            for option in options_of(settings.imported(module, dotted)):
                if isinstance(option, FunctionValue):
                    yield option


def _listed(project: Project, module: Module) -> Iterator[str]:
    terms = module.facts.terms
    for entry in terms:
        for key, value in entry[1] if entry[0] == t.MAPPING else ():
            if key >= 0 and terms[key] == (t.CONST, "context_processors"):
                items = literals.items(project, project.module_frame(module), value)
                for item in items or ():
                    dotted = literals.text_of(project.values.evaluate(item.frame, item.term))
                    if dotted:
                        yield dotted
