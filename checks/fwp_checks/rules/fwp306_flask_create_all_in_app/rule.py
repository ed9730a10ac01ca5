"""FWP306: a Flask application makes its tables by itself."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, schema, structure

RULE = Rule(
    code="FWP306",
    name="flask-create-all-in-app",
    summary="A Flask application calls create_all() when it is made, in place of migrations.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.sqlalchemy.org/en/20/core/metadata.html"
        "#altering-database-objects-through-migrations"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a file."""
    if structure.matters(file) and schema.is_of_flask(file):
        yield from schema.created(file, RULE, "Flask-Migrate, Alembic")
