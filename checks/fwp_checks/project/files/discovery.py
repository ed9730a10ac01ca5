"""Which folder is the project, and which of its files are read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from fwp_checks.patterns import matches
from fwp_checks.project.files.deployment_files import MOST_FILES, is_deployment_file
from fwp_checks.project.files.roots import PROJECT_FILES
from fwp_checks.settings import Settings, SettingsError, settings_table

_REPOSITORIES = (".git", ".hg", ".svn", ".jj")
# They lie at the top of a repository, and are still there when it was downloaded as an archive.
_FORGES = (".github", ".gitlab-ci.yml")
# Not the project's own code: dependencies, caches and what builds leave behind.
_NEVER = frozenset(
    {"__pycache__", "node_modules", "site-packages", "__pypackages__", "bower_components"}
)
# The same, unless the folder is a package of that name.
_UNLESS_PACKAGE = frozenset({"build", "dist", "_build", "venv", "env", "virtualenv", "buck-out"})
_ENVIRONMENT_FILES = frozenset({"pyvenv.cfg", "conda-meta"})
_TEMPLATE_SUFFIXES = (
    ".html", ".htm", ".xhtml", ".txt", ".xml", ".jinja", ".jinja2", ".j2", ".djhtml", ".md", ".rst",
    ".tex", ".json", ".js", ".svg", ".eml", ".mjml", ".ics", ".csv", ".yaml", ".yml",
)  # fmt: skip
# Templates wherever they lie, except among files that are served as they are.
_PAGES = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".djhtml")
_NO_PAGES = frozenset({"static", "staticfiles", "assets", "public", "docs", "doc", "media"})
_TEST_FOLDER = re.compile(r"(?:unit)?tests?|tests?_\w+|\w*_tests?|e2e|cypress|pytest[-_][\w-]+")
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py|tests\.py|conftest\.py")


def find_root(start: Path) -> Path:
    """The top folder of the project that a file or folder belongs to; absolute.

    Looking upward from ``start``, the first of these that there is:

    1. the nearest folder with settings (``fwp.toml``, or ``[tool.fwp]`` in ``pyproject.toml``);
    2. the nearest folder with a repository (``.git`` and the like): the parts of a monorepo, each
       with its own ``pyproject.toml``, import each other;
    3. the outermost folder with a ``pyproject.toml``, ``setup.cfg``, ``setup.py`` or ``manage.py``;
    4. the folder above the package that ``start`` is in, or a package around it that has what only
       the top of a repository has (``.github``); without a package, its own folder.

    The user's home and what is above it do not count as repositories (settings files are often kept
    in one there); home counts as a project only if nothing below it does.
    """
    place = _absolute(start)
    folder = place if place.is_dir() else place.parent
    below_home = list(_below_home(folder))
    for candidate in below_home:
        if _has_settings(candidate):
            return candidate
    for candidate in below_home:
        if any(_is_so((candidate / name).exists) for name in _REPOSITORIES):
            return candidate
    for candidate in reversed(below_home):
        if _is_project(candidate):
            return candidate
    home = _home()
    if home is not None and home in folder.parents and (_has_settings(home) or _is_project(home)):
        return home
    while _is_so((folder / "__init__.py").is_file) and folder.parent != folder:
        if any(_is_so((folder / name).exists) for name in _FORGES):
            break
        folder = folder.parent
    return folder


def python_files(root: Path, settings: Settings, paths: Iterable[Path] | None = None) -> list[Path]:
    """The files to read, as absolute paths, in the order of :func:`python_paths`."""
    top = _absolute(root)
    return [top / relative for relative in python_paths(root, settings, paths)]


def python_paths(
    root: Path,
    settings: Settings,
    paths: Iterable[Path] | None = None,
    templates: list[str] | None = None,
    deployment: list[str] | None = None,
    tests: list[str] | None = None,
    seen: Callable[[str], None] | None = None,
) -> list[str]:
    """The files to read, as paths relative to the root, in order.

    ``paths`` are files and folders inside the root (default: the root). Files named there are
    always among them, whatever they are called and wherever they lie. Of folders it is the ``.py``
    files, without hidden folders, virtual environments, installed packages, build results, what
    ``exclude`` matches, and test code (unless ``include_tests``, or the folder named is itself test
    code). Stubs (``.pyi``) are left out: they hold no code that runs. Links to folders are not
    followed. To ``templates`` the files in folders of templates are added (paths relative to the
    root, in order), to ``deployment`` those that say how the project is run, to ``tests`` the test
    code that is left out, for :func:`test_files`. ``seen`` is called with each file of a folder as
    soon as it is found, in any order.

    Raises FileNotFoundError for a path that does not exist and ValueError for one outside the root.
    """
    top = _absolute(root)
    found: set[str] = set()
    for path in [root] if paths is None else paths:
        place = _absolute(path)
        try:
            relative = place.relative_to(top).as_posix()
        except ValueError:
            raise ValueError(f"{path}: lies outside the project in {root}") from None
        if place.is_dir():
            folder = "" if relative == "." else relative
            with_tests = settings.include_tests or is_test_path(f"{folder}/x.py")
            walked = _walk(
                str(place), folder, settings.exclude, with_tests, templates, deployment, tests
            )
            for file in walked:
                found.add(file)
                if seen is not None:
                    seen(file)
        elif place.exists():
            found.add(relative)
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")
    if templates is not None:
        templates.sort()
    if deployment is not None:
        deployment.sort(key=lambda path: (path.count("/"), path))
        del deployment[MOST_FILES:]
    return sorted(found)


def test_files(root: Path, settings: Settings, left_out: Iterable[str]) -> list[str]:
    """The files of test code that :func:`python_paths` has left out, as paths relative to the root;
    ``left_out`` are files, and folders with a slash at the end.
    """
    found: set[str] = set()
    for path in left_out:
        if path.endswith("/"):
            found.update(_walk(str(_absolute(root) / path), path[:-1], settings.exclude, True))
        else:
            found.add(path)
    return sorted(found)


def is_test_path(relative: str) -> bool:
    """Whether a file (path relative to the root, forward slashes) is test code by where it lies.

    Folders ``test``, ``tests``, ``unit_tests``, ``e2e``, ``cypress`` and the like at any depth,
    plugins of pytest by the name that its documentation gives them (``pytest-shop``,
    https://docs.pytest.org/en/stable/how-to/writing_plugins.html), and files that pytest, unittest
    and Django collect: ``test_*.py``, ``*_test.py``, ``tests.py``, ``conftest.py``. A folder
    ``testing`` is not: libraries ship their helpers for users' tests under that name.
    """
    *folders, name = relative.split("/")
    if _TEST_FILE.fullmatch(name):
        return True
    return any(_is_test_folder(folder) for folder in folders)


@lru_cache(maxsize=1_000)
def _is_test_folder(name: str) -> bool:
    return _TEST_FOLDER.fullmatch(name) is not None


def is_template_folder(name: str) -> bool:
    """Whether a folder of this name holds templates."""
    return "template" in name or name in ("jinja2", "jinja")


def is_template_path(relative: str) -> bool:
    """Whether a file is a template by where it lies; the path is relative to the root."""
    folder, _, name = relative.rpartition("/")
    return name.endswith(_template_suffixes(folder))


def _template_suffixes(folder: str) -> tuple[str, ...]:
    """The endings of templates in a folder."""
    folders = folder.split("/")
    if any(map(is_template_folder, folders)):
        return _TEMPLATE_SUFFIXES
    return () if not _NO_PAGES.isdisjoint(folders) else _PAGES


def _walk(
    top: str,
    prefix: str,
    exclude: tuple[str, ...],
    with_tests: bool,
    templates: list[str] | None = None,
    deployment: list[str] | None = None,
    tests: list[str] | None = None,
) -> Iterator[str]:
    """The files below a folder; ``prefix`` is the folder relative to the root."""
    stack = [(top, prefix)]
    while stack:
        place, relative = stack.pop()
        try:
            with os.scandir(place) as listing:
                entries = list(listing)
        except OSError:
            continue
        names = {entry.name for entry in entries}
        if relative != prefix and _is_foreign(relative, names):
            continue
        endings = _template_suffixes(relative) if templates is not None else ()
        for entry in entries:
            name = entry.name
            path = f"{relative}/{name}" if relative else name
            if (
                deployment is not None
                and is_deployment_file(relative, name)
                and _is_so(entry.is_file)
                and not matches(path, exclude)
            ):
                deployment.append(path)
            if templates is not None and name.endswith(endings):
                if _is_so(entry.is_file) and not matches(path, exclude):
                    templates.append(path)
                continue
            if name.endswith(".py"):
                if _TEST_FILE.fullmatch(name) and not with_tests:
                    if tests is not None and _is_so(entry.is_file) and not matches(path, exclude):
                        tests.append(path)
                    continue
                if name[:-3] in names and _is_shadowed(Path(place), path):
                    continue
                if _is_so(entry.is_file) and not matches(path, exclude):
                    yield path
                    continue
            if name[0] == "." or name in _NEVER or not entry.is_dir(follow_symlinks=False):
                continue
            if matches(path, exclude):
                continue
            if with_tests or not _is_test_folder(name):
                stack.append((entry.path, path))
            elif tests is not None:
                tests.append(f"{path}/")


def _is_so(asked: Callable[[], bool]) -> bool:
    """The answer; no where there is none: a link that leads to itself, a folder that is locked."""
    try:
        return asked()
    except OSError:
        return False


def _is_shadowed(folder: Path, path: str) -> bool:
    """Whether a module in a package, beside which something has its name, lies beside a package of
    that name, so that no import can mean it. (Outside of packages it may be a script.)
    """
    stem = path.rpartition("/")[2].removesuffix(".py")
    if not (folder / stem / "__init__.py").exists():
        return False
    around = (folder, *folder.parents)[: path.count("/") + 1]
    return any((outer / "__init__.py").exists() for outer in around)


def _is_foreign(relative: str, names: set[str]) -> bool:
    """Whether a folder with these names in it is an environment or a build result."""
    if not names.isdisjoint(_ENVIRONMENT_FILES):
        return True
    if relative.rpartition("/")[2] not in _UNLESS_PACKAGE or "__init__.py" in names:
        return False
    # Deeper down, a folder called build that holds modules is code.
    return "/" not in relative or not any(name.endswith(".py") for name in names)


def _below_home(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to but without the home and the top of the file system."""
    home = _home()
    yield folder
    for parent in folder.parents:
        if parent.parent == parent or parent == home or (home and parent in home.parents):
            return
        yield parent


def _absolute(path: Path) -> Path:
    """Without ``..``, and with links as they are: a project is where the user sees it."""
    return Path(os.path.normpath(path.absolute()))


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _is_project(folder: Path) -> bool:
    return any(_is_so((folder / name).is_file) for name in PROJECT_FILES)


def _has_settings(folder: Path) -> bool:
    """Whether a folder has settings; broken ones too, whose error must be seen and not avoided."""
    try:
        document = (folder / "pyproject.toml").read_bytes()
    except OSError:
        document = b""
    if b"fwp" not in document:
        return _is_so((folder / "fwp.toml").is_file)
    try:
        return settings_table(folder) is not None
    except SettingsError:
        return b"tool.fwp" in document or _is_so((folder / "fwp.toml").is_file)
