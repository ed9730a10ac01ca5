"""FWP602: a small API with a table or two, for which Django may be more than is needed."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.batteries import Batteries
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status
from fwp_checks.rules.services import MOST_STEPS, report

RULE = Rule(
    code="FWP602",
    name="django-for-small-api",
    summary="A small API for JSON uses one or two models of Django, and nothing else of it.",
    severity=Severity.INFO,
    fix_link="https://fastapi.tiangolo.com/tutorial/first-steps/",
    status=Status.PREVIEW,
)
_MOST_ROUTES = 10
_MOST_MODELS = 2


def check(file: FileView) -> Iterator[Finding]:
    """One finding, at the list of routes of the project."""
    batteries = Batteries.of(file.project)
    service = batteries.service
    if service is None or service.application.place.path != file.module.path:
        return
    if len(service.routes) > _MOST_ROUTES or batteries.is_only_routing(service):
        return
    models = batteries.models
    if not 0 < len(models) <= _MOST_MODELS or batteries.has_admin or batteries.has_pages:
        return
    if batteries.knows_users or batteries.has_commands or not batteries.knows_apps(service.leaf):
        return
    names = " and ".join(model.name for model in models)
    yield report(
        file,
        RULE,
        service,
        f"Of Django this API of {len(service.routes)} routes uses {names} alone: no admin, "
        "template, form or user; a smaller framework with SQLAlchemy would do.",
        MOST_STEPS,
    )
