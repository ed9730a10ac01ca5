"""What happens once and is then remembered: cached functions, and fills of a variable behind a
test.

Something that runs once in a process is no cost of each call, so effects are not carried over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.frames import Frame
from fwp_checks.project.values import External

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/functools.html
_CACHES = frozenset({"functools.lru_cache", "functools.cache", "functools.cached_property"})


class Once:
    """Decides what runs once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._cached: dict[tuple[str, int], bool] = {}
        self._guarded: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def is_cached(self, frame: Frame, caller: Frame, call: int) -> bool:
        """Whether the result of a call is kept for the next one: a cache on a function that is
        called without arguments, or with the same ones each time.
        """
        key = (frame.module.path, frame.scope_number)
        known = self._cached.get(key)
        if known is None:
            known = self._cached[key] = self._find_cached(frame)
        return known and self._is_the_same_each_time(frame, caller, call)

    def _find_cached(self, frame: Frame) -> bool:
        terms = frame.module.facts.terms
        for decorator in frame.scope.decorators:
            entry = terms[decorator]
            called = entry[1] if entry[0] == t.CALL else decorator
            value = self._project.values.evaluate(frame.parent or frame, called)
            if isinstance(value, External) and value.name in _CACHES:
                return True
        return False

    def _is_the_same_each_time(self, frame: Frame, caller: Frame, call: int) -> bool:
        is_method = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if is_method:
            # The object is among the arguments.
            return len(frame.scope.parameters) <= 1
        terms = caller.module.facts.terms
        entry = terms[call]
        if not frame.scope.parameters:
            return True
        arguments = (*entry[2], *(term for _, term in entry[3])) if entry[0] == t.CALL else (call,)
        return all(terms[argument][0] == t.CONST for argument in arguments)

    def guarded(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms that run only while a variable that outlives the call is empty, and
        that fill it.
        """
        key = (frame.module.path, frame.scope_number)
        known = self._guarded.get(key)
        if known is None:
            known = self._guarded[key] = self._find_guarded(frame)
        return known

    def _find_guarded(self, frame: Frame) -> list[tuple[int, int]]:
        scope = frame.scope
        written = self._written(frame)
        if not written:
            return []
        found = []
        for region in frame.module.regions_in(frame.scope_number):
            if region.term < 0:
                continue
            empty, name = self._tested(frame, region.term)
            if name is None or name not in written:
                continue
            if region.kind == ("if" if empty else "else"):
                if any(region.start <= at < region.end for at in written[name]):
                    found.append((region.start, region.end))
            elif region.kind == "if" and not empty and self._returns_inside(frame, region):
                # if self._x is not None: return self._x
                if any(at >= region.end for at in written[name]):
                    found.append((region.end, scope.end))
        return found

    @staticmethod
    def _written(frame: Frame) -> dict[str, list[int]]:
        """Variables that outlive the call, written in this scope: attribute names and globals, with
        the terms written.
        """
        terms = frame.module.facts.terms
        written: dict[str, list[int]] = {}
        for term in frame.module.attribute_writes_in(frame.scope_number):
            written.setdefault(f".{terms[term][2]}", []).append(term)
        for _, name, term in frame.scope.outer_writes:
            # The value's own term may lie before the branch that binds it only for constants.
            written.setdefault(name, []).append(term)
        return written

    @staticmethod
    def _returns_inside(frame: Frame, region: Region) -> bool:
        returned = frame.scope.returns
        terms = frame.module.facts.terms
        inside = [term for term in returned if region.start <= term < region.end]
        # "return _client" reads a name: its term is shared and may lie anywhere.
        names = [term for term in returned if terms[term][0] in (t.NAME, t.NARROW)]
        return bool(inside or names)

    @staticmethod
    def _tested(frame: Frame, term: int) -> tuple[bool, str | None]:
        """What a condition tests for being empty (True) or filled (False): an attribute or a global
        name.
        """
        terms = frame.module.facts.terms
        entry = terms[term]
        empty = False
        if entry[0] == t.UNARY and entry[1] == "not":
            entry, empty = terms[entry[2]], True
        elif entry[0] == t.COMPARE and entry[1] in ("is", "is not", "==", "!="):
            if terms[entry[3]] != (t.CONST, None):
                return False, None
            empty = entry[1] in ("is", "==")
            entry = terms[entry[2]]
        if entry[0] == t.ATTR:
            return empty, f".{entry[2]}"
        if entry[0] == t.NAME:
            return empty, str(entry[1])
        return False, None
