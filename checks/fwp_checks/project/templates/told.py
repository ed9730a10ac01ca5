"""What functions that are given the whole context of a template read of it: tags of a project that
take it along, of which most want the request.
"""

from __future__ import annotations

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import FunctionValue, Value

# Methods of a mapping that are asked for one key.
_BY_KEY = frozenset({"get", "pop", "setdefault"})
# What gives all variables of a function.
_ALL_LOCALS = frozenset({"locals", "vars"})


def names_read(function: Value) -> frozenset[str] | None:
    """The names that a function reads of the mapping that is its first argument; None if it may be
    any: it hands the mapping on, or goes through it.
    """
    if not isinstance(function, FunctionValue):
        return None
    module, number = function.module, function.scope
    scopes = module.facts.scopes
    if any(scope.parent == number for scope in scopes) or not scopes[number].parameters:
        return None
    found: set[str] = set()
    # The terms of what is read from the mapping: its methods, by name.
    methods: dict[int, str] = {}
    mapping = -1
    terms = module.facts.terms
    for term in range(scopes[number].start, scopes[number].end):
        entry = terms[term]
        kind: int = entry[0]
        if entry == (t.PARAM, 0):
            mapping = term
        elif kind == t.NAME:
            if entry[1] in _ALL_LOCALS:
                return None
        elif kind == t.ATTR and entry[1] == mapping:
            methods[term] = entry[2]
        elif not _reads_one(terms, entry, mapping, methods, found):
            return None
    given = scopes[number].returns
    return None if mapping in given or any(one in methods for one in given) else frozenset(found)


def _reads_one(
    terms: list[t.Term], entry: t.Term, mapping: int, methods: dict[int, str], found: set[str]
) -> bool:
    """Whether a term reads nothing of a mapping but what stands under a text, which is added to
    what was ``found``.
    """
    kind: int = entry[0]
    used = [one for one in t.operands(entry) if one == mapping or one in methods]
    if not used:
        return True
    if len(used) > 1:
        return False
    key = -1
    if kind == t.STORE_ITEM and entry[1] == mapping:
        return True
    is_asked = kind == t.COMPARE and entry[1] in ("in", "not in") and entry[3] == mapping
    if is_asked or (kind == t.ITEM and entry[1] == mapping):
        key = entry[2]
    elif kind == t.CALL and entry[1] in methods:
        method = methods[entry[1]]
        if method not in _BY_KEY:
            # Of what a context has that a mapping has not, nothing is known.
            return not hasattr(dict, method)
        key = entry[2][0] if entry[2] else -1
    if key < 0 or terms[key][0] != t.CONST or not isinstance(terms[key][1], str):
        return False
    found.add(terms[key][1])
    return True
