"""Calls that render templates.

Source: django/shortcuts.py, django/template/loader.py, django/template/response.py and
django/template/backends/django.py of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates import Language
from fwp_checks.frameworks.django_templates.processors import context_names, processed, with_request
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    Arguments,
    Constant,
    Instance,
    Unknown,
    Value,
)
from fwp_checks.project.rows.needs import Consumer
from fwp_checks.project.templates.pages import page, rendering_calls
from fwp_checks.project.templates.templates import Named

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Functions that render at once: where the name, the context and the request stand.
_RENDERING = {
    "django.shortcuts.render": (1, 2, 0),
    "django.template.loader.render_to_string": (0, 1, 2),
}
_LOADING = frozenset(
    {
        *("django.template.loader.get_template", "django.template.loader.select_template"),
        *("django.template.engine.Engine.get_template", "django.template.Engine.get_template"),
    }
)
_TEMPLATE = "django.template.backends.django.Template"
# Rendered when the view has returned: where the name and the context stand.
_RESPONSES = {
    "django.template.response.TemplateResponse": (1, 2),
    "django.template.response.SimpleTemplateResponse": (0, 1),
}
_RESPONSE = "django.http.HttpResponse"
LOOK_UPS: frozenset[str] = frozenset(
    name.rpartition(".")[2] for name in (*_RENDERING, *_LOADING, *_RESPONSES)
)
"""What finds a template by its name."""


def call(
    project: Project, name: str, arguments: Arguments, receiver: Value | None
) -> Outcome | None:
    """What a call that renders or loads a template does; None for any other."""
    places = _RENDERING.get(name)
    if places is not None:
        template = _named(project, arguments, places[0])
        names = context_names(arguments.get(places[1], "context"))
        request = arguments.get(places[2], "request")
        given = Instance("builtins.str") if places[0] == 0 else Instance(_RESPONSE)
        names = with_request(project, names, request)
        return rendered(project, name, arguments, template, names, given)
    if name in _LOADING:
        template = arguments.get(0, "template_name") or arguments.get(0, "template_name_list")
        if template is not None:
            named = Named(template, Language.DJANGO)
            return Outcome.nothing(Instance(_TEMPLATE, arguments=(named,)))
    if name == f"{_TEMPLATE}.render" and isinstance(receiver, Instance) and receiver.arguments:
        names = context_names(arguments.get(0, "context"))
        names = with_request(project, names, arguments.get(1, "request"))
        template, given = receiver.arguments[0], Instance("builtins.str")
        return rendered(project, name, arguments, template, names, given)
    return None


def _named(project: Project, arguments: Arguments, position: int) -> Value | None:
    """What names the template: where that is a parameter that nobody is known to give, the text
    that it is by default.
    """
    given = arguments.get(position, "template_name")
    if not isinstance(given, Unknown) or position >= len(arguments.terms) or not arguments.site:
        return given
    module = project.table.by_path[arguments.site[0]]
    terms = module.facts.terms
    term = t.unaliased(terms, arguments.terms[position])
    if terms[term][0] != t.PARAM:
        return given
    parameter = module.facts.scopes[module.code_scope_of(term)].parameters[terms[term][1]]
    default = terms[parameter.default] if parameter.default >= 0 else t.NOTHING
    return Constant(default[1]) if default[0] == t.CONST else given


def rendered(
    project: Project,
    name: str,
    arguments: Arguments,
    template: Value | None,
    names: dict[str, Value],
    given: Value,
) -> Outcome:
    """A call that runs a template, if it is known which."""
    run = RunExternal(name)
    place = Place(*arguments.site) if arguments.site is not None else None
    runs: tuple[Alternative, ...] = ()
    if template is not None:
        runs = project.templates.rendering(template, Language.DJANGO, names, place=place)
    if not runs or None in runs:
        return Outcome(((run,),), given)
    return Outcome(tuple([(run, *(alternative or ())) for alternative in runs]), given)


# -- after the view --------------------------------------------------------------------------------


def consumers(project: Project, modules: Container[Module]) -> Iterator[Consumer]:
    """Templates that calls render, and those of responses that are rendered when the view has
    returned.
    """
    everywhere = bool(processed(project))
    yield from rendering_calls(
        project, ("render", "render_to_string"), modules, everywhere=everywhere
    )
    for site in project.call_sites.of(frozenset(_RESPONSES)):
        if site.frame.module not in modules:
            continue
        name_at, context_at = _RESPONSES[site.name]
        arguments = site.arguments
        template = arguments.get(name_at, "template")
        if template is None:
            continue
        names = context_names(arguments.get(context_at, "context"))
        request = arguments.get(0, "request") if name_at else None
        names = with_request(project, names, request)
        yield consumer(
            project, Place(site.frame.module.path, site.term), template, names, site.frame
        )


def consumer(
    project: Project, place: Place, template: Value, names: dict[str, Value], frame: Frame
) -> Consumer:
    """What goes through rows in a template."""
    runs = project.templates.rendering(template, Language.DJANGO, names, place=place)
    frames = [
        run.frame for alternative in runs for run in alternative or () if isinstance(run, RunFrame)
    ]
    return page(project, place, frame.module, frames)
