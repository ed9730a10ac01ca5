"""Code that has its thread to itself, so that a loop which it starts serves nobody else: scripts,
commands, jobs of workers, and plain functions that make a loop and run it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop.own_loops import MADE_AND_RUN, NEW_LOOPS, RUN, last_name
from fwp_checks.project.loop.starts import started_by
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    Arguments,
    External,
    FunctionValue,
    Member,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


def entries(project: Project) -> Iterator[Frame]:
    """Code that has its thread to itself: scripts, commands, jobs of workers, and plain functions
    that make a loop and run it, or have another function do it, or a thread.
    """
    for module in project.table.modules:
        if not module.is_read_only and (_is_script(module) or _starts_loop(project, module)):
            yield project.module_frame(module)
    yield from project.frameworks.commands
    yield from _starters(project)
    yield from project.loop_entries.own_loops.beginning()


def _starters(project: Project) -> Iterator[Frame]:
    """Plain functions that make a loop and run it, whoever calls them: no loop is running there.

    A function in a decorator of the project, in a frame for each function that is decorated.
    """
    for module, number in _making_loops(project):
        yield from project.call_sites.frames_around(module, number)
    inner = project.loop_entries.around_loops
    if inner:
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if module.is_read_only or scope.kind != "function" or not scope.decorators:
                    continue
                around = project.frame_of_scope(module, scope.parent)
                yield from _running(project, around, number, inner)


def runs_apart(project: Project, around: Frame, number: int) -> bool:
    """Whether a decorator of the project runs a function on a loop that it makes for that."""
    inner = project.loop_entries.around_loops
    if not inner:
        return False
    function = around.module.path, number
    return any(
        made.function == function
        for frame in _running(project, around, number, inner)
        for term, made in project.behaviours.of(frame).coroutines
        if term in started_by(project, frame).beginning
    )


def _making_loops(project: Project) -> Iterator[tuple[Module, int]]:
    """The plain functions that make a loop and run it."""
    for module, numbers in project.loop_entries.own_loops.running.items():
        for number in numbers:
            scope = module.facts.scopes[number]
            if module.is_read_only or not scope.is_function or scope.is_async:
                continue
            frame = project.frame_of_scope(module, number)
            if _runs_loop(project, frame, NEW_LOOPS) or _makes_and_runs_loop(project, frame):
                yield module, number


Inner = dict[tuple[Module, int], list[tuple[int, ...]]]
"""Functions that have others in them, with the ways to these."""


def around_loops(project: Project) -> Inner:
    """The functions that have plain functions in them that make a loop and run it."""
    inner: Inner = {}
    for module, number in _making_loops(project):
        # What a decorator gives may hand the one in it to a thread.
        scopes = module.facts.scopes
        way: tuple[int, ...] = (number,)
        around = scopes[number].parent
        while around > 0 and scopes[around].is_function:
            inner.setdefault((module, around), []).append(way)
            way = (around, *way)
            around = scopes[around].parent
    return inner


def _running(project: Project, around: Frame, number: int, inner: Inner) -> Iterator[Frame]:
    """The frames of such functions in decorators of the project that stand over a function."""
    value: Value = FunctionValue(around, number)
    for term in reversed(around.module.facts.scopes[number].decorators):
        for option in options_of(project.values.evaluate(around, term)):
            if isinstance(option, FunctionValue):
                for way in inner.get((option.module, option.scope), ()):
                    frame = project.calls.frame_for(option, Arguments((value,)))
                    for step in way:
                        frame = project.calls.unbound_frame(frame, step)
                    yield frame
        value = project.calls.decorated(around, value, term)


def _is_script(module: Module) -> bool:
    """Whether a module does something when it is run: it asks for ``__main__``."""
    return bool(module.main_guards) or module.path.endswith("__main__.py")


def _starts_loop(project: Project, module: Module) -> bool:
    """Whether a module starts a loop when it is imported, itself, by a function of its own or by
    one that it hands a coroutine to: it is a script without a guard.
    """
    frame = project.module_frame(module)
    if _runs_loop(project, frame):
        return True
    calls = module.calls_in(0)
    called = {_function_called(module, term) for term in calls} - {0}
    if any(
        not module.facts.scopes[number].is_async
        and _runs_loop(project, project.frame_of_scope(module, number))
        for number in sorted(called)
    ):
        return True
    coroutines = any(module.facts.scopes[number].is_async for number in called)
    return coroutines and any(_hands_to_loop(project, frame, term) for term in calls)


def _hands_to_loop(project: Project, frame: Frame, call: int) -> bool:
    """Whether a module's own code hands the coroutine of a function of its own to a function of the
    project that runs a loop: ``run_blocking(main())``.
    """
    module = frame.module
    terms = module.facts.terms
    made = [terms[term] for term in terms[call][2]]
    scopes = [terms[entry[1]][1] for entry in made if entry[0] == t.CALL and _is_own(terms, entry)]
    if not any(module.facts.scopes[number].is_async for number in scopes):
        return False
    return any(
        isinstance(option, FunctionValue)
        and _runs_loop(project, project.frame_of_scope(option.module, option.scope))
        for option in options_of(project.values.evaluate(frame, terms[call][1]))
    )


def _is_own(terms: list[t.Term], call: t.Term) -> bool:
    """Whether a call calls what its module defines by name."""
    return bool(terms[call[1]][0] == t.DEFINITION)


def _function_called(module: Module, call: int) -> int:
    """The scope of the module's own function that a call in its own code calls by name, else 0."""
    terms = module.facts.terms
    called = terms[terms[call][1]]
    is_function = called[0] == t.DEFINITION and module.facts.scopes[called[1]].kind == "function"
    return called[1] if is_function else 0


def _runs_loop(project: Project, frame: Frame, names: Container[str] | None = None) -> bool:
    """Whether the code of a frame starts a loop, if names are given by one of these."""
    terms = frame.module.facts.terms
    for term in frame.module.calls_in(frame.scope_number):
        if last_name(terms, term) in RUN:
            value = project.values.evaluate(frame, terms[term][1])
            if not isinstance(value, (External, Member)):
                continue
            roles = project.catalogue.roles(value.name)
            if any(role.role == "enters_loop" for role in roles) and (
                names is None or value.name in names
            ):
                return True
    return False


def _makes_and_runs_loop(project: Project, frame: Frame) -> bool:
    """Whether the code of a frame makes a loop and runs one itself, which raises where one runs."""
    terms = frame.module.facts.terms
    return any(
        last_name(terms, call) == "new_event_loop"
        and getattr(project.values.evaluate(frame, terms[call][1]), "name", "") in MADE_AND_RUN
        for call in frame.module.calls_in(frame.scope_number)
    ) and _runs_loop(project, frame, MADE_AND_RUN)
