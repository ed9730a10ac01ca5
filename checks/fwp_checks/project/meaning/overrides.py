"""Methods of queries that only hand on to the method that they override: ``def filter(self, *args,
**kwargs): return super().filter(*args, **kwargs)``, perhaps after a look at what they were handed.

They are called with as many receivers as there are queries. What they give is what the method that
they override gives for the same receiver, so it is asked of that one, where no frame is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Scope
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.outcome import Outcome, RunFrame
from fwp_checks.project.meaning.values import (
    Arguments,
    FunctionValue,
    Instance,
    SuperValue,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_SUPER: t.Term = (t.NAME, "super")
# Terms that do nothing by themselves.
_INERT = (t.PARAM, t.NAME, t.STAR, t.CONST)
# What a method does besides returning what the one that it overrides gives: nothing, with the same
# arguments; something; or it returns something else.
_NOTHING = "nothing"
_MORE = "more"
_OTHER = "other"


class Overrides:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[FunctionKey, str] = {}

    def handed_on(self, method: FunctionValue, arguments: Arguments) -> Outcome | None:
        """What a call of a query's method does that gives what the method does which it overrides;
        None if it does something else, or if that gives no query.
        """
        receiver = method.receiver
        if not isinstance(receiver, Instance) or origin_of(receiver) is None:
            return None
        besides = self._besides(method.module, method.scope)
        if besides == _OTHER:
            return None
        class_ = self._project.calls.class_of_method(method.module, method.scope)
        assert class_ is not None
        name = method.module.facts.scopes[method.scope].name
        overridden = self._project.members.attribute(SuperValue(class_, receiver), name)
        given = arguments
        if besides == _MORE:
            # Of what is handed over some may be changed.
            known = arguments.opened()
            given = Arguments(known.positional, known.keywords, False, known.terms, known.site)
        outcome = self._project.calls.invoke(overridden, given)
        if any(origin_of(option) is None for option in options_of(outcome.result)):
            return None
        if besides == _NOTHING:
            return outcome
        # What else it does may depend on the receiver's class, and hardly on its query.
        parameters = method.module.facts.scopes[method.scope].parameters
        known_of = (Instance(receiver.class_), *[None] * (len(parameters) - 1))
        frame = self._project.frames.get(method.module, method.scope, method.frame, known_of)
        return outcome.also((RunFrame(frame),))

    def _besides(self, module: Module, number: int) -> str:
        key = (module.path, number)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _found_besides(module, number)
        return known


def _found_besides(module: Module, number: int) -> str:
    scope = module.facts.scopes[number]
    is_plain = not (scope.is_async or scope.is_generator or scope.decorators)
    if not is_plain or not scope.returns or not scope.parameters:
        return _OTHER
    if module.facts.scopes[scope.parent].kind != "class":
        return _OTHER
    terms = module.facts.terms
    returned: dict[int, None] = {}
    for term in scope.returns:
        for option in roots_of(terms, term):
            if not _asks_super(module, scope, option):
                return _OTHER
            returned[option] = None
    receiver = scope.bindings.get(scope.parameters[0].name, -1)
    if t.unaliased(terms, receiver) != scope.start:
        return _OTHER
    if len(returned) > 1:
        return _MORE
    (call,) = returned
    done = {call, terms[call][1], terms[terms[call][1]][1]}
    is_all = all(term in done or terms[term][0] in _INERT for term in range(scope.start, scope.end))
    return _NOTHING if is_all and _hands_all_on(module, scope, call) else _MORE


def _asks_super(module: Module, scope: Scope, term: int) -> bool:
    """Whether a term calls the method that this one overrides, ``super().filter(…)``."""
    terms = module.facts.terms
    called = terms[terms[term][1]] if terms[term][0] == t.CALL else None
    if called is None or called[0] != t.ATTR or called[2] != scope.name:
        return False
    base = terms[called[1]]
    if base[0] != t.CALL or terms[base[1]] != _SUPER or base[3]:
        return False
    return not base[2] or (len(base[2]) == 2 and t.unaliased(terms, base[2][1]) == scope.start)


def _hands_all_on(module: Module, scope: Scope, call: int) -> bool:
    """Whether a call hands on what each parameter was handed, as it was handed."""
    terms = module.facts.terms
    _, _, positional, keywords = terms[call]
    given: list[tuple[str | None, int]] = []
    for term in positional:
        is_spread = terms[term][0] == t.STAR
        handed = terms[term][1] if is_spread else term
        given.append(("*" if is_spread else "", t.unaliased(terms, handed)))
    for name, term in keywords:
        given.append((name, t.unaliased(terms, term)))
    wanted: list[tuple[str | None, int]] = []
    for at, parameter in enumerate(scope.parameters[1:], start=scope.start + 1):
        if parameter.default >= 0:
            return False
        kinds: dict[str, str | None] = {"*": "*", "**": None, "keyword": parameter.name}
        wanted.append((kinds.get(parameter.kind, ""), at))
    return given == wanted
