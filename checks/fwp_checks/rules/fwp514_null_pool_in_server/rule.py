"""FWP514: the engine of a server keeps no connections."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP514",
    name="null-pool-in-server",
    summary="The engine of a server is made with NullPool, so each use of it connects anew.",
    severity=Severity.WARNING,
    fix_link="https://docs.sqlalchemy.org/en/20/core/pooling.html#pool-switching",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding an engine."""
    pools = file.project.lifetimes.pools
    made = [(one.frame, one.term, one.name) for one in pools.null_pools(file.module)]
    made += [(one.frame, one.term, "options") for one in pools.null_options(file.module)]
    for frame, term, name in made:
        message = (
            "An engine with NullPool keeps no connections, so each session that requests open "
            "connects to the database anew; leave poolclass out."
        )
        where = file.range_of(file.module, term)
        yield file.finding(RULE, where, message, key=(frame.qualname, name))
