"""FWP411: all routes of a FastAPI application stand on the application itself."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP411",
    name="fastapi-monolith",
    summary="A FastAPI application with twelve routes or more includes no router.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/bigger-applications/#apirouter",
)
_FEWEST = 12


def check(file: FileView) -> Iterator[Finding]:
    """One finding an application, where it is made."""
    if not structure.matters(file):
        return
    for shape in file.project.structure.shapes.of(file.module):
        if shape.application.class_name == "fastapi.FastAPI":
            way_out = "move groups of routes to APIRouters, in modules of their own"
            found = structure.monolith(file, RULE, shape, _FEWEST, "router", way_out)
            if found is not None:
                yield found
