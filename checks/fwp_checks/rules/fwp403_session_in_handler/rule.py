"""FWP403: handlers open sessions themselves."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, handlers

RULE = Rule(
    code="FWP403",
    name="session-in-handler",
    summary="A handler opens a database session itself instead of having one injected.",
    severity=Severity.WARNING,
    status=Status.PREVIEW,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/"
        "#a-database-dependency-with-yield"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a file, at the first handler that opens a session."""
    opened = file.project.injection.opened.sessions.get(file.module.path, ())
    if not opened:
        return
    first = opened[0]
    provided = map(file.project.injection.opened.provider, opened)
    provider = next((frame for frame in provided if frame is not None), None)
    is_one = len(opened) == 1
    who = f"'{first.frame.name}'" + ("" if is_one else f" {handlers.others(len(opened))}")
    if first.by_hand is not None:
        does = f"{'calls' if is_one else 'call'} a dependency by hand for a database session"
    else:
        does = f"{'opens' if is_one else 'open'} a database session by hand"
    way = (
        f"declare Depends({provider.name}), which yields the same"
        if provider is not None
        else "declare one dependency that yields it and closes it"
    )
    yield file.finding(
        RULE,
        file.range_of(file.module, first.term),
        f"{who} {does}: tests cannot replace it, and each handler has to close it; {way}.",
        key=(first.frame.qualname,),
        severity=Severity.INFO if provider is None and is_one else None,
        trace=[
            Step(
                file.module.path,
                file.range_of(file.module, one.term),
                f"'{one.frame.name}' opens a session",
            )
            for one in opened[1:]
        ],
    )
