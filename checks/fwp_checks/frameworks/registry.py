"""All frameworks, found by where their modules are, and asked as one about a project."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.finding import Edit
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.loop.loop_roots import Root
from fwp_checks.project.meaning.origins import Made, Place
from fwp_checks.project.meaning.outcome import Alternative, Outcome, Run, RunExternal
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Detail,
    Instance,
    Member,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.facts.model import Scope
    from fwp_checks.project.application.model import Dependency, Part
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame, FunctionKey
    from fwp_checks.project.meaning.origins import Origin
    from fwp_checks.project.rows.apart import Apart
    from fwp_checks.project.rows.needs import Consumer, Lack
    from fwp_checks.project.rows.refusals import Refused


class Frameworks:
    """Asks every framework; made anew for each project."""

    def __init__(self, frameworks: tuple[Framework, ...]) -> None:
        self._all = frameworks
        self._project: Project | None = None
        self._by_module: dict[str, list[Framework]] = {}
        self._by_class: dict[ClassValue, list[Framework]] = {}
        self._answering: dict[str, dict[ClassValue | str, list[Framework]]] = defaultdict(dict)
        self._adopted: dict[ClassValue, list[Framework]] | None = None
        self._has_adopted = False
        for framework in frameworks:
            for module in framework.modules:
                self._by_module.setdefault(module, []).append(framework)
        self._sets_apart = {name: why for f in frameworks for name, why in f.sets_apart.items()}
        self._settings = tuple([name for f in frameworks for name in f.settings])
        self._declared = tuple([name for f in frameworks for name in f.declared])
        self._keeping = frozenset([name for f in frameworks for name in f.keeping])
        self._spellings_apart = {name.rpartition(".")[2] for name in self._sets_apart}
        self._told_apart = frozenset(name for f in frameworks for name in f.told_apart)

    @classmethod
    def shipped(cls) -> Frameworks:
        """Every framework module of this package."""
        package = importlib.import_module(__name__.rpartition(".")[0])
        found: list[Framework] = []
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            framework = getattr(module, "FRAMEWORK", None)
            if framework is not None:
                found.append(framework)
        return cls(tuple(found))

    def again(self) -> Frameworks:
        """The same frameworks, to be asked about another project."""
        return Frameworks(self._all)

    def attach(self, project: Project) -> None:
        """Answer for this project from now on."""
        self._project = project

    @property
    def project(self) -> Project:
        """The project they answer for."""
        assert self._project is not None
        return self._project

    def _asked(self, hook: str, whose: ClassValue | str) -> list[Framework]:
        """The frameworks that a library's name or a class belongs to, of those that have something
        to say where a method of this name is asked.
        """
        known = self._answering[hook].get(whose)
        return known if known is not None else self._find_asked(hook, whose)

    def _find_asked(self, hook: str, whose: ClassValue | str) -> list[Framework]:
        concerned = self._concerned(whose) if isinstance(whose, str) else self._of_class(whose)
        silent = getattr(Framework, hook)
        found = [f for f in concerned if getattr(type(f), hook) is not silent]
        # Of a class whose bases are being looked up, it is not known yet.
        if isinstance(whose, str) or whose in self._by_class:
            self._answering[hook][whose] = found
        return found

    def _concerned(self, name: str) -> list[Framework]:
        return self._by_module.get(name.partition(".")[0], [])

    def _of_class(self, class_: ClassValue) -> list[Framework]:
        known = self._by_class.get(class_)
        if known is None:
            bases = self.project.classes.info(class_).externals
            known = list(dict.fromkeys(f for base in bases for f in self._concerned(base)))
            known += [f for f in self._adopting(class_) if f not in known]
            # While the bases of a class are looked up it has none, as yet.
            if known or (self._has_adopted and self.project.classes.is_settled(class_)):
                self._by_class[class_] = known
        return known

    def _adopting(self, class_: ClassValue) -> list[Framework]:
        """See :meth:`Framework.adopted`."""
        adopted = self._adopted
        if adopted is None:
            # What is looked up meanwhile is looked up without.
            adopted = self._adopted = {}
            for framework in self._imported:
                for own in framework.adopted(self.project):
                    adopted.setdefault(own, []).append(framework)
            self._has_adopted = True
        return adopted.get(class_, [])

    def base_told_by_body(self, frame: Frame, scope: Scope, bases: Sequence[str]) -> str | None:
        """See :meth:`Framework.base_told_by_body`."""
        for framework in self._telling:
            base = framework.base_told_by_body(self.project, frame, scope, bases)
            if base is not None:
                return base
        return None

    @cached_property
    def _telling(self) -> list[Framework]:
        return self._answering_for("base_told_by_body")

    def call(self, name: str, arguments: Arguments, receiver: Value | None) -> Outcome | None:
        """See :meth:`Framework.call`."""
        for framework in self._asked("call", name):
            outcome = framework.call(self.project, name, arguments, receiver)
            if outcome is not None:
                return outcome
        return None

    def may_run(self, name: str) -> bool:
        """Whether :meth:`Framework.call` may run something for a function of no effect."""
        last = name.rpartition(".")[2]
        return any(f.running is None or last in f.running for f in self._asked("call", name))

    def attribute(self, base: Instance | Member, name: str) -> Value | None:
        """See :meth:`Framework.attribute` and :meth:`Framework.model_attribute`."""
        if isinstance(base, Instance) and isinstance(base.class_, ClassValue):
            for framework in self._asked("model_attribute", base.class_):
                value = framework.model_attribute(self.project, base, name)
                if value is not None:
                    return value
            return None
        owner = base.name if isinstance(base, Member) else str(base.class_)
        for framework in self._asked("attribute", owner):
            value = framework.attribute(self.project, base, name)
            if value is not None:
                return value
        return None

    def reading(self, base: Value, name: str) -> tuple[Alternative, ...] | None:
        """See :meth:`Framework.reading`."""
        if type(base) is not Instance:
            return None
        for framework in self._asked("reading", base.class_):
            runs = framework.reading(self.project, base, name)
            if runs is not None:
                return runs
        return None

    @cached_property
    def read_names(self) -> frozenset[str] | None:
        """See :meth:`Framework.read_names`; of the frameworks that the project imports."""
        found: frozenset[str] = frozenset()
        for framework in self._imported:
            names = framework.read_names(self.project)
            if names is None:
                return None
            found |= names
        return found

    @cached_property
    def look_ups(self) -> frozenset[str]:
        """See :attr:`Framework.look_ups`; of the frameworks that the project imports."""
        return frozenset().union(*(framework.look_ups for framework in self._imported))

    @cached_property
    def _imported(self) -> list[Framework]:
        """The frameworks that the project imports; those that belong to no library always count."""
        imported = self.project.names.imported_roots
        return [f for f in self._all if not f.modules or not f.modules.isdisjoint(imported)]

    def _answering_for(self, hook: str) -> list[Framework]:
        """The frameworks that the project imports and that have something to say where a method of
        this name is asked.
        """
        silent = getattr(Framework, hook)
        return [f for f in self._imported if getattr(type(f), hook) is not silent]

    def spares(self, frame: Frame, term: int, run: Run) -> bool:
        """See :meth:`Framework.spares`."""
        if not isinstance(run, RunExternal):
            return False
        asked = self._asked("spares", run.name)
        return any(framework.spares(self.project, frame, term, run) for framework in asked)

    def class_attribute(self, class_: ClassValue, name: str) -> Value | None:
        """See :meth:`Framework.class_attribute`."""
        for framework in self._asked("class_attribute", class_):
            value = framework.class_attribute(self.project, class_, name)
            if value is not None:
                return value
        return None

    def construct(self, class_: ClassValue, arguments: Arguments) -> Outcome | None:
        """See :meth:`Framework.construct`."""
        for framework in self._asked("construct", class_):
            outcome = framework.construct(self.project, class_, arguments)
            if outcome is not None:
                return outcome
        return None

    def identity(
        self, class_: ClassValue | str, site: tuple[str, int] | None
    ) -> tuple[Detail, ...]:
        """The details of an object of a class that a call at a site makes: where that is, of those
        in :attr:`Framework.told_apart`.
        """
        if site is None or not self.tells_apart(class_):
            return ()
        return (Made((Place(*site),)),)

    def injects(self, class_name: str) -> bool:
        """Whether handlers on an application or router of a class declare what is injected."""
        return any(class_name in framework.injecting for framework in self._all)

    def tells_apart(self, class_: ClassValue | str) -> bool:
        """Whether objects of a class are told apart by the calls that make them."""
        if isinstance(class_, str):
            return class_ in self._told_apart
        if not self._of_class(class_):
            return False
        bases = self.project.classes.info(class_).externals
        return any(base in self._told_apart for base in bases)

    def is_model(self, class_: ClassValue) -> bool:
        """See :meth:`Framework.is_model`."""
        asked = self._asked("is_model", class_)
        return any(framework.is_model(self.project, class_) for framework in asked)

    def element(self, value: Instance) -> Value | None:
        """See :meth:`Framework.element`."""
        if not isinstance(value.class_, str):
            return None
        for framework in self._asked("element", value.class_):
            element = framework.element(self.project, value)
            if element is not None:
                return element
        return None

    def item(self, base: Value, key: Value | None) -> Value | None:
        """See :meth:`Framework.item`."""
        if isinstance(base, Instance) and isinstance(base.class_, str):
            for framework in self._asked("item", base.class_):
                value = framework.item(self.project, base, key)
                if value is not None:
                    return value
        return None

    def truth(self, base: Value, names: tuple[str, ...]) -> bool | None:
        """See :meth:`Framework.truth`."""
        if isinstance(base, Instance) and isinstance(base.class_, ClassValue):
            for framework in self._asked("truth", base.class_):
                found = framework.truth(base, names)
                if found is not None:
                    return found
        return None

    def may_have(self, base: Instance, name: str) -> bool:
        """See :meth:`RowHooks.may_have`."""
        if not isinstance(base.class_, ClassValue):
            return False
        return any(f.may_have(base, name) for f in self._asked("may_have", base.class_))

    def is_one_of_each(self, base: Instance, name: str) -> bool:
        """See :meth:`RowHooks.is_one_of_each`."""
        asked = self._asked("is_one_of_each", base.class_)
        return any(framework.is_one_of_each(self.project, base, name) for framework in asked)

    def has_attribute(self, base: Instance, name: str) -> bool | None:
        """See :meth:`RowHooks.has_attribute`."""
        for framework in self._asked("has_attribute", base.class_):
            answer = framework.has_attribute(self.project, base, name)
            if answer is not None:
                return answer
        return None

    def assigned(self, base: Instance, names: frozenset[str]) -> Instance:
        """See :meth:`Framework.assigned`."""
        for framework in self._asked("assigned", base.class_):
            base = framework.assigned(base, names) or base
        return base

    def typed(self, value: Instance, receiver: Value | None) -> Instance | None:
        """See :meth:`Framework.typed`."""
        if isinstance(value.class_, str):
            for framework in self._asked("typed", value.class_):
                typed = framework.typed(self.project, value, receiver)
                if typed is not None:
                    return typed
        return None

    def parameter(self, frame: Frame, index: int) -> Value | None:
        """See :meth:`Framework.parameter`."""
        for framework in self._injecting:
            value = framework.parameter(self.project, frame, index)
            if value is not None:
                return value
        return None

    @cached_property
    def _injecting(self) -> list[Framework]:
        return self._answering_for("parameter")

    @property
    def row_sources(self) -> tuple[str, ...]:
        """See :attr:`Framework.row_sources`; of the frameworks that the project imports."""
        return tuple(source for framework in self._imported for source in framework.row_sources)

    @property
    def row_hosts(self) -> tuple[str, ...]:
        """See :attr:`Framework.row_hosts`; of the frameworks that the project imports."""
        return tuple(host for framework in self._imported for host in framework.row_hosts)

    def inherited_frames(self) -> Iterator[Frame]:
        """See :meth:`Framework.inherited_frames`."""
        for framework in self._imported:
            yield from framework.inherited_frames(self.project)

    def consumers(self, modules: Container[Module]) -> list[Consumer]:
        """See :meth:`Framework.consumers`; of all frameworks, in a fixed order."""
        found: list[Consumer] = []
        for framework in self._imported:
            try:
                found.extend(framework.consumers(self.project, modules))
            except Exception as error:
                first = self.project.table.modules[0]
                self.project.fail(first, f"the rows that {framework.name} shows", error)
        return found

    def lack(self, frame: Frame | None, run: RunExternal) -> tuple[Origin, Lack] | None:
        """See :meth:`Framework.lack`."""
        for framework in self._asked("lack", run.name):
            found = framework.lack(self.project, frame, run)
            if found is not None:
                return found
        return None

    def stands_alone(
        self, run: RunExternal, module: Module, term: int, depends: Callable[[int], bool]
    ) -> Apart | None:
        """See :meth:`Framework.stands_alone`."""
        for framework in self._asked("stands_alone", run.name):
            found = framework.stands_alone(module, term, depends)
            if found is not None:
                return found
        return None

    def table_term(self, run: RunExternal, module: Module, term: int) -> int:
        """See :meth:`Framework.table_term`."""
        for framework in self._asked("table_term", run.name):
            found = framework.table_term(run, module, term)
            if found >= 0:
                return found
        return -1

    def keeps(self, name: str) -> bool:
        """Whether a function is among :attr:`Framework.keeping`, itself or the one of a base of its
        class.
        """
        return any(place in self._keeping for place in self.project.catalogue.places(name))

    def sets_apart(self, name: str) -> Apart | None:
        """See :attr:`Framework.sets_apart`."""
        return self._sets_apart.get(name)

    def is_declared(self, name: str) -> bool:
        """Whether something is among :attr:`Framework.declared`, or a setting."""
        return f"{name}.".startswith(self._declared) or self.is_setting(name)

    def is_setting(self, name: str) -> bool:
        """Whether something is among :attr:`Framework.settings`."""
        return f"{name}.".startswith(self._settings)

    def may_set_apart(self, spelling: str) -> bool:
        """Whether one of them has this last name, so that it is worth resolving."""
        return spelling in self._spellings_apart

    def refusal(self, run: RunExternal) -> Refused | None:
        """See :meth:`Framework.refusal`."""
        for framework in self._asked("refusal", run.name):
            found = framework.refusal(self.project, run)
            if found is not None:
                return found
        return None

    def is_loaded(self, frame: Frame, term: int, run: RunExternal) -> bool:
        """See :meth:`Framework.is_loaded`."""
        asked = self._asked("is_loaded", run.name)
        return any(one.is_loaded(self.project, frame, term, run) for one in asked)

    def waiting_functions(self, modules: Container[Module]) -> Iterator[FunctionKey]:
        """See :meth:`Framework.waiting_functions`."""
        for framework in self._imported:
            yield from framework.waiting_functions(self.project, modules)

    def hooks_of_write(self, run: RunExternal) -> str:
        """See :meth:`Framework.hooks_of_write`."""
        for framework in self._asked("hooks_of_write", run.name):
            text = framework.hooks_of_write(self.project, run)
            if text:
                return text
        return ""

    def holds_value(self, base: Instance, name: str) -> bool:
        """See :meth:`Framework.holds_value`."""
        return isinstance(base.class_, ClassValue) and any(
            framework.holds_value(self.project, base, name)
            for framework in self._asked("holds_value", base.class_)
        )

    def fetched(self, value: Value) -> Sequence[str] | None:
        """See :meth:`Framework.fetched`."""
        if isinstance(value, Instance) and value.details:
            for framework in self._of_queries:
                found = framework.fetched(value)
                if found is not None:
                    return found
        return None

    def is_filled(self, value: Value) -> bool:
        """See :meth:`Framework.is_filled`."""
        return isinstance(value, Instance) and any(f.is_filled(value) for f in self._of_queries)

    def is_relation(self, frame: Frame, term: int) -> bool:
        """See :meth:`Framework.is_relation`."""
        return any(f.is_relation(self.project, frame, term) for f in self._of_queries)

    @cached_property
    def _of_queries(self) -> list[Framework]:
        """The frameworks that know what has been fetched."""
        hooks = ("fetched", "is_filled", "is_relation")
        return list(dict.fromkeys(f for hook in hooks for f in self._answering_for(hook)))

    def loading(self, call: str, lacks: Sequence[Lack]) -> str:
        """See :meth:`Framework.loading`, for lacks that cause calls of this library function."""
        for framework in self._asked("loading", call):
            text = framework.loading(lacks)
            if text:
                return text
        return ""

    def edits(
        self, call: str, lacks: Sequence[Lack], module: Module, term: int
    ) -> tuple[Edit, ...]:
        """See :meth:`Framework.edits`, for lacks that cause calls of this library function."""
        for framework in self._asked("edits", call):
            edits = framework.edits(lacks, module, term)
            if edits:
                return edits
        return ()

    def roots(self) -> list[Root]:
        """The roots of all frameworks, in a fixed order."""
        found: list[Root] = []
        for framework in self._imported:
            try:
                found.extend(framework.roots(self.project))
            except Exception as error:
                first = self.project.table.modules[0]
                self.project.fail(first, f"the registrations of {framework.name}", error)
        return found

    def application_parts(self) -> list[Part]:
        """See :meth:`Framework.application_parts`; of all frameworks, in a fixed order."""
        found: list[Part] = []
        for framework in self._imported:
            try:
                found.extend(framework.application_parts(self.project))
            except Exception as error:
                first = self.project.table.modules[0]
                self.project.fail(first, f"the applications of {framework.name}", error)
        return found

    def declared_dependencies(self, frame: Frame) -> list[Dependency]:
        """See :meth:`Framework.declared_dependencies`; of all frameworks."""
        concerned, project = self._declaring, self.project
        return [d for f in concerned for d in f.declared_dependencies(project, frame)]

    @cached_property
    def _declaring(self) -> list[Framework]:
        return self._answering_for("declared_dependencies")

    def dependency_frames(self, dependency: Dependency) -> list[Frame]:
        """See :meth:`Framework.dependency_frames`; of all frameworks."""
        found: dict[Frame, None] = {}
        for framework in self._depending:
            found.update(dict.fromkeys(framework.dependency_frames(self.project, dependency)))
        return list(found)

    @cached_property
    def _depending(self) -> list[Framework]:
        return self._answering_for("dependency_frames")

    @cached_property
    def commands(self) -> list[Frame]:
        """See :meth:`Framework.commands`; of the frameworks that the project imports."""
        return [frame for one in self._imported for frame in one.commands(self.project)]
