"""What a rule sees: one file of a linked project, and the means to report in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Scope
from fwp_checks.finding import Edit, Finding, Range, Severity, Step
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import PerRequest
from fwp_checks.project.loop.coroutines import Dropped, Handed, HeldLock
from fwp_checks.project.loop.event_loop import BlockingSite
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.rows.fetched import Waste
from fwp_checks.project.rows.loops import LoopSite
from fwp_checks.project.rows.queries import Starving
from fwp_checks.project.rows.refusals import Refusal
from fwp_checks.project.rows.row_effects import RowSite

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.rules import Rule

_MOST_WAYS = 20


class FileView:
    """One file as a rule sees it. Reports go into this file only."""

    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module
        self._ordinals: dict[tuple[str, ...], int] = {}

    # -- questions ---------------------------------------------------------------------------------

    @cached_property
    def blocking_sites(self) -> Sequence[BlockingSite]:
        """The places of this file that hold up the event loop."""
        return self.project.event_loop.blocking(self.module)

    @property
    def crowds(self) -> Iterator[Sequence[BlockingSite]]:
        """For each blocking call of this file that a great many async functions reach, the places
        that lead to it.
        """
        for (path, _), sites in self.project.event_loop.crowds.items():
            if path == self.module.path:
                yield sites

    @property
    def nested_loops(self) -> Sequence[BlockingSite]:
        """The places of this file that start an event loop on a running one."""
        return self.project.event_loop.nested(self.module)

    @property
    def starving_queries(self) -> Sequence[Starving]:
        """The queries of this file whose rows need more than they fetch."""
        return self.project.queries.starving(self.module)

    @property
    def wasted_rows(self) -> Sequence[Waste]:
        """The places of this file where rows are fetched for their number alone."""
        return self.project.queries.wasted(self.module)

    def loop_sites(self, effect: str) -> Sequence[LoopSite]:
        """The places of this file where a loop has an effect in each round: ``queries`` or
        ``writes``.
        """
        return self.project.queries.in_loops(self.module, effect)

    @property
    def shown_loop_sites(self) -> Sequence[tuple[LoopSite, Place]]:
        """The queries in loops of templates that this file renders, and where it does."""
        return self.project.queries.in_templates(self.module)

    def row_sites(self, what: str) -> Sequence[RowSite]:
        """The places of this file that query for each row that a kind of consumer shows."""
        return self.project.queries.for_rows(self.module, what)

    @property
    def refused_reads(self) -> Sequence[Refusal]:
        """The reads of this file that a library refuses."""
        return self.project.queries.refusals(self.module)

    @property
    def dropped_coroutines(self) -> Sequence[Dropped]:
        """Calls in this file whose coroutine is dropped."""
        return self.project.event_loop.dropped(self.module)

    @cached_property
    def offloaded_arguments(self) -> Sequence[Handed]:
        """Arguments in this file that are wrongly handed to a thread."""
        return self.project.event_loop.handed(self.module)

    @cached_property
    def locks_across_await(self) -> Sequence[HeldLock]:
        """Thread locks in this file that are held across an await."""
        return self.project.event_loop.held_locks(self.module)

    @property
    def opened_per_request(self) -> Sequence[PerRequest]:
        """What the calls of this file open anew for requests."""
        return self.project.lifetimes.per_request(self.module)

    def module_of(self, path: str) -> Module:
        """Another module of the project."""
        return self.project.table.by_path[path]

    def name_of(self, path: str, scope_number: int) -> str:
        """The own name of a function of the project."""
        return self.project.table.by_path[path].facts.scopes[scope_number].name

    # -- chains ------------------------------------------------------------------------------------

    def chain_text(self, chain: Sequence[Call]) -> str:
        """``load_user → fetch → requests.get (services/http.py:12)``."""
        following = [call.name for call in chain[1:]]
        # A wrapper that calls the function it is called by the name of is no step of its own.
        names = [
            call.name
            for call, after in zip(chain, [*following, ""], strict=True)
            if call.name == call.own_name or call.name != after
        ]
        last = chain[-1]
        line = self.project.table.by_path[last.path].facts.span(last.term)[0]
        return f"{' → '.join(names)} ({last.path}:{line})"

    def trace(self, chain: Sequence[Call]) -> tuple[Step, ...]:
        """A step for each link after the finding itself."""
        return self.steps(chain[1:])

    def steps(self, calls: Iterable[Call]) -> tuple[Step, ...]:
        """A step for each of these calls, wherever it is."""
        return tuple([self._step(call) for call in calls])

    def site_steps(self, site: BlockingSite) -> tuple[Step, ...]:
        """A step for the site itself, then one for each further link to the blocking call."""
        return self.steps(site.chain)

    def ways(self, sites: Sequence[BlockingSite]) -> tuple[Step, ...]:
        """A step for each site, wherever it is; of a great many, the first."""
        return self.steps(site.chain[0] for site in sites[:_MOST_WAYS])

    def _step(self, call: Call) -> Step:
        where = self.range_of(self.project.table.by_path[call.path], call.term)
        message = f"'{self.name_of(call.path, call.scope)}' calls {call.name}"
        return Step(call.path, where, message)

    # -- reporting ---------------------------------------------------------------------------------

    @staticmethod
    def range_of(module: Module, term: int) -> Range:
        """Where a term stands; of a call, what is called."""
        facts = module.facts
        line, column, end_line, end_column = facts.span(term)
        entry = facts.terms[term]
        if entry[0] == t.CALL:
            _, _, called_line, called_column = facts.span(entry[1])
            if called_line == line and called_column > column:
                end_line, end_column = called_line, called_column
        return Range(line, column + 1, end_line, end_column + 1)

    @staticmethod
    def definition_range(scope: Scope) -> Range:
        """The ``def`` line of a function."""
        start = scope.column + 1
        width = len("async def " if scope.is_async else "def ") + len(scope.name)
        return Range(scope.line, start, scope.line, start + width)

    def finding(
        self,
        rule: Rule,
        where: Range,
        message: str,
        *,
        key: Iterable[str],
        severity: Severity | None = None,
        fix_link: str = "",
        trace: Sequence[Step] = (),
        edits: Sequence[Edit] = (),
        is_preview: bool = False,
    ) -> Finding:
        """A finding in this file. ``key`` is what identifies it besides its place, so that it
        survives line moves.
        """
        identity = (rule.code, self.module.path, *key)
        ordinal = self._ordinals.get(identity, 0)
        self._ordinals[identity] = ordinal + 1
        digest = blake2b(
            "\0".join((*identity, str(ordinal))).encode("utf-8", "replace"), digest_size=10
        )
        return Finding(
            code=rule.code,
            rule=rule.name,
            severity=severity or rule.severity,
            path=self.module.path,
            range=where,
            message=message,
            fix_link=fix_link or rule.fix_link,
            rule_page=rule.page_url,
            fingerprint=digest.hexdigest(),
            trace=tuple(trace),
            edits=tuple(edits),
            is_preview=is_preview,
        )
