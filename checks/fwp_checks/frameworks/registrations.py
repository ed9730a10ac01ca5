"""How the modules of web frameworks say what registers something, and one registration.

A framework's tables name what makes a router, what registers a route on it, what makes it part of
another, what registers hooks. :class:`~fwp_checks.frameworks.web_parts.PartFinder` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import HookKind
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.rounds import rounds
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import NO_ARGUMENTS, Arguments, TupleValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call; position -1: by keyword only."""

    position: int = -1
    keyword: str = ""


NOT_GIVEN = Argument()
METHODS_GIVEN = Argument(-1, "methods")
NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True, unsafe_hash=True)
class Making:
    """Calls that make routers. ``dependencies`` is the keyword of a list of what holds for all."""

    names: tuple[str, ...]
    is_application: bool
    prefix: Argument = NOT_GIVEN
    dependencies: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Routing:
    """Members of routers that register a route, as decorator or by a call with the handler.

    The HTTP method is the member's name where that is one, else the list under ``methods``, else
    ``usual``; none for any.
    """

    members: tuple[str, ...]
    path: Argument = Argument(0, "path")
    handler: Argument | None = None
    usual: tuple[str, ...] = ()
    is_websocket: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Including:
    """Members of routers that make another one part of it. ``replaces``: the prefix stands in place
    of the other's own.
    """

    members: tuple[str, ...]
    child: Argument
    prefix: Argument
    replaces: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Hooking:
    """Members of routers that register a hook, as decorator or by a call with the function."""

    members: tuple[str, ...]
    kind: HookKind
    function: Argument = Argument(0, "f")


class Site:
    """A registration: a call or decorator at ``term``, evaluated in ``frame``, on ``router``."""

    __slots__ = (
        "arguments",
        "decorated",
        "frame",
        "member",
        "place",
        "project",
        "router",
        "term",
        "value",
    )

    def __init__(
        self, project: Project, frame: Frame, term: int, member: str, router: Place | None
    ) -> None:
        self.project = project
        self.frame = frame
        self.term = term
        self.member = member
        self.router = router
        entry = frame.module.facts.terms[term]
        is_call = entry[0] == t.CALL
        self.arguments: Arguments = (
            project.calls.arguments(frame, entry, term) if is_call else NO_ARGUMENTS
        )
        self.value: Value | None = None
        self.decorated: Value | None = None
        self.place = Place(frame.module.path, term)

    def argument(self, argument: Argument) -> Value | None:
        """An argument's value; None if it is not given."""
        return self.arguments.get(argument.position, argument.keyword or None)

    def argument_term(self, argument: Argument) -> int:
        """The term of an argument; -1 if it is not given."""
        entry = self.frame.module.facts.terms[self.term]
        if entry[0] != t.CALL:
            return -1
        if 0 <= argument.position < len(entry[2]):
            return int(entry[2][argument.position])
        found = (term for name, term in entry[3] if name == argument.keyword)
        return next(found, -1)

    def is_hidden(self, argument: Argument) -> bool:
        """Whether an argument is given that is not written out."""
        term = self.argument_term(argument)
        return term >= 0 and self.frame.module.facts.terms[term][0] != t.CONST

    def text(self, argument: Argument, default: str | None = None) -> str | None:
        """An argument's text, the default if it is not given; None if it is not spelt out."""
        term = self.argument_term(argument)
        if term < 0:
            return default if self.arguments.complete or argument == NOT_GIVEN else None
        return text_at(self.project, self.frame, term)

    def texts_from(self, position: int) -> list[str | None]:
        """The texts of all positional arguments from this one on."""
        entry = self.frame.module.facts.terms[self.term]
        found: list[str | None] = []
        for term in entry[2][position:]:
            argument = self.frame.module.facts.terms[term]
            if argument[0] != t.STAR:
                found.append(text_at(self.project, self.frame, term))
                continue
            spread = self.frame.module.facts.terms[argument[1]]
            if spread[0] == t.COMPREHENSION:
                frames = rounds(self.project, self.frame, (spread[2],))
                found.extend(text_at(self.project, frame, spread[2]) for frame in frames)
                continue
            rest = self.project.values.evaluate(self.frame, argument[1])
            items = rest.items if isinstance(rest, TupleValue) else (None,)
            found.extend(literals.text_of(item) for item in items)
        return found

    def texts(self, argument: Argument) -> list[str]:
        """The texts in a list that is spelt out."""
        term = self.argument_term(argument)
        found = literals.items(self.project, self.frame, term) if term >= 0 else None
        return (literals.strings(self.project, found) if found is not None else None) or []
