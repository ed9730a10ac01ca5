"""Templates as consumers of rows: which frames render them, and what these do with each row."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.outcome import Alternative, RunFrame
from fwp_checks.project.rows.needs import Consumer, Touch
from fwp_checks.project.templates.lookups import TemplateContext
from fwp_checks.project.templates.templates import Template, label_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


def page(project: Project, place: Place, module: Module, frames: Iterable[Frame]) -> Consumer:
    """What goes through rows when a place of a module renders templates in these frames."""
    found = tuple(frames)
    touches = tuple(_touches(project, found))
    label = label_of(_asked_for(found[0])) if found else ""
    return Consumer(place, "template", label, module, place.term, found, touches=touches)


def rendering_calls(
    project: Project, names: Iterable[str], modules: Container[Module], *, everywhere: bool = False
) -> Iterator[Consumer]:
    """Calls of functions or methods of these names in these modules that render a template on the
    spot, in code that can come by a query, or ``everywhere``.
    """
    querying = project.row_modules
    for name in names:
        for module, term in project.call_sites.spelt(name):
            if module not in modules or not (
                module.is_served if everywhere else module in querying
            ):
                continue
            found: dict[Frame, None] = {}
            for frame in project.call_sites.frames_around(module, module.code_scope_of(term)):
                for alternative in project.calls.outcome(frame, term).alternatives:
                    found.update(dict.fromkeys(_templates(alternative)))
            if found:
                yield page(project, Place(module.path, term), module, found)


def _templates(alternative: Alternative) -> Iterator[Frame]:
    for run in alternative or ():
        if isinstance(run, RunFrame) and run.frame.module.is_template:
            yield run.frame


def _touches(project: Project, frames: Iterable[Frame]) -> Iterator[Touch]:
    """What templates call with a row, in these frames and in those that they run."""
    seen: dict[Frame, None] = dict.fromkeys(frames)
    waiting = list(seen)
    while waiting:
        frame = waiting.pop()
        for event in project.behaviours.of(frame).events:
            for alternative in event.alternatives:
                for inner in _templates(alternative):
                    if inner not in seen:
                        seen[inner] = None
                        waiting.append(inner)
            if any(map(_is_given_row, event.alternatives)):
                yield Touch(event.alternatives, frame.module, event.term)


def _is_given_row(alternative: Alternative) -> bool:
    for run in alternative or ():
        if isinstance(run, RunFrame) and not run.frame.module.is_template:
            given = [origin_of(value) for value in run.frame.arguments if value is not None]
            if any(origin is not None and origin.consumed is not None for origin in given):
                return True
    return False


def _asked_for(frame: Frame) -> str:
    """The name of the template that was asked for: the first one of those that extend others."""
    context = frame.arguments[0] if frame.arguments else None
    blocks = context.blocks.places if isinstance(context, TemplateContext) else ()
    module = blocks[0][1][0][0] if blocks else frame.module
    return module.template_name if isinstance(module, Template) else module.path
