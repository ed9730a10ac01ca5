"""Rows that are fetched only to be counted, or to see whether there are any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.effects import Rows
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.outcome import RunExternal

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_ASKING = {"__len__": "count", "__bool__": "exists"}
# What compares a length with none at all.
_ANY = frozenset({(">", 0), ("==", 0), ("!=", 0), ("<", 1), (">=", 1)})
_SEEN_THROUGH = (t.ALIAS, t.NARROW, t.JOIN)
# What builds another query from one, or asks the database, does not use the rows of the first; but
# who takes one of them had better take it at once than ask whether there is one.
_TAKING = frozenset({"first", "last", "get", "earliest", "latest"})
_PASSING = frozenset({t.ATTR, t.TRUTH, t.UNARY, *_SEEN_THROUGH})


class Waste(NamedTuple):
    """A place where all rows of a query are fetched for a number (``count``) or a yes or no
    (``exists``). ``is_length``: it asks for their number in any case.
    """

    path: str
    scope: int
    term: int
    instead: str
    is_length: bool


class Fetched:
    """Finds such places."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._rows = Rows(project)
        self._users: dict[Module, dict[int, list[int]]] = {}

    def wasted(self, module: Module) -> Iterator[Waste]:
        """The places of a module, in order."""
        behaviours = self._project.behaviours
        for number, scope in enumerate(module.facts.scopes):
            if number and not scope.is_function:
                continue
            frame = self._project.frame_of_scope(module, number)
            for event in behaviours.of(frame).events:
                run = self._asking(event)
                if run is None or frame.scope.is_async:
                    continue
                asked = self._asked(module, event.term)
                if asked >= 0 and not self._is_used(frame, asked, event.term):
                    instead = _ASKING[run.name.rpartition(".")[2]]
                    is_length = instead == "count"
                    if is_length and self._is_for_any(module, event.term):
                        instead = "exists"
                    yield Waste(*frame.function, event.term, instead, is_length)

    def _asking(self, event: Event) -> RunExternal | None:
        """The run of a query for ``len()`` or a truth test, if it is that on every path."""
        found = None
        for alternative in event.alternatives:
            found = None
            for run in alternative or ():
                if isinstance(run, RunExternal) and run.name.rpartition(".")[2] in _ASKING:
                    origin = origin_of(run.receiver) if run.receiver is not None else None
                    if origin is None or origin.is_short:
                        continue
                    if self._rows.of(run, "queries") is not None:
                        found = run
            if found is None:
                return None
        return found

    def _is_for_any(self, module: Module, length: int) -> bool:
        """Whether a length is asked for only to see whether there is anything: ``len(posts) > 0``,
        ``if len(posts)``.
        """
        terms = module.facts.terms
        users = [terms[user] for user in self._users_in(module).get(length, ())]
        return bool(users) and all(
            entry[0] == t.TRUTH
            or (
                entry[0] == t.COMPARE
                and entry[2] == length
                and terms[entry[3]][0] == t.CONST
                and (entry[1], terms[entry[3]][1]) in _ANY
            )
            for entry in users
        )

    @staticmethod
    def _asked(module: Module, term: int) -> int:
        """The term of the query itself; -1 where the test is not written as one."""
        terms = module.facts.terms
        entry = terms[term]
        if entry[0] == t.CALL and len(entry[2]) == 1:
            asked: int = entry[2][0]
        elif entry[0] == t.TRUTH:
            asked = entry[1]
        else:
            return -1
        asked = t.unaliased(terms, asked)
        return asked if terms[asked][0] == t.CALL else -1

    def _is_used(self, frame: Frame, query: int, asking: int) -> bool:
        """Whether the rows of a query may be of use to something else."""
        module = frame.module
        users = self._users_in(module)
        waiting = [query]
        seen = {query}
        if self._is_seen_outside(frame, query):
            return True
        while waiting:
            for user in users.get(waiting.pop(), ()):
                entry = module.facts.terms[user]
                if user == asking or user in seen:
                    continue
                seen.add(user)
                if entry[0] not in _PASSING or (entry[0] == t.ATTR and entry[2] in _TAKING):
                    return True
                if entry[0] in _SEEN_THROUGH:
                    if self._is_seen_outside(frame, user):
                        return True
                    waiting.append(user)
        return False

    @staticmethod
    def _is_seen_outside(frame: Frame, term: int) -> bool:
        """Whether a term is returned, or bound to a name that other scopes may read."""
        scope = frame.scope
        if term in scope.returns or term in scope.yields:
            return True
        if any(term == written for _, _, written in scope.outer_writes):
            return True
        if not scope.is_function:
            return True
        names = {name for name, bound in scope.bindings.items() if bound == term}
        facts = frame.module.facts
        return bool(names) and any(
            entry[0] == t.NAME and entry[1] in names
            for inner in facts.scopes
            if inner.parent == frame.scope_number
            for entry in facts.terms[inner.start : inner.end]
        )

    def _users_in(self, module: Module) -> dict[int, list[int]]:
        known = self._users.get(module)
        if known is None:
            known = self._users[module] = {}
            for term, entry in enumerate(module.facts.terms):
                for operand in t.operands(entry):
                    known.setdefault(operand, []).append(term)
        return known
