"""FWP503: connections are kept by their age although an ASGI server runs the project."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.frameworks.django.configuration.connections import Connections
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule
from fwp_checks.rules.databases import is_in, key_range, mention, why

RULE = Rule(
    code="FWP503",
    name="conn-max-age-under-asgi",
    summary="CONN_MAX_AGE is set although an ASGI server runs the project.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/topics/async/#queries-the-orm",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding for each CONN_MAX_AGE."""
    for found in Connections.of(file.project).under_asgi:
        age = found.database.age
        if age is None or not is_in(file, age.place):
            continue
        yield file.finding(
            RULE,
            key_range(file.module, age.place.term, "CONN_MAX_AGE"),
            f"Database '{found.database.alias}' keeps connections by CONN_MAX_AGE under ASGI "
            f"({found.server}), where requests leave them open in threads that do not come back; "
            'set it to 0 and use OPTIONS["pool"].',
            key=(found.database.alias,),
            trace=[
                *why(found.database.leaf),
                mention(found.mention, f"{found.server} runs the project"),
            ],
        )
