"""What the rules about the choice of framework share: where they report, and what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.finding import Finding, Step
from fwp_checks.rules.databases import start_of, why

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.batteries import Service
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

MOST_STEPS = 15


def report(file: FileView, rule: Rule, service: Service, message: str, most: int) -> Finding:
    """A finding at the routes of an application, with a step for each of the first of them."""
    steps = []
    for route in service.routes[:most]:
        module = file.project.table.by_path[route.place.path]
        names = ", ".join(dict.fromkeys(handler.frame.qualname for handler in route.handlers))
        steps.append(
            Step(module.path, start_of(module, route.place.term), f"leads to {names}, JSON alone")
        )
    return file.finding(
        rule,
        start_of(file.module, service.application.place.term),
        message,
        key=("urlpatterns",),
        trace=[*why(service.leaf), *steps],
    )
