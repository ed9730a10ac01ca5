"""FWP402: handlers load the same thing, and answer 404 where there is none."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.repetition.extraction import short
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, handlers

RULE = Rule(
    code="FWP402",
    name="entity-or-404",
    summary="Several handlers load the same thing by a parameter and answer 404 by hand.",
    severity=Severity.WARNING,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/sub-dependencies/"
        "#second-dependency-dependable-and-dependant"
    ),
)
_MANY = 5
_FLASK = "https://flask-sqlalchemy.readthedocs.io/en/stable/queries/#queries-for-views"
_DJANGO = "https://docs.djangoproject.com/en/stable/topics/http/shortcuts/#get-object-or-404"


def check(file: FileView) -> Iterator[Finding]:
    """Loading by a parameter and the 404, as the first thing that three or more handlers do."""
    for prologue in handlers.prologues(file, is_entity=True):
        first = prologue.first
        number = len(prologue.beginnings)
        django = _DJANGO if handlers.is_django(first.route) else _FLASK
        yield handlers.report(
            file,
            RULE,
            prologue,
            f"'{handlers.name(first.frame)}' {handlers.others(number)} load the same way and "
            f"answer 404 by hand ({short(first)}); {handlers.way_out(file, prologue)}.",
            severity=Severity.WARNING if number >= _MANY else Severity.INFO,
            fix_link="" if file.project.injection.injects(first.route) else django,
        )
