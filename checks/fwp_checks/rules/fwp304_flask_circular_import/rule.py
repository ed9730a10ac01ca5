"""FWP304: modules of a Flask application import each other before names are bound."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Range, Severity, Step
from fwp_checks.project.structure.import_order import Unbound
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP304",
    name="flask-circular-import",
    summary="Modules of a Flask application import each other, and a name is not bound yet.",
    severity=Severity.WARNING,
    fix_link="https://flask.palletsprojects.com/en/stable/patterns/packages/#simple-packages",
)
_WAY_OUT = "put extensions into a module that imports neither, and make the app in a factory"


def check(file: FileView) -> Iterator[Finding]:
    """One finding an import that fails, or that runs the application's module once more."""
    if not structure.matters(file):
        return
    for unbound in file.project.structure.import_order.of(file.module):
        step, waiting = unbound.step, unbound.waiting
        yield file.finding(
            RULE,
            Range(step.line, step.column + 1, step.end_line, step.end_column + 1),
            _message(unbound),
            key=(unbound.owner.name, unbound.name),
            severity=Severity.WARNING if unbound.is_twice else Severity.ERROR,
            trace=[
                Step(
                    unbound.owner.path,
                    Range(
                        waiting.line, waiting.column + 1, waiting.end_line, waiting.end_column + 1
                    ),
                    f"'{unbound.owner.name}' imports this module here, directly or not",
                )
            ],
        )


def _message(unbound: Unbound) -> str:
    owner, name, line = unbound.owner.name, unbound.name, unbound.waiting.line
    if unbound.is_twice:
        return (
            f"'{name}' is imported from '{owner}', which is run as a script and imports this "
            f"module (line {line}): Python runs it a second time as '{owner}', so there are two of "
            f"'{name}'; {_WAY_OUT}."
        )
    return (
        f"'{name}' is imported from '{owner}', which imports this module (line {line}) before it "
        f"binds '{name}': ImportError; {_WAY_OUT}."
    )
