"""FWP515: connections are made before the server forks its workers."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Range, Severity, Step
from fwp_checks.project.deployment.records import Mention
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
    """One finding a pool, client or connection that is connected, and a call that makes tables,
    when the application is loaded.
    """
    pools = file.project.lifetimes.pools
    for opening, server in pools.before_fork(file.module):
        way_out = "open it in each worker, when the application starts"
        yield _finding(file, opening.term, opening.name, "the file is imported", server, way_out)
    for term, server in pools.making_tables(file.module):
        way_out = "leave it to migrations, or dispose of the engine when that is done"
        yield _finding(file, term, "create_all", "the application is loaded", server, way_out)


def _finding(
    file: FileView, term: int, name: str, when: str, server: Mention, way_out: str
) -> Finding:
    message = (
        f"'{name}' connects when {when}, and {server.path}:{server.line} "
        f"loads the application before it forks, so all workers use the same sockets; {way_out}."
    )
    return file.finding(
        RULE,
        file.range_of(file.module, term),
        message,
        key=(name,),
        trace=(Step(server.path, Range(server.line, 1, server.line, 1), "loads it first"),),
    )
