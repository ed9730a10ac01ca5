"""FWP410: all routes of a router declare a dependency for what it does."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP410",
    name="router-level-dependency",
    summary="All routes of a router declare the same dependency without reading its result.",
    severity=Severity.INFO,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/"
        "dependencies-in-path-operation-decorators/"
        "#dependencies-for-a-group-of-path-operations"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """Dependencies of five or more routes, all that a router has."""
    for shared in file.project.injection.repeated.shared.get(file.module.path, ()):
        name = _source(file, shared.dependency.place)
        made = shared.router.name or "the router"
        yield file.finding(
            RULE,
            file.range_of(file.module, shared.router.place.term),
            f"all {len(shared.places)} routes of '{made}' declare Depends({name}) and read "
            "nothing of it; declare it once, in the dependencies of the router.",
            key=(made, name),
            trace=[
                Step(
                    place.path,
                    file.range_of(file.project.table.by_path[place.path], place.term),
                    "it is declared here",
                )
                for place in shared.places
            ],
        )


def _source(file: FileView, place: Place) -> str:
    """What stands in ``Depends(…)``, as it is written."""
    module = file.project.table.by_path[place.path]
    line, column, end_line, end_column = module.facts.span(place.term)
    if module.text is None or line != end_line:
        return "…"
    text = module.text.split("\n")[line - 1][column:end_column]
    return text[text.index("(") + 1 : -1].strip()
