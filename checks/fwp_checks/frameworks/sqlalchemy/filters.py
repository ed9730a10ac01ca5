"""What filters say of all rows that they leave: columns and relations in which these agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.project.meaning.values import Arguments, ClassValue, Instance, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.frameworks.sqlalchemy.rows import Query
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


def agreeing(project: Project, query: Query, method: str, arguments: Arguments) -> frozenset[str]:
    """The columns and relations in which all rows agree that a method of a query leaves."""
    if method == "filter_by":
        return frozenset(name for name, _ in arguments.keywords)
    if method == "with_parent":
        return _leading_to(project, query, arguments.get(0, "instance"))
    module = project.table.by_path.get(arguments.site[0]) if arguments.site is not None else None
    if module is None or arguments.site is None or method not in ("filter", "where"):
        return frozenset()
    terms = module.facts.terms
    compared = [terms[term] for term in arguments.terms]
    if not any(entry[0] == t.COMPARE and entry[1] == "==" for entry in compared):
        return frozenset()
    frame = project.frame_of_scope(module, module.code_scope_of(arguments.site[1]))
    found: set[str] = set()
    for entry in compared:
        if entry[0] == t.COMPARE and entry[1] == "==":
            found.update(_compared(project, query, frame, entry[2:4]))
    return frozenset(found)


def _compared(
    project: Project, query: Query, frame: Frame, sides: tuple[int, ...]
) -> Iterator[str]:
    """What ``Post.author == user`` fixes. ``Post.author_id == User.id`` joins two tables."""
    terms = frame.module.facts.terms
    owners = [_owner(project, frame, side) for side in sides]
    if None not in owners:
        return
    for side, owner in zip(sides, owners, strict=True):
        if terms[side][0] != t.ATTR:
            continue
        yield terms[side][2]
        if owner is not None and Mappers.of(project).is_unique(owner, terms[side][2]):
            yield from _leading_by_key(project, query, owner)


def _owner(project: Project, frame: Frame, term: int) -> ClassValue | None:
    """The mapped class whose column something is."""
    terms = frame.module.facts.terms
    entry = root = terms[term]
    while root[0] == t.ATTR:
        root = terms[root[1]]
    if entry[0] != t.ATTR or root[0] not in (t.NAME, t.IMPORT, t.PARAM):
        return None
    for option in options_of(project.values.evaluate(frame, entry[1])):
        if isinstance(option, ClassValue) and Mappers.of(project).is_mapped(option):
            return option
    return None


def _leading_by_key(project: Project, query: Query, target: ClassValue) -> Iterator[str]:
    """The one relation of the rows that leads to objects of a class."""
    mappers = Mappers.of(project)
    for column in query.columns:
        if isinstance(column, ClassValue) and target not in mappers.line(column):
            named = [one.name for one in mappers.relations(column) if one.target == target]
            if len(named) == 1:
                yield named[0]


def _leading_to(project: Project, query: Query, parent: Value | None) -> frozenset[str]:
    """The relations of the rows that lead, or may, to the one object whose rows a query is limited
    to.
    """
    mappers = Mappers.of(project)
    class_ = parent.class_ if isinstance(parent, Instance) else None
    return frozenset(
        relation.name
        for column in query.columns
        if isinstance(column, ClassValue)
        for relation in mappers.relations(column)
        if relation.by_key and class_ in (None, relation.target)
    )
