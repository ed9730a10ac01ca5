"""Queries of Django's for a single row, and what would have fetched it along.

Source: django/db/models/fields/related_descriptors.py and django/db/models/query.py of Django
6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import history, rows
from fwp_checks.frameworks.django.instances import DEFERRED, DESCRIPTORS
from fwp_checks.frameworks.django.joins import nameless
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.queryset_methods import COMBINING
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Hop, Origin, origin_of
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import ClassValue, Constant, Instance, Value
from fwp_checks.project.rows.needs import Kind, Lack

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_JOINED = (DESCRIPTORS["one"], DESCRIPTORS["back"])
# https://docs.djangoproject.com/en/stable/ref/models/querysets/#iterator
_IN_CHUNKS = ("give iterator() a chunk_size, too",)
_NAMELESS = "in place of select_related() without a name"
_AND_THE_OTHERS = (f"{_NAMELESS}, so name all else that is read of what that joins, too",)
_COUNTING = ("count", "exists")
_WRITING = frozenset(
    {
        "add", "clear", "create", "delete", "remove", "save", "set", "update",
        "bulk_create", "bulk_update", "get_or_create", "update_or_create",
    }
)  # fmt: skip


def lack(project: Project, frame: Frame | None, run: RunExternal) -> tuple[Origin, Lack] | None:
    """What a query for a single row fetches, with the origin of the row; None for any other run.

    On an event loop it fetches nothing but raises an exception.
    """
    receiver = run.receiver
    origin = origin_of(receiver) if receiver is not None else None
    if receiver is None or origin is None or origin.consumed is None:
        return None
    if frame is not None and frame.scope.is_async:
        return None
    if frame is None and history.is_filled(project, run):
        return None
    if run.name.endswith(".__get__"):
        name = run.arguments.get(0)
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return None
        return _single(project, origin, receiver, run.name, name.value)
    query = rows.query_of(receiver)
    method = run.name.rpartition(".")[2]
    if query is None or not origin.hops or method in _WRITING:
        return None
    if query.fetched and method in rows.ANSWERED:
        return None
    if query.bypassed or (query.fetched and query.surely):
        kind = Kind.BYPASSED
    elif query.narrowed or method not in rows.ANSWERED:
        kind = Kind.NARROWED
    else:
        kind = Kind.COLLECTION
    besides = _IN_CHUNKS if origin.streams == "whole" else ()
    return origin, Lack(kind, origin.hops, query.narrowed or method, besides)


def _single(
    project: Project, origin: Origin, receiver: Value, descriptor: str, name: str
) -> tuple[Origin, Lack] | None:
    """What is fetched for one row when an attribute of it is read."""
    row = rows.row_of(receiver)
    if row is None or row.has_peers:
        return None
    if descriptor == DEFERRED:
        hops = (*origin.hops, Hop(name, joins=False))
        return origin, Lack(Kind.COLUMN, hops, place=row.columns.said)
    is_joined = descriptor in _JOINED and row.made_by != "raw"
    if is_joined and isinstance(receiver, Instance) and isinstance(receiver.class_, ClassValue):
        models = Models.of(project)
        relation = models.relation(receiver.class_, name)
        is_joined = relation is None or models.can_join(relation)
    hop = Hop(name, joins=is_joined)
    hops = (*origin.hops, hop)
    besides: tuple[str, ...] = ()
    if row.made_by in COMBINING:
        besides += (f"on each of the queries, before {row.made_by}()",)
    if row.columns.lacks(name, f"{name}_id"):
        besides += (f'name "{name}" in only(), too',)
    if origin.streams == "whole" and not all(one.joins for one in hops):
        besides += _IN_CHUNKS
    kept: tuple[str, ...] = ()
    if rows.FOLLOWED in row.loads and all(one.joins for one in hops):
        # Names take the place of a call without any.
        class_ = receiver.class_ if isinstance(receiver, Instance) else None
        joined = None
        if isinstance(class_, ClassValue) and not origin.hops:
            joined = nameless(project, class_)
        if joined is None:
            besides += _AND_THE_OTHERS
        else:
            kept = joined
    by_key = descriptor == DESCRIPTORS["one"]
    return origin, Lack(Kind.RELATION, hops, "", besides, kept=kept, by_key=by_key)


def loading(lacks: Sequence[Lack]) -> str:
    """``.select_related("author").prefetch_related("tags")``."""
    calls = "".join(
        [
            f".{method}({', '.join(map(quoted, lookups))})"
            for method, lookups in methods(lacks).items()
            if lookups
        ]
    )
    numbers = _counted(lacks)
    if numbers:
        calls += f", or annotate() the number of {', '.join(numbers)}"
    besides = dict.fromkeys(text for one in lacks for text in one.besides)
    if any(one.kept for one in lacks) and _AND_THE_OTHERS[0] not in besides:
        besides[_NAMELESS] = None
    return "; ".join((calls, *besides))


def _counted(lacks: Sequence[Lack]) -> list[str]:
    """The relations of which nothing but the number is asked for."""
    counted = {one.path for one in lacks if one.method in _COUNTING}
    others = {one.path for one in lacks if one.method not in _COUNTING}
    return sorted(
        path
        for path in counted - others
        if not any(other.startswith(f"{path}.") for other in counted | others)
    )


def quoted(lookup: str) -> str:
    """A lookup as source."""
    return f'"{lookup}"'


def methods(lacks: Sequence[Lack]) -> dict[str, list[str]]:
    """The methods of querysets that fetch along what is lacking, with the lookups for each."""
    joined = {name for one in lacks for name in one.kept}
    return {
        "select_related": _lookups([one for one in lacks if _joins(one)], joined),
        "prefetch_related": _lookups([one for one in lacks if not _joins(one)]),
    }


def _joins(lack: Lack) -> bool:
    return all(hop.joins for hop in lack.hops)


def _lookups(lacks: Iterable[Lack], others: Iterable[str] = ()) -> list[str]:
    paths = {*others, *("__".join(hop.name for hop in one.hops) for one in lacks)}
    # A path fetches what lies on the way, too.
    return sorted(p for p in paths if not any(other.startswith(f"{p}__") for other in paths))
