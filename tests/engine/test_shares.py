"""The shares of a project: the same findings however many processes evaluate them, and whatever
happens to these.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fwp_checks.finding import Finding
from fwp_checks.forked import Forked
from fwp_checks.project import shares
from fwp_checks.project.loop.loop_evidence import LoopCollector, LoopEvidence
from fwp_checks.session import Session

CAN_COPY = hasattr(os, "fork") and sys.platform != "darwin" and threading.active_count() == 1
needs_copies = pytest.mark.skipif(not CAN_COPY, reason="this process cannot be copied")

# The functions of the first file call those of the last one, so each share reaches into the other.
PROGRAM = {
    "a_web.py": """
import threading
from contextlib import asynccontextmanager

from fastapi import FastAPI
from flask import Flask
from z_work import at_start, fetch, load, own, save

lock = threading.Lock()


@asynccontextmanager
async def lifespan(app):
    await at_start()
    yield


app = FastAPI(lifespan=lifespan)
flask = Flask(__name__)


@app.get("/a")
async def read(request):
    await load("a")
    return fetch("a")


@app.get("/b")
async def write(request):
    save()
    with lock:
        await load("b")


@flask.get("/c")
async def view():
    return await own()
""",
    "m_filler.py": "x = [1, 2, 3]\n" * 40,
    "z_work.py": """
import asyncio
import time

import requests


async def at_start():
    time.sleep(1)


def fetch(url):
    return requests.get(url)


async def load(url):
    await asyncio.sleep(0)
    with open(url) as file:
        return file.read()


async def own():
    time.sleep(1)


async def save():
    asyncio.run(load("c"))
""",
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    root = tmp_path / "program"
    root.mkdir()
    for name, text in PROGRAM.items():
        (root / name).write_text(text, encoding="utf-8")
    (root / "fwp.toml").touch()
    return root


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of any size has two shares."""
    monkeypatch.setattr(shares, "_WORTH_SHARES", 0)


def _check(root: Path, jobs: int = 1) -> tuple[Finding, ...]:
    return Session.open(root, cache_dir=False, jobs=jobs).check_all().findings


def _in_copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are started from now on."""
    started = []
    fork = os.fork

    def counting() -> int:
        started.append(fork())
        return started[-1]

    monkeypatch.setattr(os, "fork", counting)
    return started


def test_the_program_has_findings_on_both_sides(program: Path) -> None:
    assert [
        (finding.path, finding.code, finding.severity.value) for finding in _check(program)
    ] == [
        ("a_web.py", "FWP102", "error"),
        ("a_web.py", "FWP105", "error"),
        ("a_web.py", "FWP110", "error"),
        # Reached at start-up only, which the other file tells.
        ("z_work.py", "FWP101", "warning"),
        # Reading a file counts where a request waits, which the other file tells.
        ("z_work.py", "FWP101", "info"),
        ("z_work.py", "FWP106", "error"),
    ]


@needs_copies
@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("jobs", [1, 2])
def test_two_shares_find_what_one_finds(
    program: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = _in_copies(monkeypatch)
    found = _check(program, jobs)
    assert len(started) == jobs - 1
    monkeypatch.undo()
    assert found == _check(program)


@needs_copies
@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "failing"])
def test_a_process_that_comes_to_nothing(
    program: Path, is_killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _check(program)
    own, collect = os.getpid(), LoopCollector.collect

    def dying(self: LoopCollector) -> LoopEvidence:
        if os.getpid() != own:
            if is_killed:
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError
        return collect(self)

    monkeypatch.setattr(LoopCollector, "collect", dying)
    started = _in_copies(monkeypatch)
    assert _check(program, jobs=2) == expected
    assert len(started) == 1


@pytest.mark.usefixtures("divided")
def test_a_platform_without_fork(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _check(program)
    monkeypatch.delattr(os, "fork", raising=False)
    assert _check(program, jobs=2) == expected


def _check_in(root: Path, findings: Any) -> None:
    findings.put(_check(root, jobs=2))


@needs_copies
@pytest.mark.usefixtures("divided")
def test_a_daemonic_process(program: Path) -> None:
    context = multiprocessing.get_context("fork")
    findings = context.SimpleQueue()
    process = context.Process(target=_check_in, args=(program, findings), daemon=True)
    process.start()
    found = findings.get()
    process.join()
    assert found == _check(program)


@needs_copies
@pytest.mark.usefixtures("divided")
def test_the_other_process_ends_with_this_one(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stopped = os.getpid(), []
    stop: Callable[[Forked[Any]], None] = Forked.stop

    def interrupted(self: LoopCollector) -> LoopEvidence:
        if os.getpid() == own:
            raise KeyboardInterrupt
        signal.pause()
        raise AssertionError

    def stopping(self: Forked[Any]) -> None:
        stopped.append(self)
        stop(self)

    monkeypatch.setattr(LoopCollector, "collect", interrupted)
    monkeypatch.setattr(Forked, "stop", stopping)
    with pytest.raises(KeyboardInterrupt):
        _check(program, jobs=2)
    assert len(stopped) == 1


def test_shares_are_stretches_of_about_as_much_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, size in enumerate((5, 5, 30, 15, 45, 0)):
        (tmp_path / f"m{number}.py").write_text("f()\n" * size, encoding="utf-8")
    (tmp_path / "fwp.toml").write_text('entry-points = ["m0.f"]\n', encoding="utf-8")
    project = Session.open(tmp_path, cache_dir=False)._linked()
    modules = project.table.modules
    assert [share.modules for share in shares.divide(project)] == [tuple(modules)]
    monkeypatch.setattr(shares, "_WORTH_SHARES", 0)
    assert [share.modules for share in shares.divide(project)] == [
        tuple(modules[:3]),
        tuple(modules[3:]),
    ]
    first, _ = shares.divide(project)
    assert modules[0] in first
    assert modules[-1] not in first
