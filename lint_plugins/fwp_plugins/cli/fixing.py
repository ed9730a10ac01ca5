"""``fwp check --fix`` and ``--diff``: rounds of edits in memory, then one write.

The project is checked again after each round, and nothing is written before the last one is over:
a fix that does not make its finding go away, or after which a file cannot be parsed, never reaches
the disk.
"""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fwp_checks.finding import Finding, Report
from fwp_checks.fixes import Document, apply
from fwp_checks.session import Progress, Session
from fwp_plugins.formats.summary import count
from fwp_plugins.formats.terminal import Line

MOST_ROUNDS = 10
"""Rounds of edits, each followed by a check of the project; edits that overlap need several."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file with other content than before."""

    path: Path
    before: bytes
    after: bytes


class Fixer:
    """The fixes of one run, project by project."""

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self.fixed = 0
        """Number of findings whose edits were made, or with ``write`` False would be made."""
        self.changes: list[Change] = []
        """The files with these edits."""
        self.notes: list[str] = []
        """Warnings: what could not be fixed, and why."""
        self.has_failed = False
        """Whether a file could not be written."""

    def fix(
        self, session: Session, paths: Sequence[Path], report: Report, progress: Progress | None
    ) -> Report:
        """Fix what can be fixed of a report about these paths, and give what is left."""
        rounds = _Rounds(session, paths, report, progress)
        fixed = rounds.run()
        self.notes += rounds.notes
        changes = [
            Change(path, before, after)
            for path, (before, after) in sorted(rounds.changes.items())
            if before != after
        ]
        written = [change for change in changes if not self._write or self._written(change)]
        self.changes += written
        if len(written) == len(changes):
            self.fixed += fixed
            return rounds.report
        # What the other files come to without the one that could not be written is not known.
        for change in changes:
            session.update(change.path, None)
        session.refresh()
        left = session.check_all(paths=paths, progress=progress)
        self.fixed += max(0, len(report.findings) - len(left.findings))
        return left

    def summary(self, left: int) -> str:
        """``Fixed 3 findings in 2 files, 1 left.``"""
        verb = "Fixed" if self._write else "Would fix"
        findings = count(self.fixed, "finding", "findings")
        files = count(len(self.changes), "file", "files")
        return f"{verb} {findings} in {files}, {left} left."

    def diff(self, shown: Path) -> Iterator[Line]:
        """The changes as a unified diff, with paths as seen from a folder."""
        for change in self.changes:
            name = Path(os.path.relpath(change.path, shown)).as_posix()
            before, after = _text(change.before), _text(change.after)
            lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
            for line in lines:
                style = {"+": "good", "-": "error", "@": "gutter"}.get(line[0], "")
                yield [(line.removesuffix("\n"), style)]
                if not line.endswith("\n"):
                    yield [("\\ No newline at end of file", "")]

    def _written(self, change: Change) -> bool:
        problem = write(change)
        if problem is None:
            return True
        self.has_failed = True
        self.notes.append(f"{_shown(change.path)}: not fixed: {problem}")
        return False


