"""The event loop of a project: which functions run on it, and what of what they do blocks it.

Put together from the evidence of the project's shares; nothing is evaluated here. A function may
run in several frames, and a frame may be reached from several shares: the heaviest and shortest
proof counts, and it runs for whatever reaches it in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Scope
from fwp_checks.finding import Severity
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.effects.handlers import is_refused
from fwp_checks.project.effects.ranks import slowness
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop.beginnings import (
    closure,
    only_begun,
    reached_functions,
    without_left,
)
from fwp_checks.project.loop.companies import TERMINAL, Companies, Company, Node
from fwp_checks.project.loop.coroutines import Dropped, Handed, HeldLock
from fwp_checks.project.loop.lasting import going_on
from fwp_checks.project.loop.loop_evidence import (
    FILE_KINDS,
    FrameEvidence,
    LoopEvidence,
    SiteEvidence,
)
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.frames import FunctionKey

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# More async functions than this have no findings of their own for a call that all of them reach.
_CROWD = 50
_OF_EACH_FUNCTION = {"database", "orm"}
# Calls that open a file, and those that then read or write it.
_OPENINGS = ("open", "TemporaryFile")
_FILE_CONTENT = ("io.", "tempfile._TemporaryFileWrapper.", "shutil.copyfileobj")


class Reach(NamedTuple):
    """What a function is reached from: what that is to its framework, and whether each of its calls
    has an event loop of its own, so that blocking it holds up nothing else.
    """

    context: Context
    own_loop: bool


# In a task that goes on beside requests.
_BESIDE = Reach(Context.BACKGROUND, own_loop=False)


@dataclass(slots=True, unsafe_hash=True)
class LoopFunction:
    """A function that runs on the event loop, in one frame.

    ``contexts`` are what it is to the framework, or what the functions are from which it is
    reached. ``root`` is its own registration, if it has one. ``company`` tells who else waits while
    it holds up the loop.
    """

    module: Module
    scope_number: int
    root: Root | None
    contexts: frozenset[Context]
    company: Company
    found: FrameEvidence

    @property
    def scope(self) -> Scope:
        """Its scope."""
        return self.module.facts.scopes[self.scope_number]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.scope.name

    @property
    def qualname(self) -> str:
        """Its dotted name inside the module."""
        return self.module.qualname(self.scope_number)

    @property
    def function(self) -> FunctionKey:
        """Which function it is: the same for all frames."""
        return self.found.function

    @property
    def label(self) -> str:
        """How messages call it: ``async handler``, ``middleware`` …"""
        context = self.root.context if self.root is not None else Context.FUNCTION
        label = context.value
        if not self.scope.is_async and label.startswith("async "):
            return label.removeprefix("async ")
        return label

    @property
    def is_request(self) -> bool:
        """Whether a request waits for it."""
        return any(context.is_request for context in self.contexts)

    @property
    def is_startup_only(self) -> bool:
        """Whether it runs only while the application starts or stops."""
        return bool(self.contexts) and all(context.is_startup for context in self.contexts)


@dataclass(slots=True, unsafe_hash=True)
class BlockingSite:
    """A place in a function on the event loop where the loop is held up, with the chain that proves
    it. ``is_open``: it may never be, for this caller. ``caught_by``: the function of the chain that
    catches Django's refusal, and goes on.
    """

    function: LoopFunction
    chain: tuple[Call, ...]
    row: EffectRow
    severity: Severity
    is_open: bool = False
    caught_by: str = ""

    @property
    def term(self) -> int:
        """The term in the function's module where the blocking work begins."""
        return self.chain[0].term

    @property
    def call(self) -> str:
        """The library function that blocks, by its dotted name."""
        return self.chain[-1].library

    @property
    def slowness(self) -> int:
        """How long the library function may take, beside others: the longest come first."""
        return slowness(self.row.kind, self.call)

    @property
    def cause(self) -> tuple[str, int]:
        """Where the blocking call itself is made: path and term."""
        last = self.chain[-1]
        return last.path, last.term

    @property
    def is_refused(self) -> bool:
        """Whether Django refuses the call, on this loop as on any."""
        return is_refused(self.row, self.call)

    @property
    def is_direct(self) -> bool:
        """Whether the function makes the blocking call itself."""
        return len(self.chain) == 1


