"""FWP221: rows are fetched only to be counted, or to see whether there are any."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP221",
    name="len-instead-of-count",
    summary="All rows are fetched for their number, or to see whether there are any.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.djangoproject.com/en/stable/topics/db/optimization/"
        "#don-t-overuse-contains-count-and-exists"
    ),
)
_WHAT = {
    "count": "fetches every row only to count them; let the database do it with .count()",
    "exists": "fetches every row only to see whether there are any; ask with .exists()",
}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a place where nothing else uses the rows."""
    for waste in file.wasted_rows:
        asked = "len()" if waste.is_length else "the truth test"
        yield file.finding(
            RULE,
            file.range_of(file.module, waste.term),
            f"{asked} of a queryset {_WHAT[waste.instead]}.",
            key=(file.module.qualname(waste.scope), waste.instead),
        )
