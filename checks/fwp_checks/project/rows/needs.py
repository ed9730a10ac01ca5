"""What is read from each of many rows although their query did not fetch it: one query a row.

The rows carry their origin (:mod:`fwp_checks.project.meaning.origins`), so a need is found where it
runs: in a loop, in a helper, in a property, in whatever else a framework calls with each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts.model import Import
from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.effects.effects import Event
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.origins import Hop, Origin, Place, consumed_at
from fwp_checks.project.meaning.outcome import Alternative, RunExternal, RunFrame
from fwp_checks.project.meaning.values import NO_ARGUMENTS, Instance, Unknown, Value, options_of
from fwp_checks.project.rows.jobs import Jobs, fills_cache

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# As many queries as a page may well have anyway.
_FEW = 10
LOOPS = ("for", "comprehension", "generator")


class Kind(Enum):
    """What a query for a single row is for."""

    RELATION = "the object behind a relation"
    COLLECTION = "the objects behind a relation"
    NARROWED = "some of the objects behind a relation"
    BYPASSED = "some of the objects behind a relation that was fetched"
    COLUMN = "a column that was left out"


@dataclass(frozen=True, slots=True)
class Lack:
    """What a query did not fetch: the way there from one of its rows, and the method that asks the
    database for objects behind a relation. ``besides`` is what else must be changed for the query
    to fetch it, in words. ``place`` is where that is to be mended, if not where the query is built.
    """

    kind: Kind
    hops: tuple[Hop, ...]
    method: str = ""
    besides: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def path(self) -> str:
        """The names on the way, with dots."""
        return ".".join(hop.name for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Read:
    """Something that a framework reads from each row: attributes, one after the other, where ``*``
    goes through the objects of a relation. ``module`` and ``term`` are where that is written.
    """

    row: Value
    parts: tuple[str, ...]
    module: Module
    term: int


@dataclass(frozen=True, slots=True)
class Touch:
    """Something else that a framework does with each row, and what that runs: an entry for each
    thing it may be.
    """

    alternatives: tuple[Alternative, ...]
    module: Module
    term: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """What goes through the rows of a query for a framework: a serializer, a template, an admin
    page.

    ``place`` is what its rows carry as the place where they are consumed. ``what`` is its kind,
    ``label`` how messages call it, ``module`` and ``term`` where a finding goes if the query has no
    place. ``frames`` are called with a row of it. ``joined`` are relations that it adds to the
    query by itself. ``wholes`` are where the queries are built of which it shows every row of a
    table at once.
    """

    place: Place
    what: str
    label: str
    module: Module
    term: int
    frames: tuple[Frame, ...] = ()
    reads: tuple[Read, ...] = ()
    touches: tuple[Touch, ...] = ()
    joined: tuple[str, ...] = ()
    wholes: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """One query a row: what for, and where."""

    origin: Origin
    lack: Lack
    run: RunExternal
    module: Module
    term: int
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Starving:
    """A query and what goes through its rows, with all that is fetched row by row.

    ``module`` and ``term`` are where the query is built, or where its rows are consumed if that is
    not in the project's own code. ``consumer`` is None for loops; ``consumed`` is the first of
    them. ``is_job``: it is part of work for whose end nobody waits, or that writes for each row.
    """

    module: Module
    term: int
    consumed: Place
    consumer: Consumer | None
    needs: tuple[Need, ...]
    is_job: bool


class RowNeeds:
    """The needs of one project; found once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._filled: dict[Place, bool] = {}

    def of(self, module: Module) -> Sequence[Starving]:
        """The queries that are built in a module and fetch too little."""
        return self._by_module.get(module, ())

    @cached_property
    def _by_module(self) -> dict[Module, list[Starving]]:
        found: dict[Module, list[Starving]] = {}
        for starving in self._queries():
            found.setdefault(starving.module, []).append(starving)
        return found

    def _queries(self) -> Iterator[Starving]:
        consumers = {consumer.place: consumer for consumer in self.consumers}
        groups: dict[tuple[Place, object], tuple[Consumer | None, list[Need]]] = {}
        for need in self.all:
            consumed = need.origin.consumed
            assert consumed is not None
            module = self._project.table.by_path.get(consumed.path)
            if module is not None and module.is_served and not self._may_be_filled(need):
                # Rows keep what one loop has fetched for the next one.
                shown = consumers.get(consumed) or self._project.templates.consumer(consumed)
                built = need.origin.built or consumed
                # What is mended elsewhere is mended for all that are shown in one way.
                way = shown.what if shown is not None and need.lack.place is not None else shown
                groups.setdefault((need.lack.place or built, way), (shown, []))[1].append(need)
        for consumer, needs in groups.values():
            consumed = needs[0].origin.consumed
            assert consumed is not None
            place = self._reported(needs[0].lack.place or needs[0].origin.built, consumed)
            if place is not None:
                is_job = all(map(self._is_job, needs))
                yield Starving(*place, consumed, consumer, tuple(needs), is_job)

    def _is_job(self, need: Need) -> bool:
        """Whether the query of a need is part of something that takes its time anyway."""
        consumed = need.origin.consumed
        if need.frame is not None and fills_cache(need.module, need.term):
            return True
        module = self._project.table.by_path.get(consumed.path) if consumed is not None else None
        if module is None or consumed is None or module.is_template:
            return False
        if self.jobs.has(module, consumed.term):
            return True
        scope = module.code_scope_of(consumed.term)
        loops = [one for one in module.regions_in(scope) if one.term == consumed.term]
        return any(
            self._project.loop_effects.writes(frame, loop)
            for loop in loops
            if loop.kind in LOOPS
            for frame in self._by_function.get((module.path, scope), ())
        )

    def _may_be_filled(self, need: Need) -> bool:
        """Whether the query of a need is one that other callers of its function have filled with
        rows before: more cannot be asked of it here.
        """
        built = need.origin.built
        if built is None:
            return False
        known = self._filled.get(built)
        if known is None:
            module = self._project.table.by_path.get(built.path)
            scope = module.code_scope_of(built.term) if module is not None else -1
            known = self._filled[built] = any(
                self._project.frameworks.is_filled(option)
                for frame in self._by_scope.get((built.path, scope), ())
                for option in options_of(self._project.values.evaluate(frame, built.term))
            )
        return known

    @cached_property
    def _by_scope(self) -> dict[tuple[str, int], list[Frame]]:
        found: dict[tuple[str, int], list[Frame]] = {}
        for frame in self.frames:
            found.setdefault((frame.module.path, frame.scope_number), []).append(frame)
        return found

    def _reported(self, built: Place | None, consumed: Place) -> tuple[Module, int] | None:
        by_path = self._project.table.by_path
        for place in (built, consumed):
            module = by_path.get(place.path) if place is not None else None
            if place is not None and module is not None and module.is_served:
                return module, place.term
        return None

    # -- where rows are gone through ---------------------------------------------------------------

    def classes(self, module: Module, term: int) -> set[Value | str]:
        """The classes whose objects the query that is built at a term gives, in any frame."""
        return {
            found.arguments[0] if found.arguments else found.class_
            for found in self.instances(module, term)
        }

    def instances(self, module: Module, term: int) -> Iterator[Instance]:
        """The objects that a term may be, in any frame."""
        function = (module.path, module.code_scope_of(term))
        for frame in self._by_function.get(function, ()):
            for option in options_of(self._project.values.evaluate(frame, term)):
                if isinstance(option, Instance):
                    yield option

    @cached_property
    def _by_function(self) -> dict[FunctionKey, list[Frame]]:
        found: dict[FunctionKey, list[Frame]] = {}
        for frame in self.frames:
            found.setdefault(frame.function, []).append(frame)
        return found

    @cached_property
    def consumers(self) -> list[Consumer]:
        """What goes through rows for the frameworks."""
        return self._project.frameworks.consumers()

    @cached_property
    def frames(self) -> list[Frame]:
        """Everything that may be given rows, in a fixed order."""
        found: dict[Frame, None] = {}
        for module in self.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.is_function or number == 0:
                    found[self._project.frame_of_scope(module, number)] = None
        for frame in self._project.frameworks.inherited_frames():
            if frame.module in self.modules:
                found[frame] = None
        for consumer in self.consumers:
            found.update(dict.fromkeys(consumer.frames))
            for touch in consumer.touches:
                for alternative in touch.alternatives:
                    runs = [run for run in alternative or () if isinstance(run, RunFrame)]
                    found.update(dict.fromkeys(run.frame for run in runs))
        waiting = list(found)
        while waiting:
            for following in self._project.behaviours.following(waiting.pop()):
                if following not in found:
                    found[following] = None
                    waiting.append(following)
        return list(found)

    @cached_property
    def modules(self) -> dict[Module, None]:
        """The modules that can come by a query: they import what makes some, directly or not."""
        table = self._project.table
        sources = self._project.frameworks.row_sources
        importers: dict[Module, list[Module]] = {}
        found: dict[Module, None] = {}
        for module in table.modules:
            for imported in module.facts.imports:
                inner = f"{imported.module}.{imported.attribute}"
                if not imported.level and f"{inner}.".startswith(sources):
                    found[module] = None
                for target in self._imported(module, imported):
                    importers.setdefault(target, []).append(module)
        waiting = list(found)
        while waiting:
            for module in importers.get(waiting.pop(), ()):
                if module not in found:
                    found[module] = None
                    waiting.append(module)
        return {module: None for module in table.modules if module in found and module.is_served}

    def _imported(self, module: Module, imported: Import) -> Iterator[Module]:
        """The modules of the project that an import may mean."""
        table = self._project.table
        for name in (imported.module, f"{imported.module}.{imported.attribute}"):
            if imported.level:
                target = table.find_relative(name.strip("."), imported.level, module)
            else:
                target = table.find(name, module)
            if target is not None:
                yield target

    # -- what is read ------------------------------------------------------------------------------

    @cached_property
    def all(self) -> list[Need]:
        """Every need, in a fixed order."""
        found: dict[tuple[object, ...], Need] = {}
        for need in self._find() if self._project.frameworks.row_sources else ():
            found.setdefault((need.origin, need.lack, need.module, need.term), need)
        return list(found.values())

    def _find(self) -> Iterator[Need]:
        """Every need, for each frame in which it is one."""
        for frame in self.frames:
            for event in self._project.behaviours.of(frame).events:
                yield from self._needs_of(frame, event)
        for consumer in self.consumers:
            for read in consumer.reads:
                yield from self._needs_of_read(read)
            for touch in consumer.touches:
                for run, origin, lack in self._lacks(None, touch.alternatives):
                    yield Need(origin, lack, run, touch.module, touch.term, None)

    @cached_property
    def jobs(self) -> Jobs:
        """What runs in commands and jobs of workers alone."""
        return Jobs(self._project, self.frames)

    @cached_property
    def _callers(self) -> Callers:
        return Callers(self._project, self.frames)

    def _needs_of(self, frame: Frame, event: Event) -> Iterator[Need]:
        if event.is_remembered:
            return
        for run, origin, lack in self._lacks(frame, event.alternatives):
            if self._is_at_most_once(frame, event.term, origin):
                continue
            if self._callers.may_run(frame, event.term):
                yield Need(origin, lack, run, frame.module, event.term, frame)

    def _lacks(
        self, frame: Frame | None, alternatives: tuple[Alternative, ...]
    ) -> list[tuple[RunExternal, Origin, Lack]]:
        """The queries for single rows among runs; none if there may as well be none."""
        found = []
        for alternative in alternatives:
            runs = [run for run in alternative or () if isinstance(run, RunExternal)]
            missing = [self._lack(frame, run) for run in runs if run.receiver is not None]
            known = [one for one in missing if one is not None]
            if not known:
                return []
            found.extend(known)
        return found

    def _lack(
        self, frame: Frame | None, run: RunExternal
    ) -> tuple[RunExternal, Origin, Lack] | None:
        given = self._project.frameworks.lack(frame, run)
        if given is None:
            return None
        origin, lack = given
        if origin.consumed is None or (origin.limit is not None and origin.limit <= _FEW):
            return None
        return run, origin, lack

    def _is_at_most_once(self, frame: Frame, term: int, origin: Origin) -> bool:
        """Whether a read handles an exception, or, in the function that goes through the rows, is
        outside the loop or in a branch that leaves it.
        """
        around = [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.start <= term < region.end
        ]
        if any(region.kind == "except" for region in around):
            return True
        consumed = origin.consumed
        if consumed is None or consumed.path != frame.module.path or consumed.term == term:
            return False
        if frame.module.code_scope_of(consumed.term) != frame.scope_number:
            return False
        loops = [region for region in around if region.kind in LOOPS]
        if not loops:
            # What sorted() and its kin hand over is read in another function.
            return True
        inner = max(loops, key=lambda region: region.start)
        return inner.exits or any(region.exits for region in around if region.start >= inner.start)

    def _needs_of_read(self, read: Read) -> Iterator[Need]:
        protocols, members = self._project.protocols, self._project.members
        value = read.row
        for part in read.parts:
            if part == "*":
                value = self._all_of(value)
                alternatives = protocols.iterating(value, is_async=False)
            else:
                alternatives = protocols.reading(value, part)
            for run, origin, lack in self._lacks(None, alternatives):
                yield Need(origin, lack, run, read.module, read.term, None)
            value = protocols.element(value) if part == "*" else members.attribute(value, part)

    def _all_of(self, value: Value) -> Value:
        """All objects behind a relation, if the value is a manager that leads to them."""
        method = self._project.members.attribute(value, "all")
        if isinstance(method, Unknown):
            return value
        given = self._project.calls.invoke(method, NO_ARGUMENTS).result
        return value if isinstance(given, Unknown) else given


def consumed_by(value: Value, place: Place) -> Value:
    """A row of a query that a consumer goes through."""
    return consumed_at(value, place.path, place.term)
