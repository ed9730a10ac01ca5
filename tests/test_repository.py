"""What the repository says of itself: commands, links, packaging, and the shape of its code."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from fwp_plugins.cli import main

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
MAX_FILE, MAX_FUNCTION = 600, 80


def _tracked(*patterns: str) -> list[Path]:
    """Files of the repository by patterns of git."""
    run = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=REPOSITORY, capture_output=True, text=True
    )
    if run.returncode:
        pytest.skip("not a git checkout")
    paths = (REPOSITORY / name for name in run.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def _code_blocks(page: Path, language: str) -> list[str]:
    fences = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return [str(fence) for fence in fences]


def test_the_readme_shows_a_finding_as_it_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    command = ["check", "docs/demo", "--format", "full", "--color", "never", "--no-cache"]
    assert main(command) == 1
    assert _code_blocks(README, "text")[0] in capsys.readouterr().out
    assert "fwp check docs/demo --format full" in README.read_text("utf-8")


def test_ci_runs_the_commands_of_the_readme() -> None:
    check, tests = (block.split("&&")[-1].strip() for block in _code_blocks(README, "sh"))
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    for command in (check, tests):
        assert command.startswith(".venv/bin/")
        assert f"\n{command.removeprefix('.venv/bin/')}" in ci


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in _tracked("*.md"):
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
        for target, heading in re.findall(r"\]\((?!https?://)([^)#\s]*)(#[^)\s]*)?\)", text):
            place = page.parent / target if target else page
            if not place.exists() or (heading and heading not in _anchors(place)):
                broken.append(f"{page.relative_to(REPOSITORY)}: {target}{heading}")
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)
    return {"#" + re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_decision_is_listed() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_all_files_beside_the_code_are_packaged() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        path.name
        for path in _tracked("checks", "lint_plugins")
        if path.suffix != ".py" and not any(fnmatch(path.name, p) for p in patterns)
    ]
    assert left_out == []


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in _tracked("checks/**.py", "lint_plugins/**.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_files_and_functions_are_short() -> None:
    long = []
    for path in _tracked("*.py"):
        text = path.read_text("utf-8")
        name = path.relative_to(REPOSITORY)
        if (lines := text.count("\n")) >= MAX_FILE:
            long.append(f"{name}: {lines} lines")
        for function, length in _functions(text):
            if length >= MAX_FUNCTION:
                long.append(f"{name}: {function}: {length} lines")
    assert long == []


def _functions(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
