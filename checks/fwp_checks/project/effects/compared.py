"""Comparisons with literals: ``algorithm.upper() == "RSA"``, ``mode not in ("a", "b")``."""

from __future__ import annotations

from typing import NamedTuple

from fwp_checks.facts import terms as t

_IS_EQUAL: dict[str, bool] = {
    "==": True,
    "!=": False,
    "is": True,
    "is not": False,
    "in": True,
    "not in": False,
}
_SWAPPED: frozenset[str] = frozenset({"==", "!="})
_AMONG: frozenset[str] = frozenset({"in", "not in"})
# Texts are compared in one of these forms, https://docs.python.org/3/library/stdtypes.html.
_FORMS: frozenset[str] = frozenset({"casefold", "lower", "strip", "upper"})


class Compared(NamedTuple):
    """A term, in a ``form`` (the name of a method of texts, or empty), is asked to be (not
    ``is_equal``: not to be) one of some literals.
    """

    term: int
    form: str
    literals: tuple[object, ...]
    is_equal: bool


def compared(terms: list[t.Term], entry: t.Term) -> Compared | None:
    """What a COMPARE term asks, if it compares with literals."""
    operator = entry[1]
    asked, other = entry[2], entry[3]
    if operator in _SWAPPED and terms[asked][0] == t.CONST:
        asked, other = other, asked
    is_equal = _IS_EQUAL.get(operator)
    if is_equal is None:
        return None
    wanted: tuple[int, ...] = (other,)
    if operator in _AMONG:
        if terms[other][0] != t.SEQUENCE:
            return None
        wanted = tuple(terms[other][2])
    if any(terms[one][0] != t.CONST for one in wanted):
        return None
    literals = tuple([terms[one][1] for one in wanted])
    called = terms[t.unaliased(terms, asked)]
    form = ""
    if called[0] == t.CALL and not called[2] and not called[3]:
        method = terms[called[1]]
        if method[0] == t.ATTR and method[2] in _FORMS:
            asked, form = method[1], method[2]
    return Compared(asked, form, literals, is_equal)


def is_literal(terms: list[t.Term], term: int) -> bool:
    """Whether a term is a literal, perhaps by way of a local variable."""
    return bool(terms[t.unaliased(terms, term)][0] == t.CONST)


def formed(value: object, form: str) -> object:
    """A literal in a form; None where it has no such form."""
    if not form:
        return value
    if not isinstance(value, str):
        return None
    if form == "upper":
        return value.upper()
    if form == "strip":
        return value.strip()
    return value.lower() if form == "lower" else value.casefold()
