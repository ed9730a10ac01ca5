"""FWP504: a connection pool is asked of a driver that has none."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.configuration.connections import Connections
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.databases import is_in, key_range, mention

RULE = Rule(
    code="FWP504",
    name="django-pool-driver",
    summary="A connection pool is asked of a database driver that has none.",
    severity=Severity.ERROR,
    fix_link="https://docs.djangoproject.com/en/stable/ref/databases/#postgresql-pool",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding for each pool."""
    for found in Connections.of(file.project).unpooled:
        pool, asked = found.database.pool, found.requirement
        if pool is None or not is_in(file, pool.place):
            continue
        if asked is None:
            reason = "its engine takes no such option; leave it out"
        else:
            reason = f"the project asks for {asked.name}, which has none; use psycopg[pool]"
        yield file.finding(
            RULE,
            key_range(file.module, pool.place.term, "pool"),
            f"Database '{found.database.alias}' has OPTIONS[\"pool\"], with which it cannot "
            f"connect: {reason}.",
            key=(found.database.alias,),
            trace=[mention(asked.mention, f"{asked.name} is asked for")] if asked else (),
        )
