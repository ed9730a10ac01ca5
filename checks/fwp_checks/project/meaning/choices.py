"""Which of several bindings of a name speaks, where they are alternatives to each other.

What stands under ``if TYPE_CHECKING`` says what a name is to hold; of an import that may fail, what
is known of the library speaks, not what stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import External, Unknown, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/typing.html#typing.TYPE_CHECKING
_CHECKING = ("TYPE_CHECKING", "typing")
_MISSING = ("ImportError", "ModuleNotFoundError")


class Choices:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._checked: dict[Module, list[tuple[int, int]]] = {}

    def of(self, frame: Frame, options: Sequence[int]) -> Sequence[int]:
        """Those of the terms that meet at a JOIN which say what it is."""
        terms = frame.module.facts.terms
        imports = [option for option in options if terms[option][0] == t.IMPORT]
        if not imports:
            return options
        stands_in = [option for option in options if option not in imports]
        if stands_in and not frame.scope_number:
            checked = [option for option in imports if self._is_checked(frame.module, option)]
            if checked and all(_is_made(terms, option) for option in stands_in):
                # if TYPE_CHECKING: import a / else: a = Lazy("a"). It is what checkers are told.
                return checked
        if all(self._stands_in(frame, option) for option in stands_in):
            # try: import a / except ImportError: import b as a. The one that is known speaks.
            known = [option for option in imports if self._is_known(frame, option)]
            return known or options
        return options

    def _is_known(self, frame: Frame, option: int) -> bool:
        value = self._project.values.evaluate(frame, option)
        return not isinstance(value, External) or self._project.catalogue.knows_module(value.name)

    @staticmethod
    def _stands_in(frame: Frame, option: int) -> bool:
        """Whether a term is a class that is made where an import has failed."""
        terms = frame.module.facts.terms
        if terms[option][0] != t.DEFINITION:
            return False
        if frame.module.facts.scopes[terms[option][1]].kind != "class":
            return False
        return any(
            region.kind == "except"
            and region.start <= option < region.end
            and region.term >= 0
            and terms[region.term][-1] in _MISSING
            for region in frame.module.regions_in(frame.scope_number)
        )

    def declared(self, frame: Frame, name: str) -> Value | None:
        """What a module declares a global name to hold, to type checkers alone, if that is known:
        ``if TYPE_CHECKING: app: App``.
        """
        annotation = frame.scope.annotations.get(name, -1)
        if annotation < 0:
            return None
        declared = (t.DECLARED, -1, annotation)
        terms = frame.module.facts.terms
        if not any(declared in terms[start:end] for start, end in self._checking(frame.module)):
            return None
        value = self._project.types.annotation(frame, annotation)
        return None if isinstance(value, Unknown) else value

    def _is_checked(self, module: Module, term: int) -> bool:
        """Whether only type checkers see a term."""
        return any(start <= term < end for start, end in self._checking(module))

    def _checking(self, module: Module) -> list[tuple[int, int]]:
        """The stretches of a module that only type checkers see."""
        known = self._checked.get(module)
        if known is None:
            terms = module.facts.terms
            known = self._checked[module] = [
                (region.start, region.end)
                for region in module.regions_in(0)
                if region.kind == "if" and _is_checking(terms, region.term)
            ]
        return known


def _is_made(terms: list[t.Term], term: int) -> bool:
    """Whether a term is what a call gives, or a part of that: something that is made to stand for
    another.
    """
    while terms[term][0] in (t.ALIAS, t.UNPACK, t.ATTR, t.ITEM):
        term = terms[term][1]
    return bool(terms[term][0] == t.CALL)


def _is_checking(terms: list[t.Term], term: int) -> bool:
    entry = terms[term]
    if entry[0] == t.IMPORT:
        return (entry[2], entry[1]) == _CHECKING
    if entry[0] != t.ATTR or entry[2] != _CHECKING[0]:
        return False
    return terms[entry[1]][:3] == (t.IMPORT, _CHECKING[1], None)
