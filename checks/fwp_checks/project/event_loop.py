"""Work on the event loop: which functions run on it, and what of what they do blocks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.finding import Severity
from fwp_checks.project.effects import Behaviours, Effects, Event, Link, Rows
from fwp_checks.project.frames import Frame
from fwp_checks.project.loop_roots import Context, Root
from fwp_checks.project.modules import Module
from fwp_checks.project.outcome import RunExternal, RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How heavy it is to wait for each kind of thing; see the catalogue's README.
_WARNING_KINDS = {"cpu"}
_INFO_KINDS = {"file"}
_OPTIONAL_KINDS = {"metadata"}
# More async functions than this have no findings of their own for a call that all of them reach.
_CROWD = 50
_OF_EACH_FUNCTION = {"database", "orm"}
# Calls that open a file, and those that then read or write it.
_OPENINGS = ("open", "TemporaryFile")
_FILE_CONTENT = ("io.", "tempfile._TemporaryFileWrapper.", "shutil.copyfileobj")
_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def severity_of_kind(kind: str) -> Severity:
    """How much it weighs that the event loop waits for this kind of thing."""
    if kind in _WARNING_KINDS:
        return Severity.WARNING
    if kind in _INFO_KINDS or kind in _OPTIONAL_KINDS:
        return Severity.INFO
    return Severity.ERROR


@dataclass(frozen=True, slots=True)
class LoopFunction:
    """A function that runs on the event loop, in one frame.

    ``contexts`` are what it is to the framework, or what the functions are from which it is
    reached. ``root`` is its own registration, if it has one.
    """

    frame: Frame
    root: Root | None
    contexts: frozenset[Context]

    @property
    def label(self) -> str:
        """How messages call it: ``async handler``, ``middleware`` …"""
        context = self.root.context if self.root is not None else Context.FUNCTION
        label = context.value
        if not self.frame.scope.is_async and label.startswith("async "):
            return label.removeprefix("async ")
        return label

    @property
    def place(self) -> tuple[Module, int]:
        """Module and scope: the same for all arguments."""
        return self.frame.module, self.frame.scope_number

    @property
    def is_request(self) -> bool:
        """Whether a request waits for it."""
        return any(context.is_request for context in self.contexts)

    @property
    def is_startup_only(self) -> bool:
        """Whether it runs only while the application starts or stops."""
        return bool(self.contexts) and all(context.is_startup for context in self.contexts)


@dataclass(frozen=True, slots=True)
class BlockingSite:
    """A place in a function on the event loop where the loop is held up, with the chain that proves
    it.
    """

    function: LoopFunction
    chain: tuple[Link, ...]
    row: EffectRow
    severity: Severity

    @property
    def term(self) -> int:
        """The term in the function's module where the blocking work begins."""
        return self.chain[0].term

    @property
    def call(self) -> str:
        """The library function that blocks, by its dotted name."""
        run = self.chain[-1].run
        assert isinstance(run, RunExternal)
        return run.name

    @property
    def cause(self) -> tuple[Module, int]:
        """Where the blocking call itself is made: module and term."""
        last = self.chain[-1]
        return last.frame.module, last.term

    @property
    def is_direct(self) -> bool:
        """Whether the function makes the blocking call itself."""
        return len(self.chain) == 1


