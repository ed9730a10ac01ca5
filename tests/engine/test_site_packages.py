"""One run over all that is installed beside the tests: code written without us in mind."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from pathlib import Path

import pytest

from fwp_checks.cache import Cache
from fwp_checks.session import Session
from fwp_checks.settings import Settings

PACKAGES = Path(sysconfig.get_path("purelib"))


def _parses(path: Path) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


@pytest.mark.slow
def test_installed_packages_are_read_to_the_end() -> None:
    # Not Session.open: it would look for a root above the environment.
    # With an entry point, every file is analysed, whatever it imports.
    settings = Settings(
        file_access="everywhere", file_metadata=True, preview=True, entry_points=("nobody.calls",)
    )
    session = Session(PACKAGES, settings, Cache(None), jobs=2)
    report = session.check_all()
    assert [finding.message for finding in report.findings if finding.code == "FWP902"] == []
    assert [skipped for skipped in report.skipped if _parses(PACKAGES / skipped.path)] == []
    assert report.findings, "real code blocks event loops somewhere"
