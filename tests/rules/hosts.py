"""Runs cases through the hosts that users see, many projects in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fwp_plugins.cli import main
from tests.rules.comparing import Reported

REPOSITORY = Path(__file__).parents[2]

LOCAL_PLUGIN = """
[flake8:local-plugins]
extension =
    FWP = fwp_plugins.flake8_plugin:FwpChecker
"""

Found = dict[str, list[Reported]]
"""What was reported, by the folder of the project below the common one."""


def through_cli(folder: Path, scratch: Path) -> Found:
    """``fwp check`` over every project below ``folder``, read from its JSON."""
    output = scratch / "report.json"
    projects = [str(project) for project in sorted(folder.iterdir())]
    arguments = ["check", "--format", "json", "--output", str(output)]
    status = main([*arguments, "--cache-dir", str(scratch / "cli-cache"), *projects])
    assert status == 1, f"fwp check ended with {status}"
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["skipped"] == []
    found: Found = {}
    for finding in document["findings"]:
        project, path = finding["path"].split("/", 1)
        found.setdefault(project, []).append(
            Reported(path, finding["line"], finding["code"], finding["message"])
        )
    return found


def through_flake8(folder: Path, scratch: Path, jobs: int) -> Found:
    """``flake8 --select=FWP`` over every project below ``folder``, as a user would run it."""
    config = scratch / "flake8.cfg"
    # Twice the same plugin is an error to flake8: name it only where it is not installed.
    installed = "flake8-fwp" in _flake8(folder, "--isolated", "--version").stdout
    config.write_text("[flake8]\n" if installed else f"[flake8]\n{LOCAL_PLUGIN}", encoding="utf-8")
    run = _flake8(
        folder,
        *("--config", str(config), "--select=FWP", f"-j{jobs}"),
        *("--fwp-cache-dir", str(scratch / f"flake8-cache-{jobs}")),
        *("--format", "%(path)s\t%(row)d\t%(code)s\t%(text)s", "."),
    )
    assert run.returncode == 1, f"flake8 ended with {run.returncode}: {run.stderr}"
    found: Found = {}
    for line in run.stdout.splitlines():
        place, row, code, text = line.split("\t", 3)
        project, path = Path(place).as_posix().split("/", 1)
        found.setdefault(project, []).append(Reported(path, int(row), code, text))
    return found


def _flake8(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    roots = (str(REPOSITORY / "checks"), str(REPOSITORY / "lint_plugins"))
    return subprocess.run(
        [sys.executable, "-m", "flake8", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
