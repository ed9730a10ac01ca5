"""Processes and threads that have ended: who waits for one then, or reads what it left, gets it at
once.

``if process.poll() is not None: process.wait()``, ``while worker.is_alive(): await …``; also where
a helper has asked, or where the function itself has waited before. ``poll``, ``returncode`` and
``exitcode`` give None as long as it runs:
https://docs.python.org/3/library/subprocess.html#subprocess.Popen.poll,
https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.exitcode
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import Read, what_is_read
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.tested import parts, tests_before, tests_behind_loops

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import Run, RunExternal

_WAITING = ("subprocess.Popen.", "multiprocessing.Process.join", "threading.Thread.join")
_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}
_PIPES = ("stdout", "stderr")
_CODES = frozenset({"returncode", "exitcode"})
_ENDING = frozenset({"wait", "communicate", "join"})
# So many helpers away it is looked for what asks.
_CALLS = 2


class Processes(Framework):
    """Hooks for the standard library's processes and threads."""

    name = "processes"
    modules = frozenset({"subprocess", "multiprocessing", "threading"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a process is waited for, or its output read, where it has ended already."""
        terms = frame.module.facts.terms
        if not run.name.startswith(_WAITING) or terms[term][0] != t.CALL:
            return False
        called = terms[terms[term][1]]
        if called[0] != t.ATTR:
            return False
        process = what_is_read(terms, called[1])
        if process[-1] in _PIPES:
            process = process[:-1]
        return any(
            _says_ended(project, frame, test, process, holds, _CALLS)
            and not _is_replaced(frame, process, test, term)
            for test, holds in _tests(frame, term)
        ) or _is_waited_for(frame, term, process)


def _tests(frame: Frame, term: int) -> Iterator[tuple[int, bool]]:
    yield from tests_before(frame.module, frame.scope_number, term)
    yield from tests_behind_loops(frame.module, frame.scope_number, term)


def _is_replaced(frame: Frame, process: Read, test: int, term: int) -> bool:
    """Whether another process has taken the attribute's place between a test and a term."""
    terms = frame.module.facts.terms
    return any(
        test < write < term and terms[write][2] == process[-1]
        for write in frame.module.attribute_writes_in(frame.scope_number)
    )


def _is_waited_for(frame: Frame, term: int, process: Read) -> bool:
    """Whether a function has waited for a process before, on every way to a term, however long."""
    module = frame.module
    terms = module.facts.terms
    calls = module.calls
    around = [r for r in module.regions_in(frame.scope_number) if not r.start <= term < r.end]
    for at in range(bisect_left(calls, frame.scope.start), bisect_left(calls, term)):
        _, function, given, named = terms[calls[at]]
        # await asyncio.to_thread(process.wait); else what is given may be a time-out.
        waiting = given if calls[at] in module.awaited else () if given or named else (function,)
        for one in waiting:
            if terms[one][0] == t.ATTR and terms[one][2] in _ENDING:
                if what_is_read(terms, terms[one][1]) == process:
                    if not any(r.start <= calls[at] < r.end for r in around):
                        return True
    return False


def _says_ended(
    project: Project, frame: Frame, test: int, process: Read, holds: bool, calls: int
) -> bool:
    """Whether a process has ended where a test is true, or where it is false; so many ``calls``
    away.
    """
    terms = frame.module.facts.terms
    entry = terms[test]
    if entry[0] == t.TRUTH:
        return _says_ended(project, frame, entry[1], process, holds, calls)
    if entry[0] == t.COMPARE and entry[1] in _IS_NONE:
        if _is_code(project, frame, entry[2], process, calls):
            other = terms[entry[3]]
            # Equal to a number, or not equal to None.
            is_equal = _IS_NONE[entry[1]] is holds
            return other[0] == t.CONST and (other[1] is None) is not is_equal
        return False
    if entry[0] == t.CALL and not holds:
        asked = terms[entry[1]]
        if (
            asked[0] == t.ATTR
            and asked[2] == "is_alive"
            and what_is_read(terms, asked[1]) == process
        ):
            return True
    if holds and _is_code(project, frame, test, process, calls):
        return True
    if entry[0] == t.BOOL and (entry[1] == "and") is not holds:
        # Where there is none at all, nobody waits for it.
        left = [one for one in entry[2] if not _asks_for(terms, one, process, holds=not holds)]
        return len(left) == 1 < len(entry[2]) and any(
            _says_ended(project, frame, part, process, outcome, calls)
            for part, outcome in parts(terms, left[0], holds=holds)
        )
    asked_by = _helper(project, frame, test, process) if calls else None
    if asked_by is None:
        return False
    helper, returned, inner = asked_by
    return any(
        _says_ended(project, helper, part, inner, outcome, calls - 1)
        for part, outcome in parts(helper.module.facts.terms, returned, holds=holds)
    )


def _asks_for(terms: list[t.Term], test: int, process: Read, *, holds: bool) -> bool:
    """Whether a test asks for nothing but that there is a process (not ``holds``: is none)."""
    entry = terms[test]
    if entry[0] == t.UNARY and entry[1] == "not":
        return _asks_for(terms, entry[2], process, holds=not holds)
    if entry[0] == t.COMPARE and entry[1] in _IS_NONE and terms[entry[3]] == (t.CONST, None):
        return _IS_NONE[entry[1]] is not holds and what_is_read(terms, entry[2]) == process
    return holds and what_is_read(terms, test) == process


def _is_code(project: Project, frame: Frame, term: int, process: Read, calls: int) -> bool:
    """Whether a term is what a process ended with: ``process.poll()``, ``process.returncode``."""
    terms = frame.module.facts.terms
    while terms[term][0] in (t.NARROW, t.ALIAS, t.TRUTH):
        term = terms[term][1]
    entry = terms[term]
    if entry[0] == t.CALL:
        called = terms[entry[1]]
        if (
            called[0] == t.ATTR
            and called[2] == "poll"
            and what_is_read(terms, called[1]) == process
        ):
            return True
    elif entry[0] != t.ATTR:
        return False
    elif entry[2] in _CODES and what_is_read(terms, entry[1]) == process:
        return True
    asked = _helper(project, frame, term, process) if calls else None
    return asked is not None and _is_code(project, *asked, calls - 1)


def _helper(
    project: Project, frame: Frame, term: int, process: Read
) -> tuple[Frame, int, Read] | None:
    """The function or property of the project that a term runs, the one thing that it returns, and
    what the process is in it.
    """
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    entry = terms[term]
    receiver = -1
    alternatives: tuple[tuple[Run, ...] | None, ...] = ()
    if entry[0] == t.CALL:
        alternatives = project.calls.outcome(frame, term).alternatives
        receiver = terms[entry[1]][1] if terms[entry[1]][0] == t.ATTR else -1
    elif entry[0] == t.ATTR:
        receiver = entry[1]
        alternatives = project.protocols.reading(project.values.evaluate(frame, receiver), entry[2])
    if len(alternatives) != 1 or not alternatives[0] or len(alternatives[0]) != 1:
        return None
    run = alternatives[0][0]
    if not isinstance(run, RunFrame) or run.frame.scope.is_async:
        return None
    helper = run.frame
    if len(helper.scope.returns) != 1 or helper.scope.is_generator:
        return None
    is_method = project.calls.class_of_method(helper.module, helper.scope_number) is not None
    given = [receiver] if is_method else []
    if entry[0] == t.CALL:
        given.extend(entry[2])
    for index, handed in enumerate(given):
        path = what_is_read(terms, handed) if handed >= 0 else ()
        if path and process[: len(path)] == path:
            inner: Read = ((t.PARAM, index), *process[len(path) :])
            return helper, helper.scope.returns[0], inner
    return None


FRAMEWORK = Processes()
