"""Edits that make a query of SQLAlchemy load more along.

Source: sqlalchemy/orm/query.py and sqlalchemy/orm/strategy_options.py of SQLAlchemy 2.1.9: options
of a query add up, and so do several that name the same relation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Edit
from fwp_checks.frameworks.sqlalchemy.lacks import ends, option
from fwp_checks.project.edits import Call, Dialect, add_calls, add_import

if TYPE_CHECKING:
    from fwp_checks.project.modules import Module
    from fwp_checks.project.needs import Lack

_COMBINED = frozenset({"union", "union_all", "intersect", "except_", "subquery", "cte"})
# PostgreSQL refuses to lock rows of an outer join.
_LOCKED = frozenset({"with_for_update"})
_ENDING = frozenset(
    {
        "all", "count", "delete", "exists", "first", "first_or_404", "get", "get_or_404", "one",
        "one_or_404", "one_or_none", "paginate", "scalar", "update",
    }
)  # fmt: skip
QUERIES = Dialect(ending=_ENDING, excluded={"options": _COMBINED | _LOCKED})


def load_along(lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
    """The edits that make the query built at a term load along what is lacking, with the imports
    that they need. None at all if it is not certain how.
    """
    text, path, facts = module.text, module.path, module.facts
    known = facts.scopes[0].bindings
    ways = ends(lacking)
    if text is None or any(hop.owner not in known for way in ways for hop in way):
        return ()
    calls = [Call("options", tuple(sorted(map(option, ways))))]
    found = add_calls(path, text, facts.span(term), calls, QUERIES)
    if not found:
        return ()
    loaders = {"joinedload" if hop.joins else "selectinload" for way in ways for hop in way}
    imports = add_import(path, text, facts, "sqlalchemy.orm", sorted(loaders))
    return () if imports is None else (*imports, *found)
