"""Files to facts: the same from any number of processes, and from the cache."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from fwp_checks import reading
from fwp_checks.cache import Cache
from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.finding import Report
from fwp_checks.loading import Loading
from fwp_checks.packs import Packs
from fwp_checks.reading import Copies, Item, Pool
from fwp_checks.session import Session
from fwp_checks.sources import Sources

NOWHERE = Packs(Cache(None), Path(), "")
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
    monkeypatch.setattr(reading, "_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 200)
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


@pytest.mark.parametrize("early", [0, 1, 20, 39, 40])
def test_files_that_are_known_later_are_read_too(
    tmp_path: Path, early: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 10)
    overlays = {f"a{number:02}.py": f"x = {number // 2}\n" for number in range(40)}
    names = list(overlays)
    sources = Sources(tmp_path, overlays, {})
    loading = Loading(sources, NOWHERE, 2)
    for name in names[:early]:
        loading.expect(name, len(overlays[name]))
    loading.begin(())
    loading.add([*names[early:], "missing.py"])
    found = loading.result()
    loading.stop()
    assert found.keys() == {*names, "missing.py"}
    assert found["missing.py"].problem is not None
    assert all(found[name] == extract(text.encode()) for name, text in overlays.items())


ITEMS = [Item(f"{number:016x}", b"x = %d" % number) for number in range(40)]


def _check_all_were_read(found: Iterable[tuple[str, ModuleFacts]]) -> None:
    expected = {item.key: extract(item.content) for item in ITEMS}
    pairs = list(found)
    assert dict(pairs) == expected
    assert len(pairs) == len(expected)


@pytest.mark.parametrize("others", [0, 1, 3])
def test_copies_read_each_file_once(monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 10)
    copies = Copies(ITEMS, NOWHERE, others)
    _check_all_were_read(copies.results())
    copies.stop()


def test_a_copy_that_comes_to_an_untimely_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 10)
    own = os.getpid()

    def dying(content: bytes) -> ModuleFacts:
        if os.getpid() != own:
            os._exit(1)
        return extract(content)

    monkeypatch.setattr(reading, "extract", dying)
    copies = Copies(ITEMS, NOWHERE, 1)
    time.sleep(0.1)  # it may take a chunk, or none: either is right
    _check_all_were_read(copies.results())
    copies.stop()


def test_processes_that_are_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 10)
    pool = Pool(ITEMS, NOWHERE, 1)
    _check_all_were_read(pool.results())
    pool.stop()


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
