"""Options of the engines that Flask-SQLAlchemy makes.

They stand in a setting or are an argument of the extension, see
https://flask-sqlalchemy.readthedocs.io/en/stable/config/#flask_sqlalchemy.config.SQLALCHEMY_ENGINE_OPTIONS
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import BRANCHES
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import Constant, Value
from fwp_checks.project.structure.loaded import is_example

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_SETTING = "SQLALCHEMY_ENGINE_OPTIONS"
_EXTENSION, _ARGUMENT = "flask_sqlalchemy.SQLAlchemy", "engine_options"
# Classes of settings that no server uses.
_OTHERS = re.compile(r"test|dev|local|debug", re.IGNORECASE)


@dataclass(slots=True, unsafe_hash=True)
class EngineOptions:
    """A display of options at ``term``, in the code of ``frame``."""

    frame: Frame
    term: int

    def given(self, project: Project, name: str) -> Value | None:
        """What an option is given; None if it is not."""
        for key, value in self.frame.module.facts.terms[self.term][1]:
            if key >= 0:
                known = project.values.evaluate(self.frame, key)
                if isinstance(known, Constant) and known.value == name:
                    return project.values.evaluate(self.frame, value)
        return None


def engine_options(project: Project, module: Module) -> Iterator[EngineOptions]:
    """The options that a file writes for engines, outside of branches."""
    if "flask_sqlalchemy" not in project.names.imported_roots or not module.is_served:
        return
    if is_example(module):
        return
    terms = module.facts.terms
    for term in sorted(set(_candidates(project, module))):
        at = t.unaliased(terms, term)
        number = module.code_scope_of(at)
        if terms[at][0] == t.MAPPING and not any(
            region.kind in BRANCHES and region.start <= at < region.end
            for region in module.regions_in(number)
        ):
            yield EngineOptions(project.frame_of_scope(module, number), at)


def _candidates(project: Project, module: Module) -> Iterator[int]:
    terms = module.facts.terms
    for term in module.of_kind(t.STORE_ITEM):
        if terms[terms[term][2]] == (t.CONST, _SETTING) and terms[term][3] >= 0:
            yield terms[term][3]
    for scope in module.facts.scopes:
        if scope.kind in ("module", "class") and not _OTHERS.search(scope.name):
            bound = scope.bindings.get(_SETTING, -1)
            if bound >= 0:
                yield bound
    for term in module.calls:
        for name, value in terms[term][3]:
            if name == _SETTING:
                yield value
    for site in project.call_sites.of(frozenset({_EXTENSION})):
        if site.frame.module is module:
            for name, value in terms[site.term][3]:
                if name == _ARGUMENT:
                    yield value
