"""Templates as consumers of rows: which frames render them, and what these do with each row."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from fwp_checks.project.effects.behaviours import run_by
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of
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
                for inner in project.calls.outcome(frame, term).frames():
                    if inner.module.is_template:
                        found[inner] = None
            if found:
                yield page(project, Place(module.path, term), module, found)


def _touches(project: Project, frames: Iterable[Frame]) -> list[Touch]:
    """What templates call with a row, in these frames and in those that they run."""
    found: list[Touch] = []
    seen: dict[Frame, None] = dict.fromkeys(frames)
    waiting = list(seen)
    while waiting:
        frame = waiting.pop()
        for event in project.behaviours.of(frame).events:
            is_touching = False
            for inner in run_by((event,)):
                if not inner.module.is_template:
                    is_touching = is_touching or _is_given_row(inner)
                elif inner not in seen:
                    seen[inner] = None
                    waiting.append(inner)
            if is_touching:
                found.append(Touch(event.alternatives, frame.module, event.term))
    return found


def _is_given_row(frame: Frame) -> bool:
    for value in frame.arguments:
        origin = origin_of(value) if value is not None else None
        if origin is not None and origin.consumed is not None:
            return True
    return False


def _asked_for(frame: Frame) -> str:
    """The name of the template that was asked for: the first one of those that extend others."""
    context = frame.arguments[0] if frame.arguments else None
    blocks = context.blocks.places if isinstance(context, TemplateContext) else ()
    module = blocks[0][1][0][0] if blocks else frame.module
    return module.template_name if isinstance(module, Template) else module.path
