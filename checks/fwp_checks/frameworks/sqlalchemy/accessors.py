"""The names that mappings give to attributes of classes whose bodies do not have them: ``backref=``
of the other class, and imperative mappings, as they are written.

https://docs.sqlalchemy.org/en/20/orm/backref.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy import imperative

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_KEYWORD = "backref"


def names(project: Project) -> frozenset[str] | None:
    """All of them in a project; None where some may be written in another way."""
    found = set(imperative.names(project))
    for module in project.table.modules:
        for given in _given(module):
            name = _name(module.facts.terms, given)
            if name is None:
                return None
            found.add(name)
    return frozenset(found)


def _given(module: Module) -> Iterator[int]:
    """The terms that are handed on under that keyword, in calls or in what is spread into one."""
    terms = module.facts.terms
    for call in module.calls:
        for keyword, term in terms[call][3]:
            if keyword == _KEYWORD:
                yield term
    for mapping in module.of_kind(t.MAPPING):
        for key, term in terms[mapping][1]:
            if key >= 0 and terms[key] == (t.CONST, _KEYWORD):
                yield term


def _name(terms: list[t.Term], term: int) -> str | None:
    """``"posts"``, ``backref("posts", lazy="dynamic")``."""
    entry = terms[term]
    if entry[0] == t.CALL and entry[2]:
        entry = terms[entry[2][0]]
    return entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else None
