"""FWP707: nothing tells of errors, load, or being alive."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, structure

RULE = Rule(
    code="FWP707",
    name="no-monitoring",
    summary="An application has no error tracking, metrics, log configuration or health route.",
    severity=Severity.INFO,
    fix_link="https://flask.palletsprojects.com/en/stable/errorhandling/#error-logging-tools",
    status=Status.PREVIEW,
)
_FEWEST_ROUTES = 10


def check(file: FileView) -> Iterator[Finding]:
    """One finding a project, at the first of its applications."""
    if not structure.matters(file):
        return
    applications = file.project.applications
    first = next(iter(applications.applications), None)
    if first is None or first.place.path != file.module.path:
        return
    number = len(applications.routes)
    if number < _FEWEST_ROUTES or not file.project.structure.monitoring.is_absent:
        return
    message = (
        f"'{first.name or first.class_name}' has {number} routes, and nothing in the project "
        "tells of their errors, their load or that they are alive: no error tracking, metrics, log "
        "configuration or health route; add at least one."
    )
    where = file.range_of(file.module, first.place.term)
    yield file.finding(RULE, where, message, key=(first.name,))
