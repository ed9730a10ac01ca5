"""FWP401: handlers begin with the same statements."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.repetition.extraction import short
from fwp_checks.project.repetition.prologues import Prologue
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, handlers

RULE = Rule(
    code="FWP401",
    name="repeated-handler-prologue",
    summary="Several handlers begin with the same statements, which could be one dependency.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/dependencies/#first-steps",
)
_DECORATORS = "https://flask.palletsprojects.com/en/stable/patterns/viewdecorators/"
_DJANGO = "https://docs.djangoproject.com/en/stable/topics/class-based-views/mixins/"
_REST = "https://www.django-rest-framework.org/api-guide/permissions/#custom-permissions"
_PARAMETERS = (
    "https://fastapi.tiangolo.com/tutorial/dependencies/classes-as-dependencies/"
    "#classes-as-dependencies_1"
)


def check(file: FileView) -> Iterator[Finding]:
    """Three or more statements that three or more handlers begin with."""
    for prologue in handlers.prologues(file, is_entity=False):
        first = prologue.first
        injects = file.project.injection.injects(first.route)
        if not injects and not prologue.answers:
            # Nothing would hand over what they bind.
            continue
        number = len(prologue.beginnings)
        what = (
            "calculation with their parameters"
            if prologue.computes
            else f"{len(first.statements)} statements"
        )
        if prologue.computes and injects:
            way, link = "take it as a dependency: a class with these parameters", _PARAMETERS
        else:
            way = handlers.way_out(file, prologue)
            link = RULE.fix_link if injects else _link(file, prologue)
        yield handlers.report(
            file,
            RULE,
            prologue,
            f"'{handlers.name(first.frame)}' {handlers.others(number)} begin with the same {what} "
            f"({short(first)}), to be changed in {number} places; {way}.",
            severity=Severity.INFO if prologue.computes else None,
            fix_link=link,
        )


def _link(file: FileView, prologue: Prologue) -> str:
    """The page that shows where such statements belong, where nothing is injected."""
    if handlers.is_of_rest_framework(file, prologue):
        return _REST
    return _DJANGO if handlers.is_django(prologue.first.route) else _DECORATORS
