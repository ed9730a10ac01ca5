"""FWP302: a Flask application exists before anything can configure it."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.structure.early_binding import EarlyBinding
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP302",
    name="flask-no-app-factory",
    summary="A Flask application is made and bound at import, and configured afterwards.",
    severity=Severity.WARNING,
    fix_link="https://flask.palletsprojects.com/en/stable/patterns/appfactories/#basic-factories",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding an application, where it is made."""
    if not structure.matters(file):
        return
    for early in file.project.structure.early_bindings.of(file.module):
        application = early.application
        trace = structure.steps(file, [(early.bound, f"{early.extension} is bound to it here")])
        for module, term in early.changed[:5]:
            where = file.range_of(module, term)
            trace.append(Step(module.path, where, "a test writes its settings here"))
        yield file.finding(
            RULE,
            file.range_of(file.module, application.place.term),
            _message(early),
            key=(application.name,),
            severity=Severity.INFO if early.is_read_later and not early.others else None,
            trace=trace,
        )


def _message(early: EarlyBinding) -> str:
    name = early.application.name or "the application"
    bound = (
        f"'{name}' is made when its module is imported, and {early.extension} is bound to it there"
    )
    if early.changed:
        module, term = early.changed[0]
        line = module.facts.span(term)[0]
        known = "" if early.is_read_later else ", when they have been read"
        harm = f"; tests write its settings later ({module.path}:{line}){known}: "
    else:
        harm = (
            f" with {early.chosen}, so that no other settings ({structure.named(early.others)}) "
            "can be chosen: "
        )
    return f"{bound}{harm}make it in a function that takes the settings, and use init_app()."
