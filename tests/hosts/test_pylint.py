"""The pylint plugin, in pylint's own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.conftest import Fwp
from tests.hosts.demo import API, run_python, write

pytest.importorskip("pylint")

Pylint = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def pylint(project: Path, tmp_path: Path) -> Pylint:
    """pylint with our checks alone; gives its exit code and its messages."""

    def run(*arguments: str, text: str = "") -> tuple[int, list[dict[str, Any]]]:
        options = ["--load-plugins=fwp_plugins.pylint_plugin", "--disable=all", "--enable=fwp"]
        result = run_python(
            ["-m", "pylint", *options, "--output-format=json2", *arguments],
            cwd=project,
            scratch=tmp_path,
            text=text,
        )
        assert result.stderr == ""
        return result.returncode, json.loads(result.stdout)["messages"]

    return run


def test_a_finding_that_needs_two_files(pylint: Pylint, fwp: Fwp) -> None:
    status, (message,) = pylint("app")
    assert status == 4
    assert message["messageId"] == "W9102"
    assert message["symbol"] == "fwp-blocking-call-through-helper"
    assert (message["path"], message["line"], message["column"]) == ("app/api.py", 11, 11)
    assert message["endLine"] == 11
    place, _, text = fwp("check").out.splitlines()[0].partition(" ")
    assert place == "app/api.py:11:12:"
    assert message["message"] == text


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_jobs(jobs: str, project: Path, pylint: Pylint) -> None:
    write(project, {f"app/api{index}.py": API for index in range(4)})
    _, messages = pylint(f"-j{jobs}", "app")
    assert sorted(message["path"] for message in messages) == [
        "app/api.py",
        *(f"app/api{index}.py" for index in range(4)),
    ]


def test_standard_input(pylint: Pylint) -> None:
    _, (message,) = pylint("--from-stdin", "app/api.py", text="# unsaved\n" + API)
    assert message["line"] == 12


def test_comments_of_pylint(project: Path, pylint: Pylint) -> None:
    comment = "  # pylint: disable=fwp-blocking-call-through-helper\n"
    write(project, {"app/api.py": API.rstrip() + comment})
    assert pylint("app") == (0, [])


def test_our_comments(project: Path, pylint: Pylint) -> None:
    write(project, {"app/api.py": API.rstrip() + "  # fwp: ignore[FWP102] in memory\n"})
    assert pylint("app") == (0, [])


def test_options(project: Path, tmp_path: Path, pylint: Pylint) -> None:
    write(
        project,
        {
            "pyproject.toml": "[tool.pylint.fwp]\nfwp-preview = true\nfwp-enable = ['FWP1']\n"
            "fwp-file-access = 'never'\nfwp-cache-dir = '../elsewhere'\n"
        },
    )
    _, (message,) = pylint("app")
    assert message["messageId"] == "W9102"
    assert any((tmp_path / "elsewhere").rglob("*"))
    write(project, {"pyproject.toml": "[tool.pylint.fwp]\nfwp-no-cache = true\n"})
    pylint("app")
    assert not (tmp_path / "cache" / "fwp").exists()


def test_broken_settings(project: Path, pylint: Pylint) -> None:
    write(project, {"pyproject.toml": "[tool.fwp]\nnonsense = 1\n"})
    status, (message,) = pylint("app")
    assert status == 4
    assert message["messageId"] == "W9903"
    assert "nonsense" in message["message"]
