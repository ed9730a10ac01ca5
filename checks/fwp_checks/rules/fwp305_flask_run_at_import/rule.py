"""FWP305: importing a module starts a server."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.facts import terms as t
from fwp_checks.finding import Finding, Severity
from fwp_checks.project.meaning.values import options_of
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP305",
    name="flask-run-at-import",
    summary="app.run() runs when the module is imported.",
    severity=Severity.ERROR,
    fix_link="https://flask.palletsprojects.com/en/stable/server/#in-code",
)

# https://flask-socketio.readthedocs.io/en/latest/api.html#flask_socketio.SocketIO.run
_SERVING = ("flask.Flask", "flask_socketio.SocketIO")


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call at the top of a module that others import."""
    module = file.module
    if not structure.matters(file):
        return
    for term in _runs(file):
        if module.runs_as_script(term) or not _is_imported(file):
            continue
        message = (
            f"run() at the top of '{module.name}' starts a server when the module is "
            "imported, which then never ends; put it below if __name__ == '__main__'."
        )
        yield file.finding(RULE, file.range_of(module, term), message, key=("run",))


def _runs(file: FileView) -> Iterator[int]:
    """The calls of ``run()`` of an application, or of what serves one, at the top of a module."""
    module = file.module
    terms = module.facts.terms
    frame = file.project.module_frame(module)
    for term in module.calls_in(0):
        called = terms[terms[term][1]]
        if called[0] == t.ATTR and called[2] == "run":
            value = file.project.values.evaluate(frame, called[1])
            if any(
                file.project.classes.is_instance(option, name)
                for option in options_of(value)
                for name in _SERVING
            ):
                yield term


def _is_imported(file: FileView) -> bool:
    """Whether a module is more than a script: others import it, or it makes the application."""
    module = file.module
    if module.is_package or file.project.structure.loaded.importers(module):
        return True
    applications = file.project.applications
    return any(
        router.framework == "Flask" and router.place.path == module.path
        for router in applications.applications
    ) or any(route.place.path == module.path for route in applications.routes)
