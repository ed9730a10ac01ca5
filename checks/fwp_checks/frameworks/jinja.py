"""Jinja: what renders which template with which context, in Flask, Starlette, Quart and by hand.

Source: flask/templating.py of Flask 3.1.3, starlette/templating.py of Starlette 1.3,
quart/templating.py of Quart 0.20, aiohttp_jinja2/__init__.py of aiohttp-jinja2 1.6,
jinja2/environment.py of Jinja 3.1.6. All of them render at once.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts.templates import Language
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django_templates.processors import context_names
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    Awaitable,
    Constant,
    Instance,
    Value,
)
from fwp_checks.project.templates.pages import rendering_calls
from fwp_checks.project.templates.templates import Named

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.needs import Consumer

_TEMPLATE = "jinja2.Template"
_TEXT = Instance("builtins.str")
# By the end of a function's name: what gives a template object, and what renders one.
_LOADING = (".get_template", ".select_template", ".get_or_select_template")
_RENDERING = frozenset({"render", "render_async", "generate", "generate_async", "stream"})
_BY_NAME = frozenset(
    {
        *("flask.render_template", "flask.stream_template"),
        *("flask.templating.render_template", "flask.templating.stream_template"),
        *("quart.render_template", "quart.stream_template"),
        *("quart.templating.render_template", "quart.templating.stream_template"),
    }
)
_RESPONSE = ".Jinja2Templates.TemplateResponse"
# Of a blueprint, those for all templates.
_PROCESSORS = frozenset(
    {
        *("flask.Flask.context_processor", "flask.Blueprint.app_context_processor"),
        *("quart.Quart.context_processor", "quart.Blueprint.app_context_processor"),
    }
)
_KEY = "jinja.context_processors"
# The theme stands before the name.
_THEMED = "flask_themes2.render_theme_template"
_AIOHTTP = frozenset(
    f"aiohttp_jinja2.{name}"
    for name in ("render_template", "render_string", "render_template_async")
)


class Jinja(Framework):
    """Hooks for what renders Jinja's templates."""

    name = "Jinja"
    modules = frozenset(
        {"jinja2", "flask", "quart", "starlette", "fastapi", "aiohttp_jinja2", "flask_themes2"}
    )
    look_ups = frozenset(
        name.rpartition(".")[2] for name in (*_BY_NAME, *_AIOHTTP, *_LOADING, _RESPONSE, _THEMED)
    )
    running = look_ups | _RENDERING

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Loading gives a template, rendering runs it."""
        if name in _BY_NAME:
            template = arguments.get(0, "template_name_or_list")
            names = _processed(project) | dict(arguments.keywords)
            given = Awaitable(_TEXT) if name.startswith("quart.") else _TEXT
            return self._rendered(project, name, arguments, template, names, given)
        if name == _THEMED:
            template = arguments.get(1, "template_name")
            names = _processed(project) | dict(arguments.keywords)
            return self._rendered(project, name, arguments, template, names, _TEXT)
        if name.endswith(_RESPONSE):
            template, context = _of_response(arguments)
            given = Instance("starlette.responses.Response")
            return self._rendered(project, name, arguments, template, context_names(context), given)
        if name in _AIOHTTP:
            names = context_names(arguments.get(2, "context"))
            template = arguments.get(0, "template_name")
            return self._rendered(project, name, arguments, template, names, _TEXT)
        if name.endswith(_LOADING):
            template = arguments.get(0)
            if template is None:
                return None
            named = Named(template, Language.JINJA)
            return Outcome.nothing(Instance(_TEMPLATE, arguments=(named,)))
        owner, _, method = name.rpartition(".")
        if owner == _TEMPLATE and method in _RENDERING and isinstance(receiver, Instance):
            names = context_names(arguments.get(0)) | dict(arguments.keywords)
            template = receiver.arguments[0] if receiver.arguments else None
            given = Awaitable(_TEXT) if method == "render_async" else _TEXT
            return self._rendered(project, name, arguments, template, names, given)
        return None

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The templates that calls render."""
        names = {name.rpartition(".")[2] for name in (*_BY_NAME, *_AIOHTTP, _RESPONSE, _THEMED)}
        return rendering_calls(project, sorted(names | _RENDERING), modules)

    @staticmethod
    def _rendered(
        project: Project,
        name: str,
        arguments: Arguments,
        template: Value | None,
        names: dict[str, Value],
        given: Value,
    ) -> Outcome:
        run = RunExternal(name, arguments)
        place = Place(*arguments.site) if arguments.site is not None else None
        beside = project.table.by_path.get(place.path) if place is not None else None
        runs: tuple[Alternative, ...] = ()
        if template is not None:
            runs = project.templates.rendering(template, Language.JINJA, names, beside, place)
        if not runs or None in runs:
            return Outcome(((run,),), given)
        return Outcome(tuple([(run, *(alternative or ())) for alternative in runs]), given)


def _processed(project: Project) -> dict[str, Value]:
    """The names that context processors of Flask and Quart give to every template."""

    def find(_: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for decoration in project.call_sites.decorated(_PROCESSORS):
            given = project.calls.invoke(decoration.function, NO_ARGUMENTS).result
            for name, value in context_names(given).items():
                found.setdefault(name, value)
        return found

    # What a processor renders itself sees nothing of them.
    return project.cuts.apart(project.framework_data, _KEY, find, {})


def _of_response(arguments: Arguments) -> tuple[Value | None, Value | None]:
    """The name and the context of ``TemplateResponse(request, name, context)``; the request stood
    in the context before Starlette 0.29.
    """
    first = arguments.get(0)
    if isinstance(first, Constant):
        return first, arguments.get(1, "context")
    return arguments.get(1, "name"), arguments.get(2, "context")


FRAMEWORK = Jinja()
