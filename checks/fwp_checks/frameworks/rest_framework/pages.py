"""Which lists show a whole table at once: no pagination, and a queryset that nothing narrows.

Source: rest_framework/generics.py (``paginator``), pagination.py (``page_size``) and settings.py of
Django REST framework 3.18.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Value,
    is_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Methods of querysets that leave as many rows as there are.
_KEEPING = frozenset(
    {
        *("all", "select_related", "prefetch_related", "order_by", "annotate", "alias"),
        *("only", "defer", "using", "distinct", "reverse", "get_queryset"),
    }
)
_PAGINATING = "paginate_queryset"
# Those of the library have no page size of their own.
_SHIPPED = "rest_framework.pagination."


def whole_of_view(project: Project, class_: ClassValue, queryset: Value) -> Place | None:
    """Where the queryset is built that an inherited list action shows as a whole; None if it is
    paginated or narrowed, or may be.
    """
    for name in ("get_queryset", "filter_queryset", _PAGINATING):
        method = project.members.find_in_class(class_, name)
        if method is not None and not (name == "get_queryset" and _only_keeps(method)):
            return None
    given = project.members.find_in_class(class_, "pagination_class")
    if given is None:
        if _is_paginated(project):
            return None
    elif not is_none(given):
        return None
    return _whole(project, queryset)


def whole_of_call(project: Project, frame: Frame, shown: Value) -> Place | None:
    """The same for a queryset that a function hands to a serializer."""
    terms = frame.module.facts.terms
    scope = frame.scope
    names = {entry[2] for entry in terms[scope.start : scope.end] if entry[0] == t.ATTR}
    if not scope.is_function or not Models.of(project).settings.modules:
        return None
    if not names.isdisjoint((_PAGINATING, "get_page", "page", "filter")):
        return None
    return _whole(project, shown)


def _only_keeps(method: Value) -> bool:
    """Whether all that a project's ``get_queryset`` calls leaves the rows as many as they are."""
    if not isinstance(method, FunctionValue):
        return False
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    calls = [entry for entry in terms[scope.start : scope.end] if entry[0] == t.CALL]
    return all(
        (terms[call[1]][0] == t.ATTR and terms[call[1]][2] in _KEEPING) or _is_super(terms, call)
        for call in calls
    )


def _is_super(terms: list[t.Term], call: t.Term) -> bool:
    return terms[call[1]] == (t.NAME, "super")


def _whole(project: Project, queryset: Value) -> Place | None:
    """Where a queryset is built that is nothing but ``Model.objects`` and calls that keep all."""
    origin = origin_of(queryset)
    built = origin.built if origin is not None else None
    query = rows.query_of(queryset)
    if origin is None or built is None or query is None or query.shape != "objects":
        return None
    if origin.hops or origin.limit is not None or built.path not in project.table.by_path:
        return None
    module = project.table.by_path[built.path]
    term = built.term
    terms = module.facts.terms
    while terms[term][0] == t.CALL:
        called = terms[terms[term][1]]
        if called[0] != t.ATTR or called[2] not in _KEEPING:
            return None
        term = called[1]
    return built if _is_plain_manager(project, module, term) else None


def _is_plain_manager(project: Project, module: Module, term: int) -> bool:
    """Whether a term is a manager that gives every row of a model."""
    frame = project.frame_of_scope(module, module.code_scope_of(term))
    value = project.values.evaluate(frame, term)
    return (
        isinstance(value, Instance)
        and value.class_ == rows.MANAGER
        and isinstance(rows.model_of(value), ClassValue)
    )


def _is_paginated(project: Project) -> bool:
    """Whether the settings paginate by default, or may."""
    known: bool | None = project.framework_data.get("rest_framework.paginated")
    if known is None:
        # Settings may be put together from any number of files.
        found = [
            project.values.module_binding(module, "REST_FRAMEWORK")
            for module in project.table.modules
            if "REST_FRAMEWORK" in module.facts.scopes[0].bindings
        ]
        settings = Models.of(project).settings.modules
        known = not settings or any(map(_paginates, found))
        project.framework_data["rest_framework.paginated"] = known
    return known


def _paginates(options: Value | None) -> bool:
    if not isinstance(options, MappingValue):
        return True
    given = dict(options.items)
    name = given.get("DEFAULT_PAGINATION_CLASS", Constant(None))
    if is_none(name):
        return False
    is_shipped = isinstance(name, Constant) and str(name.value).startswith(_SHIPPED)
    return not (is_shipped and is_none(given.get("PAGE_SIZE", Constant(None))))
