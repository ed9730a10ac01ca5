"""FWP704: tables are made or changed outside of migrations."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, schema, structure

RULE = Rule(
    code="FWP704",
    name="schema-changed-outside-migrations",
    summary="An application makes or alters tables by itself, in place of migrations.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.sqlalchemy.org/en/20/core/metadata.html"
        "#altering-database-objects-through-migrations"
    ),
)
_DJANGO = "https://docs.djangoproject.com/en/stable/topics/migrations/#workflow"


def check(file: FileView) -> Iterator[Finding]:
    """At most two findings a file: create_all(), of which FWP306 speaks in Flask, and statements in
    SQL.
    """
    if structure.matters(file):
        if not schema.is_of_flask(file):
            yield from schema.created(file, RULE, "Alembic")
        yield from _written(file)


def _written(file: FileView) -> Iterator[Finding]:
    changes = [c for c in file.project.structure.schema_changes.of(file.module) if c.is_raw]
    if changes:
        first = changes[0]
        more = f" (and {len(changes) - 1} more like it here)" if len(changes) > 1 else ""
        is_django = schema.is_of_django(file)
        message = (
            f"{first.what} runs {first.moment.value}{more}: no migration knows of it, so "
            "databases differ by when they were made; write it as a migration "
            f"({'RunSQL in Django' if is_django else 'Alembic'})."
        )
        link = _DJANGO if is_django else ""
        yield schema.report(file, RULE, changes, message, RULE.severity, link)
