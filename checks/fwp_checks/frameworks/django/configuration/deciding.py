"""What decides a condition in settings: the values whose truth it asks for, wherever they are
bound. Two tests that ask for the same value come out alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module

_SAME = (t.TRUTH, t.ALIAS, t.NARROW, t.DECLARED)
_MOST_STEPS = 20


def decided_by(module: Module, term: int, holds: bool) -> Iterator[tuple[int, bool]]:
    """The values that a condition asks for, as terms of the module, and what each must come out as
    for it to hold or not to, if anything must; the condition itself where several could decide.
    """
    terms = module.facts.terms
    for _ in range(_MOST_STEPS):
        entry = terms[term]
        if entry[0] in _SAME and entry[1] >= 0:
            term = entry[1]
        elif entry[0] == t.UNARY and entry[1] == "not":
            term, holds = entry[2], not holds
        elif entry[0] == t.NAME and module.facts.scopes[0].bindings.get(entry[1], -1) >= 0:
            term = module.facts.scopes[0].bindings[entry[1]]
        else:
            break
    entry = terms[term]
    if entry[0] == t.BOOL and holds is (entry[1] == "and"):
        for operand in entry[2]:
            yield from decided_by(module, operand, holds)
    else:
        yield term, holds
