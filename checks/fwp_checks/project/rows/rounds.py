"""What sets the rounds of a loop apart, so that no one query can take the place of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.effects import Link
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Run, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    Constant,
    External,
    Member,
    options_of,
)
from fwp_checks.project.rows.apart import Apart

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How many calls away a round does what sets it apart.
_LEVELS = 3
_DIALOGUE = frozenset(
    {"builtins.input", "getpass.getpass", "click.prompt", "click.confirm", "typer.prompt"}
)
# https://www.postgresql.org/docs/current/sql-set.html,
# https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
_SETTING = re.compile(r"\s*(?:RE)?SET\s|\s*SELECT\s+set_config\s*\(", re.IGNORECASE)


class Rounds:
    """Answers for the loops of one share of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Frame, int, int], Apart | None] = {}

    def of(self, frame: Frame, loop: Region) -> Apart | None:
        """What a round of a loop does that sets it apart as a whole."""
        key = (frame, loop.start, loop.end)
        if key not in self._known:
            found = set(self._found(frame, loop))
            self._known[key] = next((one for one in Apart if one in found), None)
        return self._known[key]

    def goes_down(self, frame: Frame, loop: Region) -> bool:
        """Whether a round calls the function that the loop stands in."""
        return any(
            isinstance(run, RunFrame) and run.frame.function == frame.function
            for run in self._runs(frame, loop.start, loop.end, 0)
        )

    def _found(self, frame: Frame, loop: Region) -> Iterator[Apart]:
        if self.goes_down(frame, loop):
            yield Apart.TREE
        for run in self._runs(frame, loop.start, loop.end, _LEVELS):
            if isinstance(run, RunExternal) and run.name in _DIALOGUE:
                yield Apart.DIALOGUE
            elif isinstance(run, RunExternal) and is_setting(run):
                yield Apart.CONNECTION
        terms = frame.module.facts.terms
        for entry in terms[loop.start : loop.end]:
            if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
                if self._project.frameworks.may_set_apart(terms[entry[1]][2]):
                    yield from self._told_by(frame, entry[1], of_object=True)

    def _runs(self, frame: Frame, start: int, end: int, levels: int) -> Iterator[Run]:
        """What runs in a stretch of a frame, and so many calls away from it."""
        inner: dict[Frame, None] = {}
        for event in self._project.behaviours.of(frame).events:
            for alternative in event.alternatives if start < event.term < end else ():
                for run in alternative or ():
                    yield run
                    if isinstance(run, RunFrame):
                        inner[run.frame] = None
        for called in inner if levels else ():
            yield from self._runs(called, called.scope.start, called.scope.end, levels - 1)

    def around(self, links: Iterable[Link], loop: Region) -> Apart | None:
        """What is entered in a round, in the loop itself or in a function that it calls, and left
        behind the query.
        """
        start = loop.start
        found: set[Apart] = set()
        for link in links:
            regions = link.frame.module.regions_in(link.frame.scope_number)
            for region in regions:
                if region.kind == "with" and start < region.start <= link.term < region.end:
                    found.update(self._entered(link.frame, region.term))
            start = -1
        return next((one for one in reversed(Apart) if one in found), None)

    def _entered(self, frame: Frame, manager: int) -> Iterator[Apart]:
        terms: Sequence[t.Term] = frame.module.facts.terms
        entry = terms[t.unaliased(terms, manager)] if manager >= 0 else terms[0]
        if entry[0] == t.ENTER:
            entry = terms[t.unaliased(terms, entry[1])]
        if entry[0] != t.CALL:
            return
        yield from self._told_by(frame, entry[1])

    def _told_by(self, frame: Frame, function: int, *, of_object: bool = False) -> Iterator[Apart]:
        """What calling a function of a library tells; ``of_object``: methods alone count."""
        for option in options_of(self._project.values.evaluate(frame, function)):
            if isinstance(option, Member) or (isinstance(option, External) and not of_object):
                apart = self._project.frameworks.sets_apart(option.name)
                if apart is not None:
                    yield apart


def is_setting(run: RunExternal) -> bool:
    """Whether a statement sets something of the connection, and asks for no rows."""
    if run.name.rpartition(".")[2] != "execute":
        return False
    statement = run.arguments.get(0, "sql")
    return (
        isinstance(statement, Constant)
        and isinstance(statement.value, str)
        and _SETTING.match(statement.value) is not None
    )
