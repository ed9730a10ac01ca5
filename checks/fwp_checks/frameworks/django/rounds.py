"""Queries in a loop that cannot be put together into one: what they leave out, or where they end,
differs from round to round, or each has a lock, a transaction or a database of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import queryset_methods, rows
from fwp_checks.project.meaning.values import Instance, Value
from fwp_checks.project.rows.apart import Apart

SETS_APART = {
    "django.db.transaction.atomic": Apart.TRANSACTION,
    # https://django-tenants.readthedocs.io/en/latest/use.html#utils
    **{
        f"{package}.utils.{name}": Apart.CONNECTION
        for package in ("django_tenants", "tenant_schemas")
        for name in ("schema_context", "tenant_context")
    },
    **{
        f"django.db.backends.base.base.BaseDatabaseWrapper.{name}": Apart.CONNECTION
        for name in ("set_tenant", "set_schema")
    },
    # Trees and lists that are put in another order: each time more rows than one are written.
    # https://django-mptt.readthedocs.io/en/latest/models.html,
    # https://django-treebeard.readthedocs.io/en/latest/api.html,
    # https://github.com/django-ordered-model/django-ordered-model/blob/3.7.4/README.md
    **{f"mptt.models.MPTTModel.{name}": Apart.CHANGES for name in ("insert_at", "move_to")},
    **{
        f"mptt.managers.TreeManager.{name}": Apart.CHANGES
        for name in ("insert_node", "move_node", "rebuild", "partial_rebuild")
    },
    **{
        f"{kind}.{name}": Apart.CHANGES
        for kind in (
            *("treebeard.mp_tree.MP_Node", "treebeard.ns_tree.NS_Node"),
            *("treebeard.al_tree.AL_Node", "wagtail.models.Page"),
        )
        for name in ("add_root", "add_child", "add_sibling", "move", "load_bulk", "fix_tree")
    },
    **{
        f"ordered_model.models.{kind}.{name}": Apart.CHANGES
        for kind in ("OrderedModel", "OrderedModelBase")
        for name in ("up", "down", "to", "above", "below", "top", "bottom", "swap")
    },
}
"""Context managers and methods that set a round apart."""
# django.db.connections, by its name or read from its module.
_CONNECTIONS = ("connections",)
_ALIASING = ("using", "db_manager")
_NARROWING = ("filter", "get", "exclude")
_SHAPING = ("order_by", "values", "values_list")
# https://docs.djangoproject.com/en/stable/ref/models/querysets/#order-by
_AT_RANDOM = (t.CONST, "?")
_OF_ANY_MODEL = (rows.QUERYSET, rows.MANAGER, rows.RELATED_MANAGER)
# Methods that make a queryset of another, or ask it.
_ASKING = queryset_methods.BUILDING | {
    *("aggregate", "count", "delete", "earliest", "exists", "first", "get", "in_bulk", "last"),
    *("latest", "update"),
}
# Methods of lists, sets and texts that go through what they are given.
_TAKING = ("extend", "update", "join", "union", "intersection", "difference")
# Lookups for which there is none that takes many values at once, as ``in`` does for equality.
_BOUNDS = frozenset(
    {
        "gt", "gte", "lt", "lte", "range", "contains", "icontains", "startswith", "istartswith",
        "endswith", "iendswith", "regex", "iregex", "search", "overlap",
    }
)  # fmt: skip


def stands_alone(terms: list[t.Term], term: int, depends: Callable[[int], bool]) -> Apart | None:
    """Why the query that a term runs is such a one; None if it is not. ``depends``: whether what a
    term holds differs from round to round.
    """
    is_cut = is_picked = False
    found: Apart | None = None
    while True:
        entry = terms[t.unaliased(terms, term)]
        if entry[0] == t.ITEM:
            is_cut = is_cut or terms[entry[2]][0] == t.SLICE
            is_picked = depends(entry[2])
        elif entry[0] == t.CALL:
            called = terms[entry[1]]
            if called[0] != t.ATTR or called[2] in _TAKING:
                # list(posts), found.extend(posts)
                if called[0] not in (t.NAME, t.ATTR) or len(entry[2]) != 1:
                    return found
                term = entry[2][0]
                continue
            found = _told(terms, called[2], entry, depends, is_cut=is_cut) or found
            entry = called
        elif is_picked and _CONNECTIONS in (entry[1:2], entry[2:3]):
            return Apart.CONNECTION
        elif entry[0] not in (t.ITER, t.ENTER):
            return found
        term = entry[1]


def table_term(asked: Value | None, terms: list[t.Term], term: int) -> int:
    """What the chain of methods starts from that ends in a query, if nothing says of which model
    the queryset or manager is that is asked; else -1.
    """
    if not isinstance(asked, Instance) or asked.class_ not in _OF_ANY_MODEL or asked.arguments:
        return -1
    while True:
        term = t.unaliased(terms, term)
        entry = terms[term]
        called = terms[entry[1]] if entry[0] == t.CALL else entry
        method = called[2] if called[0] == t.ATTR else ""
        if entry[0] == t.ITER:
            term = entry[1]
        elif entry[0] != t.CALL:
            return term
        elif method in _ASKING:
            term = called[1]
        elif len(entry[2]) == 1 and (called[0] == t.NAME or method in _TAKING):
            # list(posts), found.extend(posts)
            term = entry[2][0]
        else:
            return term


def _told(
    terms: list[t.Term],
    method: str,
    call: t.Term,
    depends: Callable[[int], bool],
    *,
    is_cut: bool,
) -> Apart | None:
    """What one call of a chain says."""
    if method == "order_by" and any(terms[one] == _AT_RANDOM for one in call[2]):
        return Apart.DRAWN
    if method in _SHAPING and any(map(depends, t.operands(call)[1:])):
        return Apart.SHAPE
    if method in _NARROWING and _names_differ(terms, call, depends):
        return Apart.SHAPE
    if method in _ALIASING and any(map(depends, t.operands(call)[1:])):
        return Apart.CONNECTION
    if method == "explain":
        # How one query is run.
        return Apart.CONNECTION
    if method == "select_for_update":
        return Apart.LOCK
    if method in _NARROWING and _is_bound(method, call, depends):
        return Apart.BOUNDS
    return Apart.BOUNDS if is_cut and any(map(depends, t.operands(call)[1:])) else None


def _names_differ(terms: list[t.Term], call: t.Term, depends: Callable[[int], bool]) -> bool:
    """Whether which columns a condition compares is the round's own: ``filter(**condition)``,
    ``filter(Q(**condition))``, ``filter(condition)``.
    """
    if any(name is None and depends(value) for name, value in call[3]):
        return True
    for given in call[2]:
        entry = terms[t.unaliased(terms, given)]
        if entry[0] == t.CALL:
            if any(name is None and depends(value) for name, value in entry[3]):
                return True
        elif entry[0] == t.ITER and depends(given):
            return True
    return False


def _is_bound(method: str, call: t.Term, depends: Callable[[int], bool]) -> bool:
    """Whether a condition sets a bound of the round's own."""
    if method == "exclude" and any(map(depends, call[2])):
        return True
    return any(
        depends(value)
        for name, value in call[3]
        if name is not None and (method == "exclude" or name.rpartition("__")[2] in _BOUNDS)
    )
