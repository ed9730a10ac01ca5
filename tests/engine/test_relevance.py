"""Which files can matter, by a look at their bytes."""

from __future__ import annotations

import pytest

from fwp_checks.project.files.relevance import is_certain, relevant

FILES = {
    "app/__init__.py": b"",
    "app/main.py": b"",
    "app/a.py": b"x = 1\n",
    "app/b.py": b"x = 2\n",
    "app/d.py": b"x = 4\n",
    "app/sub/__init__.py": b"",
    "app/sub/c.py": b"x = 3\n",
}
NAMES = {
    path: [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] for path in FILES
}
START = b"async def main(): ...\n"


def _certain(files: dict[str, bytes]) -> set[str]:
    return {path for path, content in files.items() if is_certain(path, content)}


def _imported(text: bytes) -> set[str]:
    """What matters because the main file has this text, and is asynchronous."""
    found = relevant({**FILES, "app/main.py": START + text}, NAMES, ())
    return {path.removeprefix("app/").removesuffix(".py") for path in found} - {"main"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"import app.a", {"__init__", "a"}),
        (b"import os, app.a as a, app.b", {"__init__", "a", "b"}),
        (b"from app import a", {"__init__", "a"}),
        (b"from app import(a, b)", {"__init__", "a", "b"}),
        (b"from app import (  # all\n    a,\n    b as c,\n)", {"__init__", "a", "b"}),
        (b"from app import a, \\\n    b", {"__init__", "a", "b"}),
        (b"from app.sub \\\n    import c", {"__init__", "sub/__init__", "sub/c"}),
        (b"from app.sub.c import*", {"__init__", "sub/__init__", "sub/c"}),
        (b"from . import a", {"__init__", "a"}),
        (b"from .sub import c", {"sub/__init__", "sub/c"}),
        (b"if x: import app.a; from app import b", {"__init__", "a", "b"}),
        (b"\tfrom app import a\r\n", {"__init__", "a"}),
        (b"x = 'imports app.a'", set()),
        (b"reimport app.a", set()),
        (b"importapp.a", set()),
        (b"important = app.a", set()),
        (b"", set()),
    ],
)
def test_what_a_file_imports(text: bytes, expected: set[str]) -> None:
    assert _imported(text) == expected


def test_only_async_code_and_frameworks_matter() -> None:
    assert relevant(FILES, NAMES, ()) == set()
    assert relevant(FILES, NAMES, ("app/a.py",)) == {"app/a.py"}
    flask = {**FILES, "app/b.py": b"from flask import Flask\n"}
    assert relevant(flask, NAMES, ()) == {"app/b.py"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"async  def main(): ...", True),
        (b"import flask", True),
        (b"import django.db, os", True),
        (b"try:\n\tfrom fastapi import FastAPI\nexcept ImportError: ...", True),
        (b"import flasks", False),
        (b"import app.flask", False),
        (b"x = 'import flask'", False),
        (b"asynchronous = 1", False),
    ],
)
def test_what_matters_whatever_the_other_files_are(text: bytes, expected: bool) -> None:
    files = {**FILES, "app/main.py": text}
    assert _certain(files) == ({"app/main.py"} if expected else set())
    assert _certain(files) <= relevant(files, NAMES, ())


def test_settings_and_what_takes_them() -> None:
    settings = {
        **FILES,
        "app/a.py": b"INSTALLED_APPS = ['app.sub.c']\n",
        "app/b.py": b"from .a import *\n",
        "app/main.py": b"from split_settings.tools import include\n",
        "app/d.py": b"from .a import x\n",
    }
    assert relevant(settings, NAMES, ()) == {
        "app/a.py", "app/b.py", "app/main.py", "app/sub/__init__.py", "app/sub/c.py"
    }  # fmt: skip


_MIGRATION = b"from django.db import migrations\nclass Migration(migrations.Migration): ...\n"
_MIGRATIONS = {
    "app/__init__.py": b"",
    "app/main.py": b"import django\n",
    "app/migrations/__init__.py": b"",
    "app/migrations/first.py": _MIGRATION,
    "app/migrations/second.py": b"from .first import Migration as First\n" + _MIGRATION,
    "app/migrations/tools.py": b"from django.db import models\n",
}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("app/main.py", b"import django\n", set()),
        ("app/main.py", b"import django, app.migrations.first\n", {"first"}),
        ("app/main.py", b"import django\nfrom .migrations import second", {"first", "second"}),
        ("app/migrations/first.py", _MIGRATION + b"async def run(): ...\n", {"first"}),
        ("app/migrations/first.py", _MIGRATION.replace(b"Migration(", b"Base("), {"first"}),
        ("app/first.py", _MIGRATION, {"app/first"}),
    ],
)
def test_migrations_run_once(path: str, text: bytes, expected: set[str]) -> None:
    files = {**_MIGRATIONS, path: text}
    names = {one: [one.removesuffix(".py").replace("/", ".")] for one in files}
    found = {one.removesuffix(".py") for one in relevant(files, names, ())}
    tried = {one.removeprefix("app/migrations/") for one in found if one.endswith(("st", "nd"))}
    assert tried == expected
    assert "app/migrations/tools" in found
    assert _certain(files) <= relevant(files, names, ())
    assert "app/migrations/second.py" in relevant(files, names, ("app/migrations/second.py",))
