"""What the query at the end of a chain asks, followed back to the loop that the chain begins in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.facts.templates import CONTEXT
from fwp_checks.project.effects.effects import Link
from fwp_checks.project.effects.taking import argument_at
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import External, Instance, Member, Value, options_of
from fwp_checks.project.rows.holding import holder_of, is_global, is_receiver, receiver_at
from fwp_checks.project.rows.rounds import BUILDING, differs
from fwp_checks.project.rows.statements import given_to

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_PARTS = ("include", "block")


def is_same(project: Project, chain: Sequence[Link], loops: Sequence[Region]) -> bool:
    """Whether what the last link asks is the same in each round of these loops: made of what was
    there before. Templates hand on what they include all that they know, by names.
    """
    link = chain[-1]
    asked = asked_of(project, link)
    for before in reversed(chain[:-1]):
        names = _given_names(link.frame, asked)
        terms = before.frame.module.facts.terms
        entry = terms[before.term]
        if names is None or entry[0] != t.RENDER or entry[1] not in _PARTS:
            return False
        # What is bound last hides what is bound before.
        asked = [term for name, term in dict(entry[3]).items() if name in names]
        link = before
    return not any(differs(link.frame, term, loops) for term in asked)


def asked_of(project: Project, link: Link) -> list[int]:
    """What is gone through, tested or searched by a link, itself or by what it hands it to:
    ``enumerate(posts)``; of any other link its own term.
    """
    entry = link.frame.module.facts.terms[link.term]
    if entry[0] == t.COMPARE and entry[1] in ("in", "not in"):
        return [entry[3]]
    if entry[0] in (t.ITER, t.TRUTH, t.STAR, t.UNPACK) or (entry[0] == t.YIELD and entry[2]):
        return [entry[1]]
    handed: list[int] = []
    if entry[0] == t.CALL and isinstance(link.run, RunExternal):
        function, given = entry[1], (*entry[2], *(value for _, value in entry[3]))
        called = options_of(project.values.evaluate(link.frame, function))
        # A method of the query itself is no such function.
        if all(isinstance(one, (External, Member)) and one.name != link.run.name for one in called):
            handed = [one for one in given if _is_of(project, link.frame, one, link.run.receiver)]
    return handed or [link.term]


def _is_of(project: Project, frame: Frame, term: int, receiver: Value | None) -> bool:
    """Whether a term may give an object of the same class as another."""
    return isinstance(receiver, Instance) and any(
        isinstance(option, Instance) and option.class_ == receiver.class_
        for option in options_of(project.values.evaluate(frame, term))
    )


def _given_names(frame: Frame, asked: Iterable[int]) -> set[str] | None:
    """The names of a template's context that terms are made of; None if there is more to them."""
    terms = frame.module.facts.terms
    if not _is_part(frame):
        return None
    found: set[str] = set()
    waiting = list(asked)
    while waiting:
        entry = terms[t.unaliased(terms, waiting.pop())]
        if entry[0] == t.LOOKUP and terms[entry[1]][0] == t.PARAM:
            found.add(entry[2])
        elif entry[0] in BUILDING:
            waiting.extend(t.operands(entry))
        else:
            return None
    return found


def made_at(project: Project, chain: Sequence[Link]) -> int:
    """The term of the first link's function that the database is asked anew for: where rows that a
    query keeps are gone through, the one that makes the query, or the beginning of the function
    if that was handed the query; otherwise what the chain begins with.
    """
    last, begun = chain[-1], chain[0].term
    if not isinstance(last.run, RunExternal) or not project.frameworks.keeps(last.run.name):
        return begun
    return max(_made_at(project, chain, query) for query in asked_of(project, last))


