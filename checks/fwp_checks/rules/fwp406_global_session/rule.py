"""FWP406: requests share a session that a module opened."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP406",
    name="global-session",
    summary="A session opened at import is shared by all requests.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/orm/session_basics.html#session-faq-whentocreate",
)


def check(file: FileView) -> Iterator[Finding]:
    """Sessions that a module opens, and that functions read which requests reach."""
    for session in file.project.injection.opened.global_sessions.get(file.module.path, ()):
        first, at = session.readers[0]
        line = first.module.facts.span(at)[0]
        yield file.finding(
            RULE,
            file.range_of(file.module, session.term),
            f"'{session.name}' is one session for all requests (read in '{first.name}', "
            f"{first.module.path}:{line}): their transactions mix, and after an error it "
            "refuses all of them; open one for each request in a dependency that yields it.",
            key=(session.name,),
            trace=[
                Step(
                    frame.module.path,
                    file.range_of(frame.module, term),
                    f"'{frame.name}' reads it",
                )
                for frame, term in session.readers
            ],
        )
