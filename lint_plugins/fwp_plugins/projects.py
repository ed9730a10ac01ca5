"""Sessions as hosts want them: the host's settings over the project's, one session a project."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from fwp_checks.codes import PAGES, rule_codes
from fwp_checks.diagnostics import BROKEN_SETTINGS, INTERNAL_ERROR, NAMES
from fwp_checks.finding import Finding, Range, Severity
from fwp_checks.patterns import matches
from fwp_checks.project.files.discovery import find_root, is_test_path, python_files
from fwp_checks.session import Session
from fwp_checks.settings import FILE_ACCESS, Settings, SettingsError
from fwp_plugins.codes import unknown

CacheDir = Path | None | Literal[False]
"""Where the cache lies: a folder, None for the user's cache folder, False for no cache."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """Settings given to the host, by the names of ``Settings``; None leaves the project's.

    ``enable`` names rules (by codes or their beginnings) that are reported in addition to those
    that are selected, although they may be in preview.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    enable: tuple[str, ...] = ()
    preview: bool | None = None
    file_access: str | None = None
    file_metadata: bool | None = None
    include_tests: bool | None = None

    def apply(self, settings: Settings) -> Settings:
        """The settings with what is given here put in.

        Raises SettingsError for a value that is not allowed.
        """
        if self.file_access not in (None, *FILE_ACCESS):
            raise SettingsError(
                f"file-access: must be one of {', '.join(FILE_ACCESS)}, not '{self.file_access}'"
            )
        problem = unknown(self.enable)
        if problem is not None:
            raise SettingsError(f"enable: {problem}")
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        del given["enable"]
        settings = replace(
            settings, **{name: value for name, value in given.items() if value is not None}
        )
        if not self.enable:
            return settings
        # A rule in preview is switched on by its full code.
        enabled = tuple(code for code in rule_codes() if code.startswith(self.enable))
        return replace(settings, select=(*settings.select, *enabled))


def absolute(path: str | Path) -> Path:
    """The path from the root of the file system, without ``..``; links are left as they are."""
    return Path(os.path.normpath(Path(path).absolute()))


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(
    start: Path, overrides: Overrides, *, cache_dir: CacheDir = None, jobs: int = 1
) -> Session:
    """The session of the project that ``start`` lies in.

    Raises SettingsError if its settings are broken.
    """
    session = Session.open(start, cache_dir=cache_dir, jobs=jobs)
    _require_known_codes(session.settings)
    settings = overrides.apply(session.settings)
    if settings == session.settings:
        return session
    return Session.open(start, settings=settings, cache_dir=cache_dir, jobs=jobs)


def _require_known_codes(settings: Settings) -> None:
    """Raises SettingsError for a code that no rule has: what selects it reports nothing."""
    given = {
        "select": settings.select,
        "ignore": settings.ignore,
        "per-file-ignores": [code for _, codes in settings.per_file_ignores for code in codes],
    }
    for key, codes in given.items():
        problem = unknown(codes)
        if problem is not None:
            raise SettingsError(f"{settings.place_of(key)}: {problem}")


def group_by_project(
    paths: Iterable[Path], overrides: Overrides, *, cache_dir: CacheDir, jobs: int
) -> list[tuple[Session, list[Path]]]:
    """One session for each project that some of the paths lie in, with those paths."""
    groups: dict[Path, tuple[Session, list[Path]]] = {}
    for path in paths:
        session = open_session(path, overrides, cache_dir=cache_dir, jobs=jobs)
        groups.setdefault(session.root, (session, []))[1].append(path)
    return list(groups.values())


