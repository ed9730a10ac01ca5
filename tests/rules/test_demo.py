"""The demo project of the README: it shows what its page says."""

from __future__ import annotations

import re
from pathlib import Path

from fwp_checks.session import Session

DEMO = Path(__file__).parents[2] / "docs" / "demo"


def test_the_demo_shows_its_five_pitfalls() -> None:
    report = Session.open(DEMO, cache_dir=False).check_all()
    lines = (DEMO / "shop" / "api.py").read_text(encoding="utf-8").splitlines()
    found = [
        (finding.path, finding.code, _handler(lines, finding.range.line))
        for finding in report.findings
    ]
    assert found == [
        ("shop/api.py", "FWP701", "checkout"),
        ("shop/api.py", "FWP102", "checkout"),
        ("shop/api.py", "FWP104", "orders"),
        ("shop/api.py", "FWP107", "login"),
        ("shop/api.py", "FWP109", "rates"),
    ]
    page = (DEMO / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"`shop/api\.py`, `(\w+)`", page) == [handler for _, _, handler in found]


def test_the_demo_leads_to_the_cause_in_another_file() -> None:
    report = Session.open(DEMO, cache_dir=False).check_all()
    checkout = next(found for found in report.findings if found.code == "FWP102")
    assert [step.path for step in checkout.trace][-2:] == ["shop/payment.py", "shop/transport.py"]


def _handler(lines: list[str], line: int) -> str:
    """The function that a line (from 1) of the handlers stands in."""
    for text in reversed(lines[:line]):
        if match := re.match(r"(?:async )?def (\w+)", text):
            return match[1]
    raise AssertionError(f"line {line} stands in no function")
