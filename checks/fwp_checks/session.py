"""A session: one project, opened once, asked many times. The only thing hosts use.

Every answer comes from an analysis of the whole project in one canonical order, so it does not
depend on which files are asked about, in what order, or by how many processes. The facts of each
file and the findings of an unchanged project are kept in the cache. What an unchanged project needs
is imported here; the rest, :mod:`fwp_checks.analysis`, where it is used.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from fwp_checks import __version__
from fwp_checks.cache import Cache, default_directory, recipe
from fwp_checks.catalogue import Catalogue, CatalogueError
from fwp_checks.finding import Edit, Finding, Range, Report, Severity, Skipped, Step
from fwp_checks.interpreter import deep_recursion, no_collection, on_one_stack
from fwp_checks.packs import are_listed
from fwp_checks.project.files.discovery import (
    find_root,
    is_template_path,
    python_paths,
    test_files,
)
from fwp_checks.settings import Settings, SettingsError
from fwp_checks.sources import Sources, digest_of, read_file

if TYPE_CHECKING:
    from fwp_checks.opening import Opening
    from fwp_checks.project.linked import Project
    from fwp_checks.routes import RouteTree

Progress = Callable[[str, int, int], None]

# The rules that have a question for test code: of any application, and of Flask's.
_UNTESTED = "FWP705"
_BOUND_TOO_EARLY = "FWP302"


class _Inputs(NamedTuple):
    """What an analysis reads: files of code, and where their bytes come from."""

    files: list[str]
    sources: Sources


class Session:
    """One project. Made by :meth:`open`."""

    def __init__(self, root: Path, settings: Settings, cache: Cache, jobs: int) -> None:
        self.root = root
        self.settings = settings
        self._cache = cache
        self._jobs = jobs
        self._overlays: dict[str, str | bytes] = {}
        self._extra: dict[str, Path] = {}
        self._report: Report | None = None
        self._project: Project | None = None
        self._catalogue: Catalogue | None = None
        self._digests: dict[str, str] = {}
        self._templates: list[str] = []
        self._deployment: list[str] = []
        self._tests: list[str] = []

    @classmethod
    def open(
        cls,
        start: Path,
        *,
        settings: Settings | None = None,
        cache_dir: Path | Literal[False] | None = None,
        jobs: int = 1,
    ) -> Session:
        """Open the project that a file or folder belongs to.

        ``settings`` None reads those of the project; ``cache_dir`` None is the user's cache
        directory, False none at all; ``jobs`` is the number of processes that may read files.
        Raises SettingsError for broken settings.
        """
        root = find_root(start)
        settings = settings if settings is not None else Settings.load(root)
        directory: Path | None
        if cache_dir is False or not settings.cache:
            directory = None
        else:
            directory = cache_dir or settings.cache_dir or default_directory()
        session = cls(root, settings, Cache(directory), max(1, jobs))
        if settings.catalogue:
            try:
                session._catalogue = Catalogue.shipped().extended(
                    settings.catalogue, settings.source
                )
            except CatalogueError as error:
                raise SettingsError(str(error)) from None
        return session

    # -- questions ---------------------------------------------------------------------------------

    def check_all(
        self, *, paths: Sequence[Path] | None = None, progress: Progress | None = None
    ) -> Report:
        """The findings of the project, or of the files and folders named (anything under them).

        ``progress`` is called with the stage, how much is done and how much there is to do.
        """
        if paths is not None:
            self._include(paths)
        report = self._whole(progress)
        if paths is None:
            return report
        wanted = [self._relative(path) for path in paths]
        return _only(report, lambda path: any(_is_under(path, folder) for folder in wanted))

    def check(self, path: Path) -> Report:
        """The findings in one file."""
        self._include([path])
        relative = self._relative(path)
        return _only(self._whole(None), lambda other: other == relative)

    def update(self, path: Path, content: str | bytes | None) -> None:
        """Use this text, or these bytes, for a file instead of what is on disk; None goes back to
        the disk.
        """
        relative = self._relative(path)
        if content is None:
            if self._overlays.pop(relative, None) is None:
                return
        elif self._overlays.get(relative) == content:
            return
        else:
            self._overlays[relative] = content
        self._report = self._project = None

    def content(self, path: Path) -> bytes | None:
        """The bytes of a file as the last answer saw them.

        None for a file that it did not read, or that has changed or gone since.
        """
        relative = self._relative(path)
        content = self._sources().read(relative)
        if isinstance(content, OSError) or self._digests.get(relative) != digest_of(content):
            return None
        return content

    def refresh(self) -> None:
        """Forget what was read from disk, so that the next question reads it again."""
        self._report = self._project = None

    def why(self, path: Path, line: int) -> str:
        """What the engine knows at a line: values with reasons, calls with effects, and why there
        is no finding.
        """
        from fwp_checks.explain import why

        self._include([path])
        project = self._linked()
        relative = self._relative(path)
        report = self._whole(None)
        if relative in self._templates:
            # Templates are read where code renders them.
            _ = project.evidence
        module = project.table.by_path.get(relative)
        if module is None:
            if relative in self._templates:
                return f"{relative} is a template that no code is known to render"
            return f"{relative} is not part of the project that was read"
        here = [f for f in report.findings if f.path == relative and f.range.line == line]
        leading = [
            finding
            for finding in report.findings
            if finding not in here
            and any(step.path == relative and step.range.line == line for step in finding.trace)
        ]
        with deep_recursion():
            return why(project, module, line, here, leading)

    def proposal(self, path: Path, line: int) -> str | None:
        """The function that the first statements of the handler at a line should be, since others
        begin with them, too; None if they do not.
        """
        from fwp_checks.project.repetition.proposal import proposal

        self._include([path])
        project = self._linked()
        module = project.table.by_path.get(self._relative(path))
        if module is None:
            return None
        with deep_recursion():
            return proposal(project, module, line)

    def routes(self, paths: Sequence[Path] | None = None) -> RouteTree:
        """The applications of the project with their routes, or those in the files and folders
        named.
        """
        from fwp_checks.routes import route_tree

        self._include(paths or ())
        wanted = [self._relative(path) for path in paths or (self.root,)]
        with no_collection(), deep_recursion():
            return route_tree(
                self._linked(), lambda path: any(_is_under(path, folder) for folder in wanted)
            )

    def facts(self, path: Path) -> str:
        """The facts of one file as text."""
        from fwp_checks.explain import facts_text
        from fwp_checks.loading import load

        self._include([path])
        relative = self._relative(path)
        return facts_text(relative, load(self._sources(), [relative], self._cache)[relative])

    # -- the analysis ------------------------------------------------------------------------------

    def _whole(self, progress: Progress | None) -> Report:
        if self._report is None:
            self._report = on_one_stack(partial(self._answer, progress))
        return self._report

    def _answer(self, progress: Progress | None) -> Report:
        sources = self._sources()
        with no_collection(), ExitStack() as reading:
            opening = None
            if self._project is None and not are_listed(self._cache, self.root, "code"):
                # It was never checked: another process begins to read before all files are found.
                opening = reading.enter_context(self._opening(sources))
            files = self._files(opening)
            inputs = _Inputs(files, sources)
            tests = self._wanted_tests(sources, files)
            self._digests = digests = sources.digests(
                [*files, *self._templates, *self._deployment, *tests]
            )
            key = self._result_key(digests, self._named(inputs))
            stored = self._cache.get(key)
            report = _read_report(stored) if stored is not None else None
            if report is None:
                report = self._analyse(inputs, tests, opening, progress)
                self._cache.put(key, _write_report(report))
        return report

    def _analyse(
        self,
        inputs: _Inputs,
        tests: Sequence[str],
        opening: Opening | None,
        progress: Progress | None,
    ) -> Report:
        if self._project is None:
            with opening or self._opening(inputs.sources, inputs.files) as begun:
                self._project = self._link(begun, inputs.sources, tests, progress)
        from fwp_checks import analysis

        return analysis.check(self._project, progress)

    def _files(self, opening: Opening | None = None) -> list[str]:
        """The files of code in order; an opening sees them as they are found."""
        templates: list[str] = []
        deployment: list[str] = []
        tests: list[str] = []
        found = set(
            python_paths(
                self.root,
                self.settings,
                templates=templates,
                deployment=deployment,
                tests=tests,
                seen=opening.see if opening is not None else None,
            )
        )
        self._templates = templates
        self._deployment = deployment
        self._tests = tests
        found.update(self._extra)
        found.update(path for path in self._overlays if path.endswith(".py"))
        self._known_files = frozenset(found)
        files = sorted(found)
        if opening is not None:
            opening.begin(files)
        return files

    def _wanted_tests(self, sources: Sources, files: Iterable[str]) -> list[str]:
        """The test files, if some rule that is enabled has a question for them."""
        wanted = self.settings.enabled(_UNTESTED, preview=True) or (
            self.settings.enabled(_BOUND_TOO_EARLY, preview=False)
            and any(_makes_flask(sources.read(path)) for path in files)
        )
        if not wanted:
            return []
        known = frozenset(files)
        listed = test_files(self.root, self.settings, self._tests)
        return [path for path in listed if path not in known]

    def _include(self, paths: Iterable[Path]) -> None:
        """Files named outright are read even where discovery would leave them out."""
        for path in paths:
            relative = self._relative(path)
            if is_template_path(relative):
                continue  # it is read if some code names it, and is no Python in any case
            absolute = path if path.is_absolute() else Path.cwd() / path
            if relative not in self._extra and absolute.is_file():
                known = self._report is not None or self._project is not None
                self._extra[relative] = absolute
                if known and relative not in self._known_files:
                    self._report = self._project = None

    def _sources(self) -> Sources:
        return Sources(self.root, self._overlays, self._extra)

    def _opening(self, sources: Sources, files: Sequence[str] | None = None) -> Opening:
        """The reading of these files, or of those that it will see."""
        from fwp_checks.opening import Opening

        wanted = self._extra.keys() | self._overlays.keys()
        opening = Opening(self.root, self.settings, sources, self._cache, self._jobs, wanted)
        if files is not None:
            opening.begin(files)
        return opening

    def _linked(self) -> Project:
        if self._project is None:
            files, sources = self._files(), self._sources()
            tests = self._wanted_tests(sources, files)
            with no_collection(), self._opening(sources, files) as opening:
                self._project = self._link(opening, sources, tests)
        return self._project

    def _link(
        self,
        opening: Opening,
        sources: Sources,
        tests: Sequence[str],
        progress: Progress | None = None,
    ) -> Project:
        opening.complete()
        # While other processes read files.
        from fwp_checks import analysis

        return analysis.link(
            opening,
            self.root,
            self.settings,
            self.catalogue,
            sources,
            self._cache,
            self._jobs,
            progress,
            self._templates,
            self._deployment,
            tests,
        )

    _known_files: frozenset[str] = frozenset()

    @property
    def catalogue(self) -> Catalogue:
        """What is known of libraries, with the user's rows."""
        if self._catalogue is None:
            self._catalogue = Catalogue.shipped().extended(
                self.settings.catalogue, self.settings.source
            )
        return self._catalogue

    def _named(self, inputs: _Inputs) -> list[str]:
        """The files that are analysed only because they are named: of these, more is told."""
        named = (self._extra.keys() | self._overlays.keys()).intersection(inputs.files)
        if not named:
            return []
        from fwp_checks.project.files.relevance import is_certain

        read = {path: inputs.sources.read(path) for path in named}
        return sorted(
            path
            for path, content in read.items()
            if not isinstance(content, bytes) or not is_certain(path, content)
        )

    def _result_key(self, digests: dict[str, str], named: Sequence[str]) -> str:
        names = "\n".join(f"{path}:{digest}" for path, digest in sorted(digests.items()))
        packages = "\n".join(self._package_stamps())
        return recipe(
            "report",
            engine_recipe(),
            self.catalogue.digest if self.settings.catalogue else Catalogue.shipped_digest(),
            self.settings.digest,
            names,
            packages,
            "\n".join(named),
        )

    def _package_stamps(self) -> Iterable[str]:
        """Name, size and time of each file of the installed packages that are read."""
        if self.settings.read_packages:
            from fwp_checks.project.files.environment import package_files

            for package in self.settings.read_packages:
                for name, file in package_files(package, self.root, self.settings):
                    status = file.stat()
                    yield f"{name}:{status.st_size}:{status.st_mtime_ns}"

    def _relative(self, path: Path) -> str:
        absolute = path if path.is_absolute() else Path.cwd() / path
        try:
            return absolute.relative_to(self.root).as_posix()
        except ValueError:
            resolved = absolute.resolve()
            if resolved.is_relative_to(self.root.resolve()):
                return resolved.relative_to(self.root.resolve()).as_posix()
            return absolute.as_posix()


