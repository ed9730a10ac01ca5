"""Code that does not run where a service is at work, or as good as never: branches for Windows and
macOS, what is done about a missing package, what tidies up behind an error that is passed on,
roll-backs and short pauses before another attempt, calls of what the same function otherwise hands
to a thread, and what is done instead of serving, before the loop is stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.handlers import UNDOING, is_undoing, passing_on
from fwp_checks.project.effects.surroundings import Asking, Surroundings
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.tested import tests_in
from fwp_checks.project.meaning.values import Constant, External, FunctionValue, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What these are there: https://docs.python.org/3/library/os.html#os.name,
# https://docs.python.org/3/library/sys.html#sys.platform,
# https://docs.python.org/3/library/platform.html#platform.system
_SYSTEMS = frozenset({"os.name", "sys.platform", "platform.system"})
_OTHERS = frozenset({"nt", "win32", "win", "Windows", "windows", "darwin", "Darwin"})
_BEGINNINGS = ((t.CONST, "win"), (t.CONST, "win32"), (t.CONST, "darwin"))
_IS_EQUAL = {"==": True, "!=": False}
# https://docs.python.org/3/library/importlib.html#importlib.util.find_spec
_FINDS = "importlib.util.find_spec"
_BOOL = (t.NAME, "bool")
_MISSING = frozenset({"ImportError", "ModuleNotFoundError"})
_PAUSE = 0.1
_DECIDED = ("if", "else")
_BRANCHES = frozenset({*_DECIDED, "except"})
_OFFLOADS = "offloads"
_ENTERS_LOOP = "enters_loop"
# https://docs.python.org/3/library/asyncio-runner.html#asyncio.run
_REFUSED: t.Term = (t.NAME, "RuntimeError")
# https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.stop,
# https://www.tornadoweb.org/en/stable/ioloop.html#tornado.ioloop.IOLoop.stop
_STOPS = frozenset({"asyncio.AbstractEventLoop.stop", "tornado.ioloop.IOLoop.stop"})


class Elsewhere:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._offloading = project.catalogue.members_with(_OFFLOADS)
        self._known: dict[tuple[Module, int], Sequence[tuple[int, int]]] = {}
        self._systems = Surroundings(project, self._asking_for_systems, self._is_other)

    def stretches(self, frame: Frame) -> Sequence[tuple[int, int]]:
        """Stretches of terms of a function that do not run in a service, or as good as never."""
        key = (frame.module, frame.scope_number)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(frame)
        return known

    def _find(self, frame: Frame) -> list[tuple[int, int]]:
        regions = frame.module.regions_in(frame.scope_number)
        if not regions:
            return []
        found = self._systems.stretches(frame)
        found += self._threaded_otherwise(frame, regions)
        found += self._missing_packages(frame, regions)
        found += self._stopping(frame, regions)
        if not frame.scope.is_async:
            for region in regions:
                if region.kind == "except":
                    found += self._behind_error(frame, region)
                    found += self._tried_on_loop(frame, region)
        return found

    def _behind_error(self, frame: Frame, region: Region) -> list[tuple[int, int]]:
        """What a handler does before it passes the error on, and the short pauses and the
        roll-backs in it.
        """
        module = frame.module
        found = list(passing_on(module, region, frame.scope_number))
        for term in self._sleeping.get(module, ()):
            if _contains(region, term) and self._is_short(frame, term):
                found.append((term, term + 1))
        for term in self._undoing.get(module, ()):
            if _contains(region, term) and self._is_undone(frame, term):
                found.append((term, term + 1))
        return found

    @cached_property
    def _sleeping(self) -> dict[Module, list[int]]:
        """Calls of anything called "sleep"."""
        return self._spelt_by_module("sleep")

    @cached_property
    def _undoing(self) -> dict[Module, list[int]]:
        """Calls of anything called "rollback"."""
        return self._spelt_by_module(UNDOING)

    def _is_undone(self, frame: Frame, call: int) -> bool:
        """Whether a call rolls back what a library's object has begun."""
        called = self._project.values.evaluate(frame, frame.module.facts.terms[call][1])
        return isinstance(called, Member) and is_undoing(called.name)

    def _spelt_by_module(self, name: str) -> dict[Module, list[int]]:
        found: dict[Module, list[int]] = {}
        for module, term in self._project.call_sites.spelt(name):
            found.setdefault(module, []).append(term)
        return found

    def _is_short(self, frame: Frame, call: int) -> bool:
        """Whether a call sleeps for a written time that hardly anyone notices."""
        arguments = frame.module.facts.terms[call][2]
        seconds = self._project.values.evaluate(frame, arguments[0]) if arguments else None
        return (
            isinstance(seconds, Constant)
            and isinstance(seconds.value, (int, float))
            and seconds.value <= _PAUSE
        )

    def _tried_on_loop(self, frame: Frame, handler: Region) -> list[tuple[int, int]]:
        """What starts a loop in a ``try`` whose handler knows what to do where one runs already:
        ``try: return asyncio.run(work()) except RuntimeError: return in_thread(work())``.
        """
        module = frame.module
        terms = module.facts.terms
        last = handler.end - 1
        found: list[tuple[int, int]] = []
        if handler.term < 0 or terms[handler.term] != _REFUSED or last < handler.start:
            return found
        if terms[last][0] == t.RAISE and not any(
            handler.start <= returned <= last for returned in frame.scope.returns
        ):
            return found
        for region in module.regions_in(frame.scope_number):
            if region.kind == "try" and handler in module.handlers_of(region, frame.scope_number):
                for call in module.calls_in(frame.scope_number):
                    # context.run(loop.run_until_complete, coroutine)
                    called = (terms[call][1], *terms[call][2]) if _contains(region, call) else ()
                    if any(self._has_role(frame, one, _ENTERS_LOOP) for one in called):
                        found.append((call, call + 1))
        return found

    # -- other systems -----------------------------------------------------------------------------

    def _asking_for_systems(self) -> Asking:
        """The terms that ask for the system, as they are spelt."""
        found: Asking = {}
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.COMPARE):
                other = terms[terms[term][3]]
                if other[0] == t.CONST and other[1] in _OTHERS and terms[term][1] in _IS_EQUAL:
                    found.setdefault(module, set()).add(term)
        for module, term in self._project.call_sites.spelt("startswith"):
            given = module.facts.terms[term][2]
            if given and module.facts.terms[given[0]] in _BEGINNINGS:
                found.setdefault(module, set()).add(term)
        return found

    def _is_other(self, frame: Frame, term: int) -> bool | None:
        """Whether such a term holds on such a system only (True), or anywhere but there (False)."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.CALL:
            called = terms[entry[1]]
            is_asked = called[0] == t.ATTR and self._is_system(frame, called[1])
            return True if is_asked else None
        return _IS_EQUAL[entry[1]] if self._is_system(frame, entry[2]) else None

    def _is_system(self, frame: Frame, term: int) -> bool:
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "lower":
            entry = terms[terms[entry[1]][1]]
        if entry[0] == t.CALL:
            term = entry[1]
        value = self._project.values.evaluate(frame, term)
        return isinstance(value, External) and value.name in _SYSTEMS

    # -- packages ----------------------------------------------------------------------------------

    def _missing_packages(self, frame: Frame, regions: list[Region]) -> list[tuple[int, int]]:
        """What runs where a package is not installed: a deployment has those that it needs."""
        module = frame.module
        terms = module.facts.terms
        found: list[tuple[int, int]] = []
        for region in regions:
            if region.kind == "except" and region.term >= 0:
                if terms[region.term][0] == t.NAME and terms[region.term][1] in _MISSING:
                    found.append((region.start, region.end))
        asked = self._asking_for_packages.get(module, ())
        if any(frame.scope.start <= term < frame.scope.end for term in asked):
            for test in tests_in(module, frame.scope_number):
                if self._is_missing(frame, test.term, holds=test.holds):
                    found.append((test.start, test.end))
        return found

    @cached_property
    def _asking_for_packages(self) -> dict[Module, list[int]]:
        """Calls of anything called "find_spec", or like a function that answers what that gives."""
        found = {module: [*calls] for module, calls in self._finding.items()}
        names = {module.facts.scopes[number].name for module, number in self._answering}
        for name in sorted(names):
            for module, calls in self._spelt_by_module(name).items():
                found.setdefault(module, []).extend(calls)
        return found

    @cached_property
    def _finding(self) -> dict[Module, list[int]]:
        """Calls of anything called "find_spec"."""
        return self._spelt_by_module("find_spec")

    @cached_property
    def _answering(self) -> dict[tuple[Module, int], bool]:
        """Functions that only tell whether a package is installed, and what they give if not."""
        found: dict[tuple[Module, int], bool] = {}
        for module, calls in self._finding.items():
            for call in calls:
                number = module.code_scope_of(call)
                scope = module.facts.scopes[number]
                if not scope.is_function or len(scope.returns) != 1 or scope.is_async:
                    continue
                frame = self._project.frame_of_scope(module, number)
                for given in (False, True):
                    if self._has_not_found(frame, scope.returns[0], holds=given):
                        found[module, number] = given
        return found

    def _is_missing(self, frame: Frame, test: int, *, holds: bool) -> bool:
        """Whether a package has not been found where a test has come out so."""
        if self._has_not_found(frame, test, holds=holds):
            return True
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, test)]
        if entry[0] != t.CALL or not self._answering:
            return False
        function = self._project.values.evaluate(frame, entry[1])
        return isinstance(function, FunctionValue) and (
            self._answering.get((function.module, function.scope)) is holds
        )

    def _has_not_found(self, frame: Frame, test: int, *, holds: bool) -> bool:
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, test)]
        if entry[0] == t.UNARY and entry[1] == "not":
            return self._has_not_found(frame, entry[2], holds=not holds)
        if entry[0] == t.CALL and terms[entry[1]] == _BOOL and len(entry[2]) == 1:
            entry = terms[t.unaliased(terms, entry[2][0])]
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            holds = holds is (entry[1] in ("is not", "!="))
            entry = terms[t.unaliased(terms, entry[2])]
        if holds or entry[0] != t.CALL:
            return False
        function = self._project.values.evaluate(frame, entry[1])
        return isinstance(function, External) and function.name == _FINDS

    # -- stopping ----------------------------------------------------------------------------------

    def _stopping(self, frame: Frame, regions: list[Region]) -> list[tuple[int, int]]:
        """Branches that stop the loop and leave the function: ``if generate: write(); loop.stop();
        return``. What else was to run on it never does.
        """
        terms = frame.module.facts.terms
        found: list[tuple[int, int]] = []
        for call in self._spelt_stop.get(frame.module, ()):
            around = [region for region in regions if _contains(region, call)]
            if frame.module.code_scope_of(call) != frame.scope_number or not around:
                continue
            branch = max(around, key=lambda region: region.start)
            if branch.kind in _DECIDED and branch.leaves:
                stop = self._project.values.evaluate(frame, terms[call][1])
                if isinstance(stop, Member) and stop.name in _STOPS:
                    found.append((branch.start, branch.end))
        return found

    @cached_property
    def _spelt_stop(self) -> dict[Module, list[int]]:
        """Calls of anything called "stop"."""
        return self._spelt_by_module("stop")

    # -- threads -----------------------------------------------------------------------------------

    def _threaded_otherwise(self, frame: Frame, regions: list[Region]) -> list[tuple[int, int]]:
        """Calls in a branch of what stands among the arguments of what runs it in a thread, outside
        of that branch: ``if pool is closed: return run()``, ``return pool.submit(run).result()``.
        """
        found: list[tuple[int, int]] = []
        branches = [region for region in regions if region.kind in _BRANCHES]
        if not branches:
            return found
        terms = frame.module.facts.terms
        calls = frame.module.calls_in(frame.scope_number)
        handed: dict[tuple[object, ...], int] = {}
        for call in calls:
            called = terms[terms[call][1]]
            name = called[1] if called[0] == t.NAME else called[2] if len(called) > 2 else ""
            if name not in self._offloading:
                continue
            arguments = [*terms[call][2], *[term for _, term in terms[call][3]]]
            for argument in arguments:
                handed[_spelt(terms, argument)] = call
        for call in calls if handed else ():
            other = handed.get(_spelt(terms, terms[call][1]))
            if other is not None and any(
                _contains(branch, call) and not _contains(branch, other) for branch in branches
            ):
                if self._has_role(frame, terms[other][1], _OFFLOADS):
                    found.append((call, call + 1))
        return found

    def _has_role(self, frame: Frame, function: int, name: str) -> bool:
        value = self._project.values.evaluate(frame, function)
        return isinstance(value, (External, Member)) and any(
            role.role == name for role in self._project.catalogue.roles(value.name)
        )


def _contains(region: Region, term: int) -> bool:
    return region.start <= term < region.end


def _spelt(terms: list[t.Term], term: int) -> tuple[object, ...]:
    """A variable or a chain of attributes, the same for each term that reads it."""
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] == t.ATTR:
        return (*_spelt(terms, entry[1]), entry[2])
    return entry if entry[0] in (t.NAME, t.PARAM, t.DEFINITION, t.IMPORT) else (term,)
