"""What FWP404 and FWP405 say of dependencies, proved by running FastAPI and SQLAlchemy.

Skipped where they are not installed.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from fwp_checks.fixes import apply
from fwp_checks.session import Session
from tests.rules.markdown import Case, pages

NEEDED = ("sqlalchemy", "fastapi", "httpx")
CALLED = [case for page in pages() for case in page.cases if case.rule_code == "FWP404"]

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason="libraries are missing"
)

LEAKING = '''\
import gc
import sys

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

engine = create_engine(
    "sqlite:///data.sqlite", poolclass=QueuePool, connect_args={"check_same_thread": False}
)
SessionLocal = sessionmaker(engine)
app = FastAPI()


FUNCTION

@app.get("/{number}")
def index(number: int, db: Session = Depends(get_db)):
    db.execute(text("SELECT 1"))
    return 1 / number


def left_out(number: int) -> int:
    """How many connections are missing in the pool after a request, before any garbage
    collection.
    """
    gc.collect()
    gc.disable()
    before = engine.pool.checkedout()
    TestClient(app, raise_server_exceptions=False).get(f"/{number}")
    return engine.pool.checkedout() - before


if __name__ == "__main__":
    print(left_out(1), left_out(0))
'''
CLOSED_AFTER = """\
def get_db():
    db = SessionLocal()
    yield db
    db.close()
"""
COMMITTED_AFTER = """\
def get_db():
    db = SessionLocal()
    yield db
    db.commit()
    db.close()
"""
NEVER_CLOSED = """\
def get_db():
    db = SessionLocal()
    yield db
"""
RETURNED = """\
def get_db() -> Session:
    return SessionLocal()
"""
IN_A_BLOCK = """\
def get_db():
    with SessionLocal() as db:
        yield db
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def edited(root: Path, path: str) -> str:
    """A file of a project, with the edits of its findings made."""
    findings = Session.open(root, cache_dir=False).check_all().findings
    source = (root / path).read_text()
    return apply({path: source}, findings).texts.get(path, source)


def connections_left_out(folder: Path, source: str) -> list[int]:
    """After a request that succeeds, and after one that fails."""
    (folder / "main.py").write_text(source)
    result = run(folder, "main.py")
    assert result.returncode == 0, result.stderr
    return [int(number) for number in result.stdout.split()]


@pytest.mark.parametrize(
    ("function", "left_out"),
    [(CLOSED_AFTER, [0, 1]), (COMMITTED_AFTER, [0, 1]), (NEVER_CLOSED, [1, 1])],
)
def test_yielded_outside_of_try(function: str, left_out: list[int], tmp_path: Path) -> None:
    """The connection is lost where the finding says so, and comes back with its edit."""
    (tmp_path / "pyproject.toml").write_text("[tool.fwp]\nselect = ['FWP405']\n")
    assert connections_left_out(tmp_path, LEAKING.replace("FUNCTION", function)) == left_out
    fixed = edited(tmp_path, "main.py")
    assert "    finally:\n        db.close()\n" in fixed
    assert connections_left_out(tmp_path, fixed) == [0, 0]


def test_returned(tmp_path: Path) -> None:
    """A returned session keeps its connection; one that is yielded in a block does not."""
    assert connections_left_out(tmp_path, LEAKING.replace("FUNCTION", RETURNED)) == [1, 1]
    assert connections_left_out(tmp_path, LEAKING.replace("FUNCTION", IN_A_BLOCK)) == [0, 0]


@pytest.mark.parametrize(
    "definition",
    [
        "def made():\n    yield 1\n",
        "async def made():\n    yield 1\n",
        "def made():\n    return {1: 2}\n",
        "async def made():\n    return 1\n",
        "class made:\n    pass\n",
    ],
)
def test_what_cannot_be_called(definition: str, tmp_path: Path) -> None:
    """The import raises TypeError, and with the edit it does not."""
    (tmp_path / "pyproject.toml").write_text("[tool.fwp]\nselect = ['FWP404']\n")
    source = (
        f"from fastapi import Depends, FastAPI\n\napp = FastAPI()\n\n\n{definition}\n\n"
        '@app.get("/")\ndef index(given: int = Depends(made())):\n    return 1\n'
    )
    (tmp_path / "main.py").write_text(source)
    failed = run(tmp_path, "-c", "import main")
    assert "is not a callable object" in failed.stderr.splitlines()[-1]
    assert failed.stderr.splitlines()[-1].startswith("TypeError")
    fixed = edited(tmp_path, "main.py")
    assert fixed == source.replace("made())", "made)")
    (tmp_path / "main.py").write_text(fixed)
    assert run(tmp_path, "-c", "import main").returncode == 0


@pytest.mark.parametrize("case", CALLED, ids=lambda case: case.name)
def test_cases_are_imported_or_not(case: Case, tmp_path: Path) -> None:
    """What a case reports raises when it is imported; what it does not report is no obstacle."""
    case.write(tmp_path)
    result = run(tmp_path, "-c", "import app.main")
    if "auth_library" in case.files["app/main.py"]:
        assert "No module named 'auth_library'" in result.stderr
    elif case.expectations:
        assert "is not a callable object" in result.stderr
    else:
        assert result.returncode == 0, result.stderr
