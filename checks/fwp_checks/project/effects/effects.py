"""Effects: what functions do that their callers inherit, with the shortest chain of calls that
proves it.

An effect starts at library functions (catalogue rows) and is carried up the call graph. The search
starts at all of them at once and goes up breadth first, which settles cycles and gives each
function its shortest chain. An event whose callee is one of several has an effect only if all of
them do, but for those that stand in for the others; if most of them do, it may have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.call_graph import CallGraph
from fwp_checks.project.effects.doubts import Doubts
from fwp_checks.project.effects.handlers import Refusals, is_refused
from fwp_checks.project.effects.ranks import is_brief, ranked, slowness
from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Alternative, Run, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    Constant,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


# A frame needs no more than a few proofs, each under other conditions.
_MAX_PROOFS = 4


Starts = Callable[[RunExternal], EffectRow | None]
"""The row by which a library run has an effect."""


@dataclass(slots=True, unsafe_hash=True)
class Link:
    """One link of a chain: in ``frame``, at ``term``, ``run`` runs. ``is_one_of``: or a method of
    another class, which only stands in for that.
    """

    frame: Frame
    term: int
    run: Run
    is_one_of: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Proof:
    """Why a frame has an effect: what one of its events runs, and why that has it.

    ``requirements`` is what the frame's parameters must be for it. ``rank`` puts first what always
    runs, and of that what may take longest. ``is_open``: what the event runs has it only under a
    test of which nothing says how it comes out; ``asked`` is what such tests ask of parameters.
    ``is_choice``: on the way, most of several callees have it, but not all, or it has to be asked
    for. ``is_brief``: it only waits for a lock. ``is_refused``: Django refuses it; ``is_caught``:
    and somebody on the way catches that. ``is_one_of``: other callees only stand in for this one.
    """

    event: Event
    run: Run
    inner: Proof | None
    requirements: Requirements
    rank: int
    is_open: bool = False
    asked: Requirements = NOTHING
    is_choice: bool = False
    is_refused: bool = False
    is_caught: bool = False
    is_brief: bool = False
    is_one_of: bool = False

    @property
    def is_left_open(self) -> bool:
        """Whether a test is open for this frame: what it asks of an object's making, too."""
        return self.is_open or any(need.owner is not None for need in self.asked)

    @property
    def says_all(self) -> bool:
        """Whether no other proof of the same frame says more: it asks for nothing, and nothing is
        open or doubtful.
        """
        doubtful = self.is_open or self.is_choice or self.is_caught or self.is_brief
        return not (doubtful or self.requirements or self.asked)


