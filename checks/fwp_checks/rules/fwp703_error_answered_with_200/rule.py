"""FWP703: an exception is answered with status 200."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, handlers

RULE = Rule(
    code="FWP703",
    name="error-answered-with-200",
    summary="A handler catches an exception and answers with status 200.",
    severity=Severity.WARNING,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/handling-errors/#install-custom-exception-handlers"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a file, at the first such answer."""
    hidden = [
        caught
        for caught in file.project.injection.answers.hidden.get(file.module.path, ())
        if not handlers.wants_200(caught.route, caught.frame)
    ]
    if not hidden:
        return
    first = hidden[0]
    way, link = handlers.error_handling(first.route)
    names = list(dict.fromkeys(handlers.name(caught.frame) for caught in hidden))
    who = f"'{names[0]}'" + (f" {handlers.others(len(names))}" if len(names) > 1 else "")
    verb = "answers" if len(names) == 1 else "answer"
    yield file.finding(
        RULE,
        file.range_of(file.module, first.answer),
        f"{who} {verb} an exception with status 200: clients, retries and monitoring take the "
        f"failure for success; raise an error with a status, or {way}.",
        key=(first.frame.qualname,),
        fix_link=link,
        trace=[
            Step(
                file.module.path,
                file.range_of(file.module, caught.answer),
                f"'{caught.frame.name}' does so, too",
            )
            for caught in hidden[1:]
        ],
    )
