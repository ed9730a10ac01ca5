"""FWP405: a dependency opens a session, and nothing closes it where the request fails."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.injection.closing import closed_in_finally
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP405",
    name="dependency-leaks-session",
    summary="A dependency hands over a session that nothing closes, or not where requests fail.",
    severity=Severity.WARNING,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/"
        "#a-dependency-with-yield-and-try"
    ),
)
_RETURNED = (
    "https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/"
    "#using-context-managers-in-dependencies-with-yield"
)


def check(file: FileView) -> Iterator[Finding]:
    """Dependencies that return the session they open, or yield it outside of ``try``."""
    for leak in file.project.injection.declared.leaks.get(file.module.path, ()):
        name = leak.frame.name
        if leak.is_returned:
            message = (
                f"'{name}' returns the session that it opens, and nothing closes it: each request "
                "keeps a connection until the garbage collector finds it; yield it inside a "
                "'with' block."
            )
        elif leak.closes:
            message = (
                f"'{name}' closes the session that it yields, but not where the request fails: "
                "its connection is lost to the pool; close it in 'finally'."
            )
        else:
            message = (
                f"'{name}' yields the session that it opens, and nothing closes it; close it in "
                "'finally', or yield it inside a 'with' block."
            )
        yield file.finding(
            RULE,
            file.range_of(file.module, leak.opened),
            message,
            key=(leak.frame.qualname,),
            severity=Severity.ERROR if leak.is_returned else None,
            fix_link=_RETURNED if leak.is_returned else "",
            edits=closed_in_finally(leak),
        )