class EventLoop:
    """The analysis of one project; made once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.behaviours = Behaviours(project)
        self._rows = Rows(project)
        self._known_sites: dict[Module, list[BlockingSite]] = {}

    @cached_property
    def roots(self) -> dict[Frame, Root]:
        """Functions the frameworks call on the loop."""
        found: dict[Frame, Root] = {}
        for root in self._project.frameworks.roots():
            found.setdefault(root.frame, root)
        return found

    @cached_property
    def frames(self) -> list[Frame]:
        """Every frame reached from code on the event loop, in a fixed order."""
        found: dict[Frame, None] = dict.fromkeys(self.roots)
        for module in self._project.table.modules:
            if module.is_read_only:
                continue
            for number, scope in enumerate(module.facts.scopes):
                if scope.is_async and scope.kind == "function":
                    found[self._project.frame_of_scope(module, number)] = None
        waiting = list(found)
        while waiting:
            frame = waiting.pop()
            for following in self._following(frame):
                if following not in found:
                    found[following] = None
                    waiting.append(following)
        return list(found)

    def _following(self, frame: Frame) -> list[Frame]:
        behaviour = self.behaviours.of(frame)
        following = [inner for _, inner in behaviour.coroutines]
        for event in behaviour.events:
            for alternative in event.alternatives:
                following.extend(
                    run.frame for run in alternative or () if isinstance(run, RunFrame)
                )
        return following

    @cached_property
    def contexts(self) -> dict[Frame, frozenset[Context]]:
        """For each frame, the contexts of the roots from which it is reached."""
        found: dict[Frame, set[Context]] = {}
        for root in self.roots.values():
            waiting = [root.frame]
            while waiting:
                frame = waiting.pop()
                known = found.setdefault(frame, set())
                if root.context in known:
                    continue
                known.add(root.context)
                waiting.extend(
                    f for f in self._following(frame) if root.context not in found.get(f, ())
                )
        return {frame: frozenset(contexts) for frame, contexts in found.items()}

    @cached_property
    def _own_loop_only(self) -> set[Frame]:
        """Frames reached from functions with an event loop of their own, and from no other root."""
        owned = [root.frame for root in self.roots.values() if root.own_loop]
        if not owned:
            return set()
        shared = self._closure([root.frame for root in self.roots.values() if not root.own_loop])
        return self._closure(owned) - shared

    def _closure(self, starts: list[Frame]) -> set[Frame]:
        found = set(starts)
        waiting = list(starts)
        while waiting:
            for following in self._following(waiting.pop()):
                if following not in found:
                    found.add(following)
                    waiting.append(following)
        return found

    @cached_property
    def functions(self) -> dict[Module, list[LoopFunction]]:
        """By module, the frames whose code runs on a shared event loop."""
        found: dict[Module, list[LoopFunction]] = {}
        for frame in self.frames:
            root = self.roots.get(frame) or self._root_of_scope.get(
                (frame.module, frame.scope_number)
            )
            on_loop = frame.scope.is_async or root is not None
            if on_loop and frame not in self._own_loop_only and not frame.module.is_read_only:
                contexts = self.contexts.get(frame) or self._contexts_of_scope(frame)
                found.setdefault(frame.module, []).append(LoopFunction(frame, root, contexts))
        return found

    def _contexts_of_scope(self, frame: Frame) -> frozenset[Context]:
        """What a function is reached from in frames of which more is known."""
        return self._scope_contexts.get((frame.module, frame.scope_number), frozenset())

    @cached_property
    def _scope_contexts(self) -> dict[tuple[Module, int], frozenset[Context]]:
        found: dict[tuple[Module, int], frozenset[Context]] = {}
        for frame, contexts in self.contexts.items():
            scope = (frame.module, frame.scope_number)
            found[scope] = found.get(scope, frozenset()) | contexts
        return found

    @cached_property
    def _root_of_scope(self) -> dict[tuple[Module, int], Root]:
        return {(frame.module, frame.scope_number): root for frame, root in self.roots.items()}

    @cached_property
    def called_coroutine_functions(self) -> set[tuple[Module, int]]:
        """Async functions that code of the project calls itself, by module and scope."""
        return {
            (called.module, called.scope_number)
            for frame in self.frames
            for _, called in self.behaviours.of(frame).coroutines
        }

    def frames_of(self, module: Module) -> list[Frame]:
        """The frames of one file that are reached from code on the loop."""
        return self._frames_by_module.get(module, [])

    @cached_property
    def _frames_by_module(self) -> dict[Module, list[Frame]]:
        found: dict[Module, list[Frame]] = {}
        for frame in self.frames:
            found.setdefault(frame.module, []).append(frame)
        return found

    # -- blocking ----------------------------------------------------------------------------------

    def _row(self, run: RunExternal) -> EffectRow | None:
        row = self._rows.of(run, "blocks")
        if (
            row is not None
            and row.kind in _OPTIONAL_KINDS
            and not self._project.settings.file_metadata
        ):
            return None
        return row

    def _blocks_at_least(self, severity: Severity, run: RunExternal) -> EffectRow | None:
        row = self._row(run)
        if row is not None and severity_of_kind(row.kind).rank <= severity.rank:
            return row
        return None

    @cached_property
    def _effects(self) -> list[tuple[Severity, Effects]]:
        return [
            (
                severity,
                Effects(
                    self._project,
                    self.behaviours,
                    self.frames,
                    partial(self._blocks_at_least, severity),
                    # Files that are kept by name are few; connections and answers may be many.
                    each_time=severity is Severity.INFO,
                ),
            )
            for severity in _SEVERITIES
        ]

    def blocking(self, module: Module) -> list[BlockingSite]:
        """The places in a module where the event loop is held up, without those of
        :attr:`crowds`.
        """
        sites = self._sites(module)
        return [site for site in sites if site.is_direct or site.cause not in self.crowds]

    @cached_property
    def crowds(self) -> dict[tuple[Module, int], list[BlockingSite]]:
        """Library calls in helpers that a great many async functions reach, with the places that
        lead there: one cause, to be mended where it is. (Not so with a synchronous database: each
        of the functions has to leave the loop.)
        """
        found: dict[tuple[Module, int], list[BlockingSite]] = {}
        for module in self.functions:
            for site in self._sites(module):
                if not site.is_direct and site.row.kind not in _OF_EACH_FUNCTION:
                    found.setdefault(site.cause, []).append(site)
        return {
            cause: sites
            for cause, sites in found.items()
            if len({site.function.place for site in sites}) > _CROWD
        }

    def _sites(self, module: Module) -> list[BlockingSite]:
        """The places in a module, the heaviest and shortest proof for each."""
        known = self._known_sites.get(module)
        if known is None:
            known = self._known_sites[module] = self._find_sites(module)
        return known

    def _find_sites(self, module: Module) -> list[BlockingSite]:
        best: dict[int, BlockingSite] = {}
        for function in self.functions.get(module, ()):
            for event in self._events(function):
                site = self._site(function, event)
                if site is None:
                    continue
                known = best.get(event.term)
                if known is None or (site.severity.rank, len(site.chain)) < (
                    known.severity.rank,
                    len(known.chain),
                ):
                    best[event.term] = site
        return self._without_repeats([best[term] for term in sorted(best)])

    def _events(self, function: LoopFunction) -> Sequence[Event]:
        """What a function does on the loop."""
        events = self.behaviours.of(function.frame).events
        until = function.root.until if function.root is not None else None
        return events if until is None else [event for event in events if event.term < until]

    @staticmethod
    def _without_repeats(sites: list[BlockingSite]) -> list[BlockingSite]:
        """One finding for what one change mends.

        Opening a file and what is then read from it or written to it in the same function; what is
        done to the result of a blocking call (``inspect(engine).get_schema_names()``); a property
        and a call on what it gives; a property that is read several times, or a helper that reads
        files and is called several times, by the same function.
        """
        opened: set[Frame] = set()
        helpers: set[tuple[Frame, Module, int]] = set()
        repeats = _repeats(sites)
        kept = []
        for site in sites:
            frame, run = site.function.frame, site.chain[0].run
            if (frame, site.term) in repeats:
                continue
            if isinstance(run, RunFrame):
                helper = (frame, run.frame.module, run.frame.scope_number)
                is_read = frame.module.facts.terms[site.term][0] == t.ATTR
                if helper in helpers and (is_read or site.severity is Severity.INFO):
                    continue
                helpers.add(helper)
            elif frame in opened and site.call.startswith(_FILE_CONTENT):
                continue
            elif site.call.endswith(_OPENINGS):
                opened.add(frame)
            kept.append(site)
        return kept

    def _site(self, function: LoopFunction, event: Event) -> BlockingSite | None:
        for severity, effects in self._effects:
            chain = effects.chain(function.frame, event)
            if chain is None:
                continue
            last = chain[-1].run
            row = self._row(last) if isinstance(last, RunExternal) else None
            if row is None or not self._is_wanted(function, row):
                continue
            return BlockingSite(function, chain, row, self._weight(function, severity))
        return None

    def _is_wanted(self, function: LoopFunction, row: EffectRow) -> bool:
        if row.kind not in _INFO_KINDS and row.kind not in _OPTIONAL_KINDS:
            return True
        access = self._project.settings.file_access
        return access == "everywhere" or (access == "requests" and function.is_request)

    @staticmethod
    def _weight(function: LoopFunction, severity: Severity) -> Severity:
        """Holding up a loop that serves no request yet weighs less."""
        if function.is_startup_only and severity is Severity.ERROR:
            return Severity.WARNING
        return severity

    # -- nested loops ------------------------------------------------------------------------------

    @cached_property
    def _entering_loops(self) -> Effects:
        return Effects(
            self._project,
            self.behaviours,
            self.frames,
            lambda run: self._rows.of(run, "runs_loop"),
        )

    def nested(self, module: Module) -> list[BlockingSite]:
        """The places in a module where an event loop is started although one is running."""
        best: dict[int, BlockingSite] = {}
        for function in self.functions.get(module, ()):
            for event in self._events(function):
                chain = self._entering_loops.chain(function.frame, event)
                last = chain[-1].run if chain else None
                row = self._rows.of(last, "runs_loop") if isinstance(last, RunExternal) else None
                if chain and row is not None:
                    known = best.get(event.term)
                    if known is None or len(chain) < len(known.chain):
                        best[event.term] = BlockingSite(function, chain, row, Severity.ERROR)
        return [best[term] for term in sorted(best)]


def _repeats(sites: list[BlockingSite]) -> set[tuple[Frame, int]]:
    """Of sites on each other's results in one expression, all but the heaviest; the first of calls,
    the call rather than the property it starts from.
    """
    by_place = {(site.function.frame, site.term): site for site in sites}
    found = set()
    for (frame, term), site in by_place.items():
        for inner in _receivers(frame.module, term):
            other = by_place.get((frame, inner))
            if other is None:
                continue
            is_read = frame.module.facts.terms[inner][0] == t.ATTR
            if is_read or (site.is_direct and other.is_direct):
                heavier = site.severity.rank - other.severity.rank
                drops_other = heavier < 0 or (heavier == 0 and is_read)
                found.add((frame, inner if drops_other else term))
    return found


def _receivers(module: Module, term: int) -> Iterator[int]:
    """What a call is made on, and that in turn, as far as it stands in the same expression."""
    terms = module.facts.terms
    start = module.facts.span(term)[:2]
    while terms[term][0] in (t.CALL, t.ATTR, t.ITEM):
        term = terms[term][1]
        if module.facts.span(term)[:2] != start:
            return
        yield term
