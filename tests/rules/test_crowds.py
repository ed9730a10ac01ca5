"""One finding for a blocking call that a great many async functions reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.session import Session

_HELPER = """\
import requests


def setting(name):
    return requests.get(name).text
"""


def _findings(root: Path, functions: int) -> list[tuple[str, int, str]]:
    calls = "".join(
        f"\n\nasync def use_{number}():\n    return setting('{number}')\n"
        for number in range(functions)
    )
    (root / "helper.py").write_text(_HELPER)
    (root / "main.py").write_text(f"from helper import setting\n{calls}")
    report = Session.open(root, cache_dir=False).check_all()
    return [(finding.path, finding.range.line, finding.message) for finding in report.findings]


@pytest.mark.parametrize("functions", [1, 50])
def test_each_function_has_its_own_finding(tmp_path: Path, functions: int) -> None:
    found = _findings(tmp_path, functions)
    assert [path for path, _, _ in found] == ["main.py"] * functions


def test_a_crowd_has_one_finding_where_the_call_is_made(tmp_path: Path) -> None:
    ((path, line, message),) = _findings(tmp_path, 51)
    assert (path, line) == ("helper.py", 5)
    assert "in 51 async functions that reach 'setting', such as 'use_0'" in message


def test_the_file_that_is_asked_about_does_not_matter(tmp_path: Path) -> None:
    _findings(tmp_path, 51)
    session = Session.open(tmp_path, cache_dir=False)
    assert len(session.check(tmp_path / "helper.py").findings) == 1
    assert session.check(tmp_path / "main.py").findings == ()