class _Project:
    """One project as a host sees it that asks for one file at a time: analysed once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files: frozenset[Path] | None = None
        self._findings: dict[str, list[Finding]] | None = None
        self._failed = False

    def findings(self, path: Path, text: str | None) -> tuple[Finding, ...]:
        """The findings of a file, none if a check of the whole project would leave it out.

        May raise any Exception, but not the same one twice: after a failure there are no findings.
        """
        if self._failed or not self._covers(path):
            return ()
        if text is not None:
            self._session.update(path, text)
            self._findings = None
        relative = path.relative_to(self._session.root).as_posix()
        return tuple(self.analysed().get(relative, ()))

    def analysed(self) -> dict[str, list[Finding]]:
        """All findings of the project by file. May raise any Exception."""
        if self._findings is None:
            self._failed = True
            found: dict[str, list[Finding]] = {}
            for finding in self._session.check_all().findings:
                found.setdefault(finding.path, []).append(finding)
            self._findings = found
            self._failed = False
        return self._findings

    def _covers(self, path: Path) -> bool:
        root, settings = self._session.root, self._session.settings
        if self._files is None:
            self._files = frozenset(python_files(root, settings))
        if path in self._files:
            return True
        # It may also be a file that is not saved yet.
        relative = path.relative_to(root).as_posix()
        is_left_out = is_test_path(relative) and not settings.include_tests
        return not (path.exists() or is_left_out or matches(relative, settings.exclude))


class FileByFile:
    """The findings of one run in a host that asks for one file at a time.

    Each project is analysed when a file of it is first asked for. ``root`` is where the project of
    the files below it is looked for; None looks next to each file.
    """

    def __init__(
        self, overrides: Overrides, *, cache_dir: CacheDir = None, root: Path | None = None
    ) -> None:
        self._overrides = overrides
        self._cache_dir = cache_dir
        self._root = root
        self._roots: dict[Path, Path] = {}
        self._projects: dict[Path, _Project] = {}
        self._settings_reported = False

    def check(self, filename: str, text: str | None = None) -> tuple[Finding, ...]:
        """The findings of a file; ``text`` is its unsaved text, None what is on disk.

        A file that a check of the whole project would leave out (test code, what the settings
        exclude, installed packages) has none, so that every host gives the same findings. Never
        raises an Exception: broken settings are a finding FWP903, a failure of the engine is a
        finding FWP902, in the first file that is asked for.
        """
        try:
            path = absolute(filename)
            return self._project(path).findings(path, text)
        except SettingsError as error:
            return self._broken_settings(error, filename)
        except Exception as error:
            return (_about_run(INTERNAL_ERROR, filename, _internal_error(error, filename)),)

    def prepare(self, filenames: Iterable[str], jobs: int) -> None:
        """Analyse the projects of these files and folders now.

        If that raises any Exception, it is as if this had not been called.
        """
        try:
            for name in filenames:
                self._project(absolute(name), jobs).analysed()
        except Exception:
            self._projects.clear()
            raise

    def _project(self, path: Path, jobs: int = 1) -> _Project:
        start = path if path.is_dir() else path.parent
        if self._root is not None:
            if not self._root.is_dir():
                raise SettingsError(f"fwp-root: {self._root}: no such folder")
            if start.is_relative_to(self._root):
                start = self._root
        root = self._roots.get(start)
        if root is None:
            root = self._roots[start] = find_root(start)
        project = self._projects.get(root)
        if project is None:
            session = open_session(root, self._overrides, cache_dir=self._cache_dir, jobs=jobs)
            project = self._projects[root] = _Project(session)
        return project

    def _broken_settings(self, error: SettingsError, filename: str) -> tuple[Finding, ...]:
        if self._settings_reported:
            return ()
        self._settings_reported = True
        message = f"nothing was checked, the settings are broken: {_one_line(error)}"
        return (_about_run(BROKEN_SETTINGS, filename, message),)


def _about_run(code: str, path: str, message: str) -> Finding:
    name = NAMES[code]
    return Finding(
        code=code,
        rule=name,
        severity=Severity.ERROR,
        path=path,
        range=Range(1, 1, 1, 1),
        message=message,
        fix_link="",
        rule_page=f"{PAGES}{name}/",
        fingerprint=f"{code}:{path}",
    )


def _internal_error(error: Exception, filename: str) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error, nothing was checked: {type(error).__name__}: {_one_line(error)} "
        f"({Path(last.filename).name}:{last.lineno}); please report it with the output of "
        f"'FWP_DEBUG=1 fwp check {filename}'"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
