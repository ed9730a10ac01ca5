"""Methods of class-based views that their library calls for requests, besides those that are named
after HTTP methods.

Source: django/views/generic/ and django/contrib/auth/mixins.py of Django 6.1.3;
rest_framework/views.py, generics.py, mixins.py and viewsets.py of Django REST framework 3.18.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.project.application.model import Handler
from fwp_checks.project.meaning import literals

if TYPE_CHECKING:
    from fwp_checks.frameworks.registered import HandlerFinder
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.values import ClassValue

_OF_DJANGO = (
    *("setup", "dispatch", "get_queryset", "get_object", "get_context_data", "get_template_names"),
    *("get_ordering", "get_paginate_by", "paginate_queryset", "render_to_response"),
    *("get_form_class", "get_form", "get_form_kwargs", "get_initial", "form_valid", "form_invalid"),
    *("get_success_url", "get_redirect_url", "get_dated_queryset", "get_dated_items"),
    *("test_func", "has_permission", "get_permission_required", "handle_no_permission"),
)
ACTIONS = ("list", "retrieve", "create", "update", "partial_update", "destroy")
"""What answers requests where a route names it, and else what generic views call."""
_OF_REST_FRAMEWORK = (
    *("initial", "get_authenticators", "get_permissions", "get_throttles", "get_renderers"),
    *("get_serializer_class", "get_serializer", "get_serializer_context", "filter_queryset"),
    *ACTIONS,
    *("perform_create", "perform_update", "perform_destroy", "get_success_headers"),
    *("handle_exception", "finalize_response"),
)


def answered(project: Project, class_: ClassValue) -> tuple[str, ...]:
    """The HTTP methods that a class of views lets through (``http_method_names``); empty if it
    does not say, or that is not written.
    """
    where = literals.attribute_term(project, class_, "http_method_names")
    items = literals.items(project, *where) if where is not None else None
    texts = literals.strings(project, items) if items is not None else None
    return tuple(text.upper() for text in texts or ())


def overrides(finder: HandlerFinder, class_: ClassValue, known: set[str]) -> Iterator[Handler]:
    """Those that the project gives a class or its bases; without those of the names in ``known``,
    which answer requests themselves.
    """
    for handler in finder.handlers_of(class_, (*_OF_DJANGO, *_OF_REST_FRAMEWORK)):
        if handler.frame.name not in known:
            yield Handler(handler.frame, (), class_, handler.wrappers)
