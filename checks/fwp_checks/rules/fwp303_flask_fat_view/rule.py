"""FWP303: a Flask view that is business logic."""

from __future__ import annotations

from collections.abc import Iterable

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, structure

RULE = Rule(
    code="FWP303",
    name="flask-fat-view",
    summary="A Flask view does the work that it should hand on.",
    severity=Severity.WARNING,
    fix_link="https://flask.palletsprojects.com/en/stable/tutorial/layout/",
    status=Status.PREVIEW,
)


def check(file: FileView) -> Iterable[Finding]:
    """One finding a view."""
    return structure.report_fat(file, RULE, True, "view")
