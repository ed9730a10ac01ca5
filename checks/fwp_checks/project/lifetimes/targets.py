"""Whose the thing is that is opened: the application's own, or one that a request names.

``create_engine(settings.url)`` opens the application's database; what ``create_engine(form.url)``
or ``connect(**source.options)`` opens belongs to the user, and no pool made beforehand could hold
it, nor a file that is new each time. So every argument is followed to where it comes from, through
the calls that lead to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.lifetimes.callers import CallersByName
from fwp_checks.project.lifetimes.keeping import is_of_request
from fwp_checks.project.lifetimes.model import Opening, Step
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_MAX_DEPTH = 24
# Of the places that make an object, as many are asked what they hand over.
_MOST_MAKERS = 6
# So deep, and of so many parts, is what functions give.
_MOST_CALLS = 8
_MOST_PARTS = 200
_MAY_BE_ROWS = (t.CALL, t.AWAIT, t.ATTR, t.ITER, t.ITEM)
# What these give is another one each time.
_EVER_NEW = frozenset(
    {
        "time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow",
        "datetime.datetime.today", "uuid.uuid1", "uuid.uuid4", "secrets.token_hex",
        "secrets.token_urlsafe", "tempfile.mkdtemp", "tempfile.mkstemp", "tempfile.mktemp",
        "tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory",
    }
)  # fmt: skip
# What comes from these is read from the environment or a file, whatever is asked for.
_TRANSPARENT = (t.ALIAS, t.NARROW, t.AWAIT, t.ENTER, t.STAR, t.TRUTH)


class Targets:
    """Answers for one project."""

    def __init__(self, project: Project, callers: CallersByName) -> None:
        self._project = project
        self._callers = callers

    def is_own(self, opening: Opening, steps: Sequence[Step]) -> bool:
        """Whether what is opened is the application's own, reached by these calls (the innermost
        first).
        """
        entry = opening.frame.module.facts.terms[opening.term]
        if entry[0] != t.CALL:
            return False
        follow = _Follow(self._project, self._callers, steps)
        arguments = [*entry[2], *[term for _, term in entry[3]]]
        called = opening.frame.module.facts.terms[entry[1]]
        if called[0] == t.ATTR and not self._is_of_class(opening.frame, called[1]):
            # session.client("s3"): the session has the credentials.
            arguments.append(called[1])
        return all(follow.is_own(opening.frame, term, 0) for term in arguments)

    def _is_of_class(self, frame: Frame, base: int) -> bool:
        """Whether what a function is read from is a module or class, not an object."""
        value = self._project.values.evaluate(frame, base)
        return not any(isinstance(option, Instance) for option in options_of(value))


class _Follow:
    """Follows terms of one chain of calls."""

    def __init__(self, project: Project, callers: CallersByName, steps: Sequence[Step]) -> None:
        self._project = project
        self._callers = callers
        self._steps = {step.function: step for step in steps}

    def is_own(self, frame: Frame, term: int, depth: int) -> bool:
        """Whether a term has nothing in it that a request or a row brought along."""
        if depth > _MAX_DEPTH:
            return False
        terms = frame.module.facts.terms
        entry = terms[term]
        kind = entry[0]
        depth += 1
        if kind in (t.CONST, t.DEFINITION):
            return True
        if kind == t.NAME and entry[1] not in frame.module.facts.scopes[0].bindings:
            return self._of_function_around(frame, term, depth)
        if kind in (t.NAME, t.IMPORT):
            return not self._is_brought(frame, term)
        if kind in _TRANSPARENT:
            return self.is_own(frame, entry[1], depth)
        if kind == t.PARAM:
            return self._parameter(frame, entry[1], depth)
        if kind in (t.ATTR, t.ITEM):
            return self._read(frame, term, depth)
        if kind == t.CALL:
            return self._call(frame, term, depth)
        if kind == t.DECLARED:
            return entry[1] < 0 or self.is_own(frame, entry[1], depth)
        if kind in (t.UNPACK, t.COMPARE):
            return self.is_own(frame, entry[1] if kind == t.UNPACK else entry[2], depth)
        if kind in (t.JOIN, t.BINARY, t.BOOL, t.FORMAT, t.SEQUENCE, t.MAPPING, t.UNARY):
            return all(self.is_own(frame, operand, depth) for operand in t.operands(entry))
        return False

    def _is_brought(self, frame: Frame, term: int) -> bool:
        """Whether a value came with the request, or is a row of a database."""
        value = self._project.values.evaluate(frame, term)
        if is_of_request(value) or any(origin_of(o) is not None for o in options_of(value)):
            return True
        return any(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and self._project.frameworks.is_model(option.class_)
            for option in options_of(value)
        )

    def _is_ever_new(self, frame: Frame, function: int) -> bool:
        """Whether what a function gives is used once: a file that is named by the time, say."""
        options = options_of(self._project.values.evaluate(frame, function))
        return any(isinstance(one, External) and one.name in _EVER_NEW for one in options)

    def _of_function_around(self, frame: Frame, term: int, depth: int) -> bool:
        """Whether a variable of a function around is the application's own; builtins are."""
        name = frame.module.facts.terms[term][1]
        around = frame.parent
        while around is not None and around.scope_number:
            bound = around.scope.bindings.get(name, -1)
            if bound >= 0:
                return self.is_own(around, bound, depth)
            for index, parameter in enumerate(around.scope.parameters):
                if parameter.name == name:
                    return self._parameter(around, index, depth)
            around = around.parent
        return not self._is_brought(frame, term)

    def _call(self, frame: Frame, term: int, depth: int) -> bool:
        entry = frame.module.facts.terms[term]
        if self._is_brought(frame, term) or self._is_ever_new(frame, entry[1]):
            return False
        if self._is_made_of_row(frame, entry[1]):
            return False
        called = frame.module.facts.terms[entry[1]]
        arguments = [*entry[2], *[argument for _, argument in entry[3]]]
        if called[0] == t.ATTR and called[2] == "get" and self.is_own(frame, called[1], depth):
            # settings.BACKENDS.get(name): one of a few, whichever is asked for.
            return True
        return self.is_own(frame, entry[1], depth) and all(
            self.is_own(frame, argument, depth) for argument in arguments
        )

    def _is_made_of_row(self, frame: Frame, function: int) -> bool:
        """Whether a function of the project gives what it has read from a row, or from a request:
        the token of a tenant, say.
        """
        waiting = self._returned(frame, function, 1)
        seen: set[tuple[Frame, int]] = set()
        while waiting and len(seen) < _MOST_PARTS:
            inner, part, calls = waiting.pop()
            if (inner, part) in seen:
                continue
            seen.add((inner, part))
            entry = inner.module.facts.terms[part]
            if entry[0] in _MAY_BE_ROWS and self._is_brought(inner, part):
                return True
            if entry[0] == t.CALL and calls < _MOST_CALLS:
                waiting += self._returned(inner, entry[1], calls + 1)
            waiting += [(inner, one, calls) for one in t.operands(entry)]
        return False

    def _returned(self, frame: Frame, function: int, calls: int) -> list[tuple[Frame, int, int]]:
        """What a function of the project returns, with its frame, and the calls up to there."""
        inner = [
            self._project.calls.unbound_frame(called.frame, called.scope)
            for called in options_of(self._project.values.evaluate(frame, function))
            if isinstance(called, FunctionValue)
        ]
        inner += self._under_decorators(frame, function)
        return [(one, term, calls) for one in dict.fromkeys(inner) for term in one.scope.returns]

    def _under_decorators(self, frame: Frame, function: int) -> list[Frame]:
        """The method that a class has under a name, whatever its decorators make of it."""
        entry = frame.module.facts.terms[function]
        if entry[0] != t.ATTR:
            return []
        for option in options_of(self._project.values.evaluate(frame, entry[1])):
            class_ = option.class_ if isinstance(option, Instance) else None
            if not isinstance(class_, ClassValue):
                continue
            for owner in self._project.classes.info(class_).order:
                if isinstance(owner, ClassValue):
                    facts = owner.module.facts
                    bound = facts.scopes[owner.scope].bindings.get(entry[2], -1)
                    if bound >= 0 and facts.terms[bound][0] == t.DEFINITION:
                        number = facts.terms[bound][1]
                        is_decorated = bool(facts.scopes[number].decorators)
                        around = self._project.frame_of_scope(owner.module, number)
                        return [around] if is_decorated else []
        return []

    def _read(self, frame: Frame, term: int, depth: int) -> bool:
        terms = frame.module.facts.terms
        base = terms[term][1]
        if self._is_brought(frame, base):
            return bool(terms[term][2] == "app" and terms[term][0] == t.ATTR)
        if self._is_brought(frame, term):
            return False
        root = t.unaliased(terms, base)
        if terms[term][0] == t.ATTR and frame.module.is_parameter(root, frame.scope_number, 0):
            class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
            if class_ is not None:
                return self._attribute(class_, terms[term][2], depth)
        return self.is_own(frame, base, depth)

    def _attribute(self, class_: ClassValue, name: str, depth: int) -> bool:
        """Whether what objects of a class have under a name is the application's own."""
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            for method, store in owner.module.methods_writing.get(owner.scope, {}).get(name, ()):
                frame = self._project.frame_of_scope(owner.module, method)
                value = owner.module.facts.terms[store][3]
                if not self.is_own(frame, value, depth):
                    return False
        return True

    def _parameter(self, frame: Frame, index: int, depth: int) -> bool:
        """Whether what is passed for a parameter is the application's own."""
        value = self._project.calls.parameter(frame, index)
        if self._is_settings(value):
            return True
        step = self._steps.get(frame.function)
        if step is not None:
            return self._passed(frame, index, step, depth)
        if frame.name == "__init__":
            class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
            makers = self._callers.of_class(class_) if class_ is not None else []
            if makers and len(makers) <= _MOST_MAKERS:
                return all(self._passed(frame, index, maker, depth) for maker in makers)
        return False

    def _passed(self, frame: Frame, index: int, step: Step, depth: int) -> bool:
        if step.given is None:
            return False
        term = step.given.get(index)
        if term is not None:
            return self.is_own(step.frame, term, depth)
        default = frame.scope.parameters[index].default
        return default >= 0 and self.is_own(frame.parent or frame, default, depth)

    def _is_settings(self, value: Value) -> bool:
        return not isinstance(value, Unknown) and all(
            self._project.classes.is_settings(option) for option in options_of(value)
        )
