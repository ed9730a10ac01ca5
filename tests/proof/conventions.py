"""What a case says about how it is run: comments below its heading."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from tests.rules.markdown import Case, PageError

_COMMENT = re.compile(r"<!-- (run|rows|needs|environment|not run): (.+?) -->")
_NEEDS = re.compile(r"([\w-]+)(?:>=([\d.]+))?")


@dataclass(slots=True)
class Instructions:
    """How a case is run: expressions, values of fields, requirements, variables of the
    environment, the reason not to run it.
    """

    run: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    environment: list[str] = field(default_factory=list)
    not_run: str = ""

    def variables(self, usual: dict[str, str]) -> dict[str, str]:
        """The variables that the comments set; the usual ones where no comment speaks of any."""
        said = [pair for text in self.environment for pair in text.split() if "=" in pair]
        return dict(pair.split("=", 1) for pair in said) if self.environment else usual

    @property
    def missing(self) -> str:
        """The first requirement that is not installed; empty if all are."""
        return next((need for need in self.needs if not _is_installed(need)), "")


def instructions(case: Case) -> Instructions:
    """The instructions of a case. Raises PageError for a comment that is none of them."""
    found = Instructions()
    for line in case.prose:
        if not line.startswith("<!--"):
            continue
        match = _COMMENT.fullmatch(line)
        if match is None:
            raise PageError(f"{case.page}:{case.line}: not an instruction: {line}")
        if match[1] == "not run":
            found.not_run = match[2]
        else:
            getattr(found, match[1]).append(match[2])
    return found


def _is_installed(need: str) -> bool:
    match = _NEEDS.fullmatch(need)
    if match is None:
        raise PageError(f"not a requirement: {need}")
    try:
        installed = version(match[1])
    except PackageNotFoundError:
        return False
    return match[2] is None or _numbers(installed) >= _numbers(match[2])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))
