"""What a rule sees: one file of a linked project, and the means to report in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Finding, Range, Severity, Step
from fwp_checks.project.coroutines import Handed, HeldLock
from fwp_checks.project.effects import Link
from fwp_checks.project.event_loop import BlockingSite, LoopFunction
from fwp_checks.project.frames import Frame
from fwp_checks.project.loops import LoopSite
from fwp_checks.project.modules import Module
from fwp_checks.project.needs import Starving
from fwp_checks.project.outcome import Run, RunExternal, RunFrame
from fwp_checks.project.python import BUILTINS
from fwp_checks.project.values import ClassValue, Constant, Instance

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

    @property
    def loop_functions(self) -> Sequence[LoopFunction]:
        """The functions of this file that run on the event loop."""
        return self.project.event_loop.functions.get(self.module, ())

    @cached_property
    def blocking_sites(self) -> Sequence[BlockingSite]:
        """The places of this file that hold up the event loop."""
        return self.project.event_loop.blocking(self.module)

    @property
    def crowds(self) -> Iterator[Sequence[BlockingSite]]:
        """For each blocking call of this file that a great many async functions reach, the places
        that lead to it.
        """
        for (module, _), sites in self.project.event_loop.crowds.items():
            if module is self.module:
                yield sites

    @property
    def nested_loops(self) -> Sequence[BlockingSite]:
        """The places of this file that start an event loop on a running one."""
        return self.project.event_loop.nested(self.module)

    @property
    def starving_queries(self) -> Sequence[Starving]:
        """The queries of this file whose rows need more than they fetch."""
        return self.project.row_needs.of(self.module)

    def loop_sites(self, effect: str) -> Sequence[LoopSite]:
        """The places of this file where a loop has an effect in each round: ``queries`` or
        ``writes``.
        """
        return self.project.loop_effects.of(self.module, effect)

    def dropped_coroutines(self) -> Iterator[tuple[Frame, int, str]]:
        """Calls in this file whose coroutine is dropped: frame, term of the call, name of the
        function.
        """
        return self.project.coroutines.dropped(self.module)

    @cached_property
    def offloaded_arguments(self) -> Sequence[Handed]:
        """Arguments in this file that are wrongly handed to a thread."""
        return tuple(self.project.coroutines.handed(self.module))

    @cached_property
    def locks_across_await(self) -> Sequence[HeldLock]:
        """Thread locks in this file that are held across an await."""
        return self.project.coroutines.held_locks(self.module)

    def place(self, frame: Frame, term: int) -> str:
        """``path:line`` of a term."""
        return f"{frame.module.path}:{frame.module.facts.span(term)[0]}"

    # -- chains ------------------------------------------------------------------------------------

    def chain_text(self, chain: Sequence[Link]) -> str:
        """``load_user → fetch → requests.get (services/http.py:12)``."""
        named = [(link_name(link), run_name(link.run)) for link in chain]
        following = [name for name, _ in named[1:]]
        # A wrapper that calls the function it is called by the name of is no step of its own.
        names = [
            name
            for (name, own), after in zip(named, [*following, ""], strict=True)
            if name == own or name != after
        ]
        last = chain[-1]
        return f"{' → '.join(names)} ({self.place(last.frame, last.term)})"

    def trace(self, chain: Sequence[Link]) -> tuple[Step, ...]:
        """A step for each link after the finding itself."""
        steps = []
        for link in chain[1:]:
            message = f"'{link.frame.name}' calls {link_name(link)}"
            steps.append(
                Step(link.frame.module.path, self.range_of(link.frame.module, link.term), message)
            )
        return tuple(steps)

    def site_steps(self, site: BlockingSite) -> tuple[Step, ...]:
        """A step for the site itself, then one for each further link to the blocking call."""
        first = site.chain[0]
        message = f"'{first.frame.name}' calls {link_name(first)}"
        here = Step(self.module.path, self.range_of(self.module, site.term), message)
        return (here, *self.trace(site.chain))

    def ways(self, sites: Sequence[BlockingSite]) -> tuple[Step, ...]:
        """A step for each site, wherever it is; of a great many, the first."""
        steps = []
        for site in sites[:_MOST_WAYS]:
            link = site.chain[0]
            message = f"'{link.frame.name}' calls {link_name(link)}"
            where = self.range_of(link.frame.module, link.term)
            steps.append(Step(link.frame.module.path, where, message))
        return tuple(steps)

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

    def definition_range(self, frame: Frame) -> Range:
        """The ``def`` line of a function of this file."""
        scope = frame.scope
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
        )


def link_name(link: Link) -> str:
    """How a step of a chain is called; what a decorator has made by the name that it is called
    by.
    """
    made = isinstance(link.run, RunFrame) and link.run.frame.parent
    if made and made.scope_number:
        terms = link.frame.module.facts.terms
        entry = terms[link.term]
        called = terms[entry[1]] if entry[0] == t.CALL else entry
        if called[0] in (t.ATTR, t.IMPORT) and called[2]:
            return str(called[2])
        if called[0] == t.NAME and called[1] not in BUILTINS:
            return str(called[1])
        if called[0] == t.DEFINITION:
            return link.frame.module.facts.scopes[called[1]].name
    return run_name(link.run)


def run_name(run: Run) -> str:
    """How a step of a chain is called: the function's own name, or the library's dotted one."""
    if isinstance(run, RunExternal):
        return _read_attribute(run) or public_name(run.name)
    frame = run.frame
    if frame.name != "__init__":
        return frame.name
    made = frame.arguments[0] if frame.arguments else None
    if isinstance(made, Instance) and isinstance(made.class_, ClassValue):
        return made.class_.name
    return frame.qualname.rpartition(".")[0].rpartition(".")[2]


def _read_attribute(run: RunExternal) -> str | None:
    """``Article.author`` where a descriptor runs, None for anything else."""
    owner = run.receiver.class_ if isinstance(run.receiver, Instance) else None
    name = run.arguments.get(0)
    if not run.name.endswith(".__get__") or owner is None or not isinstance(name, Constant):
        return None
    return f"{owner.rpartition('.')[2] if isinstance(owner, str) else owner.name}.{name.value}"


# What an implicit call is, in words.
_SPECIAL = {
    "__iter__": "iterating a {}",
    "__enter__": "entering a {}",
    "__exit__": "leaving a {}",
    "__len__": "len() of a {}",
    "__bool__": "the truth of a {}",
    "__getitem__": "indexing a {}",
    "__contains__": "'in' on a {}",
    "__next__": "next() of a {}",
    "__str__": "str() of a {}",
    "__repr__": "repr() of a {}",
}


# What a decorator or wrapper makes is called by the name people know it by.
_PUBLIC_NAMES = {"asgiref.sync.AsyncToSync.__call__": "async_to_sync"}


def public_name(name: str) -> str:
    """A dotted name as people write it: no ``builtins.``, special methods in words."""
    name = _PUBLIC_NAMES.get(name, name)
    owner, _, last = name.rpartition(".")
    if last == "__call__":
        return owner
    if last in _SPECIAL:
        what = owner.rpartition(".")[2]
        if what == "results":
            what = f"result of {'.'.join(owner.split('.')[-3:-1])}"
        return _SPECIAL[last].format(what)
    return name.removeprefix("builtins.")
