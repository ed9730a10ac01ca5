"""What the methods of querysets and managers give: another query, a row, something else.

Source of what each method does: django/db/models/query.py of Django 6.1.3.
"""

from __future__ import annotations

from dataclasses import replace

from fwp_checks.frameworks.django import rows
from fwp_checks.project.meaning.origins import Place, asked_again, origin_of, streamed, with_origin
from fwp_checks.project.meaning.values import (
    Arguments,
    Constant,
    External,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
    is_none,
)

_FOLLOWING: rows.Paths = frozenset({rows.FOLLOWED})


# -- methods that build a query --------------------------------------------------------------------


def built(queryset: Instance, method: str, arguments: Arguments) -> Instance:
    """The queryset that a building method gives: what it fetches may change, the rest stays."""
    query = rows.query_of(queryset)
    if query is None or (query.fetched and method in _SAME_ROWS):
        return queryset
    query = asked(query)
    change = _CHANGES.get(method)
    if change is not None:
        if not arguments.complete:
            arguments = arguments.opened(as_set=method in _NAMING)
        query = change(query, arguments)
    if method not in _SAME_ROWS:
        query = replace(query, narrowed=query.narrowed or method)
    if any(name.endswith("__in") for name, _ in arguments.keywords):
        query = replace(query, of_many=True)
    if method in COMBINING:
        query = replace(query, made_by=method)
    return _concluded(rows.with_query(queryset, query), query, method, arguments)


def raw(query: rows.Query) -> rows.Query:
    """What the rows of ``raw()`` have: what was to be prefetched."""
    return rows.Query(
        prefetched=query.prefetched,
        attributes=query.attributes,
        has_peers=query.has_peers,
        made_by="raw",
    )


def asked(query: rows.Query) -> rows.Query:
    """A query whose rows are asked for, although they may be there: what was prefetched of the
    objects behind them was so for those.
    """
    if not query.fetched:
        return query
    anew = query.anew or rows.Query(known=query.known, queryset=query.queryset)
    return replace(anew, bypassed=query.surely)


def _concluded(
    queryset: Instance, query: rows.Query, method: str, arguments: Arguments
) -> Instance:
    """A queryset with what a method says of its rows as a whole."""
    origin = origin_of(queryset)
    if origin is None:
        return queryset
    if origin.consumed is not None:
        origin = asked_again(origin) if query.narrowed else origin
    elif method == "iterator":
        # Rows that are given out as they come; a chunk at a time, if one is asked for.
        origin = streamed(origin, in_chunks=bool(arguments.positional or arguments.keywords))
    return with_origin(queryset, origin)


def _named(arguments: Arguments) -> rows.Paths:
    names = [
        v.value if isinstance(v, Constant) and isinstance(v.value, str) else rows.ANYTHING
        for v in arguments.positional
    ]
    return frozenset(names if arguments.complete else [*names, rows.ANYTHING])


def _clears(arguments: Arguments) -> bool:
    return len(arguments.positional) == 1 and is_none(arguments.positional[0])


def _filter(query: rows.Query, arguments: Arguments) -> rows.Query:
    """Relations that are empty in all rows are known to be, and what is the same in all of them."""
    empty = set()
    for name, value in arguments.keywords:
        relation = name.removesuffix("__isnull").removesuffix("_id")
        if "__" not in relation and value == Constant(True if name.endswith("__isnull") else None):
            empty.add(relation)
    exact = {name.removesuffix("__exact") for name, _ in arguments.keywords}
    pinned = query.pinned | {name for name in exact if "__" not in name}
    return replace(query, known=query.known | empty, pinned=pinned)


def _order_by(query: rows.Query, arguments: Arguments) -> rows.Query:
    return replace(query, is_ordered=bool(arguments.positional) or not arguments.complete)


def _annotate(query: rows.Query, arguments: Arguments) -> rows.Query:
    named = {name for name, _ in arguments.keywords}
    return replace(query, annotated=query.annotated | named)


def _fetch_mode(query: rows.Query, arguments: Arguments) -> rows.Query:
    # FETCH_RAISE refuses to fetch a single row's.
    mode = arguments.get(0, "fetch_mode")
    is_one = isinstance(mode, External) and mode.name.endswith(".FETCH_ONE")
    return replace(query, has_peers=not is_one)


def _iterator(query: rows.Query, _arguments: Arguments) -> rows.Query:
    # Peers are collected while the rows are given out.
    return replace(query, has_peers=False)


def _select_related(query: rows.Query, arguments: Arguments) -> rows.Query:
    if _clears(arguments):
        return replace(query, selected=rows.NO_PATHS)
    # Names take the place of a call without any, and the other way round
    # (add_select_related() in django/db/models/sql/query.py).
    named = _named(arguments)
    return replace(
        query, selected=(query.selected - {rows.FOLLOWED}) | named if named else _FOLLOWING
    )


