"""Reads a rule's page: its sections, and the test cases below its last heading.

A case is a ``###`` heading under ``## Cases``. Every fence in it is one file, whose path stands in
backticks on the line before. Expected findings are comments on the line they concern:
``# error: [FWP101] "requests.get"``; the quoted text must occur in the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

HEADINGS = (
    "What it does",
    "Why it hurts",
    "How to fix",
    "When it stays silent",
    "Known limits",
    "Cases",
)
LANGUAGES = {
    ".py": "python",
    ".toml": "toml",
    ".html": "html",
    ".jinja": "jinja",
    ".cfg": "ini",
    ".yml": "yaml",
    ".sh": "sh",
    ".txt": "text",
    "": "text",
}

RULES = Path(__file__).parents[2] / "checks" / "fwp_checks" / "rules"

_EXPECTATION = re.compile(r'# error: \[(?P<code>FWP\d{3})\] "(?P<text>[^"]+)"')
_PATH = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"```(\w*)")


class PageError(Exception):
    """The page does not have the form that its readers and its tests rely on."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One finding that a case says must be reported."""

    path: str
    line: int
    code: str
    text: str


@dataclass(slots=True)
class Case:
    """One small project and what must be found in it."""

    page: Path
    line: int
    heading: str
    prose: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def rule_code(self) -> str:
        """The code of the rule whose page the case stands on."""
        return self.page.parent.name.split("_")[0].upper()

    @property
    def name(self) -> str:
        """Unique and readable: the code of the rule, then the heading with hyphens."""
        return f"{self.rule_code}-{re.sub(r'[^a-z0-9]+', '-', self.heading.lower()).strip('-')}"

    @property
    def expectations(self) -> list[Expectation]:
        """Every expected finding, in the order of files and lines."""
        return [
            Expectation(path, number, match["code"], match["text"])
            for path, text in self.files.items()
            for number, line in enumerate(text.splitlines(), start=1)
            for match in _EXPECTATION.finditer(line)
        ]

    @property
    def reports(self) -> bool:
        """Whether the case expects any finding at all."""
        return bool(self.expectations)

    def write(self, root: Path) -> None:
        """Make the case a project of its own below ``root``."""
        for path, text in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        if not {"pyproject.toml", "fwp.toml"} & set(self.files):
            # A root of its own, in which rules in preview are reported as well.
            (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")


@dataclass(slots=True)
class Page:
    """A rule's page: the title line, the text of each section, the cases."""

    path: Path
    title: str
    sections: dict[str, str]
    cases: list[Case]


def pages() -> list[Page]:
    """The pages of all rules, by code."""
    return [read_page(path) for path in sorted(RULES.glob("*/rule.md"))]


def read_page(path: Path) -> Page:
    """The page at ``path``; raises :class:`PageError` with file and line where it is broken."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("# "):
        raise PageError(f"{path}:1: the page must begin with its title")
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    cases_at = len(lines)
    for number, line in enumerate(lines[1:], start=2):
        if line.startswith("## "):
            current = sections.setdefault(line[3:], [])
            if line[3:] == "Cases":
                cases_at = number
        else:
            current.append(line)
    if tuple(sections) != HEADINGS:
        raise PageError(f"{path}: the headings must be {', '.join(HEADINGS)}")
    return Page(
        path=path,
        title=lines[0][2:],
        sections={name: "\n".join(body).strip() for name, body in sections.items()},
        cases=_read_cases(path, lines, cases_at),
    )


def _read_cases(page: Path, lines: list[str], start: int) -> list[Case]:
    cases: list[Case] = []
    pending: str | None = None
    number = start
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("### "):
            cases.append(Case(page, number, line[4:]))
        elif not line.strip():
            continue
        elif not cases:
            raise PageError(f"{page}:{number}: text before the first case")
        elif fence := _FENCE.fullmatch(line):
            end = _end_of_fence(page, lines, number)
            _add_file(cases[-1], pending, fence[1], lines[number:end], f"{page}:{number}")
            pending, number = None, end + 1
        elif match := _PATH.fullmatch(line):
            pending = match[1]
        else:
            cases[-1].prose.append(line)
    for case in cases:
        if not case.files or not case.prose:
            raise PageError(f"{page}:{case.line}: a case needs a sentence and at least one file")
    return cases


def _end_of_fence(page: Path, lines: list[str], start: int) -> int:
    for number in range(start, len(lines)):
        if lines[number] == "```":
            return number
    raise PageError(f"{page}:{start}: the fence is not closed")


def _add_file(case: Case, path: str | None, language: str, lines: list[str], where: str) -> None:
    if path is None:
        raise PageError(f"{where}: no path in backticks on the line before the fence")
    if path in case.files:
        raise PageError(f"{where}: {path} is given twice")
    if LANGUAGES.get(PurePosixPath(path).suffix) != language:
        raise PageError(f"{where}: a fence of {path} cannot be called {language!r}")
    for line in lines:
        if line.count("# error:") != len(_EXPECTATION.findall(line)):
            raise PageError(f"{where}: not an expectation: {line.strip()}")
    case.files[path] = "\n".join(lines) + "\n"
