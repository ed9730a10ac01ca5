"""What one share of a project tells about its event loop: plain data, put together by
:mod:`fwp_checks.project.loop.event_loop`.

Evaluated is every function that is reached from the share's own async functions and from those that
frameworks call on the loop. Async functions of other shares are noted, not followed: what they
block stands in their own findings, and their own share evaluates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.finding import Severity
from fwp_checks.project.effects.asked_for import AskedFor
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.call_graph import CallGraph
from fwp_checks.project.effects.chains import Call, call_at
from fwp_checks.project.effects.effects import Effects, Link, Rows
from fwp_checks.project.effects.handlers import Refusals, is_after_error, is_refused
from fwp_checks.project.effects.requirements import Requirements
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop import (
    beginnings,
    endings,
    hand_driven,
    lasting,
    private_loops,
)
from fwp_checks.project.loop.coroutines import Dropped, Handed, HeldLock
from fwp_checks.project.loop.loop_roots import Root
from fwp_checks.project.loop.own_loops import OwnLoops
from fwp_checks.project.loop.starts import Starts, started_by
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import FunctionValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.shares import Share

# How heavy it is to wait for each kind of thing; see the catalogue's README.
_WARNING_KINDS = {"cpu"}
FILE_KINDS = frozenset({"file", "metadata"})
_OPTIONAL_KINDS = {"metadata"}
_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_NESTING = frozenset({"nest_asyncio.apply"})
_LOOP_LIBRARIES = ("asyncio.", "anyio.", "trio.")
# Their tests run one after the other, each on a loop that is made for it, by their documentation.
_TEST_CASES = frozenset(
    {
        "unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "tornado.testing.AsyncTestCase",
        "tornado.testing.AsyncHTTPTestCase", "aiohttp.test_utils.AioHTTPTestCase",
        "django.test.TestCase", "django.test.SimpleTestCase", "django.test.TransactionTestCase",
    }
)  # fmt: skip


def severity_of_kind(kind: str) -> Severity:
    """How much it weighs that the event loop waits for this kind of thing."""
    if kind in _WARNING_KINDS:
        return Severity.WARNING
    return Severity.INFO if kind in FILE_KINDS else Severity.ERROR


class SiteEvidence(NamedTuple):
    """A place where a function has an effect, with the chain of calls that proves it.

    ``is_open``: a helper does it only under a test of which nothing says how it comes out.
    ``is_after_error``: the function does it only where it handles an error, which it passes on.
    ``caught_by``: the name of what catches Django's refusal, and goes on.
    """

    severity: Severity
    row: EffectRow
    chain: tuple[Call, ...]
    is_open: bool = False
    is_after_error: bool = False
    caught_by: str = ""


class FrameEvidence(NamedTuple):
    """What was found of one frame.

    ``function`` is whose it is; ``entry`` its number among the entries of the share, -1 for another
    frame. ``following`` are the frames that it runs or leaves to the loop, by
    their positions in the share, ``first`` those whose coroutines it makes once. ``uses_loop``: it
    makes coroutines or tasks. ``blocking``, ``nested`` and ``locks`` are of code that runs on the
    loop itself (``is_on_loop``). ``is_registered``: a framework calls it, or it in another frame.
    ``starts_tasks``: it makes something run beside it;
    ``keeps_tasks``: it opens a client that has tasks of its own; ``gathers``: it waits for several
    coroutines at once; ``own_loop``: it makes the loop that it runs. ``pending`` are the functions
    whose coroutines it makes without awaiting them there, ``begun`` those that it only runs as the
    first on a loop that is made for them (``left_to_loop``: of these, those that it leaves to the
    loop on which it runs itself, if it does), ``handed_on`` pairs of functions with which such a
    loop begins and goes on. In the stretches of terms ``alone``, nobody else is on a loop that
    begins with this frame; in the stretches ``calm``, nothing that it has started itself.
    ``left`` are the functions of which it makes tasks that it does not wait for; in the stretches
    ``rounds``, it does something again and again, and runs the functions ``in_rounds``.
    """

    function: FunctionKey
    entry: int
    following: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    handed: tuple[Handed, ...] = ()
    is_on_loop: bool = False
    is_registered: bool = False
    uses_loop: bool = False
    starts_tasks: bool = False
    keeps_tasks: bool = False
    gathers: bool = False
    own_loop: bool = False
    pending: tuple[FunctionKey, ...] = ()
    begun: tuple[FunctionKey, ...] = ()
    left_to_loop: tuple[FunctionKey, ...] = ()
    handed_on: tuple[tuple[FunctionKey, FunctionKey], ...] = ()
    alone: tuple[tuple[int, int], ...] = ()
    calm: tuple[tuple[int, int], ...] = ()
    left: tuple[FunctionKey, ...] = ()
    rounds: tuple[tuple[int, int], ...] = ()
    in_rounds: tuple[FunctionKey, ...] = ()
    blocking: tuple[SiteEvidence, ...] = ()
    nested: tuple[SiteEvidence, ...] = ()
    locks: tuple[HeldLock, ...] = ()


class LoopEvidence(NamedTuple):
    """What one share tells. ``entries`` are the functions of the entry frames, by the numbers that
    they have there; ``awaited`` are the async functions that its code calls itself.
    """

    entries: tuple[FunctionKey, ...] = ()
    frames: tuple[FrameEvidence, ...] = ()
    awaited: frozenset[FunctionKey] = frozenset()
    dropped: tuple[Dropped, ...] = ()


class LoopEntries:
    """The functions by which code on a loop begins: those that frameworks call on it, every async
    function, about whose arguments nothing is known, and what starts loops of its own. In one
    order; the numbers that they have in one share may not be those of another.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.own_loops = OwnLoops(project)

    @cached_property
    def roots(self) -> dict[Frame, Root]:
        """Functions the frameworks call on the loop."""
        found: dict[Frame, Root] = {}
        for root in self._project.frameworks.roots():
            found.setdefault(root.frame, root)
        return found

    @cached_property
    def numbers(self) -> dict[Frame, int]:
        """Every entry function, with its number; those of :attr:`roots` come first."""
        found: dict[Frame, None] = dict.fromkeys(self.roots)
        for module in self._project.table.modules:
            if module.is_read_only:
                continue
            for number, scope in enumerate(module.facts.scopes):
                if scope.is_async and scope.kind == "function":
                    try:
                        found[self._project.frame_of_scope(module, number)] = None
                    except Exception as error:  # costs this function
                        self._project.fail(module, f"'{module.qualname(number)}'", error)
        found.update(dict.fromkeys(self.private))
        return {frame: number for number, frame in enumerate(found)}

    @cached_property
    def private(self) -> tuple[Frame, ...]:
        """Scripts, commands and jobs, which may start a loop of their own."""
        return tuple(private_loops.entries(self._project))

    @cached_property
    def around_loops(self) -> private_loops.Inner:
        """The functions around plain ones that make a loop and run it: decorators, maybe."""
        return private_loops.around_loops(self._project)

    @cached_property
    def on_loops(self) -> frozenset[FunctionKey] | None:
        """Where the project drives coroutines by hand, the functions that run on a loop all the
        same; else None: all do.
        """
        if not hand_driven.drives(self._project):
            return None
        return hand_driven.on_loops(self._project)

    @cached_property
    def _root_by_number(self) -> list[Root]:
        return list(self.roots.values())

    @cached_property
    def _root_by_function(self) -> dict[FunctionKey, Root]:
        return {frame.function: root for frame, root in self.roots.items()}

    def root_of_frame(self, frame: Frame) -> Root | None:
        """The registration of a frame's function, unless a decorator has made that one and this one
        of different functions.
        """
        root = self.root_of(self.numbers.get(frame, -1), frame.function)
        return None if root is None or _is_of_another(frame, root.frame) else root

    def root_of(self, entry: int, function: FunctionKey) -> Root | None:
        """The registration of an entry function, or of a function in any frame."""
        if 0 <= entry < len(self._root_by_number):
            return self._root_by_number[entry]
        return self._root_by_function.get(function)


