"""What handlers answer where something fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region, Statement
from fwp_checks.project.application.model import Handler, Route
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import External, FunctionValue, options_of
from fwp_checks.project.repetition import failures
from fwp_checks.project.repetition.sameness import Form, Reading

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

FEWEST_CAUGHT = 5
_BROAD = ("builtins.Exception", "builtins.BaseException")
_PREPARING = ("expression", "assignment", "augmented", "if", "assert")


@dataclass(slots=True, unsafe_hash=True)
class Caught:
    """An ``except`` of a handler, and the first term in it that answers."""

    route: Route
    frame: Frame
    region: Region
    answer: int


class Answers:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def _handlers(self) -> Iterator[tuple[Route, Handler]]:
        handlers = self._project.applications.handlers
        for key in sorted(handlers):
            route, handler = handlers[key]
            if handler.frame.module.is_served and not route.is_websocket:
                yield route, handler

    # -- the same except ---------------------------------------------------------------------------

    @cached_property
    def repeated(self) -> dict[str, list[list[Caught]]]:
        """Handlers of a module whose work is one ``try`` with the same ``except Exception``."""
        groups: dict[tuple[str, Form], list[Caught]] = defaultdict(list)
        seen: set[FunctionKey] = set()
        for route, handler in self._handlers():
            frame = self._working(handler.frame)
            caught = self._catching(route, frame) if frame.function not in seen else None
            seen.add(frame.function)
            if caught is not None:
                form = self._form(caught)
                if form is not None:
                    groups[(frame.module.path, form)].append(caught)
        found: dict[str, list[list[Caught]]] = {}
        for (path, _), group in groups.items():
            if len(group) >= FEWEST_CAUGHT:
                group.sort(key=lambda caught: caught.answer)
                found.setdefault(path, []).append(group)
        return found

    def _working(self, frame: Frame) -> Frame:
        """The function that does the work of a handler: it itself, or the one that it only calls,
        to return what that gives.
        """
        terms = frame.module.facts.terms
        statements = [
            s for s in frame.module.facts.statements_of(frame.scope) if s.kind != "constant"
        ]
        if len(statements) != 1 or statements[0].kind != "return" or len(frame.scope.returns) != 1:
            return frame
        entry = terms[frame.scope.returns[0]]
        if entry[0] == t.AWAIT:
            entry = terms[entry[1]]
        if entry[0] != t.CALL:
            return frame
        called = self._project.values.evaluate(frame, entry[1])
        if not isinstance(called, FunctionValue) or not called.module.is_served:
            return frame
        return self._project.frame_of_scope(called.module, called.scope)

    def _catching(self, route: Route, frame: Frame) -> Caught | None:
        """The ``except Exception`` of a handler whose work is one ``try``."""
        regions = frame.module.regions_in(frame.scope_number)
        if not any(region.kind == "except" for region in regions):
            return None
        if not self._is_one_try(frame):
            return None
        for region in regions:
            if region.kind == "except" and self._is_broad(frame, region):
                if not _inside_another(region, regions):
                    answer = self._answer(frame, region)
                    return Caught(route, frame, region, answer) if answer >= 0 else None
        return None

    def _is_one_try(self, frame: Frame) -> bool:
        """Whether a handler does its work in one ``try``: what stands before it prepares that, or
        turns the request away, and what stands behind only answers.
        """
        reading = Reading(self._project, frame)
        working = [
            s for s in frame.module.facts.statements_of(frame.scope) if not reading.is_idle(s)
        ]
        tries = [at for at, statement in enumerate(working) if statement.kind == "try"]
        if len(tries) != 1:
            return False
        before, behind = working[: tries[0]], working[tries[0] + 1 :]
        return (
            all(statement.kind in _PREPARING for statement in before)
            and len(behind) <= 1
            and all(self._only_answers(frame, statement) for statement in behind)
        )

    def _only_answers(self, frame: Frame, statement: Statement) -> bool:
        """Whether a statement returns what is there, by the means of a library or of a class."""
        terms = frame.module.facts.terms
        if statement.kind != "return":
            return False
        for term in range(statement.start, statement.end):
            entry = terms[term]
            if entry[0] == t.AWAIT:
                return False
            if entry[0] == t.CALL:
                called = options_of(self._project.values.evaluate(frame, entry[1]))
                if any(isinstance(option, FunctionValue) for option in called):
                    return False
        return True

    def _is_broad(self, frame: Frame, region: Region) -> bool:
        if region.term < 0:
            return True
        value = self._project.values.evaluate(frame, region.term)
        return isinstance(value, External) and value.name in _BROAD

    @staticmethod
    def _answer(frame: Frame, region: Region) -> int:
        """The first term of a region that raises something new or is returned; -1 for none."""
        terms = frame.module.facts.terms
        returned = set(frame.scope.returns)
        for term in range(region.start, region.end):
            if (terms[term][0] == t.RAISE and terms[term][1] >= 0) or term in returned:
                return term
        return -1

    def _form(self, caught: Caught) -> Form:
        """What an ``except`` does but for its texts and logs; None if it cleans up, too."""
        reading = Reading(self._project, caught.frame)
        terms = caught.frame.module.facts.terms
        start, end = caught.region.start, caught.region.end
        for root in reading.roots(start, end):
            kind = terms[root][0]
            if kind in (t.STORE, t.STORE_ITEM, t.AWAIT):
                return None
            if kind == t.DROP and not reading.is_log(root) and not self._prints(caught.frame, root):
                return None
        return reading.stretch(start, end, is_answer=True)

    def _prints(self, frame: Frame, root: int) -> bool:
        terms = frame.module.facts.terms
        call = terms[terms[root][1]]
        if call[0] != t.CALL:
            return False
        called = self._project.values.evaluate(frame, call[1])
        return isinstance(called, External) and called.name.startswith("traceback.")

    # -- errors that look like success -------------------------------------------------------------

    @cached_property
    def hidden(self) -> dict[str, list[Caught]]:
        """Where handlers answer an exception as if nothing had happened, by module."""
        found: dict[str, list[Caught]] = {}
        for route, handler in self._handlers():
            frame = handler.frame
            for region in frame.module.regions_in(frame.scope_number):
                is_except = region.kind == "except"
                answer = self._hidden(route, frame, region) if is_except else -1
                if answer >= 0:
                    caught = Caught(route, frame, region, answer)
                    found.setdefault(frame.module.path, []).append(caught)
        return found

    def _hidden(self, route: Route, frame: Frame, region: Region) -> int:
        """The term that a region returns with status 200 and that tells of an error; -1 for
        none.
        """
        terms = frame.module.facts.terms
        for term in range(region.start, region.end):
            entry = terms[term]
            if entry[0] == t.RAISE or (
                entry[0] == t.STORE and entry[2] in failures.STATUS_KEYWORDS
            ):
                return -1
        for term in frame.scope.returns:
            if region.start <= term < region.end:
                if failures.tells_of_error(self._project, frame, term, route.framework):
                    return term
        return -1


def _inside_another(region: Region, regions: list[Region]) -> bool:
    return any(
        other is not region
        and other.kind in ("try", "except", "finally", "if", "else", "for", "while", "with", "case")
        and other.start <= region.start
        and region.end <= other.end
        for other in regions
    )
