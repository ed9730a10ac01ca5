"""The cases of all rule pages: each reports what it says and nothing else, however it is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fwp_checks.finding import Report
from fwp_checks.project import shares
from fwp_checks.project.files.discovery import python_files
from fwp_checks.session import Session
from tests.rules import hosts
from tests.rules.comparing import Reported, difference
from tests.rules.markdown import Case, pages

CASES = [case for page in pages() for case in page.cases]
Mode = Callable[[Path, Path], list[Reported]]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def _reported(report: Report) -> list[Reported]:
    return [
        Reported(finding.path, finding.range.line, finding.code, finding.message)
        for finding in report.findings
    ]


def _files(session: Session) -> list[Path]:
    """What a check of the whole project reads. (A file that is named outright always is.)"""
    return python_files(session.root, session.settings)


def cold(root: Path, cache: Path) -> list[Reported]:
    """The whole project, nothing in the cache."""
    return _reported(Session.open(root, cache_dir=cache).check_all())


def again(root: Path, cache: Path) -> list[Reported]:
    """The whole project in another session, everything in the cache; the same after edits in an
    editor that change no meaning: a comment at the end of every file.
    """
    Session.open(root, cache_dir=cache).check_all()
    session = Session.open(root, cache_dir=cache)
    warm = _reported(session.check_all())
    for path in _files(session):
        session.update(path, path.read_text(encoding="utf-8") + "\n# edited\n")
    edited = _reported(session.check_all())
    assert sorted(edited) == sorted(warm)
    return warm


def reversed_order(root: Path, cache: Path) -> list[Reported]:
    """File by file in one session, the last file first."""
    session = Session.open(root, cache_dir=cache)
    reports = [session.check(path) for path in reversed(_files(session))]
    return [finding for report in reports for finding in _reported(report)]


def alone(root: Path, cache: Path) -> list[Reported]:
    """Each file in a session of its own that is asked for nothing else, without a cache."""
    files = _files(Session.open(root, cache_dir=False))
    reports = [Session.open(root, cache_dir=False).check(path) for path in files]
    return [finding for report in reports for finding in _reported(report)]


def divided(root: Path, cache: Path) -> list[Reported]:
    """In two shares, which only large projects have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "_WORTH_SHARES", 0)
        return _reported(Session.open(root, cache_dir=False).check_all())


@pytest.mark.parametrize("mode", [cold, again, reversed_order, alone, divided])
@each_case
def test_session(case: Case, mode: Mode, tmp_path: Path) -> None:
    root = tmp_path / "project"
    case.write(root)
    problem = difference(case, mode(root, tmp_path / "cache"))
    assert not problem, problem


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases as projects side by side."""
    folder = tmp_path_factory.mktemp("projects")
    for case in CASES:
        case.write(folder / case.name)
    return folder


@pytest.fixture(scope="module")
def cli(projects: Path, tmp_path_factory: pytest.TempPathFactory) -> hosts.Found:
    return hosts.through_cli(projects, tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module", params=[1, 2], ids=["j1", "j2"])
def flake8(
    request: pytest.FixtureRequest, projects: Path, tmp_path_factory: pytest.TempPathFactory
) -> hosts.Found:
    return hosts.through_flake8(projects, tmp_path_factory.mktemp("flake8"), request.param)


@each_case
def test_command_line(case: Case, cli: hosts.Found) -> None:
    problem = difference(case, cli.get(case.name, []))
    assert not problem, problem


@each_case
def test_flake8(case: Case, flake8: hosts.Found) -> None:
    problem = difference(case, flake8.get(case.name, []))
    assert not problem, problem