class LoopCollector:
    """Evaluates one share."""

    def __init__(self, project: Project, share: Share) -> None:
        self._project = project
        self._share = share
        self._entries = project.loop_entries
        self._behaviours = project.behaviours
        self._asked_for = AskedFor(project)
        self._rows = Rows(project)
        self._refusals = Refusals(project)
        self._known_starts: dict[Frame, Starts] = {}

    def collect(self) -> LoopEvidence:
        """The evidence of the share."""
        frames, elsewhere = self._reached
        positions = {frame: at for at, frame in enumerate((*frames, *elsewhere))}
        found = [self._of_frame(frame, positions) for frame in frames]
        numbers = self._entries.numbers
        found.extend(FrameEvidence(frame.function, numbers[frame]) for frame in elsewhere)
        awaited = {
            inner.function for frame in frames for _, inner in self._behaviours.of(frame).coroutines
        }
        dropped = [dropped for module in self._share.modules for dropped in self._dropped(module)]
        entries = tuple([frame.function for frame in numbers])
        return LoopEvidence(entries, tuple(found), frozenset(awaited), tuple(dropped))

    # -- frames ------------------------------------------------------------------------------------

    @cached_property
    def _reached(self) -> tuple[list[Frame], list[Frame]]:
        """The frames that are reached in this share, and those that other shares look into."""
        numbers = self._entries.numbers
        found = {frame: None for frame in numbers if frame.module in self._share}
        elsewhere: dict[Frame, None] = {}
        waiting = list(found)
        while waiting:
            around = waiting.pop()
            for frame in (*self._following(around), *self._behaviours.first(around)):
                if frame in found:
                    continue
                if frame in numbers and frame.scope.is_async:
                    elsewhere[frame] = None
                    continue
                found[frame] = None
                waiting.append(frame)
        return list(found), list(elsewhere)

    def _following(self, frame: Frame) -> list[Frame]:
        return [*self._behaviours.following(frame), *self._starts(frame).entered]

    def _starts(self, frame: Frame) -> Starts:
        known = self._known_starts.get(frame)
        if known is None:
            known = self._known_starts[frame] = started_by(self._project, frame)
        return known

    def _of_frame(self, frame: Frame, positions: dict[Frame, int]) -> FrameEvidence:
        function = frame.function
        entry = self._entries.numbers.get(frame, -1)
        try:
            following = dict.fromkeys(positions[f] for f in self._following(frame))
            first = tuple(dict.fromkeys(positions[f] for f in self._behaviours.first(frame)))
            if frame.module.is_read_only:
                return FrameEvidence(function, entry, tuple(following), first)
            handed = tuple(self._project.coroutines.handed(frame))
            root = self._entries.root_of_frame(frame)
            starts = self._starts(frame)
            pending = self._pending(frame, starts.single)
            if root is None and (not frame.scope.is_async or self._is_of_test_case(frame)):
                begun = beginnings.begun(self._project, frame, starts)
                return FrameEvidence(
                    function,
                    entry,
                    tuple(following),
                    first,
                    handed,
                    starts_tasks=starts.concurrent or bool(starts.grouped),
                    keeps_tasks=starts.keeps_tasks,
                    gathers=starts.gathers,
                    own_loop=starts.own_loop and not frame.scope.is_async,
                    pending=pending,
                    begun=begun.functions,
                    left_to_loop=begun.left_to_loop,
                    handed_on=beginnings.handed_on(frame, self._behaviours, self._starts),
                    left=lasting.left(self._project, frame, starts),
                )
            events = self._events(frame, root)
            blocking = tuple(self._blocking(frame, events, root))
            rounds = lasting.rounds(frame)
            return FrameEvidence(
                function,
                entry,
                tuple(following),
                first,
                handed,
                is_on_loop=True,
                is_registered=root is not None,
                uses_loop=self._uses_loop(frame),
                starts_tasks=starts.concurrent
                or self._goes_on_beside(frame, starts, pending, blocking),
                keeps_tasks=starts.keeps_tasks,
                gathers=starts.gathers or bool(starts.grouped),
                pending=pending,
                alone=(
                    beginnings.alone(frame, self._behaviours, self._starts)
                    if blocking and root is None
                    else ()
                ),
                calm=self._calm(frame, starts) if blocking and root is None else (),
                left=lasting.left(self._project, frame, starts),
                rounds=rounds,
                in_rounds=lasting.in_rounds(frame, self._behaviours, rounds),
                blocking=blocking,
                nested=tuple(self._nested(frame, events)),
                locks=tuple(self._project.coroutines.held_locks(frame)),
            )
        except Exception as error:  # one function must not cost the findings of others
            self._project.fail(frame.module, f"'{frame.qualname}'", error)
            return FrameEvidence(function, entry)

    def _calm(self, frame: Frame, starts: Starts) -> tuple[tuple[int, int], ...]:
        """The stretches of terms in which nothing runs that an async frame has started."""
        if not starts.concurrent:
            return ()
        ended = endings.ended_from(self._project, frame, starts)
        return (0, beginnings.starts_from(frame, starts)), (ended, frame.scope.end)

    def _is_of_test_case(self, frame: Frame) -> bool:
        """Whether a method's class is a base of tests, which packages ship for those who use them:
        a test has its loop to itself.
        """
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is None:
            return False
        externals = self._project.classes.info(class_).externals
        return any(name in _TEST_CASES for name in externals)

    def _pending(self, frame: Frame, single: frozenset[int]) -> tuple[FunctionKey, ...]:
        """The functions whose coroutines a frame makes, and neither awaits there nor hands to what
        waits for them alone.
        """
        made = self._behaviours.of(frame).coroutines
        if not made:
            return ()
        terms = frame.module.facts.terms
        return tuple(
            dict.fromkeys(
                inner.function
                for term, inner in made
                if terms[term][0] == t.CALL
                and term not in single
                and term not in frame.module.awaited
                and not inner.scope.is_generator
            )
        )

    def _goes_on_beside(
        self,
        frame: Frame,
        starts: Starts,
        pending: tuple[FunctionKey, ...],
        blocking: Sequence[SiteEvidence],
    ) -> bool:
        """Whether a frame blocks, or runs other code of the project, beside the tasks of a group
        before it has waited for them.
        """
        if not starts.grouped:
            return False
        terms = [site.chain[0].term for site in blocking]
        for term, inner in self._behaviours.of(frame).coroutines:
            if inner.function not in pending:
                terms.append(term)
        return any(start <= term < end for start, end in starts.grouped for term in terms)

    def _events(self, frame: Frame, root: Root | None) -> Sequence[Event]:
        """What a function does on the loop."""
        events = self._behaviours.of(frame).events
        until = root.until if root is not None else None
        return events if until is None else [event for event in events if event.term < until]

    def _uses_loop(self, frame: Frame) -> bool:
        behaviour = self._behaviours.of(frame)
        return bool(behaviour.coroutines) or any(
            isinstance(run, RunExternal) and run.name.startswith(_LOOP_LIBRARIES)
            for event in behaviour.events
            for alternative in event.alternatives
            for run in alternative or ()
        )

    def _dropped(self, module: Module) -> Iterator[Dropped]:
        if module.is_read_only:
            return
        try:
            yield from self._project.coroutines.dropped(module)
        except Exception as error:
            self._project.fail(module, "its expression statements", error)

    # -- effects -----------------------------------------------------------------------------------

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
    def _calls(self) -> CallGraph:
        of = self._behaviours.of
        return CallGraph(self._project, {frame: of(frame).events for frame in self._reached[0]})

    @cached_property
    def _effects(self) -> list[tuple[Severity, Effects]]:
        return [
            (
                severity,
                Effects(
                    self._project,
                    self._calls,
                    partial(self._blocks_at_least, severity),
                    # What happens once for each key weighs less than what happens each time; files
                    # that are kept by name are few.
                    each_time=severity is not Severity.WARNING,
                    each_object=severity is Severity.ERROR,
                    refused=False,
                    mostly=severity is Severity.ERROR,
                    refusals=self._refusals,
                ),
            )
            for severity in _SEVERITIES
        ]

    def _blocking(
        self, frame: Frame, events: Sequence[Event], root: Root | None
    ) -> list[SiteEvidence]:
        """The heaviest effect of each event; what is sure comes before what is open."""
        found: list[SiteEvidence] = []
        reaching = [(sev, effects) for sev, effects in self._effects if effects.reaches(frame)]
        for event in events if reaching else ():
            heaviest: SiteEvidence | None = None
            by_nobody = None
            if root is None:
                by_nobody = partial(self._asked_for.by_nobody, frame, event.term)
            for severity, effects in reaching:
                site = self._site(effects, frame, event, severity, by_nobody)
                if site is None:
                    continue
                is_sure = not site.is_open and site.severity is not Severity.INFO
                if heaviest is None or is_sure:
                    heaviest = site
                if is_sure:
                    break
            if heaviest is not None:
                found.append(heaviest)
        return found

    def _site(
        self,
        effects: Effects,
        frame: Frame,
        event: Event,
        severity: Severity,
        by_nobody: Callable[[Requirements], bool] | None,
    ) -> SiteEvidence | None:
        links, is_open = effects.proven(frame, event, by_nobody)
        last = links[-1].run if links else None
        row = self._row(last) if isinstance(last, RunExternal) else None
        if row is None:
            return None
        calls = tuple([call_at(link.frame, link.term, link.run, link.is_one_of) for link in links])
        caught_by = self._caught_by(links) if is_refused(row, calls[-1].library) else ""
        is_open = is_open or self._behaviours.opt_ins.is_of_such(frame)
        after_error = is_after_error(frame, event.term, calls[-1].library)
        return SiteEvidence(severity, row, calls, is_open, after_error, caught_by)

    def _caught_by(self, links: tuple[Link, ...]) -> str:
        """The function of a chain that catches Django's refusal. Where that is the one on the loop,
        it goes on: what it answers instead is no better than an error.
        """
        for link in reversed(links[1:]):
            if self._refusals.is_caught(link.frame, link.term):
                return link.frame.name
        own = links[0]
        return own.frame.name if self._refusals.is_survived(own.frame, own.term) else ""

    @cached_property
    def _may_nest(self) -> bool:
        """Whether the project makes asyncio run a loop within itself.

        https://github.com/erdewit/nest_asyncio
        """
        applied = self._project.call_sites.of(_NESTING, imported=True)
        return any(not site.frame.module.is_test for site in applied)

    @cached_property
    def _entering_loops(self) -> Effects:
        return Effects(self._project, self._calls, lambda run: self._rows.of(run, "runs_loop"))

    def _nested(self, frame: Frame, events: Sequence[Event]) -> Iterator[SiteEvidence]:
        """Where an event loop is started although one is running."""
        if self._may_nest or not self._entering_loops.reaches(frame):
            return
        for event in events:
            links, is_open = self._entering_loops.proven(frame, event)
            last = links[-1].run if links else None
            row = self._rows.of(last, "runs_loop") if isinstance(last, RunExternal) else None
            if row is not None:
                calls = tuple([call_at(link.frame, link.term, link.run) for link in links])
                yield SiteEvidence(Severity.ERROR, row, calls, is_open)


def _is_of_another(frame: Frame, registered: Frame) -> bool:
    """Whether the functions around two frames of a function were handed different functions."""
    one, other = frame.parent, registered.parent
    if one is other or one is None or other is None:
        return False
    for mine, its in zip(one.arguments, other.arguments, strict=False):
        if isinstance(mine, FunctionValue) and isinstance(its, FunctionValue) and mine != its:
            return True
    return _is_of_another(one, other)
