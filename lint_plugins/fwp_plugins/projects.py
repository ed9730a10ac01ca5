"""Sessions as hosts want them: the host's settings over the project's, one session a project."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from fwp_checks.finding import Finding, Range, Severity
from fwp_checks.rules import PAGES, Status, all_rules
from fwp_checks.session import Session
from fwp_checks.settings import Settings, SettingsError

CacheDir = Path | None | Literal[False]
"""Where the cache lies: a folder, None for the user's cache folder, False for no cache."""

FILE_ACCESS = ("requests", "everywhere", "never")
"""Where file access is reported: where a request waits for it, in all async code, nowhere."""

RUN_CODES = {
    "FWP901": "file-skipped",
    "FWP902": "internal-error",
    "FWP903": "broken-settings",
}
"""Codes about the run itself, which no rule has, with their names."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """Settings given to the host, by the names of ``Settings``; None leaves the project's."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
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
                f"file-access: '{self.file_access}' is not one of {', '.join(FILE_ACCESS)}"
            )
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(
            settings, **{name: value for name, value in given.items() if value is not None}
        )


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
    settings = overrides.apply(session.settings)
    if settings == session.settings:
        return session
    return Session.open(start, settings=settings, cache_dir=cache_dir, jobs=jobs)


def group_by_project(
    paths: Iterable[Path], overrides: Overrides, *, cache_dir: CacheDir, jobs: int
) -> list[tuple[Session, list[Path]]]:
    """One session for each project that some of the paths lie in, with those paths, in the order
    given.
    """
    groups: dict[Path, tuple[Session, list[Path]]] = {}
    for path in paths:
        session = open_session(path, overrides, cache_dir=cache_dir, jobs=jobs)
        groups.setdefault(session.root, (session, []))[1].append(path)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Project:
    """A session, and the codes whose findings are not to be shown."""

    session: Session
    hidden: frozenset[str] = frozenset()


class FileByFile:
    """The findings of one run in a host that asks for one file at a time.

    Keeps one session a project, opened when a file of it is first asked for. ``root`` is where the
    project is looked for instead of next to each file; ``enable`` names rules (by prefixes of
    codes) that are reported although they are in preview and previews are off.
    """

    def __init__(
        self,
        overrides: Overrides,
        *,
        enable: tuple[str, ...] = (),
        cache_dir: CacheDir = None,
        root: Path | None = None,
    ) -> None:
        self._overrides = overrides
        self._enable = enable
        self._cache_dir = cache_dir
        self._root = root
        self._by_folder: dict[Path, _Project] = {}
        self._by_root: dict[Path, _Project] = {}
        self._settings_reported = False

    def check(self, filename: str, text: str | None = None) -> tuple[Finding, ...]:
        """The findings of a file; ``text`` is what the file is about to be saved as, None what is
        on disk.

        Never raises an Exception: an internal error is a finding FWP902 in the file; broken
        settings are a finding FWP903 in the first file that is asked for.
        """
        try:
            path = Path(filename).absolute()
            project = self._project(path)
            if text is not None:
                project.session.update(path, text)
            findings = project.session.check(path).findings
        except SettingsError as error:
            return self._broken_settings(error, filename)
        except Exception as error:
            return (_about_run("FWP902", filename, _internal_error(error, filename)),)
        return tuple(finding for finding in findings if finding.code not in project.hidden)

    def prepare(self, filenames: Iterable[str], jobs: int) -> None:
        """Check all that is under the paths now, so that :meth:`check` finds it done.

        May raise any Exception.
        """
        shares: dict[Path, tuple[Session, list[Path]]] = {}
        for path in (Path(name).absolute() for name in filenames):
            session = self._project(path, jobs).session
            shares.setdefault(session.root, (session, []))[1].append(path)
        for session, share in shares.values():
            session.check_all(paths=share)

    def _project(self, path: Path, jobs: int = 1) -> _Project:
        start = self._root or (path if path.is_dir() else path.parent)
        project = self._by_folder.get(start)
        if project is None:
            project = self._open(start, jobs)
            project = self._by_root.setdefault(project.session.root, project)
            self._by_folder[start] = project
        return project

    def _open(self, start: Path, jobs: int) -> _Project:
        session = open_session(start, self._overrides, cache_dir=self._cache_dir, jobs=jobs)
        if not self._enable or session.settings.preview:
            return _Project(session)
        with_previews = replace(self._overrides, preview=True)
        session = open_session(start, with_previews, cache_dir=self._cache_dir, jobs=jobs)
        previews = (rule.rule.code for rule in all_rules() if rule.rule.status is Status.PREVIEW)
        return _Project(
            session, frozenset(code for code in previews if not code.startswith(self._enable))
        )

    def _broken_settings(self, error: SettingsError, filename: str) -> tuple[Finding, ...]:
        if self._settings_reported:
            return ()
        self._settings_reported = True
        message = f"nothing was checked, the settings are broken: {_one_line(error)}"
        return (_about_run("FWP903", filename, message),)


def _about_run(code: str, path: str, message: str) -> Finding:
    name = RUN_CODES[code]
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
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error, {filename} was not checked: {type(error).__name__}: {_one_line(error)} "
        f"({Path(last.filename).name}:{last.lineno}); please report it with the output of "
        f"'FWP_DEBUG=1 fwp check {filename}'"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