class EventLoop:
    """The analysis of one project, from the evidence of its shares."""

    def __init__(self, project: Project, evidence: Sequence[LoopEvidence]) -> None:
        self._project = project
        self._evidence = evidence
        self._known_sites: dict[Module, list[BlockingSite]] = {}

    # -- functions ---------------------------------------------------------------------------------

    @cached_property
    def _nodes(self) -> list[tuple[int, FrameEvidence, list[int], list[int]]]:
        """Every frame of every share: its number, what was found, and the numbers of those that
        follow, each time and once. Frames of entry functions have one number in all shares.
        """
        found = []
        by_function: dict[FunctionKey, list[int]] = {}
        for number, entry in enumerate(self._project.loop_entries.numbers):
            by_function.setdefault(entry.function, []).append(number)
        others = len(self._project.loop_entries.numbers)
        for evidence in self._evidence:
            frames = evidence.frames
            entries = _numbers(evidence.entries, by_function)
            numbers = [
                entries[f.entry] if f.entry >= 0 and entries[f.entry] >= 0 else others + at
                for at, f in enumerate(frames)
            ]
            others += len(frames)
            for number, frame in zip(numbers, frames, strict=True):
                following = [numbers[at] for at in frame.following]
                found.append((number, frame, following, [numbers[at] for at in frame.first]))
        return without_left(found)

    @cached_property
    def _following(self) -> dict[int, list[int]]:
        """The frames that follow each frame, each time."""
        found: dict[int, list[int]] = {}
        for number, _, after, _ in self._nodes:
            found.setdefault(number, []).extend(after)
        return found

    @cached_property
    def _reaches(self) -> dict[int, list[Reach]]:
        """For each frame, what the roots are from which it is reached, or that a task runs it that
        goes on beside requests.
        """
        found = dict(self._reaches_of_roots)
        for number in self._going_on[1]:
            known = found.get(number, [])
            if _BESIDE not in known:
                found[number] = [*known, _BESIDE]
        return found

    @cached_property
    def _going_on(self) -> tuple[set[FunctionKey], set[int]]:
        """The functions whose rounds go on while an application serves, and what these run."""
        reaches = self._reaches_of_roots
        starting = {n for n, of in reaches.items() if any(r.context.is_startup for r in of)}
        return going_on(self._nodes, self._following, starting)

    @cached_property
    def _reaches_of_roots(self) -> dict[int, list[Reach]]:
        starts: dict[Reach, list[int]] = {}
        for number, root in enumerate(self._project.loop_entries.roots.values()):
            starts.setdefault(Reach(root.context, root.own_loop), []).append(number)
        found: dict[int, list[Reach]] = {}
        for reach, numbers in starts.items():
            for number in closure(numbers, self._following):
                found.setdefault(number, []).append(reach)
        return found

    @cached_property
    def _reaches_of_function(self) -> dict[FunctionKey, list[Reach]]:
        """For each function, those of all its frames."""
        found: dict[FunctionKey, list[Reach]] = {}
        for number, frame, _, _ in self._nodes:
            reaches = self._reaches.get(number)
            if reaches is not None:
                found.setdefault(frame.function, []).extend(reaches)
        return found

    @cached_property
    def _companies(self) -> Companies:
        graph: dict[int, Node] = {}
        for number, frame, after, first in self._nodes:
            known = graph.get(number)
            if known is not None:
                # Another share's: one of them looked into it.
                frame = frame if frame.is_on_loop or frame.following else known.frame
                after, first = [*known.following, *after], [*known.first, *first]
            graph[number] = Node(frame, tuple(after), tuple(first))
        loop = self._project.loop_entries
        served = [at for at, root in enumerate(loop.roots.values()) if not root.own_loop]
        private = [loop.numbers[frame] for frame in loop.private]
        return Companies(graph, served, private, loop.on_loops)

    @cached_property
    def functions(self) -> dict[Module, list[LoopFunction]]:
        """By module, the frames whose code runs on an event loop."""
        return self._on_loop(lambda frame: True)

    @cached_property
    def _concerned(self) -> dict[Module, list[LoopFunction]]:
        """The same, with those frames only of which there is something to tell."""
        return self._on_loop(
            lambda frame: bool(frame.blocking) or bool(frame.nested) or bool(frame.locks)
        )

    def _on_loop(
        self, is_wanted: Callable[[FrameEvidence], bool]
    ) -> dict[Module, list[LoopFunction]]:
        found: dict[Module, list[LoopFunction]] = {}
        for number, frame, _, _ in self._nodes:
            if not frame.is_on_loop or self._companies.may_have_no_loop(frame.function):
                continue
            path, scope_number = frame.function
            module = self._project.table.by_path[path]
            functions = found.setdefault(module, [])
            if is_wanted(frame):
                # Of a frame that nothing is known to reach, other frames tell.
                reaches = self._reaches.get(number) or self._reaches_of_function.get(
                    frame.function, []
                )
                is_owned = bool(reaches) and all(reach.own_loop for reach in reaches)
                root = (
                    self._project.loop_entries.root_of(number, frame.function)
                    if frame.is_registered
                    else None
                )
                contexts = frozenset([reach.context for reach in reaches])
                company = Company.NOBODY if is_owned else self._companies.of(frame.function)
                functions.append(LoopFunction(module, scope_number, root, contexts, company, frame))
        return found

    @cached_property
    def paths(self) -> set[str]:
        """The files of which there is something to tell."""
        found = {module.path for module, functions in self._concerned.items() if functions}
        found.update(self._handed, [path for path, _ in self.crowds])
        found.update([dropped.path for told in self._evidence for dropped in told.dropped])
        return found

    def is_reached(self, function: FunctionKey) -> bool:
        """Whether code on the loop runs a function."""
        return function in self._run_on_loops

    @cached_property
    def _run_on_loops(self) -> set[FunctionKey]:
        """Functions that code on some loop runs, or that run on it themselves."""
        may_have_none = self._companies.may_have_no_loop
        return reached_functions(
            self._nodes, lambda frame: frame.is_on_loop and not may_have_none(frame.function)
        )

    @cached_property
    def called_coroutine_functions(self) -> frozenset[FunctionKey]:
        """Async functions that code of the project calls itself."""
        return frozenset().union(*[evidence.awaited for evidence in self._evidence])

    # -- coroutines and threads --------------------------------------------------------------------

    def dropped(self, module: Module) -> list[Dropped]:
        """The calls in a module whose coroutine is dropped."""
        found = (dropped for evidence in self._evidence for dropped in evidence.dropped)
        return [dropped for dropped in found if dropped.path == module.path]

    def handed(self, module: Module) -> list[Handed]:
        """The arguments in a module that are wrongly handed to a thread."""
        return sorted(self._handed.get(module.path, ()))

    @cached_property
    def _handed(self) -> dict[str, set[Handed]]:
        found: dict[str, set[Handed]] = {}
        for _, frame, _, _ in self._nodes:
            for handed in frame.handed:
                found.setdefault(handed.path, set()).add(handed)
        return found

    def held_locks(self, module: Module) -> list[HeldLock]:
        """The thread locks in a module that functions on the event loop hold while they await."""
        found: dict[int, HeldLock] = {}
        for function in self._concerned.get(module, ()):
            for held in function.found.locks if function.company is not Company.NOBODY else ():
                found.setdefault(held.term, held)
        return [found[term] for term in sorted(found)]

    # -- blocking ----------------------------------------------------------------------------------

    def blocking(self, module: Module) -> list[BlockingSite]:
        """The places in a module where the event loop is held up, without those of
        :attr:`crowds`.
        """
        sites = self._sites(module)
        return [site for site in sites if site.is_direct or site.cause not in self.crowds]

    @cached_property
    def crowds(self) -> dict[tuple[str, int], list[BlockingSite]]:
        """Library calls in helpers that a great many async functions reach, with the places that
        lead there: one cause, to be mended where it is. (Not so with a synchronous database: each
        of the functions has to leave the loop.)
        """
        found: dict[tuple[str, int], list[BlockingSite]] = {}
        for module in self._concerned:
            for site in self._sites(module):
                if not site.is_direct and site.row.kind not in _OF_EACH_FUNCTION:
                    found.setdefault(site.cause, []).append(site)
        return {
            cause: sites
            for cause, sites in found.items()
            if len({site.function.function for site in sites}) > _CROWD
        }

    def _sites(self, module: Module) -> list[BlockingSite]:
        known = self._known_sites.get(module)
        if known is None:
            sites = self._best(
                BlockingSite(
                    function,
                    site.chain,
                    site.row,
                    self._weight(function, site),
                    site.is_open,
                    site.caught_by,
                )
                for function in self._concerned.get(module, ())
                for site in function.found.blocking
                if self._is_wanted(function, site)
            )
            known = self._known_sites[module] = _without_repeats(sites)
        return known

    @cached_property
    def _beginnings(self) -> set[FunctionKey]:
        """The async functions with which loops begin, and that run nowhere else."""
        served = {frame.function for frame in self._project.loop_entries.roots}
        return only_begun(self._nodes, served)

    @staticmethod
    def _best(sites: Iterator[BlockingSite]) -> list[BlockingSite]:
        """The heaviest and shortest proof for each place."""
        best: dict[int, BlockingSite] = {}
        for site in sites:
            known = best.get(site.term)
            if known is None or _order(site) < _order(known):
                best[site.term] = site
        return [best[term] for term in sorted(best)]

    def is_alone(self, function: LoopFunction, site: SiteEvidence) -> bool:
        """Whether nobody else is on the loop that a function holds up at a place."""
        is_alone = function.company is Company.NOBODY or (
            any(start <= site.chain[0].term < end for start, end in function.found.alone)
            and function.function in self._beginnings
        )
        return is_alone and not is_refused(site.row, site.chain[-1].library)

    def _is_wanted(self, function: LoopFunction, site: SiteEvidence) -> bool:
        if self.is_alone(function, site):
            return False
        if site.row.kind not in FILE_KINDS:
            return True
        access = self._project.settings.file_access
        return access == "everywhere" or (access == "requests" and function.is_request)

    def _weight(self, function: LoopFunction, site: SiteEvidence) -> Severity:
        """Holding up a loop that serves no request, not yet, or once, weighs a degree less, and so
        does asking whoever sits at the terminal, what is done before an error is passed on, and a
        refusal that is caught; what may never be done for this caller is only information.
        """
        if site.is_open:
            return Severity.INFO
        is_light = bool(site.caught_by)
        is_light |= function.is_startup_only and not self._goes_on(function, site)
        if not is_refused(site.row, site.chain[-1].library):
            is_light |= site.is_after_error or function.company is not Company.OTHERS
            is_light |= self._is_without_tasks(function, site)
        is_light |= site.row.kind == TERMINAL and not function.is_request
        if is_light:
            return Severity.WARNING if site.severity is Severity.ERROR else Severity.INFO
        return site.severity

    def _goes_on(self, function: LoopFunction, site: SiteEvidence) -> bool:
        """Whether a task does something again and again while an application serves."""
        return function.function in self._going_on[0] and any(
            start <= site.chain[0].term < end for start, end in function.found.rounds
        )

    def _is_without_tasks(self, function: LoopFunction, site: SiteEvidence) -> bool:
        """Whether the coroutine with which a loop begins does something before it starts tasks, or
        after it has waited for all of them.
        """
        term = site.chain[0].term
        is_calm = any(start <= term < end for start, end in function.found.calm)
        return is_calm and function.function in self._beginnings

    def nested(self, module: Module) -> list[BlockingSite]:
        """The places in a module where an event loop is started although one is running, without
        those that are not reached, as the first of their block raises.
        """
        sites = self._best(
            BlockingSite(
                function,
                site.chain,
                site.row,
                Severity.INFO if site.is_open else site.severity,
                site.is_open,
            )
            for function in self._concerned.get(module, ())
            for site in function.found.nested
        )
        kept: list[BlockingSite] = []
        for site in sites:
            if not any(_raises_before(earlier, site) for earlier in kept):
                kept.append(site)
        return kept


