"""The cases of the SQLAlchemy rules, run: what is reported runs more queries where there are more
rows, or raises; what is silent does not. Skipped without SQLAlchemy, aiosqlite and FastAPI.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.markdown import Case, pages

NEEDED = ("sqlalchemy", "aiosqlite", "greenlet", "fastapi", "httpx")
DRIVER = Path(__file__).with_name("sqlalchemy_driver.py")
CASES = [case for page in pages() for case in page.cases]

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason="libraries are missing"
)


def run(case: Case, folder: Path) -> dict[str, list[str]]:
    case.write(folder)
    (folder / "app" / "__init__.py").touch()
    command = [sys.executable, "-W", "ignore", str(DRIVER), str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found: dict[str, list[str]] = json.loads(result.stdout)
    return found


def of(*codes: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case.rule_code in codes]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@of("FWP211", "FWP212")
def test_queries_grow_where_something_is_reported(case: Case, tmp_path: Path) -> None:
    assert len(run(case, tmp_path)["grows"]) == len(case.expectations)


@of("FWP213")
def test_reads_raise_where_something_is_reported(case: Case, tmp_path: Path) -> None:
    assert len(run(case, tmp_path)["raises"]) == len(case.expectations)
