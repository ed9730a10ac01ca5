"""What functions open for requests, asked of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.interpreter import deep_recursion
from fwp_checks.project.lifetimes.probes import is_probe_path, is_sign_in_path
from fwp_checks.project.linked import Project
from fwp_checks.session import Session

APP = """
import os
from functools import cache

from fastapi import Depends, FastAPI, WebSocket
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

app = FastAPI()
SessionLocal = sessionmaker(create_engine("postgresql://db/shop"))


@cache
def shared():
    return Redis.from_url(os.environ["REDIS_URL"])


def redis():
    return Redis.from_url(os.environ["REDIS_URL"])


def count(name):
    return redis().incr(name)


def get_session():
    with SessionLocal() as session:
        yield session


@app.get("/first")
def first(session=Depends(get_session)):
    return count("first")


@app.get("/second")
def second():
    return shared().incr("second")


@app.websocket("/third")
async def third(socket: WebSocket):
    redis()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    with deep_recursion():
        return Session.open(tmp_path, cache_dir=False)._linked()


def _function(project: Project, name: str) -> tuple[str, int]:
    scopes = project.table.by_path["app.py"].facts.scopes
    return "app.py", next(number for number, scope in enumerate(scopes) if scope.name == name)


def test_what_requests_open_anew_and_by_which_calls(project: Project) -> None:
    found = project.lifetimes.per_request(project.table.by_path["app.py"])
    ways = [way for opened in found for way in opened.ways]
    # What is kept, or lives with a socket, is not among them.
    assert {way.function for way in ways} == {_function(project, "first")}
    (opened,) = found
    assert opened.opening.row.resource == "client"
    assert [way.label for way in ways] == ["handler"]
    assert [call.name for call in ways[0].chain] == ["count", "redis", "redis.Redis.from_url"]


def test_sessions_are_not_meant_to_last(project: Project) -> None:
    path, number = _function(project, "get_session")
    frame = project.frame_of_scope(project.table.by_path[path], number)
    (opening,) = project.lifetimes.openings.in_function(frame)
    assert opening.row.resource == "session"
    assert all(o.row.resource != "session" for o in project.lifetimes.openings.lasting)


@pytest.mark.parametrize(
    ("path", "is_probe"),
    [
        ("/healthz", True),
        ("/api/v1/status", True),
        ("/admin/test-connection", True),
        ("/orders/{order}/state-of-payment", False),
        ("/users", False),
        ("", False),
        (None, False),
    ],
)
def test_paths_of_probes(path: str | None, is_probe: bool) -> None:
    assert is_probe_path(path) is is_probe


@pytest.mark.parametrize(
    ("path", "is_sign_in"),
    [("/oauth/google/callback", True), ("/auth/{provider}", False), (None, False)],
)
def test_paths_of_signing_in(path: str | None, is_sign_in: bool) -> None:
    assert is_sign_in_path(path) is is_sign_in
