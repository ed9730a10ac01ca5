"""Errors of the linter's own: each is one diagnostic, and costs the function that it happens in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fwp_checks.finding import Report
from fwp_checks.frameworks.starlette import Starlette
from fwp_checks.project.files.modules import Module
from fwp_checks.project.linked import Project
from fwp_checks.project.loop.loop_roots import Root
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.libraries import Libraries
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import Arguments, Value
from fwp_checks.session import Session

HANDLERS = """
import requests
from fastapi import FastAPI

app = FastAPI()

@app.get("/read")
async def read(request):
    await request.body()
    requests.get("https://a.example")

@app.get("/write")
async def write(request):
    await request.body()
    requests.put("https://a.example")
"""


def _check(root: Path) -> Report:
    for name in ("a", "b", "c"):
        (root / f"{name}.py").write_text(HANDLERS, encoding="utf-8")
    (root / "plain.py").write_text("import a\n\nasync def plain():\n    pass\n", encoding="utf-8")
    (root / "fwp.toml").touch()
    return Session.open(root, cache_dir=False).check_all()


def _found(report: Report) -> list[tuple[str, str]]:
    return [(finding.path, finding.code) for finding in report.findings]


def test_a_function_that_cannot_be_analysed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Libraries.call

    def failing(
        self: Libraries, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome:
        if name == "requests.put":
            raise ZeroDivisionError("a mistake of ours")
        return call(self, name, arguments, receiver)

    monkeypatch.setattr(Libraries, "call", failing)
    report = _check(tmp_path)
    files = ("a.py", "b.py", "c.py")
    assert _found(report) == [(path, code) for path in files for code in ("FWP902", "FWP101")]
    message = report.findings[0].message
    assert "internal error in 'write' while checking a.py: ZeroDivisionError" in message
    assert "report it" in message


def test_a_framework_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Starlette, project: Project) -> Iterator[Root]:
        raise ZeroDivisionError("a mistake of ours")
        yield

    monkeypatch.setattr(Starlette, "roots", failing)
    found = _found(_check(tmp_path))
    assert [place for place in found if place[1] == "FWP902"] == [("a.py", "FWP902")]
    assert len([place for place in found if place[1] == "FWP101"]) == 6


def test_a_function_that_cannot_be_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame_of_scope = Project.frame_of_scope

    def failing(self: Project, module: Module, scope_number: int) -> Frame:
        if module.facts.scopes[scope_number].name == "plain":
            raise ZeroDivisionError("a mistake of ours")
        return frame_of_scope(self, module, scope_number)

    monkeypatch.setattr(Project, "frame_of_scope", failing)
    found = _found(_check(tmp_path))
    assert [place for place in found if place[1] == "FWP902"] == [("plain.py", "FWP902")]
    assert len([place for place in found if place[1] == "FWP101"]) == 6
