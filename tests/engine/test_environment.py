"""Finding installed packages without importing them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fwp_checks.project.files.environment import package_files, site_packages
from fwp_checks.settings import Settings

LIB = "lib/python3.12/site-packages"


@pytest.fixture(autouse=True)
def no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)


def make(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise SystemExit('this was run')\n")
    return root


def found(package: str, root: Path, **settings: Path) -> dict[str, str]:
    """Names and paths (relative to the root) of the modules found."""
    files = package_files(package, root, Settings(**settings))  # type: ignore[arg-type]
    return {name: path.relative_to(root).as_posix() for name, path in files}


def test_a_package_in_the_environment_of_the_project(tmp_path: Path) -> None:
    make(tmp_path / ".venv" / LIB, "a/__init__.py", "a/b.py", "a/c/d.py", "a/tests/e.py", "a/f.pyi")
    make(tmp_path / ".venv" / LIB, "a/g-h.py", "ab/__init__.py")
    assert found("a", tmp_path) == {
        "a": f".venv/{LIB}/a/__init__.py",
        "a.b": f".venv/{LIB}/a/b.py",
        "a.c.d": f".venv/{LIB}/a/c/d.py",
    }
    assert found("a.c", tmp_path) == {"a.c.d": f".venv/{LIB}/a/c/d.py"}
    assert found("a.b", tmp_path) == {"a.b": f".venv/{LIB}/a/b.py"}
    assert found("nothing", tmp_path) == {}


def test_a_single_module(tmp_path: Path) -> None:
    make(tmp_path / "venv" / "Lib" / "site-packages", "six.py", "six/extra.py")
    assert found("six", tmp_path) == {"six": "venv/Lib/site-packages/six.py"}


def test_the_order_of_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("venv", ".venv", "active", "chosen"):
        make(tmp_path / name / LIB, "a.py")
    make(tmp_path / "chosen" / "bin", "python")
    assert found("a", tmp_path) == {"a": f".venv/{LIB}/a.py"}
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert found("a", tmp_path) == {"a": f"active/{LIB}/a.py"}
    chosen = {"a": f"chosen/{LIB}/a.py"}
    assert found("a", tmp_path, python=tmp_path / "chosen") == chosen
    assert found("a", tmp_path, python=tmp_path / "chosen" / "bin" / "python") == chosen
    assert found("a", tmp_path, python=tmp_path / "gone") == {"a": f"active/{LIB}/a.py"}


def test_the_newest_python_of_an_environment(tmp_path: Path) -> None:
    for version in ("3.9", "3.11", "3.10"):
        make(tmp_path / f".venv/lib/python{version}/site-packages", "a.py")
    assert found("a", tmp_path) == {"a": ".venv/lib/python3.11/site-packages/a.py"}


def test_the_running_python_is_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(tmp_path / "python" / "site-packages", "a.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(place)])
    assert site_packages(tmp_path, Settings()) == [place]
    assert found("a", tmp_path) == {"a": "python/site-packages/a.py"}


def test_parts_of_a_namespace_package(tmp_path: Path) -> None:
    make(tmp_path / ".venv" / LIB, "company/http/__init__.py", "links.pth")
    make(tmp_path / "editable", "company/db.py")
    pth = tmp_path / ".venv" / LIB / "links.pth"
    pth.write_text(
        f"# a comment\nimport company.http\n\n{tmp_path / 'editable'}\n/nowhere/at/all\n"
    )
    assert found("company", tmp_path) == {
        "company.http": f".venv/{LIB}/company/http/__init__.py",
        "company.db": "editable/company/db.py",
    }
    assert found("company.db", tmp_path) == {"company.db": "editable/company/db.py"}


def test_a_broken_pth_file_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path / ".venv" / LIB, "a.py")
    (tmp_path / ".venv" / LIB / "odd.pth").write_bytes(b"\xff\xfe\x00")
    assert site_packages(tmp_path, Settings()) == [tmp_path / ".venv" / LIB]
