"""Automatic fixes: the edits that findings carry, applied to the texts of files.

Nothing here touches a disk. Positions are those of :mod:`fwp_checks.finding`; ``\\n``, ``\\r\\n``
and ``\\r`` end a line, and a byte order mark is no character.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fwp_checks.finding import Edit, Finding

_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True, unsafe_hash=True)
class Document:
    """The text of a file, line ends as they are, and the encoding that gives its bytes back."""

    text: str
    encoding: str

    @classmethod
    def read(cls, data: bytes) -> Document | None:
        """Decode as Python does (PEP 263).

        None if that fails, or if encoding the text again would not give the same bytes.
        """
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
            return cls(text, encoding) if text.encode(encoding) == data else None
        except (SyntaxError, ValueError):
            return None

    def bytes_of(self, text: str) -> bytes | None:
        """The bytes of another text of the same file; None if the encoding cannot say it."""
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            return None


@dataclass(slots=True, unsafe_hash=True)
class Applied:
    """New texts of the files that changed, by path, and the findings whose edits are in them."""

    texts: dict[str, str]
    findings: tuple[Finding, ...]


def apply(texts: Mapping[str, str], findings: Iterable[Finding]) -> Applied:
    """Apply the edits of findings to texts, given by the paths that the edits name.

    All edits of a finding are applied or none. A finding is left out if it has none, if a text is
    missing, if a range does not lie in the text, or if an edit overlaps with one of an earlier
    finding; what two findings both ask for is done once. New lines end as the others of the file.
    """
    files: dict[str, _File] = {}
    applied = []
    for finding in findings:
        if _take(finding, texts, files):
            applied.append(finding)
    changed = {path: file.edited() for path, file in files.items() if file.changes}
    return Applied(changed, tuple(applied))


_Change = tuple[int, int, str]


class _File:
    """A text with the changes that are to be made: offset, end offset, replacement."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.changes: set[_Change] = set()
        newlines = list(_NEWLINE.finditer(text))
        self._starts = [0, *(newline.end() for newline in newlines)]
        self._ends = [*(newline.start() for newline in newlines), len(text)]
        self._newline = newlines[0].group() if newlines else "\n"

    def change(self, edit: Edit) -> _Change | None:
        """An edit as offsets; None if it does not lie in the text."""
        start = self._offset(edit.range.line, edit.range.column)
        end = self._offset(edit.range.end_line, edit.range.end_column)
        if start is None or end is None or end < start:
            return None
        return start, end, edit.replacement.replace("\n", self._newline)

    def edited(self) -> str:
        """The text with the changes made."""
        pieces = []
        done = 0
        for start, end, replacement in sorted(self.changes):
            pieces += [self.text[done:start], replacement]
            done = end
        return "".join([*pieces, self.text[done:]])

    def _offset(self, line: int, column: int) -> int | None:
        if not 1 <= line <= len(self._starts) or column < 1:
            return None
        offset = self._starts[line - 1] + column - 1
        return offset if offset <= self._ends[line - 1] else None


def _take(finding: Finding, texts: Mapping[str, str], files: dict[str, _File]) -> bool:
    """Note the edits of a finding if all of them can be made."""
    wanted: list[tuple[_File, _Change]] = []
    for edit in dict.fromkeys(finding.edits):
        file = files.get(edit.path)
        if file is None:
            if edit.path not in texts:
                return False
            file = files[edit.path] = _File(texts[edit.path])
        change = file.change(edit)
        if change is None:
            return False
        others = {*file.changes, *(other for owner, other in wanted if owner is file)}
        if change not in others and any(_overlap(change, other) for other in others):
            return False
        wanted.append((file, change))
    for file, change in wanted:
        file.changes.add(change)
    return bool(wanted)


def _overlap(one: _Change, other: _Change) -> bool:
    """Whether the order or the outcome of two changes is not clear; touching is not overlapping."""
    if one[0] == one[1] == other[0] == other[1]:
        return True
    if one[0] == other[0]:
        return one[0] < one[1] and other[0] < other[1]
    return one[0] < other[1] and other[0] < one[1]
