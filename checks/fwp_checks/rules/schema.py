"""What the rules about tables that an application makes by itself share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Severity
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.structure.schema_changes import Moment, SchemaChange
from fwp_checks.rules import structure

if TYPE_CHECKING:
    from fwp_checks.finding import Finding
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule


def is_of_flask(file: FileView) -> bool:
    """Whether the application that a file belongs to is one of Flask."""
    frameworks = {router.framework for router in file.project.applications.applications}
    if "Flask" not in frameworks or len(frameworks) == 1:
        return "Flask" in frameworks
    imports = {entry.module.partition(".")[0] for entry in file.module.facts.imports}
    return any(name.startswith("flask") for name in imports)


def is_of_django(file: FileView) -> bool:
    """Whether Django's migrations are those of a file: it imports Django, or all applications of
    the project are Django's.
    """
    frameworks = {router.framework for router in file.project.applications.applications}
    return frameworks == {"Django"} or any(
        entry.module.partition(".")[0] == "django" for entry in file.module.facts.imports
    )


def created(file: FileView, rule: Rule, tools: str) -> Iterator[Finding]:
    """A finding about ``create_all()`` when an application starts, which ``tools`` should replace.

    Where there are migrations it is an info, and none if the call stands under a condition; none
    either where it is not known that there are none.
    """
    schema_changes = file.project.structure.schema_changes
    changes = [
        change
        for change in schema_changes.of(file.module)
        if not change.is_raw and change.moment is not Moment.REQUEST
    ]
    if not changes:
        return
    if schema_changes.has_migrations:
        changes = [change for change in changes if not change.is_conditional]
        why = (
            "past the migrations that this project has: a table made so is none that a migration "
            "can make; leave it to the migrations"
        )
        severity = Severity.INFO
    else:
        why = (
            "and nothing ever changes them: it passes over tables that exist; use migrations "
            f"({tools})"
        )
        severity = Severity.WARNING
        if file.project.table.unread:
            return
    if changes:
        message = f"create_all() makes the tables {changes[0].moment.value}, {why}."
        yield report(file, rule, changes, message, severity)


def report(
    file: FileView,
    rule: Rule,
    changes: Sequence[SchemaChange],
    message: str,
    severity: Severity,
    fix_link: str = "",
) -> Finding:
    """One finding at the first of some changes, the others as its trace."""
    first, *others = changes
    places = [(Place(change.module.path, change.term), change.what) for change in others]
    return file.finding(
        rule,
        file.range_of(file.module, first.term),
        message,
        key=(first.what,),
        severity=severity,
        fix_link=fix_link,
        trace=structure.steps(file, places),
    )
