"""What findings about dependencies want edited, and where they leave that to people."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Finding
from fwp_checks.fixes import apply
from fwp_checks.session import Session

BEFORE = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker(create_engine("sqlite://"))
AsyncLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))
app = FastAPI()


"""
AFTER = """

@app.get("/")
def index(given=Depends(dependency)):
    return str(given)
"""


def check(root: Path, source: str) -> tuple[Finding, ...]:
    (root / "app").mkdir(exist_ok=True)
    (root / "app/main.py").write_text(source)
    (root / "pyproject.toml").write_text("[tool.fwp]\nselect = ['FWP404', 'FWP405']\n")
    return Session.open(root, cache_dir=False).check_all().findings


def fixed(root: Path, source: str) -> str:
    """What the edits of the one finding make of a source."""
    findings = check(root, source)
    assert len(findings) == 1
    text = apply({"app/main.py": source}, findings).texts.get("app/main.py", source)
    if text != source:
        assert check(root, text) == ()
    return text


def of_dependency(root: Path, function: str) -> str:
    """The same for a function that is a dependency."""
    text = fixed(root, f"{BEFORE}{function}{AFTER}")
    assert text.startswith(BEFORE)
    assert text.endswith(AFTER)
    return text[len(BEFORE) : -len(AFTER)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "def dependency():\n    db = SessionLocal()\n    yield db\n    db.close()\n",
            "def dependency():\n    db = SessionLocal()\n    try:\n        yield db\n"
            "    finally:\n        db.close()\n",
        ),
        # What is done where the request succeeds stays behind the yield.
        (
            "def dependency():\n    db = SessionLocal()\n    yield db  # here\n\n    # there\n"
            "    db.commit()\n    db.close()\n",
            "def dependency():\n    db = SessionLocal()\n    try:\n        yield db  # here\n\n"
            "        # there\n        db.commit()\n    finally:\n        db.close()\n",
        ),
        # Nothing closes it.
        (
            "def dependency():\n    db = SessionLocal()\n    yield db\n",
            "def dependency():\n    db = SessionLocal()\n    try:\n        yield db\n"
            "    finally:\n        db.close()\n",
        ),
        (
            "async def dependency():\n    db = AsyncLocal()\n    yield db\n",
            "async def dependency():\n    db = AsyncLocal()\n    try:\n        yield db\n"
            "    finally:\n        await db.close()\n",
        ),
        (
            "async def dependency():\n    db: AsyncSession = AsyncLocal()\n    yield db\n"
            "    await db.commit()\n    await db.close()\n",
            "async def dependency():\n    db: AsyncSession = AsyncLocal()\n    try:\n"
            "        yield db\n        await db.commit()\n    finally:\n        await db.close()\n",
        ),
        (
            "async def dependency():\n    db = SessionLocal()\n    yield db\n",
            "async def dependency():\n    db = SessionLocal()\n    try:\n        yield db\n"
            "    finally:\n        db.close()\n",
        ),
    ],
)
def test_closed_in_finally(before: str, after: str, tmp_path: Path) -> None:
    assert of_dependency(tmp_path, before) == after


@pytest.mark.parametrize(
    "function",
    [
        # Returned: who else calls it is not known.
        "def dependency() -> Session:\n    return SessionLocal()\n",
        # Closed in one case.
        "def dependency():\n    db = SessionLocal()\n    yield db\n    if db.dirty:\n"
        "        db.close()\n",
        # Closed, and then something else is done.
        "def dependency():\n    db = SessionLocal()\n    yield db\n    db.close()\n    print(1)\n",
        # Yielded in a block.
        "def dependency():\n    db = SessionLocal()\n    if app:\n        yield db\n",
        # Not by a name.
        "def dependency():\n    yield SessionLocal()\n",
        # The result of the yield is used.
        "def dependency():\n    db = SessionLocal()\n    given = yield db\n    print(given)\n",
        # A text over several lines would change with the indentation.
        'def dependency():\n    db = SessionLocal()\n    yield db\n    print("""a\n    b""")\n',
        "def dependency():\n    db = SessionLocal()\n    yield db; db.close()\n",
    ],
)
def test_left_alone(function: str, tmp_path: Path) -> None:
    assert of_dependency(tmp_path, function) == function


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Depends(made())", "Depends(made)"),
        ("Depends( made( ) )", "Depends( made )"),
        ("Depends(dependency=Made.one())", "Depends(dependency=Made.one)"),
        # Without its arguments it would be another dependency.
        ("Depends(made(1))", "Depends(made(1))"),
        ("Depends(made(\n))", "Depends(made(\n))"),
    ],
)
def test_named_in_place_of_called(before: str, after: str, tmp_path: Path) -> None:
    source = (
        "from fastapi import Depends, FastAPI\n\napp = FastAPI()\n\n\n"
        "def made(number=1):\n    yield number\n\n\n"
        "class Made:\n    @staticmethod\n    def one():\n        yield 1\n\n\n"
        '@app.get("/")\ndef index(given={}):\n    return given\n'
    )
    assert fixed(tmp_path, source.replace("{}", before)) == source.replace("{}", after)
