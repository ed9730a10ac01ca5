"""Queries of SQLAlchemy's for a single row, and the options that would have loaded it along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.frameworks.sqlalchemy import rows
from fwp_checks.frameworks.sqlalchemy.instances import AWAITED_LOAD, FORBIDDEN, REFRESHED, REFUSED
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.project.meaning.origins import Hop, Origin, origin_of
from fwp_checks.project.meaning.values import ClassValue, Constant, Instance
from fwp_checks.project.rows.needs import Kind, Lack

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.outcome import RunExternal

# More than this nobody reads in a message.
_MOST_OPTIONS = 4
# It asks for what is there already, too.
_UNREFRESHED = ("leave out refresh()",)
_WRITING = frozenset({"delete", "update", "append", "add", "remove", "extend"})


def lack(project: Project, run: RunExternal) -> tuple[Origin, Lack] | None:
    """What a query for a single row fetches, with the origin of the row; None for any other run.

    In the hands of an asynchronous session it fetches nothing but raises an exception, unless it is
    awaited.
    """
    receiver = run.receiver
    origin = origin_of(receiver) if receiver is not None else None
    if not isinstance(receiver, Instance) or origin is None or origin.consumed is None:
        return None
    if run.name in (rows.LAZY_LOAD, AWAITED_LOAD):
        if run.name == rows.LAZY_LOAD and is_refused(run):
            return None
        name = run.arguments.get(0)
        class_ = receiver.class_
        if not isinstance(name, Constant) or not isinstance(class_, ClassValue):
            return None
        relation = Mappers.of(project).relation(class_, str(name.value))
        if relation is None:
            return None
        hop = Hop(relation.name, relation.is_many is False, class_.name)
        kind = Kind.RELATION if hop.joins else Kind.COLLECTION
        row = rows.row_of(receiver)
        way = row.way if row is not None else origin.hops
        if origin.built is None:
            # Several queries may give the object whose collection is gone through.
            way = way[max(0, len(way) - len(origin.hops) - 1) :]
        besides = _UNREFRESHED if run.arguments.keywords == REFRESHED else ()
        by_key = hop.joins and relation.by_key
        return origin, Lack(kind, (*way, hop), "", besides, by_key=by_key)
    method = run.name.rpartition(".")[2]
    if rows.query_of(receiver) is None or not origin.hops or method in _WRITING:
        return None
    return origin, Lack(Kind.NARROWED, origin.hops, method)


def is_refused(run: RunExternal) -> bool:
    """Whether a lazy load is one that an asynchronous session, or the mapping, refuses."""
    return run.name == rows.LAZY_LOAD and run.arguments.keywords in (REFUSED, FORBIDDEN)


def loading(lacks: Sequence[Lack]) -> str:
    """``.options(joinedload(Post.author), selectinload(Post.comments))``."""
    options = sorted(option(way) for way in ends(lacks))
    more = ["…"] if len(options) > _MOST_OPTIONS else []
    besides = dict.fromkeys(text for one in lacks for text in one.besides)
    calls = f".options({', '.join(options[:_MOST_OPTIONS] + more)})" if options else ""
    return "; ".join((calls, *besides))


def ends(lacks: Sequence[Lack]) -> list[tuple[Hop, ...]]:
    """The ways to what is lacking; an option loads what lies on the way, too."""
    ways = dict.fromkeys(lack.hops for lack in lacks)
    return [way for way in ways if not any(o[: len(way)] == way != o for o in ways)]


def option(way: Sequence[Hop]) -> str:
    """``selectinload(Post.comments).joinedload(Comment.author)``."""
    return ".".join(
        f"{'joinedload' if hop.joins else 'selectinload'}({hop.owner}.{hop.name})" for hop in way
    )