def _prefetch_related(query: rows.Query, arguments: Arguments) -> rows.Query:
    if _clears(arguments):
        return replace(query, prefetched=rows.NO_PATHS, attributes=())
    paths = set(query.prefetched)
    attributes = list(query.attributes)
    ordered = set(query.ordered)
    annotated = set(query.annotated)
    for argument in arguments.positional:
        lookup = (
            argument.details[0] if isinstance(argument, Instance) and argument.details else None
        )
        if isinstance(argument, Constant) and isinstance(argument.value, str):
            paths.add(argument.value)
        elif not isinstance(lookup, rows.Prefetched):
            paths.add(rows.ANYTHING)
        elif lookup.to_attr:
            attributes.append(lookup)
        else:
            paths.add(lookup.path)
            paths.update(f"{lookup.path}__{path}" for path in lookup.nested)
            ordered.update([lookup.path] if lookup.is_ordered else [])
            behind = rows.row_of(lookup.element) if lookup.element is not None else None
            computed = behind.annotated if behind is not None else rows.NO_PATHS
            annotated.update(f"{lookup.path}__{name}" for name in computed)
    if not arguments.complete:
        paths.add(rows.ANYTHING)
    return replace(
        query,
        prefetched=frozenset(paths),
        attributes=tuple(attributes),
        ordered=frozenset(ordered),
        annotated=frozenset(annotated),
    )


def _only(query: rows.Query, arguments: Arguments) -> rows.Query:
    return replace(query, columns=rows.Columns(only=_named(arguments), said=_place(arguments)))


def _defer(query: rows.Query, arguments: Arguments) -> rows.Query:
    if _clears(arguments):
        return replace(query, columns=rows.EVERY_COLUMN)
    before = query.columns
    deferred = before.deferred | _named(arguments)
    # What only() does not name is missing because of that.
    said = _place(arguments) if before.only is None else before.said
    return replace(query, columns=rows.Columns(before.only, deferred, said))


def _place(arguments: Arguments) -> Place | None:
    return Place(*arguments.site) if arguments.site is not None else None


def _values(query: rows.Query, _arguments: Arguments) -> rows.Query:
    return replace(query, shape="dicts")


def _values_list(query: rows.Query, arguments: Arguments) -> rows.Query:
    flat = arguments.get(-1, "flat")
    return replace(query, shape="tuples" if flat is None or flat == Constant(False) else "values")


def _plain_values(query: rows.Query, _arguments: Arguments) -> rows.Query:
    return replace(query, shape="values")


_CHANGES = {
    "filter": _filter,
    "order_by": _order_by,
    "annotate": _annotate,
    "extra": _annotate,
    "fetch_mode": _fetch_mode,
    "iterator": _iterator,
    "select_related": _select_related,
    "prefetch_related": _prefetch_related,
    "only": _only,
    "defer": _defer,
    "values": _values,
    "values_list": _values_list,
    "dates": _plain_values,
    "datetimes": _plain_values,
}
# What they are told are names, in whatever order.
_NAMING: frozenset[str] = frozenset({"select_related", "prefetch_related", "only"})
# A copy of a queryset without its rows; prefetching them would do.
_SAME_ROWS: frozenset[str] = frozenset({"all", "using", "_clone", "_chain", "_all"})
# https://docs.djangoproject.com/en/stable/ref/models/querysets/#union
COMBINING: frozenset[str] = frozenset({"union", "intersection", "difference"})
_NARROWING: frozenset[str] = frozenset(
    {"alias", "complex_filter", "distinct", "exclude", "reverse", "select_for_update"}
)
BUILDING: frozenset[str] = _SAME_ROWS | COMBINING | _NARROWING | frozenset(_CHANGES)


# -- methods that give something else --------------------------------------------------------------


def _one(queryset: Instance) -> Value | None:
    return rows.row(queryset)


def _made(queryset: Instance) -> Value | None:
    # Whoever makes an object knows what its relations are; those that were not given are not there.
    model = rows.model_of(queryset)
    return rows.objects(model) if model is not None else None


def _found_or_made(queryset: Instance) -> Value | None:
    made = _made(queryset)
    return TupleValue((made, Instance("builtins.bool"))) if made is not None else None


def _all_made(queryset: Instance) -> Value | None:
    made = _made(queryset)
    return Iterable(made, "list") if made is not None else None


def _by_key(queryset: Instance) -> Value | None:
    found = rows.row(queryset, one_of_many=True)
    return MappingValue(found) if found is not None else None


_RESULTS = {
    **dict.fromkeys(("get", "first", "last", "earliest", "latest"), _one),
    "create": _made,
    "get_or_create": _found_or_made,
    "update_or_create": _found_or_made,
    "bulk_create": _all_made,
    "in_bulk": _by_key,
}


def result(queryset: Instance, method: str) -> tuple[Value | None, bool]:
    """What a method that runs a query gives (None where the catalogue knows best), and whether it
    is an async one.
    """
    known = _RESULTS.get(method)
    if known is not None:
        return known(queryset), False
    known = _RESULTS.get(method.removeprefix("a")) if method.startswith("a") else None
    return (known(queryset), True) if known is not None else (None, False)
