"""What FWP511, 512, 514 and 516 report opens a connection for each request; what they pass over
does not.

Each program is run with Flask on a file of SQLite. Connections are counted where they are made, by
the audit event of the standard library. https://docs.python.org/3/library/audit_events.html
Skipped without Flask and SQLAlchemy.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fwp_checks.session import Session

for package in ("flask", "sqlalchemy"):
    pytest.importorskip(package)

REQUESTS = 10
COUNT = f"""
import sys

connections = []
sys.addaudithook(lambda event, _: connections.append(1) if event == "sqlite3.connect" else None)
from app import app

client = app.test_client()
for _ in range({REQUESTS}):
    assert client.get("/orders").status_code == 200
print(len(connections))
"""
HEAD = """
import os

from flask import Flask, g
from functools import cache
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

app = Flask(__name__)
URL = os.environ["DATABASE_URL"]


def answer(engine):
    with engine.connect() as connection:
        return {"one": connection.exec_driver_sql("SELECT 1").scalar()}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A handler of ``/orders`` and what is around it; ``code`` is what is reported of it."""

    name: str
    code: str
    text: str


PROGRAMS = [
    Program(
        "engine in the handler",
        "FWP511",
        """
@app.get("/orders")
def orders():
    return answer(create_engine(URL))
""",
    ),
    Program(
        "engine behind a helper",
        "FWP511",
        """
def get_engine():
    return create_engine(URL)


@app.get("/orders")
def orders():
    return answer(get_engine())
""",
    ),
    Program(
        "engine of an object that each request makes",
        "FWP511",
        """
class Orders:
    def __init__(self):
        self.engine = create_engine(URL)


@app.get("/orders")
def orders():
    return answer(Orders().engine)
""",
    ),
    Program(
        "engine on flask.g",
        "FWP511",
        """
@app.before_request
def connect():
    g.engine = create_engine(URL)


@app.get("/orders")
def orders():
    return answer(g.engine)
""",
    ),
    Program(
        "engine of the module",
        "",
        """
engine = create_engine(URL)


@app.get("/orders")
def orders():
    return answer(engine)
""",
    ),
    Program(
        "cached function",
        "",
        """
@cache
def get_engine():
    return create_engine(URL)


@app.get("/orders")
def orders():
    return answer(get_engine())
""",
    ),
    Program(
        "global that is filled once",
        "",
        """
_engine = None


def get_engine():
    global _engine
    if _engine is None:
        _engine = create_engine(URL)
    return _engine


@app.get("/orders")
def orders():
    return answer(get_engine())
""",
    ),
    Program(
        "mapping of engines",
        "",
        """
ENGINES = {}


@app.get("/orders")
def orders():
    if URL not in ENGINES:
        ENGINES[URL] = create_engine(URL)
    return answer(ENGINES[URL])
""",
    ),
    Program(
        "engine of the application",
        "",
        """
app.extensions["engine"] = create_engine(URL)


@app.get("/orders")
def orders():
    return answer(app.extensions["engine"])
""",
    ),
    Program(
        "object of the module that fills itself",
        "",
        """
class Database:
    _engine = None

    @property
    def engine(self):
        if self._engine is None:
            self._engine = create_engine(URL)
        return self._engine


database = Database()


@app.get("/orders")
def orders():
    return answer(database.engine)
""",
    ),
    Program(
        "no pool",
        "FWP514",
        """
engine = create_engine(URL, poolclass=NullPool)


@app.get("/orders")
def orders():
    return answer(engine)
""",
    ),
    Program(
        "pool thrown away",
        "FWP516",
        """
engine = create_engine(URL)


@app.get("/orders")
def orders():
    try:
        return answer(engine)
    finally:
        engine.dispose()
""",
    ),
    Program(
        "connection in the handler",
        "FWP512",
        """
import sqlite3


@app.get("/orders")
def orders():
    with sqlite3.connect(os.environ["DATABASE"]) as connection:
        return {"one": connection.execute("SELECT 1").fetchone()[0]}
""",
    ),
    Program(
        "connection on flask.g",
        "FWP512",
        """
import sqlite3


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(os.environ["DATABASE"])
    return g.db


@app.get("/orders")
def orders():
    return {"one": get_db().execute("SELECT 1").fetchone()[0]}
""",
    ),
    Program(
        "connection of the module",
        "",
        """
import sqlite3

connection = sqlite3.connect(os.environ["DATABASE"], check_same_thread=False)


@app.get("/orders")
def orders():
    return {"one": connection.execute("SELECT 1").fetchone()[0]}
""",
    ),
]


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.name)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    """A program, written to the folder of the test."""
    found: Program = request.param
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "app.py").write_text(HEAD + "\n" + found.text, encoding="utf-8")
    return found


def test_what_is_reported_connects_for_each_request(program: Program, tmp_path: Path) -> None:
    report = Session.open(tmp_path, cache_dir=False).check_all()
    codes = [finding.code for finding in report.findings if finding.code.startswith("FWP51")]
    assert codes == ([program.code] if program.code else [])
    database = tmp_path / "shop.db"
    run = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=tmp_path,
        env={"DATABASE_URL": f"sqlite:///{database}", "DATABASE": str(database)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) == (REQUESTS if program.code else 1)
