"""FWP301: all routes of a Flask application stand on the application itself."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP301",
    name="flask-monolith",
    summary="A Flask application with ten routes or more has no blueprint.",
    severity=Severity.WARNING,
    fix_link="https://flask.palletsprojects.com/en/stable/blueprints/#why-blueprints",
)
_FEWEST = 10


def check(file: FileView) -> Iterator[Finding]:
    """One finding an application, where it is made."""
    if not structure.matters(file):
        return
    for shape in file.project.structure.shapes.of(file.module):
        if shape.application.framework == "Flask":
            way_out = "move groups of routes to blueprints, in modules of their own"
            found = structure.monolith(file, RULE, shape, _FEWEST, "blueprint", way_out)
            if found is not None:
                yield found
