"""``fwp check --fix`` and ``--diff``, with a rule that wants names replaced."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fwp_checks import analysis, opening
from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit, Finding, Range, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import LoadedRule, Rule
from fwp_plugins.cli import fixing
from tests.hosts.conftest import Fwp
from tests.hosts.demo import write

REPLACED = {
    "old": "new",
    "beyond": "new",
    "stubborn": "old",
    "broken": "(",
    "foreign": "漢",
    "elsewhere": "new",
}
RULE = Rule("FWP799", "names", "Names.", Severity.WARNING, "")


def check_names(file: FileView) -> Iterator[Finding]:
    """A finding for each call of a name that is to be replaced, or of ``stays``."""
    facts = file.module.facts
    for number, term in enumerate(facts.terms):
        called = facts.terms[term[1]] if term[0] == t.CALL else (t.CONST, None)
        if called[0] == t.NAME and called[1] in {*REPLACED, "stays", "wrap"}:
            line, column, end_line, end_column = facts.span(number)
            call = Range(line, column + 1, end_line, end_column + 1)
            found = file.finding(RULE, call, f"'{called[1]}' is old.", key=(called[1],))
            yield replace(found, edits=_edits(called[1], file.module.path, call))


def _edits(name: str, path: str, call: Range) -> tuple[Edit, ...]:
    if name == "stays":
        return ()
    if name == "wrap":
        return (Edit(path, call, "new(old())"),)
    if name == "elsewhere":
        path = "../elsewhere.py"
    here = Range(call.line, call.column, call.line, call.column + len(name))
    if name == "beyond":
        here = Range(call.line, 900, call.line, 900)
    return (Edit(path, here, REPLACED[name]),)


@pytest.fixture
def files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str | bytes]], Path]:
    """Makes the current folder a project with these files, whose only rule is the one above."""
    rule = LoadedRule(RULE, check_names, Path(__file__))
    monkeypatch.setattr(analysis, "all_rules", lambda: (rule,))
    monkeypatch.setattr(opening, "relevant", lambda contents, *_: set(contents))
    root = tmp_path / "project"

    def make(contents: dict[str, str | bytes]) -> Path:
        write(root, {"pyproject.toml": "[tool.fwp]\ncache = false\n"})
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        monkeypatch.chdir(root)
        return root

    return make


Files = Callable[[dict[str, str | bytes]], Path]


def test_fix(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\nstays()\nold()\n", "b/c.py": "x = old()\n"})
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "new()\nstays()\nnew()\n"
    assert (root / "b/c.py").read_text() == "x = new()\n"
    assert result.out.splitlines() == [
        "a.py:2:1: FWP799 'stays' is old.",
        "1 finding (1 warning) in 1 file.",
        "Fixed 3 findings in 2 files, 1 left.",
    ]
    assert (result.status, result.err) == (1, "")
    assert sorted(path.name for path in root.iterdir()) == ["a.py", "b", "pyproject.toml"]


def test_fix_leaves_nothing(files: Files, fwp: Fwp) -> None:
    files({"a.py": "old()\n"})
    result = fwp("check", "--fix")
    assert result.out == "No findings.\nFixed 1 finding in 1 file, 0 left.\n"
    assert result.status == 0
    again = fwp("check", "--fix")
    assert again.out == "No findings.\nFixed 0 findings in 0 files, 0 left.\n"


def test_nothing_to_fix(files: Files, fwp: Fwp) -> None:
    files({"a.py": "stays()\n"})
    assert fwp("check", "--fix").out.endswith("Fixed 0 findings in 0 files, 1 left.\n")
    assert fwp("check", "--fix").status == 1
    assert fwp("check", "--fix", "--exit-zero").status == 0


def test_paths_choose_what_is_fixed(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\n", "b.py": "old()\n"})
    assert fwp("check", "--fix", "b.py").status == 0
    assert (root / "a.py").read_text() == "old()\n"
    assert (root / "b.py").read_text() == "new()\n"


def test_json_goes_alone_to_standard_output(files: Files, fwp: Fwp) -> None:
    files({"a.py": "old()\nstays()\n"})
    result = fwp("check", "--fix", "--format", "json")
    assert [finding["line"] for finding in json.loads(result.out)["findings"]] == [2]
    assert result.err == "Fixed 1 finding in 1 file, 1 left.\n"


def test_edits_that_overlap_are_made_one_after_the_other(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "wrap(old())\n"})
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "new(new())\n"
    assert result.out == "No findings.\nFixed 2 findings in 1 file, 0 left.\n"


def test_a_fix_after_which_the_file_cannot_be_parsed_is_not_written(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\n", "b.py": "broken()\n"})
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "new()\n"
    assert (root / "b.py").read_text() == "broken()\n"
    assert "b.py:1: FWP799 not fixed: the edit does not make it go away" in result.err
    assert result.status == 1


def test_a_fix_that_does_not_cure_is_not_written(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "stubborn()\n", "b.py": "old()\n"})
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "stubborn()\n"
    assert (root / "b.py").read_text() == "new()\n"
    assert result.err == (
        "fwp: warning: a.py:1: FWP799 not fixed: the edit does not make it go away\n"
    )


def test_edits_that_do_not_fit_stop_no_others(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "beyond()\n", "b.py": "old()\n"})
    result = fwp("check", "--fix")
    assert (root / "b.py").read_text() == "new()\n"
    assert result.err == "fwp: warning: a.py:1: FWP799 not fixed: its edits do not fit the file\n"


def test_bytes_outside_the_edits(files: Files, fwp: Fwp) -> None:
    first = b"\xef\xbb\xbfx = '\xc3\xa9'; old()\r\n\told()\x0c # \xe2\x80\xa8 \r\n\r\nold()"
    first = first.replace(b"\told()", b"if x:\r\n\told()")
    second = b"# coding: latin-1\nx = '\xe9\xff'; old()\nold()\n"
    root = files({"a.py": first, "b.py": second})
    assert fwp("check", "--fix").status == 0
    assert (root / "a.py").read_bytes() == first.replace(b"old", b"new")
    assert (root / "b.py").read_bytes() == second.replace(b"old", b"new")


def test_what_the_encoding_cannot_say_is_not_written(files: Files, fwp: Fwp) -> None:
    content = b"# coding: latin-1\nforeign()\n"
    root = files({"a.py": content, "b.py": "foreign()\n"})
    assert fwp("check", "--fix").status == 1
    assert (root / "a.py").read_bytes() == content
    assert (root / "b.py").read_text(encoding="utf-8") == "漢()\n"


def test_diff(files: Files, fwp: Fwp, monkeypatch: pytest.MonkeyPatch) -> None:
    root = files({"b/a.py": "import x\n\n\nold()\nstays()", "b/c.py": "old()\r\n"})
    monkeypatch.chdir(root / "b")
    result = fwp("check", "--diff")
    assert result.out == (
        "--- a.py\n+++ a.py\n@@ -1,5 +1,5 @@\n import x\n \n \n-old()\n+new()\n stays()\n"
        "\\ No newline at end of file\n"
        "--- c.py\n+++ c.py\n@@ -1 +1 @@\n-old()\r\n+new()\r\n"
    )
    assert result.err == "Would fix 2 findings in 2 files, 1 left.\n"
    assert result.status == 1
    assert (root / "b/a.py").read_text() == "import x\n\n\nold()\nstays()"


def test_diff_of_standard_input(
    files: Files, fwp: Fwp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files({"a.py": "x = 1\n"})
    unsaved = tmp_path / "unsaved"
    unsaved.write_bytes(b"old()\n")
    with unsaved.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = fwp("check", "-", "--stdin-display-name", "a.py", "--diff")
    assert result.out == "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-old()\n+new()\n"
    assert result.status == 1


def test_diff_into_a_file(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\n"})
    assert fwp("check", "--diff", "--output", "fix.patch").out == ""
    assert (root / "fix.patch").read_text().startswith("--- a.py\n")


def test_nothing_to_show(files: Files, fwp: Fwp) -> None:
    files({"a.py": "x = 1\n"})
    result = fwp("check", "--diff")
    assert (result.status, result.out) == (0, "")
    assert result.err == "Would fix 0 findings in 0 files, 0 left.\n"


def test_files_outside_the_project_are_not_written(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "elsewhere()\n"})
    outside = root.parent / "elsewhere.py"
    outside.write_text("x = 1\n")
    result = fwp("check", "--fix")
    assert outside.read_text() == "x = 1\n"
    assert result.err.endswith("../elsewhere.py lies outside the project\n")


def test_a_named_file_outside_the_project(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "x = 1\n"})
    outside = root.parent / "outside.py"
    outside.write_text("old()\n")
    assert fwp("check", "--fix", "../outside.py", "a.py").status == 0
    assert outside.read_text() == "new()\n"


def test_links_are_followed_only_where_they_are_named(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\n"})
    outside = root.parent / "outside.py"
    outside.write_text("old()\n")
    (root / "inside.py").symlink_to("a.py")
    (root / "outward.py").symlink_to(outside)
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "new()\n"
    assert outside.read_text() == "old()\n"
    assert "outward.py lies outside the project" in result.err
    assert "inside.py is reached through a link" in result.err
    assert fwp("check", "--fix", "outward.py").status == 0
    assert outside.read_text() == "new()\n"
    assert (root / "outward.py").is_symlink()


def test_a_file_that_changes_meanwhile_is_not_written(
    files: Files, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = files({"a.py": "old()\n", "b.py": "old()\n"})
    write_file = fixing.write

    def slow(change: fixing.Change) -> str | None:
        if change.path.name == "a.py":
            change.path.write_text("old()  # edited\n")
        return write_file(change)

    monkeypatch.setattr(fixing, "write", slow)
    result = fwp("check", "--fix")
    assert (root / "a.py").read_text() == "old()  # edited\n"
    assert (root / "b.py").read_text() == "new()\n"
    assert result.err == "fwp: warning: a.py: not fixed: it has changed since it was checked\n"
    assert result.out.splitlines()[0] == "a.py:1:1: FWP799 'old' is old."
    assert result.out.endswith("Fixed 1 finding in 1 file, 1 left.\n")
    assert result.status == 2


def test_a_file_that_cannot_be_replaced_stays_whole(
    files: Files, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = files({"a.py": "old()\n"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    result = fwp("check", "--fix")
    assert result.err.endswith("not fixed: it cannot be written: No space left on device\n")
    assert result.status == 2
    assert (root / "a.py").read_text() == "old()\n"
    assert sorted(path.name for path in root.iterdir()) == ["a.py", "pyproject.toml"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_stay(files: Files, fwp: Fwp) -> None:
    root = files({"a.py": "old()\n"})
    (root / "a.py").chmod(0o751)
    fwp("check", "--fix")
    assert (root / "a.py").stat().st_mode & 0o777 == 0o751


def test_a_rule_of_ours(tmp_path: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch) -> None:
    models = """\
from django.db import models


class Author(models.Model):
    name = models.TextField()


class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
"""
    views = (
        "from blog.models import Post\n\n\ndef names():\n"
        "    return [post.author.name for post in Post.objects.all()]\n"
    )
    write(tmp_path, {"pyproject.toml": "", "blog/models.py": models, "blog/views.py": views})
    monkeypatch.chdir(tmp_path)
    result = fwp("check", "--no-cache", "--fix")
    assert result.out == "No findings.\nFixed 1 finding in 1 file, 0 left.\n"
    fixed = views.replace("objects.all()", 'objects.all().select_related("author")')
    assert (tmp_path / "blog/views.py").read_text() == fixed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fix", "--diff"],
        ["--fix", "-", "--stdin-display-name", "a.py"],
        ["--diff", "--format", "json"],
        ["--diff", "--statistics"],
    ],
)
def test_wrong_usage(arguments: list[str], files: Files, fwp: Fwp) -> None:
    files({"a.py": "old()\n"})
    result = fwp("check", *arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1
