"""The text of a template, and positions in it."""

from __future__ import annotations

from bisect import bisect_right


class TemplateError(Exception):
    """A template that cannot be understood: where (an index into its text), and why."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class Text:
    """The text of one template. Indexes into it are counted in characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        # The line that was asked for last: most questions follow each other through the text.
        self._line = 1
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    @property
    def line_count(self) -> int:
        """How many lines there are; at least one."""
        return len(self._starts)

    def position(self, index: int) -> tuple[int, int]:
        """The line (from 1) and column (from 0) of an index."""
        starts, line = self._starts, self._line
        if index < starts[line - 1] or (line < len(starts) and index >= starts[line]):
            line = self._line = bisect_right(starts, index)
        return line, index - starts[line - 1]


def decode(data: bytes) -> str:
    """The text of a template's bytes.

    Both Django and Jinja read UTF-8. Raises TemplateError for anything else, with an index that
    counts bytes.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TemplateError(0, "not UTF-8 but UTF-16")
    nothing = data.find(b"\0")
    if nothing >= 0:
        raise TemplateError(nothing, "not a text: it holds a null byte")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(error.start, "not UTF-8") from None
