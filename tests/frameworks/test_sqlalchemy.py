"""Relations that SQLAlchemy loads one by one, or refuses to load: the linter says of each function
what SQLAlchemy does with it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fwp_checks.session import Session
from tests.frameworks.sqlalchemy_async import ASYNC
from tests.frameworks.sqlalchemy_models import MODELS
from tests.frameworks.sqlalchemy_sync import SYNC

DRIVER = Path(__file__).with_name("sqlalchemy_driver.py")
DEFINITION = re.compile(r"(?:async )?def (\w+)\(")

with_libraries = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("sqlalchemy", "aiosqlite", "greenlet")),
    reason="SQLAlchemy is not installed",
)


def write(root: Path, cases: str) -> None:
    (root / "app").mkdir()
    (root / "app" / "__init__.py").touch()
    (root / "app" / "models.py").write_text(MODELS, encoding="utf-8")
    (root / "app" / "main.py").write_text(cases, encoding="utf-8")
    (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")


def functions(cases: str, prefix: str) -> list[str]:
    """The functions of this prefix, in order of name."""
    return sorted(name for name in DEFINITION.findall(cases) if name.startswith(prefix))


def reported(root: Path, cases: str, code: str) -> list[str]:
    """The functions that a finding stands in, or that its trace leads through."""
    write(root, cases)
    holds: dict[int, str] = {}
    name = ""
    for number, line in enumerate(cases.splitlines(), start=1):
        match = DEFINITION.match(line)
        name = match[1] if match else name
        holds[number] = name
    found = set()
    for finding in Session.open(root, cache_dir=False).check_all().findings:
        assert not finding.code.startswith("FWP9"), finding.text
        if finding.code == code:
            places = [(finding.path, finding.range), *[(s.path, s.range) for s in finding.trace]]
            found |= {holds[where.line] for path, where in places if path == "app/main.py"}
    return sorted(name for name in found if name.partition("_")[0] in ("grows", "flat", "raises"))


def run(root: Path, cases: str) -> dict[str, list[str]]:
    write(root, cases)
    command = [sys.executable, "-W", "ignore", str(DRIVER), str(root)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found: dict[str, list[str]] = json.loads(result.stdout)
    return found


def test_loads_in_loops_that_are_reported(tmp_path: Path) -> None:
    assert reported(tmp_path, SYNC, "FWP211") == functions(SYNC, "grows_")


def test_loads_that_are_awaited_in_loops_are_reported(tmp_path: Path) -> None:
    assert reported(tmp_path, ASYNC, "FWP211") == functions(ASYNC, "grows_")


def test_loads_of_asynchronous_sessions_that_are_reported(tmp_path: Path) -> None:
    elsewhere = ["raises_helper", "raises_property"]
    found = reported(tmp_path, ASYNC, "FWP213")
    assert sorted([*found, *elsewhere]) == functions(ASYNC, "raises_")


@with_libraries
def test_queries_that_grow(tmp_path: Path) -> None:
    grows = [name for name in run(tmp_path, SYNC)["grows"] if name.startswith(("grows_", "flat_"))]
    assert grows == functions(SYNC, "grows_")


@with_libraries
def test_reads_that_raise(tmp_path: Path) -> None:
    assert run(tmp_path, ASYNC)["raises"] == functions(ASYNC, "raises_")
