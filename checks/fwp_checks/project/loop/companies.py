"""Who else waits while a function holds up its event loop.

A loop that a script, a command or a worker's job starts for one coroutine, and waits for, is its
own: while a call blocks, nothing else is ready to run. That changes as soon as something runs
concurrently (a second task, a callback, a server), so then nothing is private.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from fwp_checks.project.loop.beginnings import closure
from fwp_checks.project.meaning.frames import FunctionKey

if TYPE_CHECKING:
    from fwp_checks.project.loop.loop_evidence import FrameEvidence

TERMINAL = "input"


class Company(Enum):
    """Who else waits while a function holds up its event loop."""

    OTHERS = "others"
    """Whatever the loop serves, as far as is known."""
    TASKS = "tasks"
    """At most other tasks of the same script, command or job; it is none of them itself."""
    FIRST = "first"
    """Whatever the loop serves, but once: it fills what is empty at first."""
    NOBODY = "nobody"
    """No one: the loop was started for it."""


@dataclass(slots=True, unsafe_hash=True)
class Node:
    """A frame, by the evidence of it, and the numbers of the frames that follow: each time, and
    once.
    """

    frame: FrameEvidence
    following: tuple[int, ...]
    first: tuple[int, ...]


class Companies:
    """Who else waits, for each function of a project.

    ``nodes`` are all frames by number. ``served`` are those that frameworks call on the loop of a
    server, ``private`` the scripts, commands and jobs. ``on_loops``: where the project also drives
    coroutines by hand, the functions that run on a loop all the same.
    """

    def __init__(
        self,
        nodes: Mapping[int, Node],
        served: Iterable[int],
        private: Iterable[int],
        on_loops: Container[FunctionKey] | None = None,
    ) -> None:
        self._nodes = nodes
        open_ended = self._open_ended(private)
        # Whoever waits for somebody at a terminal is a command, and no server's.
        commands = self._asking() & open_ended
        quiet: set[int] = set()
        busy: set[int] = set()
        tasks: set[int] = set()
        own_loops = {number for number, node in nodes.items() if node.frame.own_loop}
        self._begun = self._on_fresh_loops()
        fresh = {after for begun in self._begun.values() for after in begun}
        for entry in sorted({*private, *commands, *own_loops, *fresh}):
            reached = self._closure([entry], own_loops - {entry}, by_loop=True)
            starting = [number for number in reached if nodes[number].frame.starts_tasks]
            gathering = [number for number in reached if nodes[number].frame.gathers]
            pending = self._pending(reached) if gathering else set()
            if starting or any(nodes[number].frame.keeps_tasks for number in reached):
                busy |= reached
                tasks |= self._closure(starting, by_loop=True) | pending
            else:
                quiet |= reached - pending
                busy |= pending
                tasks |= self._closure(gathering, by_loop=True) & pending
        once = self._closure(after for node in nodes.values() for after in node.first)
        others = self._functions(self._closure([*served, *open_ended - commands], by_loop=True))
        self._alone = self._functions(quiet) - self._functions(busy) - others
        self._beside = self._functions(busy) - self._functions(tasks) - others
        self._first = self._functions(once) - others
        self._driven: set[FunctionKey] = set()
        if on_loops is not None:
            known = {
                number
                for number, node in nodes.items()
                if node.frame.function in on_loops or _is_of_loop(node.frame)
            }
            looped = self._functions(self._closure({*served, *private, *own_loops, *known}))
            self._driven = self._functions(self._closure(open_ended - commands)) - looped

    def may_have_no_loop(self, function: FunctionKey) -> bool:
        """Whether the project may drive a function by hand, with no event loop running."""
        return function in self._driven

    def of(self, function: FunctionKey) -> Company:
        """Who else waits while a function holds up its loop."""
        if function in self._alone:
            return Company.NOBODY
        if function in self._beside:
            return Company.TASKS
        return Company.FIRST if function in self._first else Company.OTHERS

    def _open_ended(self, private: Iterable[int]) -> set[int]:
        """The frames of async functions of whose callers nothing is known."""
        nodes = self._nodes
        following: set[int] = set()
        for node in nodes.values():
            following.update(node.following, node.first)
        called = {nodes[number].frame.function for number in following if number in nodes}
        reached = self._closure(private)
        return {
            number
            for number, node in nodes.items()
            if node.frame.is_on_loop and node.frame.function not in called and number not in reached
        }

    def _asking(self) -> set[int]:
        """The frames that ask somebody at the terminal, or run what does."""
        asking = [
            number
            for number, node in self._nodes.items()
            if node.frame.blocking
            and any(site.row.kind == TERMINAL for site in node.frame.blocking)
        ]
        if not asking:
            return set()
        callers: dict[int, list[int]] = {}
        for number, node in self._nodes.items():
            for after in node.following:
                callers.setdefault(after, []).append(number)
        return closure(asking, callers)

    def _pending(self, reached: set[int]) -> set[int]:
        """The frames that may run beside each other where several coroutines are waited for at
        once: what coroutines run that are not awaited where they are made.
        """
        frames = [self._nodes[number].frame for number in reached]
        made = {function for frame in frames for function in frame.pending}
        return self._closure(n for n in reached if self._nodes[n].frame.function in made)

    def _on_fresh_loops(self) -> dict[int, set[int]]:
        """For plain frames, those that follow with which loops begin that are made for them: what
        else the frame starts, before or afterwards, does not run there.
        """
        found: dict[int, set[int]] = {}
        for number, node in self._nodes.items():
            if node.frame.begun and not node.frame.is_on_loop:
                begun = {
                    after
                    for after in node.following
                    if after in self._nodes
                    and self._nodes[after].frame.function in node.frame.begun
                }
                if begun:
                    found[number] = begun
        return found

    def _closure(
        self, starts: Iterable[int], without: Container[int] = (), *, by_loop: bool = False
    ) -> set[int]:
        """What frames reach; ``by_loop``: without what begins a loop that is made for it."""
        found = {number for number in starts if number in self._nodes}
        waiting = list(found)
        while waiting:
            number = waiting.pop()
            begun = self._begun.get(number, ()) if by_loop else ()
            for after in self._nodes[number].following:
                if after not in found and after not in without and after not in begun:
                    found.add(after)
                    waiting.append(after)
        return found

    def _functions(self, numbers: Iterable[int]) -> set[FunctionKey]:
        return {self._nodes[number].frame.function for number in numbers}


def _is_of_loop(frame: FrameEvidence) -> bool:
    """Whether what a function does needs a loop that runs."""
    return frame.starts_tasks or frame.gathers or frame.keeps_tasks
