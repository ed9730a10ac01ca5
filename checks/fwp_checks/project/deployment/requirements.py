"""The packages that a project asks for, in whatever list it keeps."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Container, Iterator
from typing import Any

from fwp_checks.project.deployment.records import Mention, Requirement

_REQUIREMENT = re.compile(r"""["']?([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*([^;#"']*)""")
_SEPARATORS = re.compile(r"[-_.]+")


def requirements(path: str, text: str) -> Iterator[Requirement]:
    """What a file asks for; nothing if it is no list of requirements, or broken."""
    name = path.rpartition("/")[2].lower()
    if name.endswith((".txt", ".in")):
        for number, line in enumerate(text.splitlines(), 1):
            if line[:1] not in ("#", "-", " ", "\t", ""):
                yield from _parsed(line, Mention(path, number))
        return
    if name in ("pyproject.toml", "pipfile"):
        for asked in _of_toml(text):
            yield from _parsed(asked, Mention(path, _line_of(text, asked)))
    elif name == "setup.cfg":
        for asked in _of_setup(text):
            yield from _parsed(asked, Mention(path, _line_of(text, asked)))


def normal(name: str) -> str:
    """The name of a package in normal form (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def may_provide(asked: Container[str], module: str) -> bool:
    """Whether one of some packages (names in normal form) goes by what an import calls it, or by
    that and a word for Python.
    """
    name = normal(module)
    return any(
        spelling in asked
        for spelling in (name, f"py{name}", f"py-{name}", f"python-{name}", f"{name}-python")
    )


def _parsed(text: str, mention: Mention) -> Iterator[Requirement]:
    match = _REQUIREMENT.match(text.strip())
    if match is not None:
        name, extras, versions = match.groups()
        yield Requirement(normal(name), versions.strip(), mention)
        for extra in (extras or "").strip("[]").split(","):
            if extra.strip():
                yield Requirement(f"{normal(name)}[{extra.strip().lower()}]", "", mention)


def _of_toml(text: str) -> Iterator[str]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = _table(document, "project")
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists.extend(_table(document, "dependency-groups").values())
    for asked in lists:
        if isinstance(asked, list):
            yield from (item for item in asked if isinstance(item, str))
    poetry = _table(_table(document, "tool"), "poetry")
    tables = [_table(poetry, "dependencies"), _table(document, "packages")]
    tables.extend(_table(group, "dependencies") for group in _tables(_table(poetry, "group")))
    for table in tables:
        for name, asked in table.items():
            versions = asked if isinstance(asked, str) else _table(table, name).get("version", "")
            extras = _table(table, name).get("extras")
            named = ",".join(map(str, extras)) if isinstance(extras, list) else ""
            yield f"{name}[{named}]{versions}" if named else f"{name}{versions}"


def _of_setup(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    asked = parser.get("options", "install_requires", fallback="")
    yield from (line.strip() for line in asked.splitlines() if line.strip())


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _tables(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (found for found in document.values() if isinstance(found, dict))


def _line_of(text: str, asked: str) -> int:
    """The line on which a requirement is written, 1 where it is not found as it is."""
    name = re.split(r"[^\w.-]", asked, maxsplit=1)[0]
    match = re.search(rf"""^[\s"']*{re.escape(name)}(?![\w-])""", text, re.MULTILINE)
    if match is None:
        match = re.search(rf"""["']{re.escape(name)}(?![\w-])""", text)
    return text[: match.end()].count("\n") + 1 if match is not None else 1
