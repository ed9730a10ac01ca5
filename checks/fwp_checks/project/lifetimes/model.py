"""What is opened where, and what each request does about it, in records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.meaning.frames import Frame, FunctionKey

_LOOPS = ("for", "comprehension")
_FEW = 10


class Keeping(Enum):
    """How long what a call gives is kept beyond the function that calls."""

    PROCESS = "process"
    OBJECT = "object"


@dataclass(slots=True, unsafe_hash=True)
class Opening:
    """A call that opens something: in ``frame``, at ``term``. ``name`` is the library's dotted
    name, ``row`` says what is opened. ``is_lent``: its arguments bring the connections along.
    """

    frame: Frame
    term: int
    name: str
    row: EffectRow
    is_lent: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Step:
    """``function`` is called at ``term`` of ``frame``. ``given`` are the terms passed for its
    parameters by their positions, None where some of them are hidden (``*args``).
    """

    frame: Frame
    term: int
    function: FunctionKey
    given: dict[int, int] | None = field(compare=False)


@dataclass(slots=True, unsafe_hash=True)
class Way:
    """How a request comes to open something: the function that it runs, what that is to its
    framework, and the calls from there to the opening, which is the last one.
    """

    function: FunctionKey
    label: str
    chain: tuple[Call, ...]
    is_in_loop: bool = False


@dataclass(slots=True, unsafe_hash=True)
class PerRequest:
    """Something that requests open anew each time, and the ways that lead to it, shortest first."""

    opening: Opening
    ways: tuple[Way, ...]


BRANCHES = ("if", "else", "except", "case")


def is_conditional(opening: Opening) -> bool:
    """Whether something is opened in one of several ways, by what is configured."""
    frame = opening.frame
    return any(
        region.kind in BRANCHES and region.start <= opening.term < region.end
        for region in frame.module.regions_in(frame.scope_number)
    )


def is_in_loop(frame: Frame, term: int) -> bool:
    """Whether a term runs for each of many things; loops that count try again, or wait, and what
    stands in a branch that returns runs for the one that is looked for.
    """
    terms = frame.module.facts.terms
    return any(
        region.kind in _LOOPS
        and not region.exits
        and region.start <= term < region.end
        and not _counts(terms, region.term)
        and not _is_of_one(frame, region, term)
        for region in frame.module.regions_in(frame.scope_number)
    )


def _is_of_one(frame: Frame, loop: Region, term: int) -> bool:
    """Whether a term stands in a branch of a loop that returns after it."""
    return any(
        region.kind in BRANCHES
        and loop.start <= region.start <= term < region.end <= loop.end
        and any(term < returned < region.end for returned in frame.scope.returns)
        for region in frame.module.regions_in(frame.scope_number)
    )


def _counts(terms: list[t.Term], element: int) -> bool:
    """Whether a loop goes over a range that is not written to be long."""
    iterable = terms[terms[element][1]] if element >= 0 and terms[element][0] == t.ITER else ()
    if not iterable or iterable[0] != t.CALL or terms[iterable[1]] != (t.NAME, "range"):
        return False
    last = terms[iterable[2][-1]] if iterable[2] else ()
    return not (last and last[0] == t.CONST and isinstance(last[1], int) and last[1] > _FEW)