def _order(site: BlockingSite) -> tuple[int, int, list[tuple[str, int]]]:
    """The heaviest proof first, then the shortest; of equal ones the same in whatever order they
    were found.
    """
    places = [(call.path, call.term) for call in site.chain]
    return site.severity.rank, len(places), places


def _raises_before(earlier: BlockingSite, site: BlockingSite) -> bool:
    """Whether what is called at one place raises, so that another one behind it in the same block
    is not reached: the library's function itself, or a helper that is called at both.
    """
    function = earlier.function
    if site.function.function != function.function:
        return False
    helper = earlier.chain[0].callee
    if helper is not None and helper != site.chain[0].callee:
        # It may start a loop on some of its paths only.
        return False
    around = [
        region.end
        for region in function.module.regions_in(function.scope_number)
        if region.start <= earlier.term < region.end
    ]
    return earlier.term < site.term < min(around, default=function.scope.end)


def _without_repeats(sites: list[BlockingSite]) -> list[BlockingSite]:
    """One finding for what one change mends.

    Opening a file and what is then read from it or written to it in the same function; what is done
    to the result of a blocking call (``inspect(engine).get_schema_names()``); a property and a call
    on what it gives; a property that is read several times, or a helper that reads files and is
    called several times, by the same function.
    """
    opened: set[FunctionKey] = set()
    helpers: set[tuple[object, ...]] = set()
    repeats = _repeats(sites)
    kept = []
    for site in sites:
        function, callee = site.function.function, site.chain[0].callee
        if site.term in repeats:
            continue
        if callee is not None:
            is_read = site.function.module.facts.terms[site.term][0] == t.ATTR
            # One descriptor stands behind attributes that do different things.
            helper = (function, callee, site.cause) if is_read else (function, callee)
            if helper in helpers and (is_read or site.severity is Severity.INFO):
                continue
            helpers.add(helper)
        elif function in opened and site.call.startswith(_FILE_CONTENT):
            continue
        elif site.call.endswith(_OPENINGS):
            opened.add(function)
        kept.append(site)
    return kept


def _repeats(sites: list[BlockingSite]) -> set[int]:
    """Of sites of a module on each other's results in one expression, the terms of all but the
    heaviest; the first of calls, the call rather than the property it starts from.
    """
    by_term = {site.term: site for site in sites}
    found = set()
    for term, site in by_term.items():
        module = site.function.module
        for inner in _receivers(module, term):
            other = by_term.get(inner)
            if other is None:
                continue
            is_read = module.facts.terms[inner][0] == t.ATTR
            if is_read or (site.is_direct and other.is_direct):
                heavier = site.severity.rank - other.severity.rank
                drops_other = heavier < 0 or (heavier == 0 and is_read)
                found.add(inner if drops_other else term)
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


def _numbers(
    entries: Iterable[FunctionKey], by_function: Mapping[FunctionKey, Sequence[int]]
) -> list[int]:
    """The numbers of entry functions by those that they have in a share: of several frames of one
    function each has its place; -1 for what is none elsewhere.
    """
    found = []
    met: dict[FunctionKey, int] = {}
    for function in entries:
        place = met.get(function, 0)
        met[function] = place + 1
        known = by_function.get(function, ())
        found.append(known[place] if place < len(known) else -1)
    return found
