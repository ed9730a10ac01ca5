"""What is opened where, and what each request does about it, in records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fwp_checks.catalogue import EffectRow
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.meaning.frames import Frame, FunctionKey


class Keeping(Enum):
    """How long what a call gives is kept beyond the function that calls."""

    PROCESS = "process"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Opening:
    """A call that opens something: in ``frame``, at ``term``. ``name`` is the library's dotted
    name, ``row`` says what is opened. ``is_lent``: its arguments bring the connections along.
    """

    frame: Frame
    term: int
    name: str
    row: EffectRow
    is_lent: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """``function`` is called at ``term`` of ``frame``. ``given`` are the terms passed for its
    parameters by their positions, None where some of them are hidden (``*args``).
    """

    frame: Frame
    term: int
    function: FunctionKey
    given: dict[int, int] | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Way:
    """How a request comes to open something: the function that it runs, what that is to its
    framework, and the calls from there to the opening, which is the last one.
    """

    function: FunctionKey
    label: str
    chain: tuple[Call, ...]
    is_in_loop: bool = False


@dataclass(frozen=True, slots=True)
class PerRequest:
    """Something that requests open anew each time, and the ways that lead to it, shortest first."""

    opening: Opening
    ways: tuple[Way, ...]


BRANCHES = ("if", "else", "except", "case")


def is_conditional(opening: Opening) -> bool:
    """Whether something is opened in one of several ways, by what is configured."""
    frame = opening.frame
    return any(
        region.kind in BRANCHES
        and region.start <= opening.term < region.end
        for region in frame.module.regions_in(frame.scope_number)
    )
