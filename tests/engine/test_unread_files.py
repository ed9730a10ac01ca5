"""Nothing is said to be absent where a file that may have it could not be read."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fwp_checks.session import Session

MANY = "".join(f"@app.get('/{n}')\ndef r{n}():\n    return {{}}\n" for n in range(14))
SETTINGS = """
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "a", "HOST": "b"}}
"""
MANAGE = """
import os
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
"""
PROGRAMS: dict[str, tuple[dict[str, str], str]] = {
    "FWP301": (
        {"app.py": "from flask import Flask\napp = Flask(__name__)\n" + MANY},
        "views.py",
    ),
    "FWP411": (
        {"app.py": "from fastapi import FastAPI\napp = FastAPI()\n" + MANY},
        "views.py",
    ),
    "FWP501": (
        {"manage.py": MANAGE, "config/__init__.py": "", "config/settings.py": SETTINGS},
        "config/production.py",
    ),
}


@pytest.mark.parametrize("code", PROGRAMS)
@pytest.mark.parametrize("broken", [False, True])
def test_what_an_unread_file_may_have(code: str, broken: bool, tmp_path: Path) -> None:
    files, other = PROGRAMS[code]
    text = "def f(:\n" if broken else "import os\n"
    for name, source in {**files, other: text, "pyproject.toml": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(dedent(source), encoding="utf-8")
    found = {one.code for one in Session.open(tmp_path, cache_dir=False).check_all().findings}
    assert (code in found) is not broken