def _made_at(project: Project, chain: Sequence[Link], query: int) -> int:
    """The same of one of the queries that the last link goes through, or of the object that it
    keeps it.
    """
    begun = chain[0].term
    if query == chain[-1].term:
        return begun
    name = ""
    for position in range(len(chain) - 1, -1, -1):
        frame = chain[position].frame
        terms = frame.module.facts.terms
        if not name:
            query = holder_of(project, chain, position, query)
            if query < 0:
                return begun
            name = _given_name(project, frame, terms[query])
            if is_global(frame, query):
                return chain[0].frame.scope.start
        if position == 0:
            break
        outer = chain[position - 1]
        if name and is_receiver(project, outer, frame, name):
            query, name = receiver_at(project, outer)
        else:
            query, name = (
                _handed(outer, frame, name) if name else _bound(outer, frame, terms[query])
            )
        if query < 0 and not name:
            return begun
    if name:
        return chain[0].frame.scope.start
    return query if chain[0].frame.module.facts.terms[query][0] == t.CALL else begun


def statement_of(chain: Sequence[Link]) -> tuple[Link, int]:
    """What the last link's function executes, in the frame of the link that made it; -1 if it is
    handed nothing. ``text(sql)`` is what ``sql`` is.
    """
    link = chain[-1]
    entry = link.frame.module.facts.terms[link.term]
    statement = entry[2][0] if entry[0] == t.CALL and entry[2] else -1
    for outer in reversed(chain[:-1] if statement >= 0 else ()):
        terms = link.frame.module.facts.terms
        entry = terms[t.unaliased(terms, statement)]
        while entry[0] == t.CALL and (given := given_to(terms, entry)) >= 0:
            entry = terms[t.unaliased(terms, given)]
        if entry[0] != t.PARAM:
            break
        handed, name = _handed(outer, link.frame, link.frame.scope.parameters[entry[1]].name)
        if handed < 0 or name:
            break
        link, statement = outer, handed
    return link, statement


def _given_name(project: Project, frame: Frame, entry: t.Term) -> str:
    """The name of the parameter, or the name in a template's context, that a term reads a query
    from which is there already; empty for any other term.
    """
    if entry[0] == t.PARAM:
        return frame.scope.parameters[entry[1]].name
    if entry[0] == t.LOOKUP and _is_part(frame):
        if frame.module.facts.terms[entry[1]][0] == t.PARAM:
            context = project.templates.context_of(frame)
            value = context.get(entry[2]) if context is not None else None
            # What can be called is called each time.
            if value is not None and all(isinstance(o, Instance) for o in options_of(value)):
                return str(entry[2])
    return ""


def _handed(outer: Link, frame: Frame, name: str) -> tuple[int, str]:
    """What a link hands to a function, or a part of a template, under a name: a term, or what it
    was handed itself under the name that follows; -1 and no name if that is not known.
    """
    terms = outer.frame.module.facts.terms
    entry = terms[outer.term]
    if entry[0] == t.RENDER and entry[1] in _PARTS:
        bound: dict[str, int] = dict(entry[3])
        return bound.get(name, -1), "" if name in bound or entry[4] else name
    scope = frame.scope
    if entry[0] != t.CALL or scope.decorators or any(terms[a][0] == t.STAR for a in entry[2]):
        return -1, ""
    by_name = argument_at(outer.frame.module, outer.term, name)
    if by_name is not None:
        return by_name, ""
    is_method = frame.module.facts.scopes[scope.parent].kind == "class"
    names = [parameter.name for parameter in scope.parameters if parameter.kind != "keyword"]
    position = names.index(name) - is_method if name in names else -1
    return (entry[2][position] if 0 <= position < len(entry[2]) else -1), ""


def _bound(outer: Link, frame: Frame, entry: t.Term) -> tuple[int, str]:
    """What an inner function reads from the function around it that calls it."""
    is_inner = frame.module is outer.frame.module and frame.scope.parent == outer.frame.scope_number
    if not is_inner or entry[0] != t.NAME:
        return -1, ""
    return outer.frame.scope.bindings.get(entry[1], -1), ""


def _is_part(frame: Frame) -> bool:
    """Whether a frame is a template's, or a part of it, whose one parameter is its context."""
    return [parameter.name for parameter in frame.scope.parameters] == [CONTEXT]
