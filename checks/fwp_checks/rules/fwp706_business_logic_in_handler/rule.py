"""FWP706: a handler that is business logic."""

from __future__ import annotations

from collections.abc import Iterable

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, structure

RULE = Rule(
    code="FWP706",
    name="business-logic-in-handler",
    summary="A handler does the work that it should hand on.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/bigger-applications/#apirouter",
    status=Status.PREVIEW,
)


def check(file: FileView) -> Iterable[Finding]:
    """One finding a handler of any framework but Flask, of which FWP303 speaks."""
    return structure.report_fat(file, RULE, False, "handler")
