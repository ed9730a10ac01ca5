"""What a call hands over, and whether a function has parameters for it: where it has not, the call
raises before the function runs.
"""

from __future__ import annotations

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame

_NAMED: tuple[str, ...] = ("any", "keyword")


def may_take(terms: list[t.Term], call: int, callee: Frame, bound: int) -> bool:
    """Whether a function, of which the first parameters are ``bound`` already, takes the arguments
    of a call, as far as they are spelt out. What is decorated may have other parameters, and what a
    template defines has what it reads of the context besides.
    """
    entry = terms[call]
    scope = callee.scope
    if (
        entry[0] != t.CALL
        or callee.module.is_template
        or scope.decorators
        or scope.name == "__init__"
    ):
        return True
    positional = len(entry[2])
    names = set()
    for name, _ in entry[3]:
        names.add(name)
    if None in names or any(terms[argument][0] == t.STAR for argument in entry[2]):
        return True
    places = -bound
    for parameter in scope.parameters:
        kind = parameter.kind
        if kind in ("*", "**"):
            return True
        if kind != "keyword":
            places += 1
    if positional > places:
        return False
    for index, parameter in enumerate(scope.parameters):
        if parameter.kind in _NAMED and parameter.name in names:
            names.discard(parameter.name)
        elif index >= positional + bound and parameter.default < 0:
            return False
    return not names


def argument_at(module: Module, call: int, place: str) -> int | None:
    """The term of an argument of a call, by its position or name."""
    entry = module.facts.terms[call]
    if entry[0] != t.CALL:
        return None
    if place.isdigit():
        return entry[2][int(place)] if int(place) < len(entry[2]) else None
    return next((term for name, term in entry[3] if name == place), None)
