"""FWP702: handlers catch every exception with the same lines."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, handlers

RULE = Rule(
    code="FWP702",
    name="repeated-except",
    summary="Many handlers of a module catch Exception with the same lines.",
    severity=Severity.WARNING,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/handling-errors/#install-custom-exception-handlers"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """Handlers that are one ``try``, with equal ``except Exception``, five or more."""
    for group in file.project.injection.answers.repeated.get(file.module.path, ()):
        first = group[0]
        way, link = handlers.error_handling(first.route)
        yield file.finding(
            RULE,
            file.range_of(file.module, first.answer),
            f"'{handlers.name(first.frame)}' {handlers.others(len(group))} of this module catch "
            f"every exception with the same lines; {way}, and let exceptions pass.",
            key=(first.frame.qualname,),
            fix_link=link,
            trace=[
                Step(
                    file.module.path,
                    file.range_of(file.module, one.answer),
                    f"'{one.frame.name}' answers alike",
                )
                for one in group[1:]
            ],
        )
