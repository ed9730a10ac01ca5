"""Branches that one round of a loop takes at most, since what the loop goes through are keys or
numbers, each of which comes once: ``for name, value in given.items(): if name == "region": …``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.tested import Tested, tests_around
from fwp_checks.project.meaning.values import External, MappingValue, Member, Unknown, options_of
from fwp_checks.project.rows.rounds import differs

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# The first of what these give in each round is another one each time.
_OF_PAIRS = ("items", "enumerate")
_OF_KEYS = ("keys", "range")
_SAME = ("==", "is")
_OTHER = ("!=", "is not")


def is_for_one_round(project: Project, frame: Frame, loop: Region, term: int) -> bool:
    """Whether a term of a loop stands in a branch for one of the loop's keys."""
    return any(
        loop.start <= one.start and _tells_keys_apart(project, frame, loop, one)
        for one in tests_around(frame.module, frame.scope_number, term)
    )


def _tells_keys_apart(project: Project, frame: Frame, loop: Region, test: Tested) -> bool:
    entry = frame.module.facts.terms[test.term]
    if entry[0] != t.COMPARE or entry[1] not in (_SAME if test.holds else _OTHER):
        return False
    return any(
        _is_key(project, frame, loop, one) and not differs(frame, other, [loop])
        for one, other in ((entry[2], entry[3]), (entry[3], entry[2]))
    )


def _is_key(project: Project, frame: Frame, loop: Region, term: int) -> bool:
    """Whether a term is what a loop has another one of in each round."""
    terms = frame.module.facts.terms
    names = _OF_KEYS
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.UNPACK and entry[2] == 0:
        names = _OF_PAIRS
        entry = terms[t.unaliased(terms, entry[1])]
    if entry[0] != t.ITER or entry is not terms[t.unaliased(terms, loop.term)]:
        return False
    given = t.unaliased(terms, entry[1])
    if terms[given][0] == t.CALL:
        function = project.values.evaluate(frame, terms[given][1])
        return any(
            _is_named(frame, terms[given][1], option, names) for option in options_of(function)
        )
    return names is _OF_KEYS and isinstance(project.values.evaluate(frame, given), MappingValue)


def _is_named(frame: Frame, term: int, function: object, names: tuple[str, ...]) -> bool:
    """Whether a function is Python's of one of these names; methods of something unknown may be."""
    if isinstance(function, (External, Member)):
        return function.name.rpartition(".")[2] in names
    entry = frame.module.facts.terms[term]
    return isinstance(function, Unknown) and entry[0] == t.ATTR and entry[2] in names
