"""Where a generator was made whose body runs where something goes through it."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module

# enumerate(islice(rows(), 5)): how many calls may stand around the one that made the generator.
_MOST_LEVELS = 3


def makers(module: Module, consumer: int, levels: int = _MOST_LEVELS) -> Iterator[int]:
    """The calls of the same function whose results a term goes through, enters or hands to a call,
    by way of local variables or of other calls.
    """
    terms = module.facts.terms
    entry = terms[consumer]
    operands = entry[2] if entry[0] == t.CALL else entry[1:2]
    for operand in operands:
        if not isinstance(operand, int):
            continue
        made = t.unaliased(terms, operand)
        if terms[made][0] == t.CALL and module.scope_of(made) == module.scope_of(consumer):
            yield made
            if levels > 1:
                yield from makers(module, made, levels - 1)
