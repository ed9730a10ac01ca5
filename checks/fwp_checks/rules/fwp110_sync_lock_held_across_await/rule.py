"""FWP110: a thread lock is held while the function awaits."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP110",
    name="sync-lock-held-across-await",
    summary="A thread lock held across an await blocks the event loop, and can stop it for good.",
    severity=Severity.ERROR,
    fix_link="https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock",
)


def check(file: FileView) -> Iterator[Finding]:
    """``with lock:`` blocks, in functions on the event loop, that hold a thread lock and await."""
    for held in file.locks_across_await:
        line = file.module.facts.span(held.awaited)[0]
        name = file.name_of(held.path, held.scope)
        effect = (
            "other tasks get it all the same, as they run in the thread that holds it"
            if held.is_reentrant
            else "another task that wants it stops the event loop, and this one never releases it"
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, held.term),
            f"'{held.lock}' is held across the await in line {line} of '{name}': "
            f"{effect}; use asyncio.Lock with 'async with'.",
            key=(file.module.qualname(held.scope), held.lock),
        )
