"""Loops that a project makes apart from a server's: by functions that run what they are handed on
one of their own, and in attributes, run by threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS
from fwp_checks.project.effects.constructed import MOST_STORES, is_attribute_of
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    Coroutine,
    External,
    FunctionValue,
    Member,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

ON_ANOTHER = "asyncio.run_coroutine_threadsafe"
NEW_LOOP = "asyncio.new_event_loop"
RUN_UNTIL_COMPLETE = "asyncio.AbstractEventLoop.run_until_complete"
# These make a loop each time, run what they are handed on it, and raise where one is running
# already, by their documentation: nothing is left on it from an earlier run.
FRESH_LOOP: frozenset[str] = frozenset({"asyncio.run", "anyio.run", "trio.run"})
# These make the loop that they run, and raise where one is running already, by their documentation.
NEW_LOOPS: frozenset[str] = FRESH_LOOP | {"asyncio.Runner.run"}
MADE_AND_RUN: frozenset[str] = frozenset({NEW_LOOP, RUN_UNTIL_COMPLETE})
# The last names of what starts a loop and waits.
RUN = frozenset({"run", "run_until_complete"})
_TASK = frozenset({"create_task", "ensure_future"})
# What may be done with a loop without anything being left to it,
# https://docs.python.org/3/library/asyncio-eventloop.html#running-and-stopping-the-loop
_IDLE = frozenset(
    {
        "is_running", "is_closed", "close", "stop", "run_forever", "get_debug", "set_debug",
        "set_exception_handler",
    }
)  # fmt: skip
_TOLD = "call_soon_threadsafe"
_HANDED = frozenset({"asyncio.set_event_loop", "asyncio.all_tasks"})
_ASKING = (t.COMPARE, t.BOOL, t.UNARY, t.TRUTH, t.DROP)
_SAME = (t.ALIAS, t.NARROW)


class OwnLoops:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._run_by: dict[tuple[Module, int], tuple[int, ...]] = {}
        self._only: dict[tuple[ClassValue, str], tuple[Module, int] | None] = {}

    @cached_property
    def running(self) -> dict[Module, list[int]]:
        """The scopes of each module that call what may start a loop, by its last name."""
        found: dict[Module, set[int]] = {}
        for name in RUN:
            for module, call in self._project.call_sites.spelt(name):
                if last_name(module.facts.terms, call) == name:
                    found.setdefault(module, set()).add(module.scope_of(call))
        return {m: sorted(found[m]) for m in self._project.table.modules if m in found}

    def beginning(self) -> Iterator[Frame]:
        """Plain functions that hand a coroutine to such a function, or to such a loop."""
        sites = self._project.call_sites
        found: dict[tuple[Module, int], None] = {}
        for module, numbers in self.running.items():
            for number in numbers:
                if not self._parameters(module, number):
                    continue
                for caller, _, called in sites.of_function(module, number):
                    if called is not None:
                        found[caller.module, caller.scope_number] = None
        for module, call in sites.spelt(ON_ANOTHER.rpartition(".")[2]):
            frame = self._project.frame_of_scope(module, module.code_scope_of(call))
            if self.is_alone(frame, call):
                found[module, frame.scope_number] = None
        for module, number in found:
            scope = module.facts.scopes[number]
            if scope.is_function and not scope.is_async and not module.is_read_only:
                yield from sites.frames_around(module, number)

    # -- functions that run what they are handed ---------------------------------------------------

    def run_at(self, frame: Frame, call: int, function: FunctionValue) -> list[int]:
        """The arguments of a call of a function that runs them as the first on a loop that it
        makes.
        """
        found: list[int] = []
        places = self._parameters(function.module, function.scope)
        if not places:
            return found
        entry = frame.module.facts.terms[call]
        bound = 0 if function.receiver is None else 1
        for place in places:
            name = function.module.facts.scopes[function.scope].parameters[place].name
            if 0 <= place - bound < len(entry[2]):
                found.append(t.unaliased(frame.module.facts.terms, entry[2][place - bound]))
            for keyword, argument in entry[3]:
                if keyword == name:
                    found.append(t.unaliased(frame.module.facts.terms, argument))
        return found

    def _parameters(self, module: Module, number: int) -> tuple[int, ...]:
        """The parameters of a function that it runs so."""
        key = (module, number)
        known = self._run_by.get(key)
        if known is None:
            known = self._run_by[key] = tuple(self._find_parameters(module, number))
        return known

    def _find_parameters(self, module: Module, number: int) -> list[int]:
        scope = module.facts.scopes[number]
        if number not in self.running.get(module, ()):
            return []
        if scope.is_async or scope.is_generator or not scope.parameters or module.is_read_only:
            return []
        terms = module.facts.terms
        found: list[int] = []
        for call in module.calls_in(number):
            handed = _parameter_run(terms, call) if last_name(terms, call) in RUN else -1
            if handed >= 0 and self._is_fresh(self._project.frame_of_scope(module, number), call):
                found.append(terms[handed][1])
        return sorted(set(found))

    def _is_fresh(self, frame: Frame, call: int) -> bool:
        """Whether a function runs a loop that it makes itself, on which it leaves nothing else."""
        terms = frame.module.facts.terms
        evaluate = self._project.values.evaluate
        name = getattr(evaluate(frame, terms[call][1]), "name", "")
        if name in FRESH_LOOP:
            return True
        if name != RUN_UNTIL_COMPLETE:
            return False
        loop = t.unaliased(terms, terms[terms[call][1]][1])
        if terms[loop][0] != t.CALL or evaluate(frame, terms[loop][1]) != External(NEW_LOOP):
            return False
        run = {t.unaliased(terms, a) for a in self._run_in(frame)}
        return all(
            made in run
            for made in frame.module.calls_in(frame.scope_number)
            if last_name(terms, made) in _TASK
        )

    @staticmethod
    def _run_in(frame: Frame) -> Iterator[int]:
        terms = frame.module.facts.terms
        for call in frame.module.calls_in(frame.scope_number):
            if last_name(terms, call) in RUN:
                yield from terms[call][2]

    # -- loops in attributes -----------------------------------------------------------------------

    def is_alone(self, frame: Frame, call: int) -> bool:
        """Whether a method hands a coroutine to a loop that its object makes and a thread runs, and
        nothing else in the project is handed to that, but what stops it.
        """
        terms = frame.module.facts.terms
        loop = t.unaliased(terms, _loop_handed(terms[call]))
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is None or terms[loop][0] != t.ATTR:
            return False
        if terms[t.unaliased(terms, terms[loop][1])] != (t.PARAM, 0):
            return False
        key = (class_, str(terms[loop][2]))
        if key not in self._only:
            self._only[key] = self._find_only(*key)
        return self._only[key] == (frame.module, call)

    def _find_only(self, class_: ClassValue, name: str) -> tuple[Module, int] | None:
        """The one call that leaves work to the loop in an attribute, if that is the object's own;
        None if it may be another's, or more is left to it.
        """
        handed: list[tuple[Module, int]] = []
        stores = self._project.attribute_stores.get(name, [])
        if len(stores) > MOST_STORES:
            return None
        is_made = False
        for module, store in stores:
            if not module.is_test and self._may_be_of(module, store, class_):
                if not self._is_made(module, store):
                    return None
                is_made = True
        for module in self._project.table.modules if is_made else ():
            if module.is_test:
                continue
            held = [
                term
                for term in module.of_kind(t.ATTR)
                if module.facts.terms[term][2] == name and self._may_be_of(module, term, class_)
            ]
            if held:
                calls = self._handed_to(module, held)
                if calls is None:
                    return None
                handed += [(module, call) for call in calls]
        left = [place for place in handed if not self._stops(*place, name)]
        if len(left) != 1:
            return None
        module, call = left[0]
        regions = module.regions_in(module.code_scope_of(call))
        is_repeated = any(r.kind in ROUNDS and r.start <= call < r.end for r in regions)
        return None if is_repeated else left[0]

    def _may_be_of(self, module: Module, term: int, class_: ClassValue) -> bool:
        return is_attribute_of(self._project, class_, module, term) is not False

    def _is_made(self, module: Module, store: int) -> bool:
        """Whether an attribute is assigned a loop that is made there, or None."""
        terms = module.facts.terms
        value = t.unaliased(terms, terms[store][3])
        if terms[value] == (t.CONST, None):
            return True
        frame = self._project.frame_of_scope(module, module.code_scope_of(store))
        return terms[value][0] == t.CALL and (
            self._project.values.evaluate(frame, terms[value][1]) == External(NEW_LOOP)
        )

    def _handed_to(self, module: Module, held: Sequence[int]) -> list[int] | None:
        """The calls that hand coroutines to the loops that some terms of a module are; None if more
        is done with these.
        """
        terms = module.facts.terms
        loops = set(held)
        stopping: set[int] = set()
        told: set[int] = set()
        handed: list[int] = []
        for term in range(held[0] + 1, len(terms)):
            entry = terms[term]
            used = [operand for operand in t.operands(entry) if operand in loops]
            kind = entry[0]
            if kind == t.CALL and entry[1] in told:
                told.discard(entry[1])
                if not stopping.issuperset(entry[2]):
                    return None
            elif not used or kind in _ASKING:
                continue
            elif kind in _SAME:
                loops.add(term)
            elif kind == t.ATTR and entry[2] in _IDLE:
                if entry[2] == "stop":
                    stopping.add(term)
            elif kind == t.ATTR and entry[2] == _TOLD:
                told.add(term)
            elif kind == t.CALL and self._name(module, term) == ON_ANOTHER:
                handed.append(term)
            elif kind != t.CALL or self._name(module, term) not in _HANDED:
                return None
        return None if told or _is_kept(module, loops) else handed

    def _name(self, module: Module, call: int) -> str:
        """The library function that a call calls, else nothing."""
        frame = self._project.frame_of_scope(module, module.code_scope_of(call))
        called = self._project.values.evaluate(frame, module.facts.terms[call][1])
        return called.name if isinstance(called, (External, Member)) else ""

    def _stops(self, module: Module, call: int, name: str) -> bool:
        """Whether what a call hands to a loop in an attribute stops that."""
        terms = module.facts.terms
        frame = self._project.frame_of_scope(module, module.code_scope_of(call))
        made = self._project.values.evaluate(frame, terms[call][2][0]) if terms[call][2] else None
        if not isinstance(made, Coroutine):
            return False
        inner = made.frame
        terms = inner.module.facts.terms
        return any(
            last_name(terms, term) == "stop"
            and terms[terms[term][1]][0] == t.ATTR
            and terms[t.unaliased(terms, terms[terms[term][1]][1])][-1] == name
            for term in inner.module.calls_in(inner.scope_number)
        )


def last_name(terms: list[t.Term], call: int) -> str:
    """The last name of what a call calls, if a library may stand behind it, else nothing."""
    called = terms[terms[call][1]]
    return called[2] or "" if called[0] in (t.ATTR, t.IMPORT) else ""


def _is_kept(module: Module, loops: set[int]) -> bool:
    """Whether some terms are returned, or held by variables that inner functions may read."""
    terms = module.facts.terms
    names = {
        name
        for scope in module.facts.scopes
        for name, bound in scope.bindings.items()
        if bound in loops
    }
    return any(not loops.isdisjoint(scope.returns) for scope in module.facts.scopes) or (
        bool(names) and any(terms[term][1] in names for term in module.of_kind(t.NAME))
    )


def _parameter_run(terms: list[t.Term], call: int) -> int:
    """The parameter that a call runs, itself or as a task made of it; -1 if it runs none."""
    if not terms[call][2]:
        return -1
    handed = t.unaliased(terms, terms[call][2][0])
    if terms[handed][0] == t.CALL and last_name(terms, handed) in _TASK and terms[handed][2]:
        handed = t.unaliased(terms, terms[handed][2][0])
    return handed if terms[handed][0] == t.PARAM else -1


def _loop_handed(call: t.Term) -> int:
    """The loop that a coroutine is handed to."""
    for keyword, argument in call[3]:
        if keyword == "loop":
            return int(argument)
    return int(call[2][1]) if len(call[2]) > 1 else int(call[1])
