"""FWP305: importing a module starts the development server."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.application.import_order import main_guards
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP305",
    name="flask-run-at-import",
    summary="app.run() runs when the module is imported.",
    severity=Severity.ERROR,
    fix_link="https://flask.palletsprojects.com/en/stable/server/#in-code",
)
_RUN = frozenset({"flask.Flask.run"})


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call at the top of a module that others import."""
    module = file.module
    if not structure.matters(file) or not _is_imported(file):
        return
    for site in file.project.call_sites.of(_RUN):
        if site.frame.module is not module or site.frame.scope_number:
            continue
        if any(start <= site.term < end for start, end in main_guards(module)):
            continue
        message = (
            f"run() at the top of '{module.name}' starts the development server when the module is "
            "imported, which then never ends; put it below if __name__ == '__main__'."
        )
        yield file.finding(RULE, file.range_of(module, site.term), message, key=("run",))


def _is_imported(file: FileView) -> bool:
    """Whether a module is more than a script: others import it, or it makes the application."""
    module = file.module
    if module.is_package or file.project.structure.loaded.importers.get(module):
        return True
    applications = file.project.applications
    return any(
        router.framework == "Flask" and router.place.path == module.path
        for router in applications.applications
    ) or any(route.place.path == module.path for route in applications.routes)
