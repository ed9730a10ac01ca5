"""``fwp routes``: the table, the JSON document, paths, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.conftest import Fwp
from tests.hosts.demo import write

_USERS = """\
from fastapi import APIRouter, Depends


def current_user():
    return None


router = APIRouter(prefix="/users", dependencies=[Depends(current_user)])


@router.get("/{id}")
def read_user(id: int):
    return id
"""
_MAIN = """\
from app.api import app
from app.users import router

app.include_router(router, prefix="/api")


@app.on_event("startup")
async def begin():
    pass
"""


@pytest.fixture
def larger(project: Path) -> Path:
    """The demo project with a router."""
    write(project, {"app/users.py": _USERS, "app/main.py": _MAIN})
    return project


def test_table(larger: Path, fwp: Fwp) -> None:
    result = fwp("routes")
    assert result.status == 0
    assert result.out.splitlines() == [
        "app fastapi.FastAPI  app/api.py:5",
        "  start-up function: begin  app/main.py:8",
        "  POST  /me  read_me  app/api.py:9  [blocks 1]",
        "  router fastapi.APIRouter /api/users  app/users.py:8  needs current_user",
        "    GET  /api/users/{id}  read_user  app/users.py:12",
    ]


def test_only_what_is_in_the_paths(larger: Path, fwp: Fwp) -> None:
    assert [line.split()[-1] for line in fwp("routes", "app/users.py").out.splitlines()] == [
        "app/api.py:5",
        "current_user",
        "app/users.py:12",
    ]


def test_json(larger: Path, fwp: Fwp) -> None:
    result = fwp("routes", "--format", "json")
    assert result.status == 0
    document = json.loads(result.out)
    assert document["version"] == 1
    assert {key for key, value in document.items() if value} == {"version", "applications"}
    (application,) = document["applications"]
    (handler,) = application["routes"][0]["handlers"]
    assert handler == {
        "methods": ["POST"],
        "function": "read_me",
        "path": "app/api.py",
        "line": 9,
        "async": True,
        "effects": [
            {
                "effect": "blocks",
                "kind": "http",
                "what": "requests.get",
                "chain": [
                    _step("app/api.py", 11, "read_me", "load_user"),
                    _step("app/services.py", 5, "load_user", "requests.get"),
                ],
            }
        ],
    }
    (router,) = application["routers"]
    assert router["included"] == {"path": "app/main.py", "line": 4}
    assert router["prefix"] == "/api/users"
    assert router["dependencies"][0]["functions"][0]["function"] == "current_user"
    assert application["hooks"][0]["registered"] == {"path": "app/main.py", "line": 7}


def _step(path: str, line: int, function: str, calls: str) -> dict[str, Any]:
    return {"path": path, "line": line, "function": function, "calls": calls}


def test_documented_keys(larger: Path, fwp: Fwp) -> None:
    text = (Path(__file__).parents[2] / "docs" / "routes.md").read_text(encoding="utf-8")
    keys = _keys(json.loads(fwp("routes", "--format", "json").out))
    assert len(keys) > 20
    assert [key for key in keys if f"`{key}`" not in text] == []


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in _keys(inner))}
    return {key for item in value for key in _keys(item)} if isinstance(value, list) else set()


def test_nothing_to_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fwp: Fwp) -> None:
    write(tmp_path, {"pyproject.toml": "", "plain.py": "print()\n"})
    monkeypatch.chdir(tmp_path)
    result = fwp("routes", "--no-cache")
    assert (result.status, result.out) == (0, "no routes found\n")


def test_unreadable_files(larger: Path, fwp: Fwp) -> None:
    write(larger, {"app/broken.py": "from fastapi import FastAPI\ndef (:\n"})
    result = fwp("routes")
    assert result.status == 2
    assert "app/broken.py:2 could not be read" in result.out
    assert "read_user" in result.out


@pytest.mark.parametrize("arguments", [["missing.py"], ["--format", "xml"]])
def test_wrong_usage(arguments: list[str], project: Path, fwp: Fwp) -> None:
    result = fwp("routes", *arguments)
    assert result.status == 2
    assert result.err.count("\n") == 1
