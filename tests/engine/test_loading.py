"""Files to facts: the same from any number of processes, and from the cache."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from fwp_checks import loading
from fwp_checks.facts.extract import extract
from fwp_checks.finding import Report
from fwp_checks.session import Session

BLOCKING = "import requests\n\nasync def read():\n    requests.get('https://a.example')\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    root = tmp_path / "program"
    root.mkdir()
    for number in range(20):
        (root / f"a{number:02}.py").write_text(BLOCKING + f"x = {number}\n", encoding="utf-8")
        (root / f"b{number:02}.py").write_text(f"y = {number}\n", encoding="utf-8")
    (root / "broken.py").write_text("async def read(:\n", encoding="utf-8")
    # Nothing in this one can matter, but that it cannot be read.
    (root / "broken_alone.py").write_text("x = = 1\n", encoding="utf-8")
    (root / "fwp.toml").touch()
    return root


def _places(report: Report) -> list[tuple[str, int, str]]:
    return [(finding.path, finding.range.line, finding.code) for finding in report.findings]


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_and_the_cache_change_nothing(
    program: Path, tmp_path: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(loading, "_CHUNK_BYTES", 200)
    expected = [(f"a{number:02}.py", 4, "FWP101") for number in range(20)]
    expected += [("broken.py", 1, "FWP901"), ("broken_alone.py", 1, "FWP901")]
    seen: list[tuple[str, int, int]] = []
    session = Session.open(program, cache_dir=tmp_path / "cache", jobs=jobs)
    report = session.check_all(progress=lambda *now: seen.append(now))
    assert _places(report) == expected
    assert [skipped.path for skipped in report.skipped] == ["broken.py", "broken_alone.py"]
    # Files without async code are read for their syntax; equal ones once.
    assert [now for now in seen if now[0] == "reading"][-1] == ("reading", 42, 42)

    (program / "a00.py").write_text(BLOCKING, encoding="utf-8")
    seen.clear()
    session = Session.open(program, cache_dir=tmp_path / "cache", jobs=jobs)
    assert _places(session.check_all(progress=lambda *now: seen.append(now))) == expected
    assert [now for now in seen if now[0] == "reading"] == [("reading", 1, 1)]


def test_a_file_that_was_read_leaves_nothing_to_the_collector() -> None:
    # While a project is analysed, the collector is off: what refers to itself would stay.
    program = b"class A:\n    def f(self, x):\n        return [y async for y in g(lambda: x)]\n"
    extract(program)
    gc.collect()
    gc.disable()
    try:
        extract(program)
        left = gc.collect()
    finally:
        gc.enable()
    assert left == 0
