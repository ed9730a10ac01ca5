"""FWP501: the settings in production open a connection to the database for each request."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.configuration.connections import Connections, Reopened
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.databases import at, is_in, start_of, why

RULE = Rule(
    code="FWP501",
    name="django-no-persistent-connections",
    summary="The Django settings in production open a database connection for each request.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/databases/#persistent-connections",
)
_POOL = "https://docs.djangoproject.com/en/stable/ref/databases/#postgresql-pool"


def check(file: FileView) -> Iterator[Finding]:
    """One finding for the main database of each settings module, or for its others."""
    for found in Connections.of(file.project).reopened:
        if is_in(file, found.database.held.place):
            yield _finding(file, found)


def _finding(file: FileView, found: Reopened) -> Finding:
    database = found.database
    is_asgi = Connections.of(file.project).serves_asgi(database.leaf)
    what = f"Database '{database.alias}'"
    where = " in this branch" if found.kept and not found.is_secondary else ""
    if database.held.made_by:
        reason = f"{database.held.made_by}() gives no CONN_MAX_AGE unless it is told one"
    else:
        reason = "it has neither CONN_MAX_AGE nor a pool"
    way_out = (
        'set OPTIONS["pool"], since ASGI servers cannot keep connections by CONN_MAX_AGE'
        if is_asgi
        else 'set CONN_MAX_AGE, or OPTIONS["pool"] with psycopg 3'
    )
    trace = [*why(database.leaf)]
    if found.kept is not None:
        trace.append(at(file, found.kept, f"'{found.kept.alias}' has one"))
    trace.extend(at(file, other, f"nor has '{other.alias}' here") for other in found.others)
    return file.finding(
        RULE,
        start_of(file.module, database.held.place.term),
        f"{what} is connected to anew for each request{where}: {reason}; {way_out}.",
        key=(database.alias,),
        severity=Severity.INFO if found.is_secondary else None,
        fix_link=_POOL if is_asgi else "",
        trace=trace,
    )
