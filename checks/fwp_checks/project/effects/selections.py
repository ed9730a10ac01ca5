"""Values that are one of several because of what comes from outside: ``get if remote else read``,
where a request says whether it is ``remote``.

Whatever such a test chooses does happen for one request or another, so what waits of it is waited
for; where settings choose, it is in some installations. A function that makes the choice, ``def
store(kind): if kind == "a": return A()``, is looked into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.outside import Outside
from fwp_checks.project.effects.requirements import GIVEN, NOTHING, Requirements
from fwp_checks.project.effects.stand_ins import class_of
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import root_of
from fwp_checks.project.meaning.narrowing import Read, what_is_read
from fwp_checks.project.meaning.outcome import Alternative, Run, RunFrame
from fwp_checks.project.meaning.values import Coroutine, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# So many functions are looked into, one within the other.
_LEVELS = 3
# So many values are looked at that meet in a variable.
_MOST_OPTIONS = 12
_BRANCHES = frozenset({"if", "else", "case"})
# Of what kind something is, those know who hand it over.
_OF_A_KIND = frozenset({"instance", "not-instance"})
# What stands in these happens with what stands around them, as far as a choice goes.
_PLAIN = frozenset({"with", "try"})


class Selection(NamedTuple):
    """Why a value is what it is.

    ``requirements`` is what the function's parameters must be, ``asked`` what its callers have to
    say of them; ``is_installed``: settings, or the environment, say so.
    """

    requirements: Requirements = NOTHING
    asked: Requirements = NOTHING
    is_installed: bool = False

    def also(self, other: Selection) -> Selection:
        """Both of two choices."""
        return Selection(
            self.requirements | other.requirements,
            self.asked | other.asked,
            self.is_installed or other.is_installed,
        )


_Key = tuple[object, ...]
_Leaf = tuple[Frame, int, Selection]


class Selections:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._conditions = project.conditions
        self._passed = project.passed
        self._outside = Outside(project)
        self._known: dict[tuple[Frame, int], dict[_Key, Selection]] = {}

    def of(self, frame: Frame, term: int, alternative: Alternative) -> Selection | None:
        """Why an event runs this of several alternatives, if something from outside says so."""
        key = (frame, term)
        known = self._known.get(key)
        if known is None:
            self._known[key] = {}
            known = self._known[key] = self._find(frame, term)
        if not known:
            return None
        found = [known.get(_key(run)) for run in alternative or ()]
        return next((one for one in found if one is not None), None)

    def _find(self, frame: Frame, term: int) -> dict[_Key, Selection]:
        """For what runs at an event, why it does."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] != t.CALL:
            return {}
        found: dict[_Key, Selection] = {}
        called = t.unaliased(terms, entry[1])
        arguments = self._project.calls.arguments(frame, entry, term)
        leaves = self._leaves(frame, called, term, _LEVELS)
        name = ""
        if not leaves and terms[called][0] == t.ATTR:
            name = terms[called][2]
            leaves = self._leaves(frame, terms[called][1], term, _LEVELS)
        for place, leaf, selection in leaves:
            for option in options_of(self._project.values.evaluate(place, leaf)):
                function: Value = self._project.members.attribute(option, name) if name else option
                for alternative in self._project.calls.invoke(function, arguments).alternatives:
                    for run in alternative or ():
                        before = found.get(_key(run))
                        if before is None or _weight(selection) < _weight(before):
                            found[_key(run)] = selection
        return found

    def _leaves(self, frame: Frame, term: int, at: int, levels: int) -> list[_Leaf]:
        """The terms one of which a term is, ``at`` another, with why; none if it is no choice."""
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        entry = terms[term]
        if levels <= 0:
            return []
        if entry[0] == t.JOIN:
            return self._chosen(frame, entry[1], at, levels)
        call = entry[1] if entry[0] == t.AWAIT else term
        callee = self._callee(frame, call) if terms[call][0] == t.CALL else None
        if callee is None:
            return []
        found = []
        for place, leaf, selection in self._returned(callee, levels - 1):
            left = self._passed.left(selection.requirements, frame, call, callee)
            if left is None:
                continue
            asked = self._passed.answered(selection.asked, frame, call, callee)
            if asked is not None:
                found.append((place, leaf, Selection(left, asked, selection.is_installed)))
        return found

    def _callee(self, frame: Frame, call: int) -> Frame | None:
        """The only function of the project whose result a call gives."""
        outcome = self._project.calls.outcome(frame, call)
        made = [one.frame for one in options_of(outcome.result) if isinstance(one, Coroutine)]
        frames = made or outcome.frames()
        if len(frames) != 1 or len(outcome.alternatives) != 1:
            return None
        callee = frames[0]
        is_plain = callee.scope.kind == "function" and callee.scope.name != "__init__"
        return callee if is_plain and not callee.scope.is_generator else None

    def _returned(self, frame: Frame, levels: int) -> list[_Leaf]:
        returns = frame.scope.returns
        if len(returns) == 1:
            return self._leaves(frame, returns[0], frame.scope.end, levels)
        return self._chosen(frame, tuple(returns), frame.scope.end, levels + 1)

    def _chosen(self, frame: Frame, options: tuple[int, ...], at: int, levels: int) -> list[_Leaf]:
        """Of terms that meet in a variable, or are given back, those that are chosen by something
        from outside.
        """
        if not 1 < len(options) <= _MOST_OPTIONS:
            return []
        found: list[_Leaf] = []
        for option in options:
            selection = self._why(frame, option, options, at)
            if selection is None:
                continue
            inner = self._leaves(frame, option, at, levels - 1)
            found += [(place, leaf, selection.also(more)) for place, leaf, more in inner]
            if not inner:
                found.append((frame, option, selection))
        return found

    def _why(
        self, frame: Frame, option: int, options: tuple[int, ...], at: int
    ) -> Selection | None:
        """Why one of several values is there; None if the code decides, or that is not known."""
        own = self._around(frame, option, at)
        if own is None or self._is_asked_again(frame, own, at):
            return None
        found = Selection(self._conditions.of(frame, option))
        for region in own:
            answer = self._answer(frame, region, region.kind != "else")
            if answer is None:
                return None
            found = found.also(answer)
        for other in options:
            if other == option:
                continue
            others = self._around(frame, other, at)
            if others is None or not (own or others):
                return None
            if any(_excludes(one, two) for one in own for two in others):
                continue
            left = [region for region in others if region not in own]
            answers = [self._answer(frame, region, region.kind == "else") for region in left]
            known = [answer for answer in answers if answer is not None]
            if left and not known:
                return None
            if known:
                found = found.also(min(known, key=_weight))
        return found

    def _around(self, frame: Frame, option: int, at: int) -> list[Region] | None:
        """The branches in which a value is made, and not used; None in a loop, or where an error
        has been caught.
        """
        found = []
        for region in frame.module.regions_in(frame.scope_number):
            if not region.start <= option < region.end or region.start <= at < region.end:
                continue
            if region.kind in _BRANCHES and region.term >= 0:
                found.append(region)
            elif region.kind not in _PLAIN:
                return None
        return found

    def _is_asked_again(self, frame: Frame, own: list[Region], at: int) -> bool:
        """Whether what is asked where a value is made is asked where it is used, too, so that it
        may be another one there.
        """
        if not own or at >= frame.scope.end:
            return False
        terms = frame.module.facts.terms
        behind = max(region.end for region in own)
        asked = {read for region in own for read in _read_by(terms, region.term)}
        return any(
            not asked.isdisjoint(_read_by(terms, region.term))
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind in _BRANCHES
            and region.term >= 0
            and behind <= region.start <= at
            and (at < region.end or region.leaves)
        )

    def _answer(self, frame: Frame, region: Region, holds: bool) -> Selection | None:
        """What a test says of parameters; None if the code decides, or that is not known."""
        terms = frame.module.facts.terms
        asked = NOTHING
        if terms[region.term][0] != t.BOOL:
            asked = self._conditions.asked(frame, region.term, holds)
        if any(need.test in _OF_A_KIND or need.attribute for need in asked):
            return None
        if asked:
            needed = frozenset([need for need in asked if need.test != GIVEN])
            return Selection(needed, asked)
        left, is_installed = self._outside.chosen(frame, region.term)
        return Selection(NOTHING, left, is_installed) if left is not None else None


def _weight(selection: Selection) -> tuple[bool, int]:
    return selection.is_installed, len(selection.asked)


def _excludes(one: Region, other: Region) -> bool:
    """Whether two branches are those of one test."""
    return one.term == other.term and (one.kind == "else") is not (other.kind == "else")


def _read_by(terms: list[t.Term], term: int) -> set[Read]:
    """The variables, attributes and items that a test asks."""
    found: set[Read] = set()
    waiting = [term]
    while waiting:
        current = root_of(terms, waiting.pop())
        kind: int = terms[current][0]
        if kind in (t.PARAM, t.ATTR, t.ITEM, t.NAME, t.JOIN):
            found.add(what_is_read(terms, current))
        elif kind != t.CONST:
            waiting.extend([one for one in t.operands(terms[current]) if one < current])
    return found


def _key(run: Run) -> _Key:
    """What is the same for a run, whoever asks for it."""
    if isinstance(run, RunFrame):
        return (*run.frame.function, class_of(run))
    return (run.name,)
