"""FWP409: settings are read anew for each request."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP409",
    name="settings-per-request",
    summary="Settings are built anew for each request.",
    severity=Severity.WARNING,
    fix_link=(
        "https://fastapi.tiangolo.com/advanced/settings/"
        "#creating-the-settings-only-once-with-lru-cache"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """Settings made in handlers and dependencies, and classes of settings as dependencies."""
    for made in file.project.injection.opened.settings.get(file.module.path, ()):
        where = (
            f"in '{made.function}', which runs for requests"
            if made.function
            else "by Depends(), for each request"
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, made.term),
            f"'{made.class_name}' is made anew {where}: environment and files are read and "
            "validated each time; make it once in a function under @lru_cache.",
            key=(made.function, made.class_name),
        )