class _Rounds:
    """The rounds for one project. All of them leave their texts in the session, none on disk."""

    def __init__(
        self, session: Session, paths: Sequence[Path], report: Report, progress: Progress | None
    ) -> None:
        self._session = session
        self._paths = paths
        self._progress = progress
        self._given_up: set[tuple[str, str]] = set()
        self._doubtful: set[tuple[str, str]] = set()
        self._contents: dict[str, bytes] = {}
        self.report = report
        self.changes: dict[Path, tuple[bytes, bytes]] = {}
        self.notes: list[str] = []

    def run(self) -> int:
        """Edit and check until nothing is left to edit; gives the number of findings fixed."""
        fixed = 0
        for _ in range(MOST_ROUNDS):
            candidates = self._candidates()
            documents = self._documents(candidates)
            texts = {path: document.text for path, document in documents.items()}
            applied = apply(texts, candidates)
            if not applied.findings:
                for finding in candidates:
                    if _identity(finding) not in self._given_up:
                        self._give_up(finding, "its edits do not fit the file")
                if self._candidates():
                    continue
                break
            contents = {path: documents[path].bytes_of(t) for path, t in applied.texts.items()}
            if self._try(applied.findings, contents):
                fixed += len(applied.findings)
        return fixed

    def _candidates(self) -> list[Finding]:
        """The findings to fix next: all that can be, then one by one those that failed together."""
        found = [f for f in self.report.findings if f.edits and _identity(f) not in self._given_up]
        together = [finding for finding in found if _identity(finding) not in self._doubtful]
        return together or found[:1]

    def _try(self, findings: Sequence[Finding], contents: dict[str, bytes | None]) -> bool:
        """Check the project with these contents; keep them if each finding has gone."""
        session = self._session
        files = {path: session.root / path for path in contents}
        for path, content in contents.items():
            session.update(files[path], content)
        after = session.check_all(paths=self._paths, progress=self._progress)
        failed = list(_persistent(findings, self.report, after))
        failed += [f for f in findings if _is_unreadable(f, contents, self.report, after)]
        if failed:
            for path, file in files.items():
                session.update(file, self._contents[path])
            for finding in dict.fromkeys(failed):
                if len(findings) == 1:
                    self._give_up(finding, "the edit does not make it go away")
                else:
                    self._doubtful.add(_identity(finding))
            return False
        for path, file in files.items():
            old, new = self._contents[path], contents[path]
            assert new is not None
            self.changes[file] = (self.changes[file][0] if file in self.changes else old, new)
            self._contents[path] = new
        self.report = after
        return True

    def _documents(self, findings: Sequence[Finding]) -> dict[str, Document]:
        """The files that edits may be made in, of those that findings want edited."""
        documents: dict[str, Document] = {}
        refused: dict[str, str] = {}
        for finding in findings:
            for path in dict.fromkeys(edit.path for edit in finding.edits):
                if path in documents:
                    continue
                if path not in refused:
                    document = self._document(path)
                    if isinstance(document, Document):
                        documents[path] = document
                        continue
                    refused[path] = document
                self._give_up(finding, refused[path])
        return documents

    def _document(self, path: str) -> Document | str:
        """A file to edit, or why it must not be edited."""
        file = self._session.root / path
        named = {Path(os.path.realpath(path)) for path in self._paths if path.is_file()}
        real = Path(os.path.realpath(file))
        root = Path(os.path.realpath(self._session.root))
        if real not in named:
            if not real.is_relative_to(root):
                return f"{_shown(file)} lies outside the project"
            if real != root / path:
                return f"{_shown(file)} is reached through a link"
        content = self._contents.get(path) or self._session.content(file)
        if content is None:
            return f"{_shown(file)} is not what was checked"
        self._contents[path] = content
        return Document.read(content) or f"{_shown(file)} cannot be encoded again as it is"

    def _give_up(self, finding: Finding, reason: str) -> None:
        self._given_up.add(_identity(finding))
        where = f"{_shown(self._session.root / finding.path)}:{finding.range.line}"
        self.notes.append(f"{where}: {finding.code} not fixed: {reason}")


def _identity(finding: Finding) -> tuple[str, str]:
    return finding.fingerprint, finding.message


def _persistent(fixed: Sequence[Finding], before: Report, after: Report) -> Iterator[Finding]:
    """The fixed findings that are of a kind of which a file has more left than it should."""

    def kind(finding: Finding) -> tuple[str, str]:
        return finding.path, finding.code

    expected = Counter(map(kind, before.findings)) - Counter(map(kind, fixed))
    left = Counter(map(kind, after.findings))
    for finding in fixed:
        if left[kind(finding)] > expected[kind(finding)]:
            yield finding


def _is_unreadable(
    finding: Finding, contents: dict[str, bytes | None], before: Report, after: Report
) -> bool:
    """Whether the edits of a finding leave a file that cannot be read."""
    paths = {edit.path for edit in finding.edits}
    broken = {skipped.path for skipped in after.skipped} - {s.path for s in before.skipped}
    return not paths.isdisjoint(broken) or any(contents[path] is None for path in paths)


def write(change: Change) -> str | None:
    """Put the new content of a file in its place, all of it or nothing; gives the reason if that
    is not done.
    """
    target = Path(os.path.realpath(change.path))
    temporary: Path | None = None
    try:
        if not os.access(target, os.W_OK):
            return "it cannot be written"
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(change.after)
        shutil.copymode(target, temporary)
        if target.read_bytes() != change.before:
            return "it has changed since it was checked"
        temporary.replace(target)
        temporary = None
        return None
    except OSError as error:
        return f"it cannot be written: {error.strerror}"
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def _text(content: bytes) -> str:
    document = Document.read(content)
    return "" if document is None else document.text


def _lines(text: str) -> list[str]:
    """Lines with their ends; other characters that end a line for Python's strings do not."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _shown(path: Path) -> str:
    return Path(os.path.relpath(path)).as_posix()
