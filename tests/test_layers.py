"""Who may know what: imports, as written and as they happen."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.demo import run_python, write_demo

REPOSITORY = Path(__file__).parents[1]
ENGINE = REPOSITORY / "checks" / "fwp_checks"
HOSTS = REPOSITORY / "lint_plugins" / "fwp_plugins"
# Packages that are not ours, and the modules in which a host may import them.
HOST_LIBRARIES = {
    "flake8": {"flake8_plugin.py"},
    "pylint": {"pylint_plugin.py"},
    "pygls": {"language_server.py"},
    "rich": {"formats/terminal.py", "cli/output.py", "cli/pages.py"},
}


def _imported(path: Path) -> Iterator[str]:
    """The top names of all absolute imports of a file, wherever they stand in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value).partition(".")[0]


def test_the_engine_imports_the_standard_library_only() -> None:
    foreign = {
        (path.relative_to(ENGINE).as_posix(), name)
        for path in ENGINE.rglob("*.py")
        for name in _imported(path)
        if name != "fwp_checks" and name not in sys.stdlib_module_names
    }
    assert foreign == set()


def test_each_host_library_is_imported_in_its_own_modules_only() -> None:
    known = {"fwp_checks", "fwp_plugins", *sys.stdlib_module_names}
    foreign = [
        (path.relative_to(HOSTS).as_posix(), name)
        for path in HOSTS.rglob("*.py")
        for name in _imported(path)
        if name not in known
    ]
    assert [use for use in foreign if use[0] not in HOST_LIBRARIES.get(use[1], ())] == []
    assert foreign, "the search finds the imports there are"


LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_the_layers_hold() -> None:
    pytest.importorskip("importlinter")
    run = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(("checks", "lint_plugins"))},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


LOADED = """
import json, sys
from fwp_plugins.cli import main
status = main(sys.argv[2:])
print(json.dumps(sorted(sys.modules)), file=open(sys.argv[1], "w"))
"""


def _modules_of_a_check(project: Path, scratch: Path) -> set[str]:
    output = scratch / "modules.json"
    options = ["--format", "concise", "--jobs", "1", "--cache-dir", str(scratch / "cache")]
    arguments = ["-c", LOADED, str(output), "check", *options, "."]
    result = run_python(arguments, cwd=project, scratch=scratch)
    assert "FWP102" in result.stdout, result.stderr
    return set(json.loads(output.read_text(encoding="utf-8")))


def test_a_check_loads_what_it_needs_and_no_more(tmp_path: Path) -> None:
    project = write_demo(tmp_path / "project")
    cold = _modules_of_a_check(project, tmp_path)
    assert {"fwp_checks.facts.extract", "fwp_checks.project.meaning.values"} <= cold
    assert not {"rich", "flake8", "pylint", "asyncio", "fwp_checks.explain"} & cold
    warm = _modules_of_a_check(project, tmp_path)
    assert not {"fwp_checks.facts.extract", "fwp_checks.project.meaning.values"} & warm
