"""Queries of Django's for a single row, and what would have fetched it along.

Source: django/db/models/fields/related_descriptors.py and django/db/models/query.py of Django
6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.instances import DEFERRED, DESCRIPTORS
from fwp_checks.project.frames import Frame
from fwp_checks.project.needs import Kind, Lack
from fwp_checks.project.origins import Hop, Origin, origin_of
from fwp_checks.project.outcome import RunExternal
from fwp_checks.project.values import Constant

_JOINED = (DESCRIPTORS["one"], DESCRIPTORS["back"])
# What prefetched rows answer; anything else runs a query in spite of them.
_ANSWERED = frozenset(
    {
        "__iter__", "__len__", "__bool__", "__contains__", "__getitem__", "__repr__",
        "all", "count", "exists", "contains",
    }
)  # fmt: skip
_WRITING = frozenset(
    {
        "add", "clear", "create", "delete", "remove", "save", "set", "update",
        "bulk_create", "bulk_update", "get_or_create", "update_or_create",
    }
)  # fmt: skip


def lack(frame: Frame | None, run: RunExternal) -> tuple[Origin, Lack] | None:
    """What a query for a single row fetches, with the origin of the row; None for any other run.

    On an event loop it fetches nothing but raises an exception.
    """
    receiver = run.receiver
    origin = origin_of(receiver) if receiver is not None else None
    if receiver is None or origin is None or origin.consumed is None:
        return None
    if frame is not None and frame.scope.is_async:
        return None
    if run.name.endswith(".__get__"):
        name = run.arguments.get(0)
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return None
        kind = Kind.COLUMN if run.name == DEFERRED else Kind.RELATION
        hop = Hop(name.value, joins=run.name in _JOINED)
        return origin, Lack(kind, (*origin.hops, hop))
    query = rows.query_of(receiver)
    method = run.name.rpartition(".")[2]
    if query is None or not origin.hops or method in _WRITING:
        return None
    if query.fetched and method in _ANSWERED:
        return None
    if query.bypassed or query.fetched:
        kind = Kind.BYPASSED
    elif query.narrowed or method not in _ANSWERED:
        kind = Kind.NARROWED
    else:
        kind = Kind.COLLECTION
    return origin, Lack(kind, origin.hops, query.narrowed or method)


def loading(lacks: Sequence[Lack]) -> str:
    """``.select_related("author").prefetch_related("tags")``."""
    joined = _calls("select_related", [one for one in lacks if _joins(one)])
    return joined + _calls("prefetch_related", [one for one in lacks if not _joins(one)])


def _joins(lack: Lack) -> bool:
    return all(hop.joins for hop in lack.hops)


def _calls(method: str, lacks: Iterable[Lack]) -> str:
    paths = list(dict.fromkeys("__".join(hop.name for hop in one.hops) for one in lacks))
    # A path fetches what lies on the way, too.
    ends = [p for p in paths if not any(other.startswith(f"{p}__") for other in paths)]
    named = ", ".join([f'"{path}"' for path in sorted(ends)])
    return f".{method}({named})" if ends else ""