class Effects:
    """Carries one effect up the calls of a set of frames.

    ``starts`` gives the row by which a library run has the effect. ``each_time`` leaves out what
    happens once for each of some keys; ``each_object`` keeps of that what is remembered with an
    object, as there may be an object for each request. Without ``refused`` what
    functions refuse to do on a loop does not count. With ``mostly`` an event may have the effect if
    most of several callees do, of which the application's settings choose one, as a rule; it has
    it if the others only stand in for those that do.
    ``refusals`` tells where a query that Django refuses is caught: other proofs come first.
    """

    def __init__(
        self,
        project: Project,
        calls: CallGraph,
        starts: Starts,
        each_time: bool = False,
        each_object: bool = False,
        refused: bool = True,
        mostly: bool = False,
        refusals: Refusals | None = None,
    ) -> None:
        self._refusals = refusals
        self._refused = refused
        self._mostly = mostly
        self._each_time = each_time
        self._each_object = each_object
        self._conditions = project.conditions
        self._passed = project.passed
        self._doubts = Doubts(project)
        self._opt_ins = project.behaviours.opt_ins
        self._stand_ins = project.behaviours.stand_ins
        self._known: dict[Frame, list[Proof]] = {}
        # For an event, the proofs for each of the callees it may have.
        self._found: dict[Frame, dict[int, list[list[Proof]]]] = {}
        self._waiting: list[tuple[Frame, Proof]] = []
        # Who asks for effects often holds them: it is not held in turn, so both end together.
        self._search(calls, starts)

    def _search(self, calls: CallGraph, starts: Starts) -> None:
        starting: list[tuple[int, Frame, Event, int, RunExternal, EffectRow]] = []
        for frame, event, index, run in calls.libraries:
            row = starts(run) if self._counts(frame, event) else None
            if row is not None:
                rank = ranked(slowness(row.kind, run.name), frame, event.term)
                starting.append((rank, frame, event, index, run, row))
        starting.sort(key=itemgetter(0))
        for rank, frame, event, index, run, row in starting:
            requirements = self._conditions.of_row(frame, event.term, row)
            proof = Proof(event, run, None, requirements, rank)
            proof.is_refused = self._refusals is not None and is_refused(row, run.name)
            proof.is_brief = is_brief(run.name)
            self._settle(frame, index, proof)
        while self._waiting:
            settled, self._waiting = self._waiting, []
            reached: dict[Frame, list[_Way]] = {}
            for callee, inner in settled:
                for frame, event, index in calls.callers(callee):
                    if self._counts(frame, event):
                        rank = ranked(inner.rank, frame, event.term)
                        reached.setdefault(frame, []).append((rank, event, index, callee, inner))
            for frame, ways in reached.items():
                if len(ways) > 1:
                    ways.sort(key=_place)
                for rank, event, index, callee, inner in ways:
                    left = self._passed.left(inner.requirements, frame, event.term, callee)
                    if left is not None:
                        proof = Proof(event, RunFrame(callee), inner, left, rank, inner.is_open)
                        proof.is_choice = inner.is_choice
                        proof.is_refused = inner.is_refused
                        proof.is_caught = inner.is_caught
                        proof.is_brief = inner.is_brief
                        if inner.asked:
                            self._answer(proof, inner.asked, frame, callee)
                        self._settle(frame, index, proof)

    def _counts(self, frame: Frame, event: Event) -> bool:
        """Whether the effect is asked for where an event happens as this one does."""
        if event.is_refused and not self._refused:
            return False
        if not event.is_remembered or not self._each_time:
            return True
        return self._each_object and is_kept_by_object(frame, event)

    def _answer(self, proof: Proof, asked: Requirements, frame: Frame, callee: Frame) -> None:
        """Note which tests of a callee's parameters a call leaves open, or to its own caller."""
        left = self._doubts.answered(asked, frame, proof.event.term, callee)
        if left is None:
            proof.is_open = True
        else:
            proof.asked = left

    def _settle(self, frame: Frame, index: int, proof: Proof) -> None:
        """Note that a callee of an event has the effect; if every one has, so has the frame."""
        event = proof.event
        events = self._found.setdefault(frame, {})
        found = events.get(event.term)
        if found is None:
            found = events[event.term] = [[] for _ in event.alternatives]
        if _says_as_much(found[index], proof):
            return
        found[index].append(proof)
        known = self._known.setdefault(frame, [])
        if _is_complete(known):
            return
        is_choice = proof.is_choice or self._opt_ins.has(frame, event.term)
        is_one_of = self._waits(frame, found)
        if not is_one_of and not all(found):
            if not self._mostly or not _are_most(found):
                return
            is_choice = True
        requirements = self._conditions.of(frame, event.term) | proof.requirements
        is_open, asked = self._doubts.of(frame, event.term)
        is_open = is_open or proof.is_open
        asked |= proof.asked
        is_caught = proof.is_caught or (
            proof.is_refused
            and self._refusals is not None
            and self._refusals.is_caught(frame, event.term)
        )
        for other, proofs in enumerate(found):
            if other != index and proofs:
                least = min(proofs, key=_openness)
                requirements |= least.requirements
                is_open = is_open or least.is_open
                asked |= least.asked
                is_choice = is_choice or least.is_choice
        if len(known) == _MAX_PROOFS - 1:
            # There may be more cases than proofs: the last one holds for the cases of any literal.
            requirements = frozenset([need for need in requirements if not need.is_compared])
        first = proof if index == 0 or not found[0] else found[0][0]
        settled = Proof(event, first.run, first.inner, requirements, first.rank, is_open, asked)
        settled.is_choice = is_choice
        settled.is_refused = first.is_refused
        settled.is_caught = is_caught
        settled.is_brief = first.is_brief
        settled.is_one_of = is_one_of
        if not _says_as_much(known, settled):
            known.append(settled)
            self._waiting.append((frame, settled))

    def reaches(self, frame: Frame) -> bool:
        """Whether something of a frame has the effect, or some callee of it."""
        return frame in self._found

    def chain(self, frame: Frame, event: Event) -> tuple[Link, ...] | None:
        """The chain from an event of a frame to the library call that proves the effect; None if it
        has none.
        """
        links, _ = self.proven(frame, event)
        return links or None

    def proven(
        self,
        frame: Frame,
        event: Event,
        by_nobody: Callable[[Requirements], bool] | None = None,
    ) -> tuple[tuple[Link, ...], bool]:
        """The chain, and whether it is open: a helper does it only under a test of which nothing
        says how it comes out, or most of several callees do it, but not all, or it is done only
        where somebody asks for it. What is asked for ``by_nobody`` proves nothing.
        """
        events = self._found.get(frame)
        found = events.get(event.term) if events is not None else None
        if found is None:
            return (), False
        if by_nobody is not None:
            found = [
                [proof for proof in proofs if not by_nobody(proof.requirements)] for proofs in found
            ]
        is_one_of = self._waits(frame, found)
        if not is_one_of and not all(found):
            if not self._mostly or not _are_most(found):
                return (), False
            return _links(frame, next(proofs[0] for proofs in found if proofs)), True
        known = next(proofs for proofs in found if proofs)
        first = _longest(known)
        links = _links(frame, first, is_one_of)
        if self._opt_ins.has(frame, event.term):
            return links, True
        is_doubtful = first.is_choice or first.is_left_open
        if not is_doubtful and not first.is_caught:
            return links, False
        sure = [proof for proof in known if not (proof.is_left_open or proof.is_choice)]
        if sure:
            uncaught = [proof for proof in sure if not proof.is_caught]
            return _links(frame, [*uncaught, *sure][0], is_one_of), False
        return links, is_doubtful

    def _waits(self, frame: Frame, found: list[list[Proof]]) -> bool:
        """Whether some callees of an event, but not all, have the effect for more than a moment,
        and the others only stand in for them.
        """
        if not self._mostly or all(found) or not any(found):
            return False
        event = next(proofs[0].event for proofs in found if proofs)
        sides: tuple[list[Alternative], list[Alternative]] = ([], [])
        for alternative, proofs in zip(event.alternatives, found, strict=True):
            sides[not proofs].append(alternative)
        is_brief = all(proof.is_brief for proofs in found for proof in proofs)
        return not is_brief and self._stand_ins.leave(frame, event.term, *sides)


