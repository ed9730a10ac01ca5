"""Functions that packaging files make commands: ``console_scripts`` and their kin.

https://packaging.python.org/en/latest/specifications/pyproject-toml/#entry-points,
https://setuptools.pypa.io/en/latest/userguide/entry_point.html,
https://python-poetry.org/docs/pyproject/#scripts
"""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from fwp_checks.project.deployment.records import Script

_KINDS = ("console_scripts", "gui_scripts")
# Where pyproject.toml has tables of commands.
_TABLES = (
    ("project", "scripts"),
    ("project", "gui-scripts"),
    *[("project", "entry-points", kind) for kind in _KINDS],
    ("tool", "poetry", "scripts"),
    ("tool", "flit", "scripts"),
)


def scripts(path: str, text: str) -> Iterator[Script]:
    """The commands that a file declares."""
    folder, _, name = path.rpartition("/")
    if name == "pyproject.toml":
        targets = list(_of_pyproject(text))
    elif name == "setup.cfg":
        targets = list(_of_setup_cfg(text))
    else:
        return
    for target in targets:
        module, colon, function = target.partition("[")[0].strip().partition(":")
        if colon and function.isidentifier():
            yield Script(folder, module, function)


def _of_pyproject(text: str) -> Iterator[str]:
    if "scripts" not in text:
        return
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    for keys in _TABLES:
        table: Any = document
        for key in keys:
            table = table.get(key) if isinstance(table, Mapping) else None
        for target in table.values() if isinstance(table, Mapping) else ():
            # Poetry's may be tables: { reference = "package.module:main", type = "console" }
            named = target.get("reference") if isinstance(target, Mapping) else target
            if isinstance(named, str):
                yield named


def _of_setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for kind in _KINDS:
        for line in parser.get("options.entry_points", kind, fallback="").splitlines():
            yield line.partition("=")[2]
