"""FWP516: a request throws away the connections that all requests share."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP516",
    name="engine-disposed-per-request",
    summary="dispose() of a shared engine runs for each request and drops its connections.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/core/connections.html#engine-disposal",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call of dispose()."""
    for frame, term, steps in file.project.lifetimes.pools.disposals(file.module):
        last = steps[-1].frame if steps else frame
        what = file.project.lifetimes.requested.label(last.function)
        message = (
            f"dispose() drops the connections of a shared engine each time {what} "
            f"'{last.name}' runs, so that the next request connects anew; call it when the "
            "application stops, if at all."
        )
        calls = [
            Call(*step.frame.function, step.term, name, name, step.function, "")
            for step in reversed(steps)
            for name in (file.name_of(*step.function),)
        ]
        yield file.finding(
            RULE,
            file.range_of(file.module, term),
            message,
            key=(frame.qualname, "dispose"),
            trace=file.steps(calls),
        )
