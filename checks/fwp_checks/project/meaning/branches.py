"""Branches that are decided by a receiver's own state, ``if self.action == "list": …`` in a method
of a view whose action is known, or by a function: ``if iscoroutinefunction(function): …`` in a
decorator; or by what a decorator was made with (``enclosing``).

Only frames whose receiver carries a :class:`State` are looked at, functions that ask so, and those
within others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.having import answer
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Arguments,
    ClassValue,
    Constant,
    Detail,
    External,
    FunctionValue,
    Instance,
    MappingValue,
    TupleValue,
    Value,
    Wrapped,
    is_none,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Terms that are part of a test: what stands between them and the branch before is another test's.
_PARTS = (t.CONST, t.NAME, t.ATTR, t.COMPARE, t.BOOL, t.UNARY, t.SEQUENCE, t.TRUTH, t.NARROW)
_ASYNC_GENERATOR = "isasyncgenfunction"
_HASATTR = (t.NAME, "hasattr")
# Terms that only look something up.
_LOOKING_UP = (t.CONST, t.NAME, t.PARAM, t.ATTR, t.ITEM, t.ALIAS, t.NARROW)


class State(Detail):
    """Base of what a framework notes about an object that decides branches of its methods."""

    __slots__ = ()


class Performing(State):
    """Base of what a framework notes about an object that performs an action. Names that are put
    together from the action are the project's own: what no class has under one is not there.
    """

    __slots__ = ()


class Branches:
    """Says which branches are taken."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Frame, list[tuple[Region, bool, bool]]] = {}
        self._answers: dict[tuple[FunctionValue, Arguments], bool | None] = {}

    def options(self, frame: Frame, join: int, options: Sequence[int]) -> Sequence[int]:
        """Those of the terms that meet at a JOIN which can be there in this frame."""
        decided = self._decided(frame)
        if not decided:
            return options
        for region, is_taken, is_sure in decided:
            if is_taken and is_sure and region.end <= join:
                inside = [o for o in options if self._comes_from(frame, o, region)]
                if inside:
                    options = [o for o in options if o in inside or o >= region.end]
        kept = [option for option in options if not self._is_left_out(decided, option)]
        return kept or options

    def returns(self, frame: Frame, returns: Sequence[int]) -> Sequence[int]:
        """Those of a function's returned terms that can be given back in this frame."""
        decided = self._decided(frame)
        if not decided:
            return returns
        for region, is_taken, is_sure in decided:
            if is_taken and is_sure and region.exits:
                inside = any(region.start <= term < region.end for term in returns)
                if inside:
                    returns = [term for term in returns if term < region.end]
        kept = [term for term in returns if not self._is_left_out(decided, term)]
        return kept or returns

    def skipped(self, frame: Frame) -> list[tuple[int, int]]:
        """The stretches of a frame that do not run."""
        found = []
        for region, is_taken, is_sure in self._decided(frame):
            if not is_taken:
                found.append((region.start, region.end))
            elif is_sure and region.leaves:
                found.append(frame.module.rest_after(region, frame.scope_number))
        return found

    @staticmethod
    def _comes_from(frame: Frame, option: int, region: Region) -> bool:
        """Whether a term stands in a branch, or brings on what an earlier end of branches left."""
        terms = frame.module.facts.terms
        waiting = [option]
        seen = {option}
        while waiting:
            current = waiting.pop()
            if region.start <= current < region.end:
                return True
            inner = terms[current][1] if terms[current][0] == t.JOIN else ()
            waiting.extend(term for term in inner if term < current and term not in seen)
            seen.update(inner)
        return False

    @staticmethod
    def _is_left_out(decided: list[tuple[Region, bool, bool]], term: int) -> bool:
        return any(
            region.start <= term < region.end for region, is_taken, _ in decided if not is_taken
        )

    # -- tests -------------------------------------------------------------------------------------

    def _decided(self, frame: Frame) -> list[tuple[Region, bool, bool]]:
        """The branches whose tests are known, whether they are taken, and whether nothing stands
        before their test.
        """
        if (
            frame.scope_number not in self._asking.get(frame.module, ())
            and not _has_state(frame)
            and not self._project.enclosing.may_decide(frame)
        ):
            return []
        return self._project.cuts.once(self._known, frame, self._find, meanwhile=[])

    @cached_property
    def _asking(self) -> dict[Module, set[int]]:
        """The functions that ask what calling another one gives, or what an object has."""
        found: dict[Module, set[int]] = {}
        for name in sorted(t.COROUTINE_QUESTIONS | t.GENERATOR_QUESTIONS | {_HASATTR[1]}):
            for module, term in self._project.call_sites.spelt(name):
                found.setdefault(module, set()).add(module.code_scope_of(term))
        return found

    def _find(self, frame: Frame) -> list[tuple[Region, bool, bool]]:
        found = []
        regions = frame.module.regions_in(frame.scope_number)
        for region in regions:
            if region.kind in ("if", "else", "case") and region.term >= 0:
                holds = self._holds(frame, region.term)
                if holds is not None:
                    is_sure = not self._follows_another(frame, region, regions)
                    found.append((region, holds == (region.kind != "else"), is_sure))
            elif region.kind == "try" and _has_state(frame):
                found.extend(self._tried(frame, region))
        return found

    def _tried(self, frame: Frame, tried: Region) -> Iterator[tuple[Region, bool, bool]]:
        """Of ``try: return self.classes[self.action]``: whether it returns or what handles the
        KeyError runs.
        """
        terms = frame.module.facts.terms
        stretch = range(tried.start, tried.end)
        item = tried.end - 1
        if terms[item][0] != t.ITEM or any(terms[n][0] not in _LOOKING_UP for n in stretch):
            return
        held = self._project.values.evaluate(frame, terms[item][1])
        key = self._state(frame, terms[item][2]) or self._key(frame, *terms[item][2:0:-1])
        if key is None or not isinstance(held, MappingValue) or not held.items:
            return
        if any(known == key.value for known, _ in held.items):
            is_returned = item in frame.scope.returns
            yield replace(tried, exits=is_returned), True, True
            for region in frame.module.handlers_of(tried, frame.scope_number)[:1]:
                yield region, False, True
        elif held.value is RECURSIVE:
            yield tried, False, True

    def _follows_another(self, frame: Frame, region: Region, regions: list[Region]) -> bool:
        """Whether a branch may be an ``elif``: another one ends where its test begins, and that
        one's test may have held.
        """
        terms = frame.module.facts.terms
        start = _start_of(terms, region.term)
        while True:
            before = [r for r in regions if r.kind == "if" and r.end == start]
            if any(self._holds(frame, r.term) is not False for r in before):
                return True
            if start <= frame.scope.start or terms[start - 1][0] not in _PARTS:
                return False
            start -= 1

    def _holds(self, frame: Frame, term: int) -> bool | None:
        entry = frame.module.facts.terms[term]
        if entry[0] in (t.TRUTH, t.ALIAS, t.NARROW):
            return self._holds(frame, entry[1])
        if entry[0] == t.JOIN:
            # A variable that a test before has narrowed is the same thing still.
            found = {self._holds(frame, option) for option in entry[1] if option < term}
            return found.pop() if len(found) == 1 else None
        if entry[0] == t.UNARY and entry[1] == "not":
            holds = self._holds(frame, entry[2])
            return None if holds is None else not holds
        if entry[0] == t.BOOL:
            wanted = bool(entry[1] == "or")
            results = [self._holds(frame, operand) for operand in entry[2]]
            if wanted in results:
                return wanted
            return None if None in results else not wanted
        holds = self._project.enclosing.holds(frame, term) if frame.parent is not None else None
        if holds is not None:
            return holds
        if entry[0] == t.CALL and frame.module.facts.terms[entry[1]] == _HASATTR:
            return self._has(frame, *entry[2]) if len(entry[2]) == 2 else None
        if not _has_state(frame):
            return self._gives_later(frame, entry) if entry[0] == t.CALL else None
        if entry[0] == t.COMPARE and entry[1] in ("==", "!=", "in", "not in"):
            return self._compared(frame, entry)
        holds = self._is_true(frame, entry)
        return self._answered(frame, entry) if holds is None and entry[0] == t.CALL else holds

    def _answered(self, frame: Frame, call: t.Term) -> bool | None:
        """What a function answers that is handed the receiver and literals alone, or a method of
        the receiver: ``if is_prefetched(self, "comments"): …``.
        """
        terms = frame.module.facts.terms
        called = terms[call[1]]
        given = [*call[2], *[term for _, term in call[3]]]
        asked = called[1] if called[0] == t.ATTR else given[0] if given else -1
        if asked < 0 or not frame.module.is_parameter(asked, frame.scope_number, 0):
            return None
        if any(terms[one][0] not in (t.CONST, t.PARAM) for one in given):
            return None
        evaluate = self._project.values.evaluate
        arguments = Arguments(
            tuple([evaluate(frame, one) for one in call[2]]),
            tuple([(name, evaluate(frame, one)) for name, one in call[3] if name is not None]),
        )
        function = evaluate(frame, call[1])
        if type(function) is not FunctionValue or any(name is None for name, _ in call[3]):
            return None
        key = (function, arguments)
        if key not in self._answers:
            self._answers[key] = None
            inner = self._project.calls.single_frame(function, arguments)
            self._answers[key] = self._answer(inner) if _has_state(inner) else None
        return self._answers[key]

    def _answer(self, frame: Frame) -> bool | None:
        """What a function returns that consists of tests and what they answer: ``if …: return
        True``, ``return name in self.kept``.
        """
        scope = frame.scope
        if scope.is_async or scope.is_generator or scope.decorators:
            return None
        statements = frame.module.facts.statements_of(scope)
        steps = [one for one in statements if one.kind != "constant"]
        if len(steps) != len(scope.returns) or not steps or steps[-1].kind != "return":
            return None
        regions = frame.module.regions_in(frame.scope_number)
        answers: set[bool | None] = set()
        for step, returned in zip(steps, scope.returns, strict=True):
            is_reached: bool | None = True
            if step.kind != "return":
                inner = [r for r in regions if step.start <= r.start < r.end == step.end]
                if step.kind != "if" or any((r.kind, r.start) != ("if", returned) for r in inner):
                    return None
                # A literal that was met before takes no room in its branch.
                is_reached = self._holds(frame, inner[0].term if inner else step.end - 1)
            if is_reached is not False:
                entry = frame.module.facts.terms[returned]
                is_said = entry[0] == t.CONST and isinstance(entry[1], bool)
                answers.add(entry[1] if is_said else self._holds(frame, returned))
            if is_reached:
                break
        return answers.pop() if len(answers) == 1 else None

    def _gives_later(self, frame: Frame, call: t.Term) -> bool | None:
        """The answer of ``iscoroutinefunction(function)``, ``isgeneratorfunction(function)``."""
        if len(call[2]) != 1:
            return None
        asking = self._project.values.evaluate(frame, call[1])
        if not isinstance(asking, External):
            return None
        question = asking.name.rpartition(".")[2]
        function = self._project.values.evaluate(frame, call[2][0])
        calls = self._project.calls
        found: set[bool | None] = set()
        for option in options_of(function):
            if question in t.COROUTINE_QUESTIONS:
                found.add(calls.is_async(option))
            elif question in t.GENERATOR_QUESTIONS:
                found.add(calls.is_generator(option, is_async=question == _ASYNC_GENERATOR))
        return found.pop() if len(found) == 1 else None

    def _is_true(self, frame: Frame, entry: t.Term) -> bool | None:
        """Whether an attribute of the receiver is true, or anything but None."""
        terms = frame.module.facts.terms
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            return entry[1] == "is not" if self._is_true(frame, terms[entry[2]]) else None
        if entry[0] == t.CALL and terms[entry[1]] == (t.NAME, "bool") and len(entry[2]) == 1:
            return self._is_true(frame, terms[entry[2][0]])
        names: list[str] = []
        root = -1
        while (name := _read(terms, entry)) is not None or entry[0] in (t.NARROW, t.ALIAS):
            names.extend([name] if name is not None else ())
            root = entry[2][0] if entry[0] == t.CALL else entry[1]
            entry = terms[root]
        if not names or not frame.module.is_parameter(root, frame.scope_number, 0):
            return None
        receiver = self._project.values.evaluate(frame, root)
        holds = self._project.frameworks.truth(receiver, tuple(reversed(names)))
        if holds is None and len(names) == 1:
            held = self._project.members.attribute(receiver, names[0])
            if isinstance(held, ClassValue) or (isinstance(held, MappingValue) and held.items):
                return True
            return False if is_none(held) else None
        return holds

    def _has(self, frame: Frame, base: int, name: int) -> bool | None:
        """``hasattr(self, "name")``, ``hasattr(posts, "filter")``."""
        said = self._project.values.evaluate(frame, name)
        receiver = self._project.values.evaluate(frame, base)
        if not isinstance(said, Constant) or not isinstance(said.value, str):
            return None
        class_ = receiver.class_ if isinstance(receiver, Instance) else ""
        if isinstance(receiver, Instance) and isinstance(class_, ClassValue):
            if self._project.frameworks.may_have(receiver, said.value):
                return True
            bound = self._project.members.find_in_class(class_, said.value)
            if isinstance(bound, Wrapped):
                return None
            root = t.unaliased(frame.module.facts.terms, name)
            is_computed = frame.module.facts.terms[root][0] != t.CONST
            if bound is None and is_computed and performs(receiver):
                return False
        found = {answer(self._project, one, said.value) for one in options_of(receiver)}
        return found.pop() if len(found) == 1 else None

    def _compared(self, frame: Frame, entry: t.Term) -> bool | None:
        state = self._state(frame, entry[2])
        if state is None and entry[1] in ("in", "not in"):
            state = self._key(frame, entry[2], entry[3])
        if state is None:
            return None
        if entry[1] in ("==", "!="):
            other = self._project.values.evaluate(frame, entry[3])
            if not isinstance(other, Constant):
                return None
            return bool(state.value == other.value) is bool(entry[1] == "==")
        items = literals.items(self._project, frame, entry[3])
        values: list[Value] = []
        if items is not None:
            values = [self._project.values.evaluate(item.frame, item.term) for item in items]
        else:
            held = self._project.values.evaluate(frame, entry[3])
            if isinstance(held, MappingValue) and held.items and held.value is RECURSIVE:
                values = [Constant(key) for key, _ in held.items]
            else:
                values = list(held.items) if isinstance(held, TupleValue) else []
        if not values or not all(isinstance(value, Constant) for value in values):
            return None
        return (state in values) is bool(entry[1] == "in")

    def _key(self, frame: Frame, term: int, mapping: int) -> Constant | None:
        """A literal that is looked for in what the receiver keeps: ``"comments" in self.kept``."""
        if not _is_of_receiver(frame, mapping):
            return None
        value = self._project.values.evaluate(frame, term)
        return value if isinstance(value, Constant) and isinstance(value.value, str) else None

    def _state(self, frame: Frame, term: int) -> Constant | None:
        """A literal that a framework knows of the frame's receiver: ``self.action``."""
        if not _is_of_receiver(frame, term):
            return None
        value = self._project.values.evaluate(frame, term)
        return value if isinstance(value, Constant) and value.value is not None else None


