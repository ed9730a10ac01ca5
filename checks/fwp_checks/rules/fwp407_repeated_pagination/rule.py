"""FWP407: handlers declare the same pair of pagination parameters."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, handlers

RULE = Rule(
    code="FWP407",
    name="repeated-pagination",
    summary="Many handlers declare the same pair of pagination parameters.",
    severity=Severity.INFO,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/classes-as-dependencies/"
        "#classes-as-dependencies_1"
    ),
)
_MANY = 8


def check(file: FileView) -> Iterator[Finding]:
    """Pairs such as ``skip`` and ``limit`` in four or more handlers of an application."""
    for repeated in file.project.injection.repeated.pagination.get(file.module.path, ()):
        first = repeated.frames[0]
        number = len(repeated.frames)
        names = " and ".join(f"'{name}'" for name in repeated.names)
        yield file.finding(
            RULE,
            file.definition_range(first.scope),
            f"'{first.name}' {handlers.others(number)} declare {names}, {repeated.equal} of them "
            "with the same defaults and bounds; declare them once, in a class or model that "
            "handlers take as a dependency.",
            key=repeated.names,
            severity=Severity.WARNING if repeated.equal >= _MANY else None,
            trace=handlers.steps(file, repeated.frames, "declares them, too"),
        )
