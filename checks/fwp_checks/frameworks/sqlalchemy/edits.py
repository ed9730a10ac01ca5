"""Edits that make a query of SQLAlchemy load more along.

Source: sqlalchemy/orm/query.py and sqlalchemy/orm/strategy_options.py of SQLAlchemy 2.1.9: options
of a query add up, and so do several that name the same relation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit
from fwp_checks.frameworks.sqlalchemy.lacks import ends, option
from fwp_checks.project.rows.edits import Call, Dialect, add_calls, add_import, names_before

if TYPE_CHECKING:
    from fwp_checks.facts.model import ModuleFacts
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.meaning.origins import Hop
    from fwp_checks.project.rows.needs import Lack

_COMBINED = frozenset({"union", "union_all", "intersect", "except_", "subquery", "cte"})
# PostgreSQL refuses to lock rows of an outer join.
_LOCKED = frozenset({"with_for_update"})
QUERIES = Dialect(ending=frozenset(), excluded={"options": _COMBINED | _LOCKED})


def load_along(lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
    """The edits that make the query built at a term load along what is lacking, with the imports
    that they need. None at all if it is not certain how.
    """
    text, path, facts = module.text, module.path, module.facts
    ways = ends(lacking)
    spelt = {hop.owner: _spelling(module, term, hop) for way in ways for hop in way}
    if text is None or not all(spelt.values()):
        return ()
    if not all(_is_asked_for(facts, term, way[0].owner) for way in ways):
        return ()
    options = {option([hop._replace(owner=spelt[hop.owner]) for hop in way]) for way in ways}
    calls = [Call("options", tuple(sorted(options)))]
    before = names_before(facts, term)
    found = add_calls(path, text, facts.span(term), calls, QUERIES, before)
    if not found:
        return ()
    loaders = {"joinedload" if hop.joins else "selectinload" for way in ways for hop in way}
    imports = add_import(path, text, facts, "sqlalchemy.orm", sorted(loaders))
    return () if imports is None else (*imports, *found)


def _is_asked_for(facts: ModuleFacts, term: int, owner: str) -> bool:
    """Whether a query asks for objects of a class itself: of an alias, an option would have to
    speak of the alias.

    A chain whose beginning is not here is taken to ask for the class.
    """
    terms = facts.terms
    while terms[term][0] in (t.CALL, t.ATTR, t.ALIAS, t.NARROW):
        entry = terms[term]
        called = terms[entry[1]]
        if entry[0] == t.CALL and called[0] in (t.ATTR, t.NAME, t.IMPORT):
            name = called[1] if called[0] == t.NAME else called[2]
            if name in ("query", "select"):
                return any(_names(facts, argument, owner) for argument in entry[2])
        term = entry[1]
    return True


def _names(facts: ModuleFacts, term: int, class_name: str) -> bool:
    """Whether a term is a class by its name, or by the name that it was imported from."""
    entry = facts.terms[term]
    if entry[0] == t.NAME:
        bound = facts.scopes[0].bindings.get(entry[1], -1)
        return entry[1] == class_name or (bound >= 0 and _names(facts, bound, class_name))
    if entry[0] == t.DEFINITION:
        return facts.scopes[entry[1]].name == class_name
    return entry[0] in (t.ATTR, t.IMPORT) and entry[2] == class_name


def _spelling(module: Module, term: int, hop: Hop) -> str:
    """How a module calls the class of a relation; empty if that is not certain.

    It is imported, perhaps by another name; it is defined there; or the query itself calls it
    ``models.Post``.
    """
    facts = module.facts
    terms, top = facts.terms, facts.scopes[0].bindings
    names = [
        name
        for name, bound in top.items()
        if terms[bound][0] == t.IMPORT and terms[bound][2] == hop.owner
    ]
    own = terms[top[hop.owner]] if hop.owner in top else (t.UNKNOWN,)
    if own[0] == t.DEFINITION and hop.name in facts.scopes[own[1]].bindings:
        names.append(hop.owner)
    if names:
        return hop.owner if hop.owner in names else sorted(names)[0]
    # What the query is built of comes before it.
    for number in range(facts.scopes[module.code_scope_of(term)].start, term):
        entry = terms[number]
        if entry[0] == t.ATTR and entry[2] == hop.owner:
            base = terms[entry[1]]
            bound = top.get(base[1]) if base[0] == t.NAME else None
            if bound is not None and terms[bound][0] == t.IMPORT:
                return f"{base[1]}.{hop.owner}"
    return ""
