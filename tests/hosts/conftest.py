"""Fixtures: the demo project, and the command run in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fwp_plugins.cli import main
from tests.hosts.demo import write_demo


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of the command gave."""

    status: int
    out: str
    err: str


Fwp = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo project, as the current folder; caches go next to it."""
    root = write_demo(tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("NO_COLOR", "FORCE_COLOR", "FWP_CACHE_DIR", "FWP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def fwp(capsys: pytest.CaptureFixture[str]) -> Fwp:
    """The ``fwp`` command, run in this process."""

    def run(*arguments: str) -> Result:
        try:
            status = main(arguments)
        except SystemExit as leaving:
            assert isinstance(leaving.code, int)
            status = leaving.code
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run
