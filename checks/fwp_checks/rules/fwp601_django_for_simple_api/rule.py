"""FWP601: Django does nothing for a project but to route requests for JSON."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.batteries import Batteries
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.services import MOST_STEPS, report

RULE = Rule(
    code="FWP601",
    name="django-for-simple-api",
    summary="Django does nothing for the project but to route requests for JSON.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/first-steps/",
)
_MOST_ROUTES = 15


def check(file: FileView) -> Iterator[Finding]:
    """One finding, at the list of routes of the project."""
    batteries = Batteries.of(file.project)
    service = batteries.service
    if service is None or service.application.place.path != file.module.path:
        return
    if len(service.routes) <= _MOST_ROUTES and batteries.is_only_routing(service):
        count = len(service.routes)
        yield report(
            file,
            RULE,
            service,
            f"Django only routes {count} path{'s' if count > 1 else ''} to views that return JSON "
            "here: no model, admin, template, form, user or session is used; FastAPI or Flask "
            "would do.",
            MOST_STEPS,
        )
