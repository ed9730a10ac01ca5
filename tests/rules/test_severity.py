"""How much findings weigh: by what is waited for, and by where."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from fwp_checks.session import Session

SEVERITIES = {
    "network in a handler": (
        """
        @app.post("/")
        async def home(request: Request):
            await request.body()
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "network in an async function": (
        """
        async def home():
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "network through a helper": (
        """
        def fetch():
            requests.get("https://example.org")

        async def home():
            fetch()
        """,
        Severity.ERROR,
    ),
    "computing": (
        """
        async def home():
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 600_000)
        """,
        Severity.WARNING,
    ),
    "file content in a handler": (
        """
        @app.post("/")
        async def home(request: Request):
            await request.body()
            Path("terms.txt").read_text()
        """,
        Severity.INFO,
    ),
    "network at start-up": (
        """
        @contextlib.asynccontextmanager
        async def lifespan(app):
            requests.get("https://example.org")
            yield

        other = FastAPI(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network behind the start-up": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        other = FastAPI(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network behind the start-up of an application class": (
        """
        class Application(FastAPI):
            pass

        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        def make():
            return Application(lifespan=lifespan)
        """,
        Severity.WARNING,
    ),
    "network behind start-up and handler": (
        """
        async def load():
            requests.get("https://example.org")

        @contextlib.asynccontextmanager
        async def lifespan(app):
            await load()
            yield

        other = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def home():
            await load()
        """,
        Severity.ERROR,
    ),
    "network in a command beside its tasks": (
        """
        async def tick():
            await asyncio.sleep(1)

        async def watch():
            asyncio.create_task(tick())

        async def run():
            await watch()
            requests.get("https://example.org")

        @click.command()
        def start():
            asyncio.run(run())
        """,
        Severity.WARNING,
    ),
    "network in a task of a command": (
        """
        async def tick():
            requests.get("https://example.org")

        @click.command()
        def start():
            asyncio.run(watch())

        async def watch():
            asyncio.create_task(tick())
        """,
        Severity.ERROR,
    ),
    "handler that awaits nothing": (
        """
        @app.get("/")
        async def home():
            requests.get("https://example.org")
        """,
        Severity.ERROR,
    ),
    "handler that awaits nothing and computes": (
        """
        @app.get("/")
        async def home():
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 600_000)
        """,
        Severity.WARNING,
    ),
}

HEAD = """\
import asyncio
import contextlib
import hashlib
from pathlib import Path

import click
import requests
from fastapi import FastAPI, Request

app = FastAPI()
"""


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    source, severity = SEVERITIES[name]
    (tmp_path / "pyproject.toml").touch()
    lines = source.splitlines()
    text = "\n".join(line.removeprefix(" " * 8) for line in lines)
    (tmp_path / "main.py").write_text(HEAD + text + "\n", encoding="utf-8")
    report = Session.open(tmp_path, cache_dir=False).check_all()
    assert [finding.severity for finding in report.findings] == [severity]
