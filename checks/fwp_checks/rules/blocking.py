"""What the rules about a blocked event loop share: which rule speaks of a site, and how it words
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Finding
from fwp_checks.project.loop.loop_roots import Context

if TYPE_CHECKING:
    from fwp_checks.project.loop.event_loop import BlockingSite, LoopFunction
    from fwp_checks.project.meaning.frames import FunctionKey
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_SESSIONS = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.")
_LEAVING = (".__exit__", ".close")
# Kinds whose alternative needs no thread: waiting is the whole work.
_NO_THREAD = ("sleep",)
# Kinds of what comes bit by bit for as long as the other side sends.
_SENT = ("http", "llm", "network", "process")
# Starlette 1.10.0, starlette/concurrency.py:51-57.
_ITEM_BY_ITEM = {"run_in_threadpool": "iterate_in_threadpool"}
_IN_A_THREAD = ("asyncio.to_thread()", "asyncio.to_thread")
# How alternatives end that are the same work, done once.
_AT_START = "at start-up"
# How those end of what does not run in several threads at once, by its documentation.
_NOT_A_THREAD = "not a thread"


def category(site: BlockingSite) -> str:
    """Which of the rules a site belongs to: ``orm``, ``session``, ``cpu``, ``direct`` or
    ``helper``.
    """
    if site.is_refused:
        return "orm"
    if site.row.kind in ("database", "orm") and site.call.startswith(_SESSIONS):
        return "session"
    if site.row.kind == "cpu":
        return "cpu"
    return "direct" if site.is_direct else "helper"


def sites(file: FileView, wanted: str) -> Iterator[BlockingSite]:
    """The sites of a file that one rule speaks of; those of a function that should simply be
    ``def`` are FWP109's.
    """
    sync_functions = {function.function for function, _ in needlessly_async(file)}
    others = {handed.term for handed in file.offloaded_arguments} | {
        held.term for held in file.locks_across_await
    }
    found = [
        site
        for site in file.blocking_sites
        if category(site) == wanted
        and site.function.function not in sync_functions
        and site.term not in others
    ]
    working = [site for site in found if not _is_leaving(site)]
    for site in found:
        # Leaving a session's or connection's block belongs to the work done in it.
        if _is_leaving(site):
            if any(_is_in_block(other, site) for other in working):
                continue
        elif _is_managing(site) and any(_is_in_block(other, site) for other in found):
            continue
        yield site


def _is_leaving(site: BlockingSite) -> bool:
    return site.is_direct and site.call.endswith(".__exit__")


def _is_managing(site: BlockingSite) -> bool:
    """Whether what a site does is to close what a ``with`` of the project's own has opened."""
    entered = site.function.module.facts.terms[site.term][0] == t.ENTER
    return entered and not site.is_direct and site.call.endswith(_LEAVING)


def _is_in_block(site: BlockingSite, manager: BlockingSite) -> bool:
    """Whether a site is in the block of the ``with`` that is another site."""
    function = manager.function
    return site.function.function == function.function and any(
        region.kind == "with"
        and region.term == manager.term
        and region.start <= site.term < region.end
        for region in function.module.regions_in(function.scope_number)
    )


def needlessly_async(file: FileView) -> Iterator[tuple[LoopFunction, list[BlockingSite]]]:
    """Functions that their framework would run in a thread if they were ``def``, that await
    nothing, that nobody else awaits, and that block.
    """
    awaited = file.project.event_loop.called_coroutine_functions
    found: dict[FunctionKey, tuple[LoopFunction, list[BlockingSite]]] = {}
    for site in file.blocking_sites:
        function = site.function
        root = function.root
        if (
            root is None
            or not root.thread_if_def
            or function.scope.awaits
            or not function.scope.is_async
            or function.function in awaited
        ):
            continue
        found.setdefault(function.function, (function, []))[1].append(site)
    for function, blocking in found.values():
        # A function that starts tasks needs the running loop without awaiting.
        if any(map(_helps_in_a_thread, blocking)) and not function.found.uses_loop:
            yield function, blocking


def _helps_in_a_thread(site: BlockingSite) -> bool:
    return site.severity.rank < 2 and not site.row.alternative.endswith(_NOT_A_THREAD)


