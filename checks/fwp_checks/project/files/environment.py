"""Installed packages as files: found in an environment's site-packages, never imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fwp_checks.settings import Settings


class PackageFile(NamedTuple):
    """A module of an installed package: its dotted name and where it lies."""

    name: str
    path: Path


def package_files(package: str, root: Path, settings: Settings) -> list[PackageFile]:
    """The modules of a package (by its import name, dotted or not) in the project's environment.

    Sorted by path; stubs and the package's own ``tests`` folders left out. Empty if the package is
    not installed there, or has no Python source. A package without ``__init__.py`` is gathered from
    all folders that have a part of it.
    """
    found: list[PackageFile] = []
    for folder in site_packages(root, settings):
        place = folder.joinpath(*package.split("."))
        module = place.with_name(f"{place.name}.py")
        if (place / "__init__.py").is_file():
            return [*found, *_modules(place, package)]
        if module.is_file():
            return [*found, PackageFile(package, module)]
        found += _modules(place, package)
    return found


def site_packages(root: Path, settings: Settings) -> list[Path]:
    """The folders in which an environment's packages lie, in the order Python looks through them.

    The environment is the first of these that there is: the setting ``python`` (an environment's
    folder or its interpreter), the active one (``VIRTUAL_ENV``, ``CONDA_PREFIX``), ``.venv`` or
    ``venv`` in the root, the one that runs this program. Folders that its ``.pth`` files name
    (editable installs) follow each folder; their code lines are not run.
    """
    found: list[Path] = []
    for folder in _libraries(root, settings):
        found.append(folder)
        found += _named_by_pth(folder)
    return list(dict.fromkeys(found))


def _libraries(root: Path, settings: Settings) -> list[Path]:
    candidates = [
        settings.python,
        *(
            Path(place)
            for name in ("VIRTUAL_ENV", "CONDA_PREFIX")
            if (place := os.environ.get(name))
        ),
        root / ".venv",
        root / "venv",
    ]
    for candidate in candidates:
        if candidate is not None and (folders := _folders_of(candidate)):
            return folders
    names = ("site-packages", "dist-packages")
    return [path for path in map(Path, sys.path) if path.name in names and path.is_dir()]


def _folders_of(environment: Path) -> list[Path]:
    """The library folders of an environment, given as its folder or as an interpreter in it."""
    if environment.is_file():
        environment = environment.parent.parent
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
    return [
        folder
        for pattern in patterns
        for folder in sorted(environment.glob(pattern), key=_version, reverse=True)
        if folder.is_dir()
    ]


def _version(folder: Path) -> int:
    """The minor version in ``lib/python3.12/site-packages``."""
    minor = folder.parent.name.removeprefix("python3.").rstrip("t")
    return int(minor) if minor.isdecimal() else 0


def _named_by_pth(folder: Path) -> Iterator[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".pth")
    except OSError:
        return
    for file in files:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            continue
        for line in lines:
            place = folder / line.strip()
            if (
                line.strip()
                and not line.startswith(("#", "import ", "import\t"))
                and place.is_dir()
            ):
                yield Path(os.path.normpath(place))


def _modules(place: Path, package: str) -> Iterator[PackageFile]:
    """The modules below a folder that is a package of this name."""
    for file in sorted(place.rglob("*.py")):
        parts = list(file.relative_to(place).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if "tests" not in parts and all(part.isidentifier() for part in parts) and file.is_file():
            yield PackageFile(".".join([package, *parts]), file)
