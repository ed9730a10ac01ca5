"""The reader of rule pages and the comparison: that they fail where they must."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.comparing import Reported, difference
from tests.rules.markdown import HEADINGS, Case, Expectation, PageError, read_page

SECTIONS = "\n".join(f"## {heading}\n\nText.\n" for heading in HEADINGS[:-1])
CASE = """\
### A case

It sleeps.

`app/main.py`
```python
import time

time.sleep(1)  # error: [FWP101] "time.sleep" # error: [FWP102] "sleep"
```

`pyproject.toml`
```toml
[tool.fwp]
```
"""


def write(folder: Path, cases: str, sections: str = SECTIONS) -> Path:
    page = folder / "fwp101_blocking_call_in_async" / "rule.md"
    page.parent.mkdir()
    page.write_text(f"# FWP101 blocking-call-in-async\n\n{sections}\n## Cases\n\n{cases}")
    return page


def read_case(folder: Path) -> Case:
    [case] = read_page(write(folder, CASE)).cases
    return case


def test_a_case_is_read(tmp_path: Path) -> None:
    case = read_case(tmp_path)
    assert case.name == "FWP101-a-case"
    assert case.prose == ["It sleeps."]
    assert list(case.files) == ["app/main.py", "pyproject.toml"]
    assert case.expectations == [
        Expectation("app/main.py", 3, "FWP101", "time.sleep"),
        Expectation("app/main.py", 3, "FWP102", "sleep"),
    ]


def test_a_case_is_written_as_a_project(tmp_path: Path) -> None:
    case = read_case(tmp_path)
    case.write(tmp_path / "project")
    assert (tmp_path / "project/pyproject.toml").read_text() == "[tool.fwp]\n"
    assert (tmp_path / "project/app/main.py").read_text().startswith("import time\n")


def test_a_case_without_settings_gets_a_root_marker(tmp_path: Path) -> None:
    case = read_case(tmp_path)
    del case.files["pyproject.toml"]
    case.write(tmp_path / "project")
    assert (tmp_path / "project/pyproject.toml").exists()


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        (CASE.replace("`app/main.py`\n", ""), "no path"),
        (CASE.replace("```python", "```toml"), "cannot be called"),
        (CASE.replace("It sleeps.\n", ""), "needs a sentence"),
        (CASE.replace("pyproject.toml", "app/main.py").replace("```toml", "```python"), "twice"),
        (CASE.replace('"sleep"', "sleep"), "not an expectation"),
        (CASE.removesuffix("```\n"), "not closed"),
        ("It sleeps.\n" + CASE, "before the first case"),
    ],
)
def test_a_page_out_of_form_is_refused(tmp_path: Path, cases: str, reason: str) -> None:
    with pytest.raises(PageError, match=reason):
        read_page(write(tmp_path, cases))


def test_a_missing_section_is_refused(tmp_path: Path) -> None:
    sections = SECTIONS.replace("## Known limits\n", "")
    with pytest.raises(PageError, match="headings"):
        read_page(write(tmp_path, CASE, sections))


DIRECT = Reported("app/main.py", 3, "FWP101", "'time.sleep' blocks")
HELPER = Reported("app/main.py", 3, "FWP102", "'rest' blocks: time.sleep")


def test_no_difference(tmp_path: Path) -> None:
    assert difference(read_case(tmp_path), [HELPER, DIRECT]) == ""


@pytest.mark.parametrize(
    ("reported", "lines"),
    [
        ([DIRECT], ['missing     FWP102 "sleep"']),
        ([DIRECT, HELPER, HELPER], ["unexpected  FWP102"]),
        ([DIRECT, Reported("app/main.py", 4, "FWP102", "sleep")], ["missing", "unexpected"]),
        ([DIRECT, Reported("app/other.py", 3, "FWP102", "sleep")], ["missing", "unexpected"]),
        ([DIRECT, Reported("app/main.py", 3, "FWP102", "waits")], ["missing", "unexpected"]),
        ([DIRECT, HELPER, Reported("a.py", 1, "FWP901", "skipped")], ["unexpected  FWP901"]),
    ],
)
def test_differences_are_told(tmp_path: Path, reported: list[Reported], lines: list[str]) -> None:
    problem = difference(read_case(tmp_path), reported)
    assert problem.startswith("fwp101_blocking_call_in_async/rule.md:")
    for line in lines:
        assert line in problem


def test_the_longest_text_is_matched_first(tmp_path: Path) -> None:
    case = read_case(tmp_path)
    case.files = {"a.py": 'x  # error: [FWP101] "sleep" # error: [FWP101] "time.sleep"\n'}
    found = [Reported("a.py", 1, "FWP101", text) for text in ("'sleep'", "'time.sleep'")]
    assert difference(case, found) == ""
    assert difference(case, reversed(found)) == ""
