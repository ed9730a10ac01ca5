"""A report made by hand, for tests of the formats."""

from __future__ import annotations

from fwp_checks.finding import Edit, Finding, Range, Report, Severity, Skipped, Step

FILES = {
    "app/api.py": "import requests\n\nasync def read(user_id):\n\tuser = load('é漢', user_id)\n",
    "app/services.py": "def load(name, user_id):\n    return requests.get(\n        name,\n    )\n",
}

THROUGH_HELPER = Finding(
    code="FWP102",
    rule="blocking-call-through-helper",
    severity=Severity.ERROR,
    path="app/api.py",
    range=Range(4, 9, 4, 28),
    message="'load' blocks the event loop in async handler 'read'; use an async client.",
    fix_link="https://example.org/async",
    rule_page="https://example.org/rules/blocking-call-through-helper/",
    fingerprint="0123abcd",
    trace=(
        Step("app/services.py", Range(2, 12, 4, 6), "'requests.get' waits for an HTTP response"),
    ),
    edits=(Edit("app/api.py", Range(4, 9, 4, 13), "await aload"),),
)
CPU = Finding(
    code="FWP107",
    rule="cpu-bound-in-async",
    severity=Severity.WARNING,
    path="app/gone.py",
    range=Range(12, 1, 12, 2),
    message="'hash' keeps the event loop busy.",
    fix_link="",
    rule_page="",
    fingerprint="4567",
)
REPORT = Report((THROUGH_HELPER, CPU), (Skipped("app/broken.py", 3, "invalid syntax"),))
