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
    changes = schema.made(file)
    if not changes or not schema.is_of_flask(file):
        return
    moment = changes[0].moment.value
    if file.project.structure.schema_changes.has_migrations:
        changes = [change for change in changes if not change.is_conditional]
        message = (
            f"create_all() makes the tables {moment}, past the migrations that this project has: a "
            "table made so is none that a migration can make; leave it to the migrations."
        )
        severity = Severity.INFO
    elif not schema.has_unread_files(file):
        message = (
            f"create_all() makes the tables {moment}, and nothing ever changes them: it passes "
            "over tables that exist; use migrations (Flask-Migrate, Alembic)."
        )
        severity = Severity.WARNING
    else:
        return
    if changes and structure.matters(file):
        yield schema.report(file, RULE, changes, message, severity)
