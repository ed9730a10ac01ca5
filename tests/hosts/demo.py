"""A small project with one finding that needs two files, and ways to run hosts on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SOURCE_ROOTS = [Path(__file__).parents[2] / name for name in ("checks", "lint_plugins")]

API = """\
from fastapi import FastAPI, Request

from app.services import load_user

app = FastAPI()


@app.post("/me")
async def read_me(request: Request):
    user_id = await request.json()
    return load_user(user_id)
"""
SERVICES = """\
import requests


def load_user(user_id):
    return requests.get(f"https://users.example/{user_id}").json()
"""
FINDING = "app/api.py:11:12: FWP102 "
"""How the only finding of the demo project begins in concise output and in flake8's."""


def write_demo(root: Path) -> Path:
    """Write the project below ``root``, and give the root."""
    write(root, {"pyproject.toml": "", "app/__init__.py": "", "app/api.py": API})
    write(root, {"app/services.py": SERVICES})
    return root


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def environment(scratch: Path) -> dict[str, str]:
    """The environment of a host: our packages known to Python and flake8, caches in ``scratch``."""
    # flake8 takes one distribution of a name: where ours is installed, this one is as good.
    metadata = scratch / "metadata" / "flake8_fwp-0.dist-info"
    write(
        metadata,
        {
            "METADATA": "Metadata-Version: 2.1\nName: flake8-fwp\nVersion: 0\n",
            "entry_points.txt": "[flake8.extension]\nFWP = fwp_plugins.flake8_plugin:FwpChecker\n",
        },
    )
    path = [*map(str, SOURCE_ROOTS), str(metadata.parent)]
    changing = ("NO_COLOR", "FORCE_COLOR", "FWP_CACHE_DIR", "FWP_DEBUG")
    kept = {name: value for name, value in os.environ.items() if name not in changing}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(path),
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "HOME": str(scratch),
    }


def run_python(
    arguments: Sequence[str], *, cwd: Path, scratch: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments as a host's process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(scratch),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
