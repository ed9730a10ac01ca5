"""FWP517: a process has more threads than its pool has connections."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Range, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status

RULE = Rule(
    code="FWP517",
    name="pool-smaller-than-workers",
    summary="The pool has fewer connections than the server has threads in each process.",
    severity=Severity.INFO,
    fix_link="https://docs.sqlalchemy.org/en/20/core/pooling.html#connection-pool-configuration",
    status=Status.PREVIEW,
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a pool."""
    for term, name, size, server in file.project.lifetimes.pools.too_small(file.module):
        mention = server.mention
        message = (
            f"This pool gives out {size} connections at most, and {mention.path}:{mention.line} "
            f"starts {server.threads} threads in each process, so requests wait for one another; "
            "make it as large as the number of threads."
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, term),
            message,
            key=(name,),
            trace=(Step(mention.path, Range(mention.line, 1, mention.line, 1), "starts threads"),),
        )
