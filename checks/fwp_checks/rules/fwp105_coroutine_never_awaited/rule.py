"""FWP105: a coroutine is made and dropped; its body never runs."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP105",
    name="coroutine-never-awaited",
    summary="An async function is called without await: its body never runs.",
    severity=Severity.ERROR,
    fix_link="https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines",
)


def check(file: FileView) -> Iterator[Finding]:
    """Expression statements that call an async function and do nothing with the coroutine."""
    for dropped in file.dropped_coroutines:
        scope = file.module.facts.scopes[dropped.scope]
        place = f"'{scope.name}'" if dropped.scope else "the module"
        way_out = (
            "await it" if scope.is_async else "run it on an event loop, or make the caller async"
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, dropped.term),
            f"coroutine '{dropped.name}' is never awaited in {place}: nothing of it runs; "
            f"{way_out}.",
            key=(file.module.qualname(dropped.scope), dropped.name),
        )
