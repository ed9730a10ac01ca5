"""Calls that make a client, send one request by it and throw it away: ``requests.get(…)``. Several
of them to one host connect several times where one client would connect once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import Opening, Way, is_conditional, is_in_loop
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import External
from fwp_checks.project.structure.loaded import is_example

if TYPE_CHECKING:
    from fwp_checks.project.lifetimes.lifetimes import Lifetimes
    from fwp_checks.project.linked import Project

_LIBRARIES = ("requests", "httpx")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
_SEVERAL = 3
_OF_AN_OBJECT = "self."


@dataclass(slots=True, unsafe_hash=True)
class SingleRequests:
    """Calls in ``frame`` that send a request each to one host, and the ways that lead there from
    requests to the application. ``is_in_loop``: there is one, which runs for each of many things.
    """

    frame: Frame
    name: str
    terms: tuple[int, ...]
    ways: tuple[Way, ...]
    is_in_loop: bool


class SingleRequestsOfProject:
    """Answers for one project; searched once."""

    def __init__(self, project: Project, lifetimes: Lifetimes) -> None:
        self._project = project
        self._lifetimes = lifetimes

    def of(self, module: Module) -> Sequence[SingleRequests]:
        """What the functions of a module send by such calls, in the order of the file."""
        return self._by_module.get(module, ())

    @cached_property
    def _by_module(self) -> dict[Module, list[SingleRequests]]:
        found: dict[Module, list[SingleRequests]] = {}
        for module in self._project.table.modules:
            if module.is_served and module.imports_any(_LIBRARIES) and not is_example(module):
                for several in self._in_module(module):
                    found.setdefault(module, []).append(several)
        return found

    def _in_module(self, module: Module) -> Iterator[SingleRequests]:
        calls: dict[int, dict[Hashable, list[Opening]]] = defaultdict(lambda: defaultdict(list))
        for term in module.calls:
            number = module.code_scope_of(term)
            opening = self._single(module, number, term) if number else None
            host = self._host(opening.frame, _url(opening)) if opening is not None else None
            if opening is not None and host is not None:
                calls[number][host].append(opening)
        for hosts in calls.values():
            for host, openings in hosts.items():
                several = self._several(host, openings)
                if several is not None:
                    yield several

    def _single(self, module: Module, number: int, term: int) -> Opening | None:
        """A call that sends a request by a client of its own."""
        terms = module.facts.terms
        called = terms[terms[term][1]]
        spelt = called[2] if called[0] == t.ATTR else called[1] if called[0] == t.NAME else ""
        if spelt not in _VERBS or (called[0] == t.ATTR and terms[called[1]][0] != t.NAME):
            return None
        frame = self._project.frame_of_scope(module, number)
        value = self._project.values.evaluate(frame, terms[term][1])
        if not isinstance(value, External) or value.name.partition(".")[0] not in _LIBRARIES:
            return None
        rows = self._project.catalogue.effects(value.name)
        return Opening(frame, term, value.name, rows[0]) if rows else None

    def _several(self, host: Hashable, openings: Sequence[Opening]) -> SingleRequests | None:
        first = openings[0]
        frame = first.frame
        looping = [o for o in openings if self._is_in_loop(o, host)]
        if looping:
            ways = self._ways(looping[0])
            terms = tuple(o.term for o in looping)
            return SingleRequests(frame, looping[0].name, terms, ways, True) if ways else None
        # Of several branches a call runs one.
        straight = [o for o in openings if not is_conditional(o)]
        if len(straight) >= _SEVERAL:
            ways = self._ways(straight[0])
            terms = tuple(o.term for o in straight)
            return SingleRequests(frame, straight[0].name, terms, ways, False) if ways else None
        if isinstance(host, str) and not host.startswith(_OF_AN_OBJECT):
            ways = tuple(way for way in self._ways(first) if way.is_in_loop)
            return SingleRequests(frame, first.name, (first.term,), ways, True) if ways else None
        return None

    def _ways(self, opening: Opening) -> tuple[Way, ...]:
        ways = self._lifetimes.ways_to(opening)
        return () if all(map(self._lifetimes.is_rare, ways)) else ways

    @staticmethod
    def _is_in_loop(opening: Opening, host: Hashable) -> bool:
        """Whether a call stands in a loop, and its host is none that each round has of its own."""
        frame = opening.frame
        return is_in_loop(frame, opening.term) and not (
            isinstance(host, int) and is_in_loop(frame, host)
        )

    def _host(self, frame: Frame, term: int) -> Hashable:
        """What tells hosts apart: its name, the dotted name of a global that the URL begins with,
        or the term in the function that it begins with; None if not even that is known.
        """
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term) if term >= 0 else -1
        if term < 0:
            return None
        entry = terms[term]
        if entry[0] == t.FORMAT:
            text = entry[2][0] if len(entry) > 2 else ""
            if not text or text.endswith("://"):
                return self._host(frame, entry[1][0])
            return _host_in(f"{text}\0")
        if entry[0] == t.BINARY and entry[1] == "+":
            return self._host(frame, entry[2])
        text = text_at(self._project, frame, term)
        if text is not None:
            return _host_in(text)
        path: list[str] = []
        while entry[0] == t.ATTR:
            path.append(entry[2])
            term = t.unaliased(terms, entry[1])
            entry = terms[term]
        if entry[0] == t.NAME:
            return ".".join([entry[1], *reversed(path)])
        is_method = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if path and entry == (t.PARAM, 0) and is_method is not None:
            return _OF_AN_OBJECT + ".".join(reversed(path))
        is_of_a_round = entry[0] == t.JOIN or t.depends_on(terms, term, t.ITER)
        return None if path or is_of_a_round else term


def _url(opening: Opening) -> int:
    entry = opening.frame.module.facts.terms[opening.term]
    position = 1 if opening.name.endswith(".request") else 0
    if position < len(entry[2]):
        return int(entry[2][position])
    return next((int(term) for keyword, term in entry[3] if keyword == "url"), -1)


def _host_in(text: str) -> str | None:
    """The host of a URL, of which the rest may not be known (from a NUL on)."""
    host = urlsplit(text).netloc if "[" not in text and "]" not in text else ""
    return host if host and "\0" not in host else None
