"""All rules at once: folder, declaration, page, cases, changelog and index say the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from fwp_checks.rules import LoadedRule, all_rules
from tests.rules.markdown import RULES, Page, read_page

REPOSITORY = Path(__file__).parents[2]
LINK = re.compile(r"\]\((https://[^)\s]+)\)")

each_rule = pytest.mark.parametrize("loaded", all_rules(), ids=lambda loaded: loaded.rule.code)


def page_of(loaded: LoadedRule) -> Page:
    return read_page(loaded.page)


def test_every_folder_is_a_rule() -> None:
    folders = {path.name for path in RULES.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == {loaded.page.parent.name for loaded in all_rules()}
    assert len({loaded.rule.code for loaded in all_rules()}) == len(folders)


@each_rule
def test_folder_and_declaration_agree(loaded: LoadedRule) -> None:
    name = loaded.rule.name.replace("-", "_")
    assert loaded.page.parent.name == f"{loaded.rule.code.lower()}_{name}"


@each_rule
def test_page_has_title_and_text(loaded: LoadedRule) -> None:
    page = page_of(loaded)
    assert page.title == f"{loaded.rule.code} {loaded.rule.name}"
    assert [name for name, text in page.sections.items() if not text] == []


@each_rule
def test_fix_link_is_on_the_page(loaded: LoadedRule) -> None:
    links = LINK.findall(page_of(loaded).sections["How to fix"])
    assert loaded.rule.fix_link in links


@each_rule
def test_summary_is_one_sentence(loaded: LoadedRule) -> None:
    summary = loaded.rule.summary
    assert summary and "\n" not in summary and not summary.endswith("..")


@each_rule
def test_as_many_silent_cases_as_reported_ones(loaded: LoadedRule) -> None:
    code = loaded.rule.code
    reports = [any(e.code == code for e in case.expectations) for case in page_of(loaded).cases]
    assert 1 <= sum(reports) <= len(reports) - sum(reports)


@each_rule
def test_cases_have_names_of_their_own(loaded: LoadedRule) -> None:
    names = Counter(case.name for case in page_of(loaded).cases)
    assert [name for name, count in names.items() if count > 1] == []


@each_rule
def test_cases_expect_rules_that_exist(loaded: LoadedRule) -> None:
    expected = {e.code for case in page_of(loaded).cases for e in case.expectations}
    assert expected <= {other.rule.code for other in all_rules()}


@each_rule
def test_changelog_has_the_rule(loaded: LoadedRule) -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{loaded.rule.code} {loaded.rule.name}" in changelog


def test_index_lists_every_rule_with_its_page() -> None:
    index = REPOSITORY / "docs" / "rules.md"
    listed = re.findall(r"^\| \[(FWP\d{3})\]\(([^)]+)\) \| ([\w-]+) \|", index.read_text(), re.M)
    assert [(code, name) for code, _, name in listed] == [
        (loaded.rule.code, loaded.rule.name) for loaded in all_rules()
    ]
    for code, target, _ in listed:
        assert (index.parent / target).resolve().parent.name.startswith(code.lower())
        assert (index.parent / target).is_file()