def way_out(site: BlockingSite) -> str:
    """What to do about a site, as the end of a sentence."""
    root = site.function.root
    framework = root.framework if root is not None else ""
    if category(site) == "orm":
        # Django keeps one connection a thread, and sync_to_async uses the same thread each time.
        framework = "Django"
    thread = {"Starlette": "run_in_threadpool", "Django": "sync_to_async"}.get(
        framework, "asyncio.to_thread"
    )
    alternative = site.row.alternative
    if site.function.is_startup_only and alternative.endswith(_AT_START):
        alternative = ""
    if not site.function.scope.is_async:
        return _way_out_of_def(site, thread)
    if _is_iterating(site):
        # A thread that makes the generator has run nothing of it.
        is_thread = alternative.endswith(_IN_A_THREAD)
        thread = _ITEM_BY_ITEM.get(thread, f"{thread}(next, …, None) for each item")
        return f"use {thread}" if is_thread or not alternative else f"use {alternative} or {thread}"
    if not alternative:
        return f"run it in a thread with {thread}"
    if "to_thread" in alternative or thread.rpartition(".")[2] in alternative:
        return f"use {alternative}"
    if (site.row.kind in _NO_THREAD and site.is_direct) or alternative.endswith(_NOT_A_THREAD):
        return f"use {alternative}"
    return f"use {alternative} or {thread}"


def _is_iterating(site: BlockingSite) -> bool:
    """Whether a site goes through a generator of the project, or what others send bit by bit."""
    entry = site.function.module.facts.terms[site.term]
    return entry[0] == t.ITER and (not site.is_direct or site.row.kind in _SENT)


def _way_out_of_def(site: BlockingSite, thread: str) -> str:
    """What to do in a plain function that is called on the loop: it cannot await."""
    root = site.function.root
    context = root.context if root is not None else None
    if root is not None and root.instead:
        return root.instead
    if context is Context.VALIDATOR:
        return f"do it in the handler, in a thread with {thread}"
    if context is Context.CALLBACK:
        return "hand it to a thread with loop.run_in_executor()"
    way = "await asyncio.sleep()" if site.row.kind in _NO_THREAD else thread
    if site.row.alternative.endswith(_NOT_A_THREAD):
        way = site.row.alternative
    return f"make '{site.function.name}' an async function and use {way}"


def does(site: BlockingSite, does: str, do: str) -> str:
    """``blocks``, or ``may block`` where a helper asks something first, or where it has to be asked
    for.
    """
    return f"may {do}" if site.is_open else does


def blocked(site: BlockingSite) -> str:
    """``in async handler 'read_me'``."""
    return f"in {site.function.label} '{site.function.name}'"


def first_name(site: BlockingSite) -> str:
    """What is called at the site itself."""
    return site.chain[0].name


def crowds(file: FileView, rule: Rule, wanted: str, does: str) -> Iterator[Finding]:
    """A finding at each blocking call of this file that a great many async functions reach.

    ``does`` says what it does to them, as in the rule's other messages.
    """
    for found in file.crowds:
        first = min(found, key=lambda site: (site.severity.rank, len(site.chain)))
        if category(first) != wanted:
            continue
        reached = len({site.function.function for site in found})
        last = first.chain[-1]
        message = (
            f"'{last.name}' {does} in {reached} async functions that reach "
            f"'{file.name_of(last.path, last.scope)}', such as '{first.function.name}': "
            f"{file.chain_text(first.chain)}; {way_out(first)}."
        )
        yield file.finding(
            rule,
            file.range_of(file.module, last.term),
            message,
            key=(file.module.qualname(last.scope), last.name),
            severity=first.severity,
            fix_link=first.row.link,
            trace=file.ways(found),
            is_preview=first.is_open,
        )


def report(file: FileView, rule: Rule, site: BlockingSite, message: str) -> Finding:
    """A finding at a site, with the trace to the blocking call."""
    return file.finding(
        rule,
        file.range_of(file.module, site.term),
        message,
        key=(site.function.qualname, first_name(site), site.call),
        severity=site.severity,
        fix_link=site.row.link,
        trace=file.trace(site.chain),
        is_preview=site.is_open,
    )


def names(blocking: Sequence[BlockingSite], most: int = 3) -> str:
    """The calls of several sites, each once, the first few by name: those that may take longest."""
    slowest = sorted(blocking, key=lambda site: site.slowness)
    unique = list(dict.fromkeys(site.chain[-1].name for site in slowest))
    text = ", ".join(unique[:most])
    return text if len(unique) <= most else f"{text} and {len(unique) - most} more"
