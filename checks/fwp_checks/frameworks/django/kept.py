"""What the project keeps on a request: ``request.team = …`` in a middleware or a view.

Each request runs through all middleware (``BaseHandler.load_middleware`` in
django/core/handlers/base.py of Django 6.1.3), and a request of REST framework hands on what the
one that it wraps has (``Request.__getattr__`` in rest_framework/request.py of 3.17.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import views
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
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

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_WRAPPED = "rest_framework.request.Request"
_REQUESTS = (views.REQUEST, _WRAPPED)
# What Django calls of a middleware with the request: django/utils/deprecation.py and base.py.
_METHODS = (
    *("__call__", "__acall__", "process_request", "process_view", "process_response"),
    *("process_exception", "process_template_response"),
)
_LAZY = "django.utils.functional.SimpleLazyObject"


def attribute(project: Project, base: Instance, name: str) -> Value | None:
    """What the project assigns to an attribute of requests; None if it assigns none."""
    if name not in project.attribute_stores or not _is_request(project, base):
        return None
    known: dict[str, object] = project.framework_data.setdefault("django.kept", {})
    # What is assigned may be made of what was assigned before.
    kept: list[Value]
    kept = project.cuts.apart(known, name, lambda _: _stored(project, name), [])
    return join(kept) if kept else None


def _is_request(project: Project, value: Value) -> bool:
    return any(project.classes.is_instance(value, name) for name in _REQUESTS)


def _stored(project: Project, name: str) -> list[Value]:
    found: list[Value] = []
    for module, term in project.attribute_stores[name]:
        entry = module.facts.terms[term]
        values = [
            project.values.evaluate(frame, entry[3])
            for frame in project.call_sites.frames_around(module, module.code_scope_of(term))
            if _is_request(project, without_none(project.values.evaluate(frame, entry[1])))
        ]
        found.extend(value for value in values if is_informative(value))
        if not any(is_informative(value) for value in values):
            found.extend(values)
    return found if found and is_informative(join(found)) else []


# -- the request of a middleware -------------------------------------------------------------------


def request_parameter(project: Project, frame: Frame, index: int) -> Value | None:
    """The request that Django hands to a middleware whose parameter has no annotation."""
    if index > 1 or frame.scope.parameters[index].annotation >= 0:
        return None
    # A middleware's parameters may be asked for while it is looked up.
    known: dict[tuple[str, int], int]
    known = project.cuts.apart(
        project.framework_data,
        "django.middleware",
        lambda _: _find_middleware(project),
        {},
    )
    place = (frame.module.path, frame.scope_number)
    return Instance(views.REQUEST) if known.get(place) == index else None


def _find_middleware(project: Project) -> dict[tuple[str, int], int]:
    """Functions that the middleware of the settings consists of, and which parameter of theirs is
    the request.
    """
    found: dict[tuple[str, int], int] = {}
    settings = Models.of(project).settings
    for module, dotted in settings.strings("MIDDLEWARE")[0]:
        for option in options_of(settings.imported(module, dotted)):
            if isinstance(option, ClassValue):
                for method in views.methods(project, option, _METHODS):
                    found[method.module.path, method.scope] = 1
            elif isinstance(option, FunctionValue):
                arguments = Arguments((Unknown("the next middleware"),))
                for made in options_of(project.calls.invoke(option, arguments).result):
                    if isinstance(made, FunctionValue):
                        found[made.module.path, made.scope] = 0
    return found


# -- values that are made when they are read -------------------------------------------------------


def lazy(project: Project, name: str, arguments: Arguments) -> Value | None:
    """What ``SimpleLazyObject(function)`` stands for: what the function gives."""
    function = arguments.get(0, "func") if name == _LAZY else None
    if function is None:
        return None
    return project.calls.invoke(function, NO_ARGUMENTS).result
