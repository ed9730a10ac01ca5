"""FWP705: a route that no test calls."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.application.model import Route
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, structure

RULE = Rule(
    code="FWP705",
    name="endpoint-without-test",
    summary="Tests call routes of the project, and none of them calls this one.",
    severity=Severity.INFO,
    fix_link="https://fastapi.tiangolo.com/tutorial/testing/#using-testclient",
    status=Status.PREVIEW,
)
_DJANGO = "https://docs.djangoproject.com/en/stable/topics/testing/tools/#the-test-client"
_LINKS = {
    "Flask": (
        "https://flask.palletsprojects.com/en/stable/testing/#sending-requests-with-the-test-client"
    ),
    "Django": _DJANGO,
    "Django REST framework": (
        "https://www.django-rest-framework.org/api-guide/testing/#api-test-cases"
    ),
    "Django Ninja": _DJANGO,
}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a file, at the first of its routes that no test calls."""
    if not structure.matters(file):
        return
    # An application that is made in one of two branches has each of its routes twice.
    routes: dict[tuple[Place, str], list[Route]] = {}
    for route in file.project.applications.routes:
        if route.place.path == file.module.path:
            routes.setdefault((route.place, _shown(route)), []).append(route)
    if not routes or not file.project.structure.client_calls.is_known:
        return
    calls = file.project.structure.client_calls
    untested = [
        same[0]
        for same in routes.values()
        if same[0].handlers and not any(map(calls.is_called, same))
    ]
    if untested:
        paths = [_shown(route) for route in untested]
        number = (
            "the only route" if len(routes) == 1 else f"{len(untested)} of {len(routes)} routes"
        )
        message = (
            f"No test calls {number} of this file: {structure.named(paths)}; call each with the "
            "test client at least once."
        )
        places = [(route.place, f"no test calls {_shown(route)}") for route in untested]
        yield file.finding(
            RULE,
            file.range_of(file.module, untested[0].place.term),
            message,
            key=("untested",),
            fix_link=_LINKS.get(untested[0].framework, ""),
            trace=structure.steps(file, places),
        )


def _shown(route: Route) -> str:
    methods = sorted({method for handler in route.handlers for method in handler.methods})
    return " ".join(["/".join(methods), route.path or "/"]).strip()
