"""One template's bytes to its facts."""

from __future__ import annotations

from typing import Protocol

from fwp_checks.facts.model import ModuleFacts
from fwp_checks.facts.templates import Language
from fwp_checks.facts.templates.django import DjangoTemplate
from fwp_checks.facts.templates.jinja import JinjaTemplate
from fwp_checks.facts.templates.source import TemplateError, Text, decode


class _Template(Protocol):
    def walk(self) -> None: ...

    def facts(self) -> ModuleFacts: ...


def extract_template(data: bytes, language: Language) -> ModuleFacts:
    """The facts of a template's bytes. Never raises: a template that its own language would refuse
    gives facts with a ``problem``.
    """
    try:
        source = Text(decode(data))
    except TemplateError as problem:
        line = data.count(b"\n", 0, problem.index) + 1
        column = problem.index - data.rfind(b"\n", 0, problem.index)
        return ModuleFacts.unreadable(line, column, problem.reason)
    template: _Template = (
        JinjaTemplate(source) if language is Language.JINJA else DjangoTemplate(source)
    )
    try:
        template.walk()
    except TemplateError as problem:
        line, column = source.position(problem.index)
        return ModuleFacts.unreadable(line, column + 1, problem.reason, source.line_count)
    except RecursionError:
        return ModuleFacts.unreadable(1, 1, "nested too deeply to analyse", source.line_count)
    return template.facts()
