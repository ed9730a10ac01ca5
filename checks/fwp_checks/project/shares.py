"""Shares of a project that are evaluated apart from each other, in processes of their own if there
may be several.

Evaluation goes from functions to whatever they reach, so it cannot be divided by file like facts;
it is divided by where it starts. A share is some of the project's modules, and what it finds is its
*evidence*: what follows from the functions of these modules, wherever that is. So evidence is plain
data, which comes from another process as it is: names, paths, numbers of scopes and terms, rows of
the catalogue; no frames and no values. What the project as a whole knows is put together from the
evidence of all shares (:class:`~fwp_checks.project.loop.event_loop.EventLoop`,
:class:`~fwp_checks.project.rows.queries.Queries`), and rules ask that.

Where evaluation forgets arguments depends on what was evaluated before. Therefore the shares of a
project are decided by its content, never by the number of processes, and each is evaluated from the
same state: the linked project, of which nothing was evaluated yet.

To collect something else, add a field to :class:`Evidence` and fill it in :func:`_collect`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.forked import Forked, ForkError
from fwp_checks.project.failures import Failure
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop.loop_evidence import LoopCollector, LoopEvidence
from fwp_checks.project.rows.row_evidence import RowCollector, RowEvidence
from fwp_checks.project.templates.templates import Reading

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How large the shares are. They reach many functions in common, which each evaluates for itself:
# more than two of them cost more than they save on the two cores of most machines that check code.
# Whoever evaluates the first one answers all other questions, too, while the second is evaluated.
_SHARES = (4, 5)
# A smaller project is evaluated in less time than a second process pays for.
_WORTH_SHARES = 100_000
# Three times the terms that functions and classes of web applications have on average.
_WEIGHT_OF_SCOPE = 90


class Evidence(NamedTuple):
    """What one share tells. ``failures`` are the engine's own, ``templates`` those it has read."""

    loop: LoopEvidence
    rows: RowEvidence
    failures: tuple[Failure, ...]
    templates: Reading


class Share:
    """The modules from whose functions one evaluation starts."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = tuple(modules)
        self._members = frozenset(modules)

    def __contains__(self, module: object) -> bool:
        return module in self._members


def divide(project: Project) -> list[Share]:
    """The shares of a project: stretches of its modules of about as much work; of a small project
    one.
    """
    modules = project.table.modules
    if sum(len(module.facts.terms) for module in modules) < _WORTH_SHARES:
        return [Share(modules)]
    weights = [_weight(module, module in project.row_modules) for module in modules]
    # Where shares end, in as many parts as the weights of all shares together have.
    ends = [end * sum(weights) for end in accumulate(_SHARES)]
    divided: list[list[Module]] = [[] for _ in _SHARES]
    before = 0
    for module, weight in zip(modules, weights, strict=True):
        # The middle of a module decides.
        middle = (before + weight / 2) * sum(_SHARES)
        divided[min(bisect_right(ends, middle), len(divided) - 1)].append(module)
        before += weight
    return [Share(share) for share in divided]


def _weight(module: Module, has_rows: bool) -> int:
    """How much there is to evaluate. Where rows of queries may be, evaluation starts from every
    function and class; elsewhere from async functions, whose terms weigh three times as much, and
    a term takes half the time.
    """
    terms, scopes = len(module.facts.terms), module.facts.scopes
    if has_rows:
        return 2 * (terms + len(scopes) * _WEIGHT_OF_SCOPE)
    return terms + 2 * sum(scope.end - scope.start for scope in scopes if scope.is_async)


class Gathering:
    """Collects the evidence of all shares of a project of which nothing was evaluated yet: that of
    the first share at once, that of the others meanwhile in processes of their own, or afterwards.

    ``jobs`` is the number of processes that may be used; it changes nothing else.
    """

    def __init__(self, project: Project, jobs: int) -> None:
        self._project = project
        first, *others = divide(project)
        self._waiting = deque(
            (share, _copy(project, share) if jobs > 1 else None) for share in others
        )
        try:
            self._found = [_collect(project, first)]
        except BaseException:
            self.stop()
            raise

    def result(self) -> list[Evidence]:
        """The evidence, each share's in its place."""
        try:
            while self._waiting:
                share, copy = self._waiting.popleft()
                self._found.append(_result(self._project, share, copy))
        finally:
            self.stop()
        for evidence in self._found:
            self._project.templates.recall(evidence.templates)
        return self._found

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End what is still at work."""
        while self._waiting:
            _, copy = self._waiting.popleft()
            if copy is not None:
                copy.stop()


def _collect(project: Project, share: Share) -> Evidence:
    # Rows first: where entry functions are is a question to the whole project, which each share has
    # to answer. What it asks for is known by then, for the most part.
    rows = RowCollector(project, share).collect()
    loop = LoopCollector(project, share).collect()
    return Evidence(loop, rows, tuple(project.failures), project.templates.read)


def _copy(project: Project, share: Share) -> Forked[Evidence] | None:
    """A process that evaluates a share, if there can be one."""
    with suppress(ForkError):
        return Forked(partial(_collect, project, share))
    return None


def _result(project: Project, share: Share, copy: Forked[Evidence] | None) -> Evidence:
    """What a process has found; what it has not, this one finds."""
    if copy is not None:
        with suppress(ForkError):
            return copy.result()
    return _collect(project.again(), share)
