"""FWP603: admin, users, sessions and messages are installed and nothing uses them."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.batteries import Batteries
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.databases import start_of, why

RULE = Rule(
    code="FWP603",
    name="unused-batteries",
    summary="Apps of Django are installed that nothing in the project uses.",
    severity=Severity.INFO,
    fix_link="https://docs.djangoproject.com/en/stable/ref/settings/#installed-apps",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding for each settings module, at its list of apps."""
    term = file.module.facts.scopes[0].bindings.get("INSTALLED_APPS", -1)
    if term < 0:
        return
    for leaf, names in Batteries.of(file.project).unused:
        if leaf.module is file.module:
            listed = ", ".join(names)
            yield file.finding(
                RULE,
                start_of(file.module, term),
                f"Nothing in the project uses {listed}, but INSTALLED_APPS has "
                f"{'them' if len(names) > 1 else 'it'}: migrate makes tables for that, and "
                "requests go through its middleware; leave out both.",
                key=("INSTALLED_APPS",),
                trace=tuple(why(leaf)),
            )