def is_kept_by_object(frame: Frame, event: Event) -> bool:
    """Whether what an event gives is remembered with an object."""
    return event.is_remembered and frame.module.facts.terms[event.term][0] == t.ATTR


def _is_complete(known: list[Proof]) -> bool:
    """Whether no further proof of a frame would say more."""
    return len(known) >= _MAX_PROOFS or any(proof.says_all for proof in known)


def _says_as_much(known: list[Proof], new: Proof) -> bool:
    """Whether one of some proofs needs no more than another, and is no more open."""
    return any(
        proof.requirements <= new.requirements
        and (new.is_open or (not proof.is_open and proof.asked <= new.asked))
        and (new.is_choice or not proof.is_choice)
        and (new.is_caught or not proof.is_caught)
        and (new.is_brief or not proof.is_brief)
        for proof in known
    )


def _longest(known: list[Proof]) -> Proof:
    """The first proof, unless that only waits for a lock and another is as sure."""
    first = known[0]
    if first.is_brief:
        for proof in known:
            if not proof.is_brief and _doubts(proof) <= _doubts(first):
                return proof
    return first


def _doubts(proof: Proof) -> tuple[bool, bool, bool]:
    return proof.is_choice, proof.is_left_open, proof.is_caught


def _openness(proof: Proof) -> tuple[bool, bool, int]:
    return proof.is_choice, proof.is_open, len(proof.requirements)


def _are_most(found: list[list[Proof]]) -> bool:
    """Whether more than two thirds of the callees of an event have the effect."""
    return 3 * (len(found) - found.count([])) > 2 * len(found)


def _links(frame: Frame, first: Proof, is_one_of: bool = False) -> tuple[Link, ...]:
    proof: Proof | None = first
    links: list[Link] = []
    while proof is not None:
        is_one_of = is_one_of if proof is first else proof.is_one_of
        links.append(Link(frame, proof.event.term, proof.run, is_one_of))
        if isinstance(proof.run, RunFrame):
            frame = proof.run.frame
        proof = proof.inner
    return tuple(links)


_Way = tuple[int, Event, int, Frame, Proof]


def _place(way: _Way) -> tuple[int, int, int, str, int, int]:
    """The rank of a proof and where it goes on, for the same choice among equally short ones in
    whatever order frames were found.
    """
    rank, event, index, callee, inner = way
    path, scope = callee.function
    return rank, event.term, index, path, scope, inner.event.term


# A context switch lasts about as long.
_BLINK = 0.005


class Rows:
    """The catalogue rows that hold for library runs under the user's settings."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, run: RunExternal, effect: str) -> EffectRow | None:
        """The first row of this effect whose conditions hold for the call."""
        if self._project.configured.is_silent(run.name):
            return None
        for row in self._project.catalogue.effects(run.name):
            if row.effect == effect and self._project.libraries.row_applies(
                row.unless, row.when, run.arguments
            ):
                return None if row.kind == "sleep" and _is_a_blink(run) else row
        return None


def _is_a_blink(run: RunExternal) -> bool:
    """Whether a call sleeps for a written time that no one notices."""
    seconds = run.arguments.get(0)
    return (
        isinstance(seconds, Constant)
        and isinstance(seconds.value, (int, float))
        and seconds.value <= _BLINK
    )
