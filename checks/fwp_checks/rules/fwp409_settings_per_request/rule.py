"""FWP409: settings are read anew for each request."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

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
_FLASK = "https://flask.palletsprojects.com/en/stable/config/#configuration-best-practices"


def check(file: FileView) -> Iterator[Finding]:
    """Settings made in handlers and dependencies, and classes of settings as dependencies; then
    variables of the environment that several handlers read.
    """
    yield from _made(file)
    yield from _variables(file)


def _made(file: FileView) -> Iterator[Finding]:
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


def _variables(file: FileView) -> Iterator[Finding]:
    """One finding a file, at the variable that most handlers read."""
    found = file.project.injection.repeated.variables.get(file.module.path)
    if not found:
        return
    (first, term), *others = found[0].places
    shown = structure.named([f"'{frame.name}'" for frame, _ in found[0].places])
    more = f" (and {len(found) - 1} more so)" if len(found) > 1 else ""
    route, _ = file.project.applications.handlers[first.function]
    in_flask = route.framework == "Flask"
    way_out = (
        "read it once, into the application's config"
        if in_flask
        else "make it an attribute of settings that are read once"
    )
    places = [(Place(frame.module.path, at), f"'{frame.name}' reads it") for frame, at in others]
    yield file.finding(
        RULE,
        file.range_of(first.module, term),
        f"{len(found[0].places)} handlers ({shown}) read '{found[0].name}' from the environment"
        f"{more}: that it is missing shows no sooner than in a request; {way_out}.",
        key=(found[0].name,),
        severity=Severity.INFO,
        fix_link=_FLASK if in_flask else "",
        trace=structure.steps(file, places),
    )
