"""A linked project: its modules, and what evaluates their terms."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fwp_checks.catalogue import Catalogue
from fwp_checks.facts import terms as t
from fwp_checks.project.application.applications import Applications
from fwp_checks.project.deployment.deployment import Deployment, NoDeploymentFiles
from fwp_checks.project.deployment.requirements import may_provide
from fwp_checks.project.effects.behaviours import Behaviours
from fwp_checks.project.effects.conditions import Conditions
from fwp_checks.project.effects.constructed import Constructed
from fwp_checks.project.effects.passed import Passed
from fwp_checks.project.failures import Failure, describe_error
from fwp_checks.project.files.modules import Module, ModuleTable
from fwp_checks.project.files.roots import SourceRoots
from fwp_checks.project.files.test_code import TestCode
from fwp_checks.project.injection.injection import Injection
from fwp_checks.project.lifetimes.lifetimes import Lifetimes
from fwp_checks.project.loop.coroutines import Coroutines
from fwp_checks.project.loop.event_loop import EventLoop
from fwp_checks.project.loop.loop_evidence import LoopEntries
from fwp_checks.project.meaning.assignments import Assignments
from fwp_checks.project.meaning.branches import Branches
from fwp_checks.project.meaning.calls import Calls
from fwp_checks.project.meaning.classes import Classes
from fwp_checks.project.meaning.configured import Configured
from fwp_checks.project.meaning.cuts import Cuts
from fwp_checks.project.meaning.data_classes import DataClasses
from fwp_checks.project.meaning.descriptors import Descriptors
from fwp_checks.project.meaning.emptied import Emptied
from fwp_checks.project.meaning.enclosing import Enclosing
from fwp_checks.project.meaning.evaluate import Values
from fwp_checks.project.meaning.frames import Frame, Frames
from fwp_checks.project.meaning.generics import Generics
from fwp_checks.project.meaning.implementations import Implementations
from fwp_checks.project.meaning.inheriting import Inheriting
from fwp_checks.project.meaning.libraries import Libraries
from fwp_checks.project.meaning.lists import Lists
from fwp_checks.project.meaning.mappings import Mappings
from fwp_checks.project.meaning.members import Members
from fwp_checks.project.meaning.names import Names
from fwp_checks.project.meaning.overrides import Overrides
from fwp_checks.project.meaning.protocols import Protocols
from fwp_checks.project.meaning.registries import Registries
from fwp_checks.project.meaning.sites import CallSites
from fwp_checks.project.meaning.types import Types
from fwp_checks.project.rows.queries import Queries
from fwp_checks.project.rows.row_frames import row_modules
from fwp_checks.project.shares import Evidence, Gathering
from fwp_checks.project.structure.structure import Structure
from fwp_checks.project.templates.tags import Tags
from fwp_checks.project.templates.templates import NoTemplates, TemplateFiles, Templates
from fwp_checks.settings import Settings

if TYPE_CHECKING:
    from fwp_checks.frameworks.registry import Frameworks


class Project:
    """Everything rules and frameworks can ask about the meaning of the code.

    The parts know each other through this object: ``values`` evaluates terms, ``types``
    annotations, ``members`` attributes, ``calls`` calls of the project's functions, ``libraries``
    calls of libraries, ``protocols`` loops, ``with`` and operators, ``classes`` class hierarchies;
    ``behaviours`` says what frames do. ``event_loop`` and ``queries`` are what that leads to;
    ``applications`` says what requests lead to, ``deployment`` how the project is run.
    ``framework_data`` is where framework modules remember what they found out about this project.
    ``failures`` are collected while questions are answered: a function that the engine fails on
    costs that function. ``jobs`` is the number of processes that may evaluate it.
    """

    def __init__(
        self,
        modules: Iterable[Module],
        catalogue: Catalogue,
        settings: Settings,
        frameworks: Frameworks,
        roots: SourceRoots,
        template_files: TemplateFiles | None = None,
        jobs: int = 1,
        deployment: Deployment | None = None,
        test_code: TestCode | None = None,
    ) -> None:
        self._roots = roots
        self._template_files = template_files or NoTemplates()
        self._jobs = jobs
        self.deployment = deployment or Deployment(NoDeploymentFiles())
        self.test_code = test_code or TestCode((), roots, lambda paths: {})
        self.table = ModuleTable(modules, roots, self._is_foreign)
        self.catalogue = catalogue
        self.settings = settings
        self.frameworks = frameworks
        self.configured = Configured(settings)
        self.cuts = Cuts()
        self.frames = Frames()
        self._module_frames: dict[Module, Frame] = {}
        self._scope_frames: dict[Module, list[Frame | None]] = {}
        self.names = Names(self)
        self.framework_data: dict[str, Any] = {}
        self.failures: list[Failure] = []
        self.values = Values(self)
        self.types = Types(self)
        self.members = Members(self)
        self.descriptors = Descriptors(self)
        self.calls = Calls(self)
        self.branches = Branches(self)
        self.enclosing = Enclosing(self)
        self.classes = Classes(self)
        self.registries = Registries(self)
        self.generics = Generics(self)
        self.implementations = Implementations(self)
        self.overrides = Overrides(self)
        self.inheriting = Inheriting(self)
        self.protocols = Protocols(self)
        self.libraries = Libraries(self)
        self.call_sites = CallSites(self)
        self.conditions = Conditions(self)
        self.constructed = Constructed(self)
        self.passed = Passed(self)
        self.behaviours = Behaviours(self)
        self.loop_entries = LoopEntries(self)
        self.coroutines = Coroutines(self)
        self.applications = Applications(self)
        self.structure = Structure(self)
        self.injection = Injection(self)
        self.lifetimes = Lifetimes(self)
        self.mappings = Mappings(self)
        self.lists = Lists(self)
        self.data_classes = DataClasses(self)
        self.emptied = Emptied()
        self.assignments = Assignments(self)
        self.tags = Tags(self)
        self.templates = Templates(self, self._template_files)
        frameworks.attach(self)

    def again(self) -> Project:
        """The same project, of which nothing was evaluated yet."""
        return Project(
            self.table.modules,
            self.catalogue,
            self.settings,
            self.frameworks.again(),
            self._roots,
            self._template_files,
            deployment=self.deployment,
            test_code=self.test_code,
        )

    def _is_foreign(self, name: str) -> bool:
        """Whether the first name of an import is that of a library, as far as anything tells."""
        if name in sys.stdlib_module_names or self.catalogue.knows_module(name):
            return True
        return may_provide(self.deployment.requirements, name)

    def fail(self, module: Module, place: str, error: Exception) -> None:
        """Note that the engine failed at a place of a module, and go on without it."""
        self.failures.append(Failure(module.path, place, describe_error(error)))

    @cached_property
    def gathering(self) -> Gathering:
        """What evaluates the shares of the project, from now on."""
        return Gathering(self, self._jobs)

    @cached_property
    def evidence(self) -> list[Evidence]:
        """What the shares of the project tell."""
        return self.gathering.result()

    @cached_property
    def event_loop(self) -> EventLoop:
        """What runs on the event loop and blocks it."""
        return EventLoop(self, [evidence.loop for evidence in self.evidence])

    @cached_property
    def queries(self) -> Queries:
        """What is asked of the database for each row and in each round of a loop."""
        return Queries(self, [evidence.rows for evidence in self.evidence])

    @cached_property
    def row_modules(self) -> dict[Module, None]:
        """The modules that can come by rows of a query."""
        return row_modules(self)

    def module_frame(self, module: Module) -> Frame:
        """The frame of a module's own code."""
        known = self._module_frames.get(module)
        if known is None:
            known = self._module_frames[module] = self.frames.get(module, 0, None, ())
        return known

    def frame_of_scope(self, module: Module, scope_number: int) -> Frame:
        """The frame of a scope about whose arguments nothing is known but its annotations.

        For a method the receiver is an object of the class it stands in.
        """
        if scope_number <= 0:
            return self.module_frame(module)
        known = self._scope_frames.get(module)
        if known is None:
            known = self._scope_frames[module] = [None] * len(module.facts.scopes)
        frame = known[scope_number]
        if frame is None:
            frame = known[scope_number] = self._find_frame(module, scope_number)
        return frame

    def _find_frame(self, module: Module, scope_number: int) -> Frame:
        scopes = module.facts.scopes
        scope = scopes[scope_number]
        outer = scope.parent
        while outer > 0 and not scopes[outer].is_function:
            outer = scopes[outer].parent
        parent = self.frame_of_scope(module, outer)
        if not scope.is_function:
            return parent
        return self.calls.unbound_frame(parent, scope_number)

    @cached_property
    def attribute_stores(self) -> dict[str, list[tuple[Module, int]]]:
        """Every assignment to an attribute, by attribute name: module and STORE term."""
        found: dict[str, list[tuple[Module, int]]] = {}
        for module in self.table.modules:
            terms = module.facts.terms
            for term in module.facts.attribute_writes:
                if terms[term][0] == t.STORE:
                    found.setdefault(terms[term][2], []).append((module, term))
        return found
