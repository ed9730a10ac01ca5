"""FWP502: a pool and an age of connections for the same database, which Django refuses."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Edit, Finding, Severity, Step
from fwp_checks.frameworks.django.configuration.connections import Connections
from fwp_checks.frameworks.django.configuration.databases import Database
from fwp_checks.frameworks.django.configuration.production import Production
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.databases import is_in, key_range, start_of, zero

RULE = Rule(
    code="FWP502",
    name="conn-max-age-with-pool",
    summary="CONN_MAX_AGE together with a connection pool: Django refuses to connect.",
    severity=Severity.ERROR,
    fix_link="https://docs.djangoproject.com/en/stable/ref/databases/#postgresql-pool",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding for each CONN_MAX_AGE."""
    for database in Connections.of(file.project).contradictory:
        age, pool = database.age, database.pool
        if age is None or pool is None or not is_in(file, age.place):
            continue
        other = file.project.table.by_path[pool.place.path]
        trace = [Step(other.path, start_of(other, pool.place.term), "the pool")]
        if database.supposed is not None:
            branching = file.project.table.by_path[database.supposed.path]
            start = start_of(branching, database.supposed.term)
            trace.append(Step(branching.path, start, "the branches that decide it"))
        where = " in one branch" if database.supposed is not None else ""
        if database.by_default:
            where = " by default"
        yield file.finding(
            RULE,
            key_range(file.module, age.place.term, "CONN_MAX_AGE"),
            f"Database '{database.alias}' has a connection pool and CONN_MAX_AGE{where}: Django "
            "raises ImproperlyConfigured when it first connects; leave CONN_MAX_AGE at 0.",
            key=(database.alias,),
            trace=trace,
            severity=Severity.WARNING if database.by_default else None,
            edits=_edits(file, database),
        )


def _edits(file: FileView, database: Database) -> tuple[Edit, ...]:
    """CONN_MAX_AGE of 0, where no other settings or branch can take the value without the pool."""
    age, pool = database.age, database.pool
    if age is None or pool is None or database.supposed is not None:
        return ()
    if database.by_default:
        return ()
    is_used = database.leaf in Production.of(file.project).all_leaves
    own = (pool.place.path, database.leaf.module.path) if is_used else (database.leaf.module.path,)
    is_own = age.place.path in own
    return zero(file.module, age.place.term, "CONN_MAX_AGE") if is_own else ()