def _is_of_receiver(frame: Frame, term: int) -> bool:
    """Whether a term is an attribute of a method's object, or of what that holds."""
    terms = frame.module.facts.terms
    root = term
    while terms[root][0] in (t.ATTR, t.NARROW, t.ALIAS):
        root = terms[root][1]
    return root != term and frame.module.is_parameter(root, frame.scope_number, 0)


def _read(terms: list[t.Term], entry: t.Term) -> str | None:
    """The attribute that a term reads: ``self.author``, ``getattr(self, "author", None)``."""
    if entry[0] == t.ATTR:
        return str(entry[2])
    if entry[0] != t.CALL or len(entry[2]) < 2 or terms[entry[1]] != (t.NAME, "getattr"):
        return None
    name = terms[entry[2][1]]
    return name[1] if name[0] == t.CONST and isinstance(name[1], str) else None


def performs(value: Value | None) -> bool:
    """Whether it is known which action an object performs."""
    if type(value) is not Instance or not value.details:
        return False
    return any(isinstance(detail, Performing) for detail in value.details)


def _has_state(frame: Frame) -> bool:
    """Whether a frame's receiver carries a state."""
    receiver = frame.arguments[0] if frame.arguments else None
    if type(receiver) is not Instance or not receiver.details:
        return False
    return any(isinstance(detail, State) for detail in receiver.details)


def _start_of(terms: list[t.Term], test: int) -> int:
    """The first term of a test. (Names and literals stand where they were first met.)"""
    start = test
    waiting = [test]
    while waiting:
        term = waiting.pop()
        kind, *operands = terms[term]
        if kind not in (t.BOOL, t.UNARY, t.COMPARE, t.TRUTH, t.CALL, t.ATTR):
            continue
        start = min(start, term)
        for operand in operands:
            if type(operand) is int:
                waiting.append(operand)
            elif type(operand) is tuple:
                waiting.extend(inner for inner in operand if type(inner) is int)
    return start
