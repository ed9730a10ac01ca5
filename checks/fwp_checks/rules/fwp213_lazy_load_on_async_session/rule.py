"""FWP213: a relation that was not loaded is read from an object of an asynchronous session."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP213",
    name="lazy-load-on-async-session",
    summary="Reading a relation that was not loaded raises MissingGreenlet on an AsyncSession.",
    severity=Severity.ERROR,
    fix_link=(
        "https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm-avoid-lazyloads"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a read, at the read."""
    for refusal in file.refused_reads:
        refused = refusal.refused
        reader = "the response model reads it" if refusal.consumer else "it is read here"
        why = (
            "the mapping or the query forbids to load it lazily"
            if refused.is_forbidden
            else "a lazy load on an AsyncSession raises MissingGreenlet"
        )
        message = (
            f"'{refused.name}' was not loaded with its object, and {reader}: {why}; "
            f"add .options({refused.loading}) to the query."
        )
        scope = file.module.facts.scopes[file.module.code_scope_of(refusal.term)]
        yield file.finding(
            RULE,
            file.range_of(file.module, refusal.term),
            message,
            key=(scope.name, refused.name),
        )
