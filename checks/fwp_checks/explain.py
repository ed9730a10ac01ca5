"""What the engine knows, as text for people: the answers of ``fwp why`` and ``fwp facts``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.finding import Finding
from fwp_checks.project.effects.asked_for import AskedFor
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.chains import public_name, run_name
from fwp_checks.project.effects.effects import Rows
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop.companies import Company
from fwp_checks.project.loop.event_loop import LoopFunction
from fwp_checks.project.loop.loop_evidence import FILE_KINDS, SiteEvidence, severity_of_kind
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.meaning.values import Unknown, Value, describe, options_of
from fwp_checks.project.rows.row_frames import RowFrames
from fwp_checks.project.rows.weights import Weight
from fwp_checks.project.shares import Share
from fwp_checks.project.templates.templates import Template, label_of
from fwp_checks.project.view import FileView

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Terms that say nothing to a reader by themselves.
_SILENT_KINDS = frozenset({t.CONST, t.PARAM, t.TRUTH, t.DROP, t.ALIAS, t.JOIN, t.STAR})
_OPEN = "a helper does it only under a test of which nothing says how it comes out"
_WITHHELD = "--preview reports it"
_WITHHELD_QUERIES = {
    Weight.OPEN: _OPEN,
    Weight.WORK: "each round is a piece of work, or a script's",
}
_SILENCED = "it is reported where the query is built, unless a comment or setting silences it"


# So many renderings of a template that differ are told.
_MOST_RENDERINGS = 3


def why(
    project: Project,
    module: Module,
    line: int,
    findings: Sequence[Finding],
    leading: Sequence[Finding] = (),
) -> str:
    """What is known at a line of a module: the function, values, what runs, and what follows from
    it. ``leading`` are findings at other places whose causes are here.
    """
    if isinstance(module, Template):
        return _why_in_template(project, module, line, leading)
    functions = project.event_loop.functions.get(module, ())
    frame = _frame_at(project, module, line)
    out = [f"{module.path}:{line}"]
    if module.facts.problem is not None:
        out.append(f"  the file could not be read: {module.facts.problem[2]}")
        return "\n".join(out)
    out.extend(_about_function(project, functions, frame))
    terms = [
        term
        for term in range(frame.scope.start, frame.scope.end)
        if module.facts.span(term)[0] == line and module.facts.terms[term][0] not in _SILENT_KINDS
    ]
    out.append("values:")
    out.extend(f"  {text}" for text in _values(project, frame, terms))
    out.append("what runs:")
    out.extend(f"  {text}" for text in _events(project, frame, terms))
    needs = list(dict.fromkeys(_needs(project, module, line)))
    if needs:
        out.append("read with a query of its own:")
        out.extend(f"  {text}" for text in needs)
    out.append("findings:")
    out.extend(f"  {finding.code} {finding.text}" for finding in findings)
    out.extend(_reported_elsewhere(leading))
    if not findings and not leading:
        out.append(f"  none: {_SILENCED if needs else _reason(project, functions, frame, terms)}")
    return "\n".join(out)


def _reported_elsewhere(leading: Sequence[Finding]) -> Iterator[str]:
    for finding in leading:
        yield f"  at {finding.path}:{finding.range.line}: {finding.code} {finding.message}"


def _frame_at(project: Project, module: Module, line: int) -> Frame:
    """The frame of the innermost function around a line."""
    best = 0
    scopes = module.facts.scopes
    for number, scope in enumerate(scopes):
        if (
            scope.is_function
            and scope.line <= line <= scope.end_line
            and scope.line >= scopes[best].line
        ):
            best = number
    return project.frame_of_scope(module, best)


def _loop_function(functions: Sequence[LoopFunction], frame: Frame) -> LoopFunction | None:
    for function in functions:
        if function.scope_number == frame.scope_number:
            return function
    return None


def _about_function(
    project: Project, functions: Sequence[LoopFunction], frame: Frame
) -> Iterator[str]:
    if not frame.scope_number:
        yield "  module level: runs once, at import"
        return
    function = _loop_function(functions, frame)
    if function is not None:
        yield f"  {function.label} '{frame.qualname}': runs on the event loop"
        contexts = sorted(context.value for context in function.contexts)
        reached = ", ".join(contexts) or "no framework entry point that is known"
        yield f"  reached from: {reached}"
        if function.company is Company.NOBODY:
            yield "  alone on its loop (of a script, command or call): blocking is not reported"
        elif function.company is Company.TASKS:
            yield "  on the loop of a script, command or job: blocking it weighs less"
        elif function.company is Company.FIRST:
            yield "  called once, where something is still empty: blocking weighs less"
    elif project.event_loop.is_reached(frame.function):
        yield f"  function '{frame.qualname}': called from code on the event loop"
    else:
        yield f"  function '{frame.qualname}': not reached from code on the event loop"


def _values(project: Project, frame: Frame, terms: Sequence[int]) -> Iterator[str]:
    for term in terms:
        span = frame.module.facts.span(term)
        value = project.values.evaluate(frame, term)
        kind = t.KIND_NAMES[frame.module.facts.terms[term][0]].lower()
        rows = _rows(project, value)
        yield f"column {span[1] + 1}-{span[3]} {kind}: {describe(value)}{rows}"


def _rows(project: Project, value: Value) -> str:
    """What is known of a query, or of a row: what was fetched along, and where it comes from."""
    notes = []
    for option in options_of(value):
        paths = project.frameworks.fetched(option)
        if paths is not None:
            notes.append(f"fetched along: {', '.join(paths) or 'nothing'}")
        origin = origin_of(option)
        if origin is not None and origin.consumed is not None:
            notes.append(f"one of many rows, gone through at {_line(project, origin.consumed)}")
        if origin is not None and origin.built is not None:
            notes.append(f"query built at {_line(project, origin.built)}")
    return f" ({'; '.join(dict.fromkeys(notes))})" if notes else ""


def _line(project: Project, place: Place) -> str:
    return f"{place.path}:{project.table.by_path[place.path].facts.span(place.term)[0]}"


def _needs(project: Project, module: Module, line: int) -> Iterator[str]:
    """What is read at a line from each of many rows, with the query that should fetch it."""
    for need in project.queries.needs:
        if need.path == module.path and module.facts.span(need.term)[0] == line:
            place = need.origin.built or need.origin.consumed
            where = _line(project, place) if place is not None else "an unknown place"
            perhaps = f"; {_OPEN}, so {_WITHHELD}" if need.is_open else ""
            yield f"{need.lack.path}, for each row of the query at {where}{perhaps}"


def _events(project: Project, frame: Frame, terms: Sequence[int]) -> Iterator[str]:
    wanted = set(terms)
    found = False
    for event in project.behaviours.of(frame).events:
        if event.term in wanted:
            found = True
            yield " or ".join(
                _alternative(project, alternative) for alternative in event.alternatives
            )
    if not found:
        yield "nothing with a known effect"


def _alternative(project: Project, alternative: Alternative) -> str:
    if alternative is None:
        return "something unknown"
    names = []
    for run in alternative:
        name = run_name(run)
        if isinstance(run, RunExternal):
            rows = project.catalogue.effects(run.name)
            effects = ", ".join(
                f"{row.effect} ({row.kind}, {severity_of_kind(row.kind).value})" for row in rows
            )
            names.append(f"{public_name(run.name)} [{effects}]")
        else:
            names.append(name)
    return ", ".join(names) or "nothing"


def _reason(
    project: Project, functions: Sequence[LoopFunction], frame: Frame, terms: Sequence[int]
) -> str:
    module = frame.module
    for loop in project.queries.in_loops(module, "queries"):
        if loop.term in terms and loop.weight in _WITHHELD_QUERIES:
            return f"{_WITHHELD_QUERIES[loop.weight]}; {_WITHHELD}"
    function = _loop_function(functions, frame)
    if function is None:
        return (
            "the line does not run on the event loop, and nothing is known to be read here from "
            "each of many rows"
        )
    sites = [site for site in FileView(project, module).blocking_sites if site.term in set(terms)]
    if any(site.is_open for site in sites):
        return f"{_OPEN}, or some of several callees do it; {_WITHHELD}"
    if sites:
        return "another rule reports it for the whole function, or a comment or setting silences it"
    for site in function.found.blocking:
        if site.chain[0].term in terms:
            return _unreported(project, function, site)
    for reason, stretches in project.behaviours.skipped(frame):
        if any(start <= term < end for start, end in stretches for term in terms):
            return reason
    for term in terms:
        entry = module.facts.terms[term]
        if entry[0] == t.CALL:
            value = project.values.evaluate(frame, entry[1])
            if isinstance(value, Unknown):
                return f"what is called is unknown: {value.reason}"
    for event in project.behaviours.of(frame).events:
        if event.term in set(terms) and any(
            alternative is None for alternative in event.alternatives
        ):
            return "one of several things it may be is unknown"
    for event in project.behaviours.of(frame).events:
        reason = _without_weight(project, function, frame, event) if event.term in terms else ""
        if reason:
            return reason
    return "nothing on this line is known to block"


def _unreported(project: Project, function: LoopFunction, site: SiteEvidence) -> str:
    """Why something that blocks is reported elsewhere, or not at all."""
    last = site.chain[-1]
    if (last.path, last.term) in project.event_loop.crowds:
        where = _line(project, Place(last.path, last.term))
        return f"a great many async functions lead there, so it is reported once, at {where}"
    if project.event_loop.is_alone(function, site):
        return "nobody else is on this loop, which it holds up"
    if site.row.kind in FILE_KINDS and project.settings.file_access == "never":
        return "the setting 'file-access' leaves out what reads and writes files"
    if (
        site.row.kind in FILE_KINDS
        and project.settings.file_access == "requests"
        and not function.is_request
    ):
        return (
            "reading and writing files is reported only where a request waits for it, and none is "
            "known to wait here (setting 'file-access')"
        )
    return "a finding beside it, which the same change mends, stands for it"


def _without_weight(project: Project, function: LoopFunction, frame: Frame, event: Event) -> str:
    """Why what an event runs does not count although something in it may block; empty if nothing
    is known to.
    """
    rows = Rows(project)
    for alternative in event.alternatives:
        for run in alternative or ():
            if not isinstance(run, RunExternal):
                continue
            if not any(row.effect == "blocks" for row in project.catalogue.effects(run.name)):
                continue
            if project.configured.is_silent(run.name):
                return "a setting says that it blocks nothing"
            row = rows.of(run, "blocks")
            if row is None:
                return "with these arguments it waits for nothing, or not for long"
            if row.kind == "metadata" and not project.settings.file_metadata:
                return "asking for what is known of a file is fast (setting 'file-metadata')"
            if event.is_remembered:
                return "it happens once for each key, and what it gives is kept"
            if function.root is None and AskedFor(project).by_nobody(frame, event.term):
                return "no call of the function in the project asks for it"
    return ""


# -- templates -------------------------------------------------------------------------------------


def _why_in_template(
    project: Project, template: Template, line: int, leading: Sequence[Finding]
) -> str:
    """What is known at a line of a template: what it reads where it is rendered, which queries
    begin there, and what follows from it.
    """
    out = [f"{template.path}:{line}"]
    if template.facts.problem is not None:
        out.append(f"  the file could not be read: {template.facts.problem[2]}")
        return "\n".join(out)
    told, unknown = _renderings(project, template, line)
    out.extend(told)
    needs = [*dict.fromkeys(_needs(project, template, line))]
    if needs:
        out.append("read with a query of its own:")
        out.extend(f"  {text}" for text in needs)
    begun = [*dict.fromkeys(_begun(project, template, line))]
    if begun:
        out.append("queries that begin here:")
        out.extend(f"  {text}" for text in begun)
    out.append("findings:")
    out.extend(_reported_elsewhere(leading))
    if not leading:
        if needs or begun:
            unknown = _SILENCED
        out.append(f"  none: {unknown or 'nothing is known to be read here for each of many rows'}")
    return "\n".join(out)


def _renderings(project: Project, template: Template, line: int) -> tuple[list[str], str]:
    """What a line of a template holds and runs, for each way in which it is rendered; and why
    nothing may be known of it, empty if that is not so.
    """
    ways: dict[tuple[str, ...], list[str]] = {}
    unknown = ""
    for frame in RowFrames(project, Share(project.table.modules)).all:
        if frame.module is not template:
            continue
        terms = [
            term
            for term in range(frame.scope.start, frame.scope.end)
            if template.facts.span(term)[0] == line
            and template.facts.terms[term][0] not in _SILENT_KINDS
        ]
        context = project.templates.context_of(frame)
        if not terms or context is None:
            continue
        for term in terms:
            value = project.values.evaluate(frame, term)
            if isinstance(value, Unknown):
                unknown = unknown or f"what is read here is unknown: {value.reason}"
        values = [f"  {text}" for text in _values(project, frame, terms)]
        runs = [f"  {text}" for text in _events(project, frame, terms)]
        places = ways.setdefault(("values:", *values, "what runs:", *runs), [])
        if context.rendered is not None:
            places.append(_line(project, context.rendered))
    if not ways:
        reason = "nothing on this line is rendered by code that can come by a query"
        return [f"  {label_of(template.template_name)}"], reason
    out: list[str] = []
    # What is known most of comes first.
    by_known = sorted(ways.items(), key=lambda way: sum(": unknown (" in text for text in way[0]))
    for told, places in by_known[:_MOST_RENDERINGS]:
        where = ", ".join(dict.fromkeys(places)) or "an unknown place"
        out += [f"  {label_of(template.template_name)}, rendered at {where}", *told]
    if len(ways) > _MOST_RENDERINGS:
        out.append(f"  and otherwise at {len(ways) - _MOST_RENDERINGS} more places")
    return out, unknown


def _begun(project: Project, template: Template, line: int) -> Iterator[str]:
    """The queries that begin at a line of a template and are asked for once a row, or once a round
    of a loop.
    """
    for need in project.queries.needs:
        made = need.origin.made
        if made is not None and made.path == template.path:
            if template.facts.span(made.term)[0] == line:
                place = Place(need.path, need.term)
                yield f"its rows lack {need.lack.path}, read at {_line(project, place)}"
    for site in project.queries.in_loops(template, "queries"):
        if template.facts.span(site.term)[0] == line:
            same = "the same query" if site.is_same else "a query"
            yield f"{same} in each round of a loop"


def facts_text(path: str, facts: ModuleFacts) -> str:
    """The facts of one file, scope by scope, a line a term."""
    if facts.problem is not None:
        line, column, reason = facts.problem
        return f"{path}:{line}:{column}: {reason}"
    out = [
        f"{path}: {len(facts.terms)} terms, {len(facts.scopes)} scopes, "
        f"{len(facts.imports)} imports"
    ]
    for imported in facts.imports:
        name = f"{'.' * imported.level}{imported.module}" + (
            f":{imported.attribute}" if imported.attribute else ""
        )
        out.append(f"  import {name} (line {imported.line})")
    for number, scope in enumerate(facts.scopes):
        flags = "".join(
            f" {flag}"
            for flag, on in (
                ("async", scope.is_async),
                ("generator", scope.is_generator),
                ("awaits", scope.awaits),
                ("stub", scope.is_stub),
            )
            if on
        )
        out.append(
            f"scope {number} {scope.kind} {scope.name or '<module>'} (line {scope.line}){flags}"
        )
        for name, term in sorted(scope.bindings.items(), key=lambda item: item[1]):
            out.append(f"    {name} = {term}")
        if scope.kind == "class":
            continue
        for term in range(scope.start, scope.end):
            entry = facts.terms[term]
            line, column, _, _ = facts.span(term)
            shown = ", ".join(repr(part) for part in entry[1:])
            out.append(f"  {term:5} {line}:{column + 1} {t.KIND_NAMES[entry[0]]} {shown}")
    return "\n".join(out)
