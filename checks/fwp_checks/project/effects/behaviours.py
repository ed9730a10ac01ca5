"""What a frame does, one thing after the other: its calls, written and implicit (``with``, loops,
properties, special methods), each with what it runs.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.doubts import OpenTests
from fwp_checks.project.effects.elsewhere import Elsewhere
from fwp_checks.project.effects.off_loop import OffLoop
from fwp_checks.project.effects.once import Once
from fwp_checks.project.effects.opt_ins import OptIns
from fwp_checks.project.effects.stand_ins import StandIns
from fwp_checks.project.effects.switches import Switches
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Alternative, Run, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    Awaitable,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Member,
    TupleValue,
    Union,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What is awaited gives an awaitable, so the annotation of its object is wrong. Models are known by
# their classes: awaiting a query of theirs is a mistake, too, but Django's refusal comes first.
_KNOWN_FOR_SURE = ("django.", "sqlalchemy.ext.asyncio.")
# Decorators of these modules make nothing awaitable.
_KEEPING = ("builtins.", "functools.", "abc.", "typing.", "typing_extensions.")
# Helpers of helpers that go through what they are handed.
_LEVELS = 2
_BY_POSITION: frozenset[str] = frozenset({"any", "positional"})
_CONDITIONAL: frozenset[str] = frozenset({"if", "else", "case", "except"})


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """Something a frame does at a term, and what that runs, an entry for each callee it may be.

    ``is_remembered``: it happens once for each of some keys, and the result is kept.
    ``is_refused``: the function raises before, where a loop is running.
    """

    term: int
    alternatives: tuple[Alternative, ...]
    is_remembered: bool = False
    is_refused: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Behaviour:
    """What a frame does: its events in order, and the coroutines it creates (to be run on the event
    loop).
    """

    events: tuple[Event, ...]
    coroutines: tuple[tuple[int, Frame], ...]


_NOTHING = Behaviour((), ())


def run_by(events: Sequence[Event]) -> list[Frame]:
    """The frames that events run."""
    found: list[Frame] = []
    for event in events:
        for alternative in event.alternatives:
            for run in alternative or ():
                if isinstance(run, RunFrame):
                    found.append(run.frame)
    return found


_Skipped = tuple[str, Sequence[tuple[int, int]]]


class Behaviours:
    """Finds out what frames do, once each."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._values = project.values
        self._once = Once(project)
        self._off_loop = OffLoop(project)
        self._elsewhere = Elsewhere(project)
        self._switches = Switches(project)
        self.open_tests = OpenTests(project)
        self.opt_ins = OptIns(project)
        self.stand_ins = StandIns(project)
        # By the numbers of frames; those that stand for one call have none of these.
        self._known: list[Behaviour | None] = []
        self._of_single: dict[Frame, Behaviour] = {}
        self._active_by_function: dict[tuple[Module, int], Sequence[int]] = {}
        self._with_awaited: dict[Frame, tuple[Event, ...]] = {}

    def of(self, frame: Frame) -> Behaviour:
        """Events and coroutines of a frame."""
        number = frame.number
        known: Behaviour | None = None
        if number < 0:
            known = self._of_single.get(frame)
        elif number < len(self._known):
            known = self._known[number]
        return known if known is not None else self._found(frame)

    def _found(self, frame: Frame) -> Behaviour:
        try:
            found = self._find(frame)
        except Exception as error:
            self._project.fail(frame.module, f"'{frame.qualname}'", error)
            found = _NOTHING
        if frame.number < 0:
            self._of_single[frame] = found
        else:
            missing = frame.number + 1 - len(self._known)
            self._known.extend([None] * missing)
            self._known[frame.number] = found
        return found

    def is_known(self, frame: Frame) -> bool:
        """Whether it was asked what a frame does that stands for all calls like it."""
        number = frame.number
        return 0 <= number < len(self._known) and self._known[number] is not None

    def following(self, frame: Frame) -> list[Frame]:
        """The frames that a frame runs, or whose coroutines it makes."""
        behaviour = self.of(frame)
        return [*[inner for _, inner in behaviour.coroutines], *run_by(behaviour.events)]

    def with_awaited(self, frame: Frame) -> Sequence[Event]:
        """The events of a frame, then what it runs where it waits for coroutines of the project as
        it makes them.
        """
        known = self._with_awaited.get(frame)
        if known is None:
            behaviour = self.of(frame)
            known = behaviour.events
            if behaviour.coroutines:
                made = {term for term, _ in behaviour.coroutines if term in frame.module.awaited}
                waiting = [self._waiting(frame, term) for term in sorted(made)]
                known += tuple([event for event in waiting if event is not None])
            self._with_awaited[frame] = known
        return known

    def _waiting(self, frame: Frame, term: int) -> Event | None:
        alternatives: list[Alternative] = []
        for option in options_of(self._values.evaluate(frame, term)):
            if not isinstance(option, Coroutine) or self._once.is_cached(option.frame, frame, term):
                return None
            alternatives.append((RunFrame(option.frame),))
        whole = tuple(alternatives)
        return Event(term, whole, self._is_remembered(frame, term, whole))

    def needing_loop(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms of a frame that run only where a loop is running."""
        return self._off_loop.needing_one(frame)

    def is_own(self, frame: Frame, term: int, since: int = 0) -> bool:
        """Whether a term runs once for each object of a model, which keeps what it gives; in a
        branch that begins ``since`` a term.
        """
        return any(since <= start <= term < end for start, end, _ in self._once.own(frame))

    def is_kept(self, frame: Frame) -> bool:
        """Whether what a function finds is kept, with an object or by its arguments."""
        return self._once.is_kept(frame)

    def own_tests(self, frame: Frame) -> list[int]:
        """The tests for such branches."""
        return [test for _, _, test in self._once.own(frame)]

    def first(self, frame: Frame) -> list[Frame]:
        """Whose coroutines a frame makes once: where something that it then fills is empty."""
        found: list[Frame] = []
        stretches = self._once.guarded(frame)
        for term in frame.module.calls_in(frame.scope_number) if stretches else ():
            if any(start <= term < end for start, end, _ in stretches):
                outcome = self._project.calls.outcome(frame, term)
                for option in options_of(outcome.result):
                    if isinstance(option, Coroutine):
                        found.append(option.frame)
        return found

    def _find(self, frame: Frame) -> Behaviour:
        twins = self._project.templates.twins if frame.module.is_template else None
        twin = twins.of(frame) if twins is not None else None
        if twin is None:
            active = self._active(frame)
            behaviour = self._happening(frame, active)
            if twins is not None:
                twins.keep(frame, behaviour, active)
            return behaviour
        known, own = twin.behaviour, self._happening(frame, twin.open)
        events = [event for event in known.events if event.term not in twin.open]
        made = [one for one in known.coroutines if one[0] not in twin.open]
        return Behaviour(
            tuple(sorted((*events, *own.events), key=attrgetter("term"))),
            tuple(sorted((*made, *own.coroutines), key=itemgetter(0))),
        )

    def _happening(self, frame: Frame, active: Sequence[int]) -> Behaviour:
        terms = frame.module.facts.terms
        events: list[Event] = []
        coroutines: list[tuple[int, Frame]] = []
        values = self._values
        refused = self._off_loop.refused(frame)
        for term in active:
            entry = terms[term]
            kind: int = entry[0]
            if kind == t.CALL:
                if self._is_idle(frame.known(entry[1]) or values.evaluate(frame, entry[1])):
                    continue
                outcome = self._project.calls.outcome(frame, term)
                alternatives = outcome.alternatives
                if alternatives == ((),):
                    for option in options_of(outcome.result):
                        if isinstance(option, Coroutine) or (
                            isinstance(option, Generator) and option.is_async
                        ):
                            coroutines.append((term, option.frame))
            else:
                operand = 1 if kind in (t.ATTR, t.TRUTH) else 2 if kind == t.BINARY else 0
                if operand:
                    # Only objects have properties and special methods: what these terms use.
                    used = frame.known(entry[operand]) or values.evaluate(frame, entry[operand])
                    if type(used) is not Instance and type(used) is not Union:
                        if not self._may_run(kind, used):
                            continue
                alternatives = self._implicit(frame, entry, term)
            if any(alternatives):
                for alternative in alternatives:
                    # Async code is waited for, not run here: what blocks in it is found where it
                    # stands.
                    for run in alternative or ():
                        if isinstance(run, RunFrame) and run.frame.scope.is_async:
                            coroutines.append((term, run.frame))
                kept = tuple([self._repeated(frame, term, a) for a in alternatives])
                if any(kept):
                    if kept == alternatives:
                        kept = alternatives  # the call's own, which is there in any case
                    kept_by_key = self._is_remembered(frame, term, kept)
                    is_refused = bool(refused) and any(s <= term < e for s, e in refused)
                    events.append(Event(term, kept, kept_by_key, is_refused))
        return Behaviour(tuple(events), tuple(coroutines)) if events or coroutines else _NOTHING

    def _may_run(self, kind: int, used: Value) -> bool:
        """Whether a term may run something although what it uses is no object."""
        if kind == t.ATTR:
            return type(used) is ClassValue and self._project.names.has_descriptors
        # Objects are put into a text by "%".
        return kind == t.BINARY and type(used) is Constant

    def _active(self, frame: Frame) -> Sequence[int]:
        """The terms of a frame that run, and may run something."""
        key = (frame.module, frame.scope_number)
        active = self._active_by_function.get(key)
        if active is None:
            scope = frame.scope
            active = self._project.names.active(frame.module, scope.start, scope.end)
            active = array("I", _outside(active, self._skipped_in_any(frame)))
            self._active_by_function[key] = active
        return _outside(active, self._skipped_here(frame))

    def skipped(self, frame: Frame) -> tuple[_Skipped, ...]:
        """The stretches of terms of a frame that do not count, and why."""
        return (*self._skipped_in_any(frame), *self._skipped_here(frame))

    def _skipped_in_any(self, frame: Frame) -> tuple[_Skipped, ...]:
        """What any frame of a function skips."""
        if not frame.module.regions_in(frame.scope_number):
            return ()
        guarded = self._once.guarded(frame)
        return (
            ("nothing reaches it", frame.module.unreached_in(frame.scope_number)),
            ("it happens once, and what it gives is kept", [(s, e) for s, e, _ in guarded]),
            ("it does not run where a loop is running", self._off_loop.stretches(frame)),
            ("it runs elsewhere, or as good as never", self._elsewhere.stretches(frame)),
        )

    def _skipped_here(self, frame: Frame) -> tuple[_Skipped, ...]:
        """What a frame skips because of its arguments."""
        if not frame.module.regions_in(frame.scope_number):
            return ()
        return (
            ("nothing goes through the generator here", self._lazy(frame)),
            ("its branch is not taken", self._project.branches.skipped(frame)),
            ("the switch that it stands behind is off", self._switches.stretches(frame)),
        )

    def _is_idle(self, function: Value) -> bool:
        """Whether calling a value certainly runs nothing of interest."""
        if type(function) is FunctionValue:
            return False
        if isinstance(function, (External, Member)):
            return self._project.libraries.is_idle(function.name)
        if isinstance(function, Union):
            return all(map(self._is_idle, function.options))
        return isinstance(function, Unknown)

    def _is_remembered(
        self, frame: Frame, term: int, alternatives: tuple[Alternative, ...]
    ) -> bool:
        """Whether an event happens once for each of some keys, and its result is kept."""
        for start, end, _ in self._once.remembered(frame):
            if start <= term < end:
                return True
        for alternative in alternatives:
            for run in alternative or ():
                if not (isinstance(run, RunFrame) and self._once.is_kept(run.frame)):
                    return False
        return True

    def _lazy(self, frame: Frame) -> list[tuple[int, int]]:
        """Generator expressions that are only made here: nothing on this line iterates them."""
        lazy = []
        for region in frame.module.regions_in(frame.scope_number):
            # The expression's own term follows what is in it.
            if region.kind == "generator" and not self._is_iterated(frame, region.end):
                lazy.append((region.start, region.end))
        return lazy

    def _is_iterated(self, frame: Frame, expression: int) -> bool:
        return self._iterated_at(frame, expression, _LEVELS) >= 0

    def _iterated_at(self, frame: Frame, given: int, levels: int) -> int:
        """The term that goes through what another one gives, or hands it to a helper that does; -1
        if there is none. So many ``levels`` of helpers are looked into.
        """
        terms = frame.module.facts.terms
        for term in range(given + 1, frame.scope.end):
            entry = terms[term]
            if entry[0] in (t.ITER, t.STAR, t.UNPACK, t.YIELD) and entry[1] == given:
                return term
            if entry[0] == t.CALL and given in entry[2]:
                function = self._values.evaluate(frame, entry[1])
                if type(function) is FunctionValue and levels:
                    position = entry[2].index(given)
                    goes = self._goes_through(function, position, levels - 1)
                else:
                    goes = isinstance(function, (External, Member)) and any(
                        role.role == "iterates"
                        for role in self._project.catalogue.roles(function.name)
                    )
                return term if goes else -1
        return -1

    def _goes_through(self, function: FunctionValue, position: int, levels: int) -> bool:
        """Whether a function goes through what it is handed at a position, under no condition."""
        module = function.module
        scope = module.facts.scopes[function.scope]
        index = position + (function.receiver is not None)
        if scope.is_async or scope.is_generator or scope.decorators:
            return False
        if index >= len(scope.parameters) or scope.parameters[index].kind not in _BY_POSITION:
            return False
        terms = module.facts.terms
        given = next(n for n in range(scope.start, scope.end) if terms[n] == (t.PARAM, index))
        at = self._iterated_at(self._project.frame_of_scope(module, function.scope), given, levels)
        return at >= 0 and not any(
            (region.kind in _CONDITIONAL and region.start <= at < region.end)
            or (region.kind == "generator" and region.term <= at < region.end)
            for region in module.regions_in(function.scope)
        )

    def _repeated(self, frame: Frame, term: int, alternative: Alternative) -> Alternative:
        """What runs at each call, not only at the first one; library functions without effects, or
        without one at this place, are left out.
        """
        if not alternative:
            return alternative
        if term in frame.module.awaited:
            alternative = tuple(run for run in alternative if not self._is_mistaken(run))
        effects = self._project.catalogue.effects
        spares = self._project.frameworks.spares
        kept = [
            run
            for run in alternative
            if (
                effects(run.name) and not spares(frame, term, run)
                if isinstance(run, RunExternal)
                else not (run.frame.scope.is_async or self._once.is_cached(run.frame, frame, term))
            )
        ]
        return alternative if len(kept) == len(alternative) else tuple(kept)

    def _is_mistaken(self, run: Run) -> bool:
        """Whether a call cannot do what it seems to do if its result is awaited: the object is
        another, or the function gives an awaitable on some of its paths only.
        """
        if isinstance(run, RunExternal):
            if run.receiver is None or run.name.startswith(_KNOWN_FOR_SURE):
                return False
            given = self._project.catalogue.gives(run.name, "call")
            return given is None or not given.startswith("awaitable[")
        if run.frame.scope.is_async:
            return False
        results = options_of(self._project.calls.returned(run.frame))
        kinds = {isinstance(result, (Coroutine, Awaitable)) for result in results}
        return len(kinds) > 1 or (True not in kinds and self._is_made_awaitable(run.frame))

    def _is_made_awaitable(self, frame: Frame) -> bool:
        """Whether a plain function that is awaited stands under a decorator of a library of which
        nothing is known: that makes it awaitable, maybe by a thread.
        """
        around = frame.parent
        if around is None or not frame.scope.decorators:
            return False
        made = [self._values.evaluate(around, term) for term in frame.scope.decorators]
        return any(
            isinstance(one, (External, Member, Unknown))
            and not (isinstance(one, External) and one.name.startswith(_KEEPING))
            for one in made
        )

    def _implicit(self, frame: Frame, entry: t.Term, term: int) -> tuple[Alternative, ...]:
        kind: int = entry[0]
        protocols = self._project.protocols
        if kind == t.ATTR:
            used = self._project.assignments.used(frame, entry[1], term)
            return protocols.reading(used, entry[2])
        if kind == t.LOOKUP:
            base = self._values.evaluate(frame, entry[1])
            return self._project.templates.looked_up(base, entry[2], entry[3]).alternatives
        if kind == t.RENDER:
            return self._project.templates.rendered(frame, entry).alternatives
        if kind == t.ITER:
            return protocols.iterating(self._values.evaluate(frame, entry[1]), entry[2])
        if kind == t.ENTER:
            return protocols.entering(self._values.evaluate(frame, entry[1]), entry[2])
        if kind == t.TRUTH:
            return protocols.special(
                self._values.evaluate(frame, entry[1]), ("__bool__", "__len__")
            )
        if kind == t.ITEM:
            return self._reading_item(frame, entry)
        if kind == t.STORE_ITEM:
            method = "__delitem__" if entry[3] < 0 else "__setitem__"
            return protocols.special(self._values.evaluate(frame, entry[1]), (method,))
        if kind in (t.COMPARE, t.BINARY):
            return self._operating(frame, entry, term)
        if kind in (t.UNPACK, t.STAR):
            value = self._values.evaluate(frame, entry[1])
            return (
                () if isinstance(value, TupleValue) else protocols.iterating(value, is_async=False)
            )
        elif kind == t.YIELD and entry[2]:
            return protocols.iterating(self._values.evaluate(frame, entry[1]), is_async=False)
        elif kind == t.FORMAT:
            return protocols.shown(tuple([self._values.evaluate(frame, part) for part in entry[1]]))
        return ()

    def _operating(self, frame: Frame, entry: t.Term, term: int) -> tuple[Alternative, ...]:
        _, operator, left, right = entry
        terms = frame.module.facts.terms
        protocols = self._project.protocols
        if operator in ("in", "not in"):
            item = partial(self._values.evaluate, frame, left)
            return protocols.containing(
                self._values.evaluate(frame, right), item, frame.module.path, term
            )
        if operator == "%" and terms[left][0] == t.CONST:
            parts = terms[right][2] if terms[right][0] == t.SEQUENCE else (right,)
            return protocols.shown(tuple([self._values.evaluate(frame, part) for part in parts]))
        return protocols.operating(
            self._values.evaluate(frame, left),
            operator,
            partial(self._values.evaluate, frame, right),
        )

    def _reading_item(self, frame: Frame, entry: t.Term) -> tuple[Alternative, ...]:
        key = frame.module.facts.terms[entry[2]]
        if key[0] == t.SLICE and key[3] < 0:
            # A slice without a step builds where an index would fetch.
            return ()
        base = self._values.evaluate(frame, entry[1])
        return (
            ()
            if isinstance(base, Constant)
            else self._project.protocols.special(base, ("__getitem__",))
        )


def _outside(terms: Sequence[int], skipped: tuple[_Skipped, ...]) -> Sequence[int]:
    """Those of some terms that stand in none of some stretches."""
    found = [stretch for _, stretches in skipped for stretch in stretches]
    if not found:
        return terms
    return [at for at in terms if not any(start <= at < end for start, end in found)]
