"""FWP515: connections are made before the server forks its workers."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Range, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP515",
    name="pool-created-before-fork",
    summary="Connections are made at import by a server that forks its workers afterwards.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/core/pooling.html#pooling-multiprocessing",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a pool, client or connection that is connected when its file is imported."""
    for opening, server in file.project.lifetimes.pools.before_fork(file.module):
        message = (
            f"'{opening.name}' connects when the file is imported, and {server.path}:{server.line} "
            "loads the application before it forks, so all workers use the same sockets; open it "
            "in each worker, when the application starts."
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, opening.term),
            message,
            key=(opening.name,),
            trace=(Step(server.path, Range(server.line, 1, server.line, 1), "loads it first"),),
        )
