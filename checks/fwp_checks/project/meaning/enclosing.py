"""What a function asks of those around it: ``def managed(mode): def decorator(f): def wrapped(): …
if mode == Mode.FLUSH: …``.

Of such a parameter literals and members of enumerations are kept, which frames are not told apart
by otherwise: each use of a decorator has the branches that it was made with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import Constant, FunctionValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Terms that a test is made of.
_PARTS: frozenset[int] = frozenset({t.COMPARE, t.UNARY, t.BOOL, t.TRUTH, t.NARROW, t.ALIAS})
_EQUAL: dict[str, bool] = {"==": True, "is": True, "!=": False, "is not": False}
_AMONG: dict[str, bool] = {"in": True, "not in": False}
_ISINSTANCE: t.Term = (t.NAME, "isinstance")


class Enclosing:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._tested: dict[Module, dict[int, frozenset[int]]] = {}

    def tested(self, module: Module, scope_number: int) -> frozenset[int]:
        """The parameters of a function that tests of the functions within it ask for."""
        known = self._tested.get(module)
        if known is None:
            known = self._tested[module] = _find(module)
        return known.get(scope_number, frozenset())

    @staticmethod
    def may_decide(frame: Frame) -> bool:
        """Whether a function stands in one of which something is known that it was handed."""
        parent = frame.parent
        while parent is not None and parent.scope_number:
            if any(value is not None for value in parent.arguments):
                return True
            parent = parent.parent
        return False

    def holds(self, frame: Frame, term: int) -> bool | None:
        """How a test comes out that asks for what a function around was handed; None if unknown."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.CALL:
            is_asked = terms[entry[1]] == _ISINSTANCE and len(entry[2]) == 2
            return False if is_asked and self._gives_nothing(frame, entry[2][0]) else None
        if entry[0] != t.COMPARE:
            given = self._given(frame, term)
            if given is None or not isinstance(given.value, (bool, str, type(None))):
                return None
            return bool(given.value)
        given = self._given(frame, entry[2])
        if given is None:
            return None
        wanted: tuple[int, ...] = (entry[3],)
        if entry[1] in _AMONG:
            if terms[entry[3]][0] != t.SEQUENCE:
                return None
            wanted = terms[entry[3]][2]
        elif entry[1] not in _EQUAL:
            return None
        others = [self._project.values.evaluate(frame, one) for one in wanted]
        if not all(isinstance(other, Constant) for other in others):
            return None
        return (given in others) is (_EQUAL.get(entry[1]) or _AMONG.get(entry[1], False))

    def _given(self, frame: Frame, term: int) -> Constant | None:
        """The literal or member that a function around was handed under a name."""
        value = self._handed(frame, term)
        return value if isinstance(value, Constant) else None

    @staticmethod
    def _handed(frame: Frame, term: int) -> Value | None:
        """What a function around was handed under a name, and holds under it ever since."""
        module = frame.module
        terms = module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.NAME:
            return None
        owner = _owner(module, frame.scope_number, entry[1])
        parent = frame.parent
        while parent is not None and parent.scope_number != owner:
            parent = parent.parent
        if owner <= 0 or parent is None:
            return None
        bound = terms[parent.scope.bindings[entry[1]]]
        if bound[0] != t.PARAM or bound[1] >= len(parent.arguments):
            return None
        return parent.arguments[bound[1]]

    def _gives_nothing(self, frame: Frame, term: int) -> bool:
        """Whether a term is what a function gives that the function around was handed, and that
        returns nothing.
        """
        terms = frame.module.facts.terms
        call = terms[t.unaliased(terms, term)]
        is_awaited = call[0] == t.AWAIT
        if is_awaited:
            call = terms[t.unaliased(terms, call[1])]
        if call[0] != t.CALL:
            return False
        function = self._handed(frame, call[1])
        if not isinstance(function, FunctionValue):
            return False
        scope = function.module.facts.scopes[function.scope]
        return not scope.returns and not scope.is_generator and scope.is_async is is_awaited


def _find(module: Module) -> dict[int, frozenset[int]]:
    """For each function of a module, the parameters that tests within its functions ask for."""
    facts = module.facts
    terms = facts.terms
    found: dict[int, set[int]] = {}
    for number, scope in enumerate(facts.scopes):
        if scope.kind != "function" or facts.scopes[scope.parent].kind != "function":
            continue
        for region in module.regions_in(number):
            if region.kind not in ("if", "else") or region.term < 0:
                continue
            for name in sorted(_names(terms, region.term)):
                owner = _owner(module, number, name)
                bound = terms[facts.scopes[owner].bindings[name]] if owner > 0 else (t.UNKNOWN,)
                if bound[0] == t.PARAM:
                    found.setdefault(owner, set()).add(bound[1])
    return {owner: frozenset(parameters) for owner, parameters in found.items()}


def _names(terms: list[t.Term], test: int) -> set[str]:
    """The names that a test is about."""
    found = set()
    waiting = [test]
    while waiting:
        entry = terms[waiting.pop()]
        if entry[0] == t.NAME:
            found.add(str(entry[1]))
        elif entry[0] in _PARTS:
            waiting.extend(t.operands(entry))
    return found


def _owner(module: Module, scope_number: int, name: str) -> int:
    """The function around a function that binds a name, which nothing within writes to; -1 if there
    is none.
    """
    scopes = module.facts.scopes
    if name in scopes[scope_number].bindings:
        return -1
    owner = scopes[scope_number].parent
    while owner > 0 and (scopes[owner].kind == "class" or name not in scopes[owner].bindings):
        owner = scopes[owner].parent
    if owner <= 0:
        return -1
    for scope in scopes[owner:]:
        if any(kind == "nonlocal" and name == written for kind, written, _ in scope.outer_writes):
            return -1
    return owner
