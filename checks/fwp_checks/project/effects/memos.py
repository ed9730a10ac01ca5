"""What objects of models keep for themselves: ``if self._size is None: self._size = …``.

There are many such objects, so each of the rows of a query asks for it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import ClassValue, Constant

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What gives rows an attribute by its name, as the name of an argument or as a text.
_GIVING: frozenset[str] = frozenset({"setattr", "annotate", "Prefetch", "extra"})
_LACKING = (t.NAME, "AttributeError")


class Memos:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._given: frozenset[str] | None = None
        self._known: dict[tuple[ClassValue, str], bool] = {}

    def among(self, frame: Frame, names: Iterable[str]) -> list[str]:
        """Which of these attributes (with a dot before each) a method's object keeps for itself:
        no column, and nothing that other code gives to it.
        """
        module = frame.module
        class_ = self._project.calls.class_of_method(module, frame.scope_number)
        if class_ is None or not frame.scope.parameters:
            return []
        found = [name for name in names if name.startswith(".")]
        if not found or not self._project.frameworks.is_model(class_):
            return []
        return [name for name in found if self._is_own(class_, name[1:])]

    def _is_own(self, class_: ClassValue, name: str) -> bool:
        key = (class_, name)
        if key not in self._known:
            bound = self._project.members.find_in_class(class_, name)
            self._known[key] = (
                (bound is None or isinstance(bound, Constant))
                and self._is_stored_by_itself(class_, name)
                and name not in self._given_names
            )
        return self._known[key]

    def _is_stored_by_itself(self, class_: ClassValue, name: str) -> bool:
        """Whether all that assign an attribute of this name are methods that do so for their own
        object, and only one method of this class and its bases assigns more than a constant.
        """
        filling: set[tuple[str, int]] = set()
        for module, store in self._project.attribute_stores.get(name, ()):
            terms = module.facts.terms
            number = module.code_scope_of(store)
            owner = self._project.calls.class_of_method(module, number)
            value = terms[terms[store][3]]
            if value[0] == t.CONST and not value[1]:
                continue
            if owner is None or not module.is_parameter(terms[store][1], number, 0):
                return False
            if self._are_related(class_, owner):
                filling.add((module.path, number))
        return len(filling) == 1

    def _are_related(self, class_: ClassValue, other: ClassValue) -> bool:
        info = self._project.classes.info
        return other in info(class_).order or class_ in info(other).order

    @property
    def _given_names(self) -> frozenset[str]:
        """The names that calls give to rows."""
        if self._given is None:
            found: set[str] = set()
            for name in _GIVING:
                for module, call in self._project.call_sites.spelt(name):
                    terms = module.facts.terms
                    positional, keywords = terms[call][2], terms[call][3]
                    given = [*positional, *(term for _, term in keywords)]
                    texts = [terms[term][1] for term in given if terms[term][0] == t.CONST]
                    found.update(text for text in texts if isinstance(text, str))
                    found.update(keyword for keyword, _ in keywords if keyword is not None)
            self._given = frozenset(found)
        return self._given

    @staticmethod
    def handlers(frame: Frame, names: Iterable[str]) -> list[Region]:
        """``try: return self._size`` and ``except AttributeError: self._size = …``: the handlers
        that assign one of these attributes.
        """
        module = frame.module
        wanted = {name[1:] for name in names}
        stores = [
            store
            for store in module.attribute_writes_in(frame.scope_number)
            if module.facts.terms[store][2] in wanted
        ]
        return [
            region
            for region in module.regions_in(frame.scope_number)
            if region.kind == "except"
            and region.term >= 0
            and module.facts.terms[region.term] == _LACKING
            and any(region.start <= store < region.end for store in stores)
            and any(_tries(module, region, store) for store in stores)
        ]


def _tries(module: Module, handler: Region, store: int) -> bool:
    """Whether the ``try`` of a handler reads the attribute that is assigned."""
    terms = module.facts.terms
    name = terms[store][2]
    return any(
        region.kind == "try"
        and region.end <= handler.start
        and any(
            entry[0] == t.ATTR and entry[2] == name for entry in terms[region.start : region.end]
        )
        for region in module.regions_in(module.code_scope_of(store))
    )