def engine_recipe() -> str:
    """What besides the files decides an answer: the engine itself and the version of
    Python.
    """
    return f"{__version__} {sys.version_info[:3]} {_source_digest()}"


def _source_digest() -> str:
    """A digest of the engine's own files, so that a changed rule never meets an old answer."""
    global _SOURCE_DIGEST
    if _SOURCE_DIGEST is None:
        digest = blake2b(digest_size=8)
        for file in sorted(_source_files(str(Path(__file__).parent))):
            content = read_file(file)
            digest.update(content if isinstance(content, bytes) else str(content).encode())
        _SOURCE_DIGEST = digest.hexdigest()
    return _SOURCE_DIGEST


_SOURCE_DIGEST: str | None = None


def _source_files(folder: str) -> Iterator[str]:
    """The Python files below a folder, in half of the time that Path takes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path
            elif "." not in entry.name and entry.is_dir():
                yield from _source_files(entry.path)


def _makes_flask(content: bytes | OSError) -> bool:
    return isinstance(content, bytes) and b"Flask(" in content


def _only(report: Report, wanted: Callable[[str], bool]) -> Report:
    return Report(
        tuple(finding for finding in report.findings if wanted(finding.path)),
        tuple(skipped for skipped in report.skipped if wanted(skipped.path)),
        tuple(path for path in report.withheld if wanted(path)),
    )


def _is_under(path: str, folder: str) -> bool:
    return folder in ("", ".") or path == folder or path.startswith(folder + "/")


def _write_report(report: Report) -> bytes:
    findings = [_plain_finding(finding) for finding in report.findings]
    skipped = [(skipped.path, skipped.line, skipped.reason) for skipped in report.skipped]
    return json.dumps((findings, skipped, report.withheld)).encode()


def _plain_finding(finding: Finding) -> tuple[object, ...]:
    """The fields of a finding in their order."""
    return (
        finding.code,
        finding.rule,
        finding.severity.value,
        finding.path,
        _plain_range(finding.range),
        finding.message,
        finding.fix_link,
        finding.rule_page,
        finding.fingerprint,
        [(step.path, _plain_range(step.range), step.message) for step in finding.trace],
        [(edit.path, _plain_range(edit.range), edit.replacement) for edit in finding.edits],
        finding.is_preview,
    )


def _plain_range(place: Range) -> tuple[int, int, int, int]:
    return place.line, place.column, place.end_line, place.end_column


def _read_report(data: bytes) -> Report | None:
    try:
        findings, skipped, withheld = json.loads(data)
        return Report(
            tuple([_read_finding(*finding) for finding in findings]),
            tuple([Skipped(*file) for file in skipped]),
            tuple(withheld),
        )
    except (ValueError, TypeError):
        return None


def _read_finding(
    code: str,
    rule: str,
    severity: str,
    path: str,
    place: list[int],
    message: str,
    fix_link: str,
    rule_page: str,
    fingerprint: str,
    trace: list[tuple[str, list[int], str]],
    edits: list[tuple[str, list[int], str]],
    is_preview: bool,
) -> Finding:
    return Finding(
        code,
        rule,
        Severity(severity),
        path,
        Range(*place),
        message,
        fix_link,
        rule_page,
        fingerprint,
        tuple([Step(path, Range(*where), message) for path, where, message in trace]),
        tuple([Edit(path, Range(*where), text) for path, where, text in edits]),
        is_preview,
    )
