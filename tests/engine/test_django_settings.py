"""What settings of Django hold when their modules have run, and which of them production uses."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fwp_checks.frameworks.django.configuration.databases import Databases
from fwp_checks.frameworks.django.configuration.held import (
    Choice,
    Code,
    Dictionary,
    Held,
    Listing,
    Literal,
    Unknown,
)
from fwp_checks.frameworks.django.configuration.production import Production
from fwp_checks.frameworks.django.configuration.runs import Interpreter
from fwp_checks.project.linked import Project
from fwp_checks.session import Session

MANAGE = """
import os
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{}")
"""


def linked(root: Path, files: dict[str, str]) -> Project:
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
    return Session.open(root, cache_dir=False)._linked()


def text(value: Held | None) -> str:
    """A setting as text: ``~`` before a key that may be missing, ``?`` for what is not known."""
    if isinstance(value, Choice):
        return " | ".join(sorted(text(option) for option in value.options))
    if isinstance(value, Literal):
        return repr(value.value)
    if isinstance(value, Dictionary):
        items = [
            f"{'' if entry.is_sure else '~'}{key}: {text(entry.value)}"
            for key, entry in value.entries.items()
        ]
        return "{" + ", ".join([*items, *(["…"] if value.is_open else [])]) + "}"
    if isinstance(value, Listing):
        return "[" + ", ".join([*map(text, value.items), *(["…"] if value.is_open else [])]) + "]"
    return "?" if isinstance(value, (Unknown, Code)) else str(value)


PROGRAMS = {
    "a number of the other branch": (
        "A = 0\nif A == 0:\n    B = 600\n    C = 1\n    D = 0\nelse:\n    B = 1\n    D = 600",
        "0",
    ),
    "a number of another branch": (
        "import os\nif 1 == 1:\n    B = 600\nD = 600 if os.environ['A'] else 0",
        "0 | 600",
    ),
    "the first of three branches, of which the others bind nothing": (
        "import os\nD = 5\nif os.environ['A'] == 'a':\n    D = 1\n"
        "elif 1 == 1:\n    print(1)\nelse:\n    print(2)",
        "1 | 5",
    ),
    "by key": ('D = {"a": {"x": 1}}\nD["a"]["x"] = 2\nD["b"] = {}', "{a: {x: 2}, b: {}}"),
    "deleted": ('D = {"a": 1, "b": 2}\ndel D["a"]', "{b: 2}"),
    "updated": ('D = {"a": 1}\nD.update({"b": 2}, c=3)', "{a: 1, b: 2, c: 3}"),
    "merged": ('D = {"a": 1} | {"b": 2}\nD |= {"c": 3}', "{a: 1, b: 2, c: 3}"),
    "unpacked": ('B = {"a": 1}\nD = {**B, "b": 2}\nB["a"] = 5', "{a: 1, b: 2}"),
    "unpacked from somewhere": ("import x\nD = {**x.y, 'b': 2}", "{b: 2, …}"),
    "put into what is not known": (
        'import x\nD = {"a": x.db()}\nD["a"]["b"] = 1\nD["a"].update(c=2)',
        "{a: {b: 1, c: 2, …}}",
    ),
    "made by dict": ('D = dict({"a": 1}, b=2)', "{a: 1, b: 2}"),
    "copied": ('B = {"a": {"x": 1}}\nD = B.copy()\nB["b"] = 2', "{a: {x: 1}}"),
    "copied deeply": (
        'from copy import deepcopy\nB = {"a": {"x": 1}}\nD = deepcopy(B)\nB["a"]["x"] = 2',
        "{a: {x: 1}}",
    ),
    "in a loop over values": (
        'D = {"a": {}, "b": {"x": 1}}\nfor d in D.values():\n    d["x"] = 2',
        "{a: {x: 2}, b: {x: 2}}",
    ),
    "in a loop over keys": (
        'D = {"a": {}, "b": {}}\nfor k in D:\n    D[k]["x"] = 2',
        "{a: {x: 2}, b: {x: 2}}",
    ),
    "in a loop over items": (
        'D = {"a": {}}\nfor k, d in D.items():\n    d["x"] = k',
        "{a: {x: 'a'}}",
    ),
    "in a branch": ('import os\nD = {}\nif os.getenv("X"):\n    D["a"] = 1', "{~a: 1}"),
    "in a branch of two": (
        'import os\nif os.getenv("X"):\n    D = {"a": 1}\nelse:\n    D = {"b": 2}\nD["c"] = 3',
        "{a: 1, c: 3} | {b: 2, c: 3}",
    ),
    "in the branch that is taken": (
        'X = False\nD = {}\nif X:\n    D["a"] = 1\nelse:\n    D["b"] = 2',
        "{b: 2}",
    ),
    "a conditional expression": ("X = 'a'\nD = 1 if X == 'b' else 2", "2"),
    "one that is not known": ("import os\nD = 0 if os.getenv('X') else 120", "0 | 120"),
    "calculated": ("D = 60 * 10", "600"),
    "from the environment": ('import os\nD = int(os.getenv("X", "0"))', "?"),
    "set by default": (
        'D = {"o": {"x": 1}}\nD.setdefault("o", {})["y"] = 2\nD.setdefault("p", {})["z"] = 3',
        "{o: {x: 1, y: 2}, p: {z: 3}}",
    ),
    "by a function": (
        """
        def made(name, keep=True):
            d = {"n": name}
            if keep:
                d["x"] = 1
            return d
        D = {"a": made("a"), "b": made("b", keep=False)}
        """,
        "{a: {n: 'a', x: 1}, b: {n: 'b'}}",
    ),
    "changed by a function": (
        'def change(d):\n    d["a"]["x"] = 1\nD = {"a": {}}\nchange(D)',
        "{a: {x: 1}}",
    ),
    "changed by somebody else": ("import x\nD = {'a': 1}\nx.change(D)", "{a: 1, …}"),
    "by a method": (
        """
        class Config:
            host = "a"
            def as_dict(self):
                return {"h": self.host}
        D = Config().as_dict()
        """,
        "{h: 'a'}",
    ),
    "by a function that calls itself": ("def f():\n    return f()\nD = f()", "?"),
    "an address": (
        "import dj_database_url as d\nD = d.parse('postgres://x', conn_max_age=6)['CONN_MAX_AGE']",
        "6",
    ),
    "lists": (
        "A = ['a']\nD = A + ['b']\nD += ['c']\nD.append('d')\nD.insert(0, 'e')",
        "['e', 'a', 'b', 'c', 'd']",
    ),
    "a list with more": ("import x\nD = ['a', *x.y]", "['a', …]"),
    "an f-string": ("X = 'a'\nD = f'{X}.urls'", "'a.urls'"),
    "in try": ("D = {}\ntry:\n    D['a'] = 1\nexcept Exception:\n    D['b'] = 2", "{a: 1, ~b: 2}"),
}


@pytest.mark.parametrize("source, expected", PROGRAMS.values(), ids=PROGRAMS)
def test_what_a_module_holds(source: str, expected: str, tmp_path: Path) -> None:
    project = linked(tmp_path, {"s.py": f"INSTALLED_APPS = []\n{dedent(source)}"})
    held = Interpreter(project).setting(project.table.by_path["s.py"], "D")
    assert text(held) == expected


def test_each_module_of_settings_has_a_base_of_its_own(tmp_path: Path) -> None:
    files = {
        "s/__init__.py": "",
        "s/base.py": 'INSTALLED_APPS = []\nD = {"a": 1}\n',
        "s/one.py": 'from .base import *\nD["b"] = 2\n',
        "s/two.py": 'from .base import *\nD = {**D, "c": 3}\n',
        "s/three.py": (
            "from s import base\nfrom s.base import D as E\nINSTALLED_APPS = []\n"
            'E["d"] = base.D["a"]\nD = E\n'
        ),
    }
    project = linked(tmp_path, files)
    found = {
        name: text(Interpreter(project).setting(project.table.by_path[f"s/{name}.py"], "D"))
        for name in ("base", "one", "two", "three")
    }
    assert found == {
        "base": "{a: 1}",
        "one": "{a: 1, b: 2}",
        "two": "{a: 1, c: 3}",
        "three": "{a: 1, d: 1}",
    }


def test_a_module_of_star_imports_only(tmp_path: Path) -> None:
    files = {
        "s/__init__.py": "try:\n    from .dev import *\nexcept:\n    from .prod import *\n",
        "s/dev.py": "INSTALLED_APPS = ['dev']\n",
        "s/prod.py": "INSTALLED_APPS = ['prod']\n",
    }
    project = linked(tmp_path, files)
    module = project.table.by_path["s/__init__.py"]
    assert (module.scope_of(0), module.code_scope_of(0), module.main_guards) == (0, 0, [])


def test_settings_in_pieces(tmp_path: Path) -> None:
    files = {
        "s/__init__.py": """
            from split_settings.tools import include, optional
            include("parts/*.py", optional("local.py"))
        """,
        "s/parts/apps.py": "INSTALLED_APPS = ['a']\n",
        "s/parts/databases.py": "DATABASES = {'default': {}}\n",
        "s/local.py": "DATABASES['default']['CONN_MAX_AGE'] = 5\n",
    }
    project = linked(tmp_path, files)
    held = Interpreter(project).setting(project.table.by_path["s/__init__.py"], "INSTALLED_APPS")
    assert text(held) == "['a']"


def leaves(root: Path, files: dict[str, str]) -> list[str]:
    return [leaf.name for leaf in Production.of(linked(root, files)).leaves]


BASE = "INSTALLED_APPS = []\nDATABASES = {'default': {}}\n"
TAKES = "from .base import *\n"


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"manage.py": MANAGE.format("s.base")}, ["s/base.py"]),
        ({"manage.py": MANAGE.format("s.local"), "s/local.py": TAKES}, ["s/base.py"]),
        (
            {"manage.py": MANAGE.format("s.local"), "s/local.py": TAKES, "s/live.py": TAKES},
            ["s/live.py"],
        ),
        (
            {
                "manage.py": MANAGE.format("s.base"),
                "wsgi.py": MANAGE.format("s.site"),
                "s/site.py": TAKES,
            },
            ["s/site.py"],
        ),
        (
            {
                "Dockerfile": "ENV DJANGO_SETTINGS_MODULE=s.docker",
                "s/docker.py": TAKES,
                "s/prod.py": TAKES,
            },
            ["s/docker.py"],
        ),
        (
            {"manage.py": MANAGE.format("s.local"), "s/local.py": TAKES, "s/site.py": TAKES},
            ["s/site.py"],
        ),
        ({"docker-compose.dev.yml": "DJANGO_SETTINGS_MODULE: s.base"}, []),
        ({}, []),
    ],
    ids=[
        "managed",
        "local",
        "by name",
        "served",
        "deployed",
        "beside local",
        "development",
        "nobody",
    ],
)
def test_which_settings_production_uses(
    files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert leaves(tmp_path, {"s/__init__.py": "", "s/base.py": BASE, **files}) == expected


def test_classes_of_django_configurations(tmp_path: Path) -> None:
    files = {
        "manage.py": MANAGE.format("s"),
        "s.py": """
            from configurations import Configuration

            class Base(Configuration):
                INSTALLED_APPS = ["a"]
                DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}

            class Dev(Base):
                DEBUG = True

            class Production(Base):
                @property
                def DATABASES(self):
                    found = super().DATABASES
                    found["default"]["CONN_MAX_AGE"] = 60
                    return found
        """,
    }
    project = linked(tmp_path, files)
    [leaf] = Production.of(project).leaves
    assert leaf.name == "s.py (Production)"
    held = Databases.of(project).setting(leaf, "DATABASES")
    assert text(held) == ("{default: {ENGINE: 'django.db.backends.postgresql', CONN_MAX_AGE: 60}}")


def test_code_that_goes_on_for_too_long_says_nothing(tmp_path: Path) -> None:
    loops = "".join(f"{'    ' * n}for a{n} in L:\n" for n in range(7))
    source = f"""
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql"}}}}
INSTALLED_APPS = []
L = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
{loops}{"    " * 7}DATABASES["default"]["X"] = 1
DATABASES["default"]["CONN_MAX_AGE"] = 60
"""
    project = linked(tmp_path, {"settings.py": source, "manage.py": MANAGE.format("settings")})
    assert Databases.of(project).in_production == []
