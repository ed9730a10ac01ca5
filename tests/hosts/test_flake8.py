"""The flake8 plugin, in flake8's own process."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.conftest import Fwp
from tests.hosts.demo import API, FINDING, run_python, write

DRIVER = str(Path(__file__).with_name("flake8_driver.py"))
START_METHODS = multiprocessing.get_all_start_methods()

Flake8 = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def flake8(project: Path, tmp_path: Path) -> Flake8:
    """flake8 in the demo project; gives its exit code and its lines, sorted, without ``./``."""

    def run(
        *arguments: str, text: str = "", method: str = START_METHODS[0], setup: str = "-"
    ) -> tuple[int, list[str]]:
        script = [DRIVER, setup, method] if method else ["-m", "flake8"]
        result = run_python([*script, *arguments], cwd=project, scratch=tmp_path, text=text)
        assert result.stderr == ""
        lines = sorted(line.removeprefix("./") for line in result.stdout.splitlines())
        return result.returncode, lines

    return run


def copies(project: Path, number: int = 6) -> list[str]:
    """Put more modules with the same finding into the project; what each finding begins with."""
    write(project, {f"app/api{index}.py": API for index in range(number)})
    return [FINDING, *(f"app/api{index}.py:11:12: FWP102 " for index in range(number))]


def beginnings(lines: list[str]) -> list[str]:
    return [re.sub(r"(: FWP\d+ ).*", r"\1", line) for line in lines]


def test_a_finding_that_needs_two_files(flake8: Flake8) -> None:
    status, (line,) = flake8("--select=FWP")
    assert status == 1
    assert line.startswith(FINDING)
    assert "requests.get" in line
    assert line.split()[-1].startswith("https://")


@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_start_methods_and_jobs_give_what_the_command_gives(
    method: str, jobs: str, project: Path, flake8: Flake8, fwp: Fwp
) -> None:
    expected = copies(project)
    status, lines = flake8("--select=FWP", f"-j{jobs}", ".", method=method)
    assert status == 1
    assert beginnings(lines) == sorted(expected)
    assert lines == sorted(fwp("check").out.splitlines()[:-1])


@pytest.mark.parametrize("method", START_METHODS)
def test_the_parent_analyses_once_for_all_workers(
    method: str, project: Path, flake8: Flake8
) -> None:
    copies(project)
    flake8("--select=FWP", "-j2", ".", method=method, setup="counting_analyses")
    assert len((project / "analysed").read_text().split()) == 1


def test_forked_workers_need_no_cache(project: Path, flake8: Flake8) -> None:
    expected = copies(project)
    arguments = ("--select=FWP", "-j2", "--fwp-no-cache", ".")
    _, lines = flake8(*arguments, method="fork", setup="counting_analyses")
    assert beginnings(lines) == sorted(expected)
    assert len((project / "analysed").read_text().split()) == 1


def test_spawned_workers_without_cache(project: Path, flake8: Flake8) -> None:
    expected = copies(project)
    _, lines = flake8("--select=FWP", "-j2", "--fwp-no-cache", ".", method="spawn")
    assert beginnings(lines) == sorted(expected)


def test_only_the_changed_file_is_named(flake8: Flake8) -> None:
    assert beginnings(flake8("--select=FWP", "app/api.py")[1]) == [FINDING]
    assert flake8("--select=FWP", "app/services.py") == (0, [])


def test_standard_input(project: Path, flake8: Flake8) -> None:
    unsaved = "# unsaved\n" + API
    _, lines = flake8("--select=FWP", "--stdin-display-name=app/api.py", "-", text=unsaved)
    assert beginnings(lines) == ["app/api.py:12:12: FWP102 "]
    _, lines = flake8("--select=FWP", "--stdin-display-name=app/api.py", "-", text="x = 1\n")
    assert lines == []
    _, lines = flake8(
        "--select=FWP",
        "--stdin-display-name=app/api.py",
        "--per-file-ignores=app/api.py:FWP",
        "-",
        text=unsaved,
    )
    assert lines == []
    _, lines = flake8(
        "--select=FWP", "-", text="import time\n\n\nasync def f():\n    time.sleep(1)\n"
    )
    assert beginnings(lines) == ["stdin:5:5: FWP101 "]


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# noqa: FWP102", True),
        ("# noqa: FWP1", True),
        ("# noqa", True),
        ("# noqa: FWP101", False),
        ("# fwp: ignore[FWP102] answered from memory", True),
        ("# fwp: ignore[FWP101] another rule", False),
    ],
)
def test_comments(comment: str, silent: bool, project: Path, flake8: Flake8) -> None:
    write(project, {"app/api.py": f"{API.rstrip()}  {comment}\n"})
    assert flake8("--select=FWP102")[1] == [] if silent else [FINDING]


def test_a_call_on_several_lines_is_silenced_on_its_first_line(
    project: Path, flake8: Flake8
) -> None:
    call = "load_user(  # noqa: FWP102\n        user_id,\n    )"
    write(project, {"app/api.py": API.replace("load_user(user_id)", call)})
    assert flake8("--select=FWP") == (0, [])


def test_per_file_ignores(flake8: Flake8) -> None:
    assert flake8("--select=FWP", "--per-file-ignores=app/*:FWP1") == (0, [])


def test_a_file_that_does_not_parse(project: Path, flake8: Flake8) -> None:
    write(project, {"app/broken.py": "def broken(:\n"})
    status, lines = flake8("--select=FWP,E9")
    assert status == 1
    assert [line.split()[1] for line in lines] == ["FWP102", "E999"]


@pytest.mark.parametrize(
    ("options", "settings", "reported"),
    [
        (["--select=FWP"], "", False),
        (["--select=FWP102"], "", False),
        (["--extend-select=FWP"], "", False),
        (["--ignore=E501"], "", False),
        (["--extend-ignore=E501"], "", False),
        (["--fwp-preview"], "", True),
        (["--fwp-enable=FWP102"], "", True),
        (["--fwp-enable=FWP101,FWP1"], "", True),
        (["--fwp-enable=FWP101"], "", False),
        ([], "preview = true", True),
        ([], 'select = ["FWP102"]', True),
    ],
)
def test_a_rule_in_preview_is_reported_only_on_request(
    options: list[str], settings: str, reported: bool, project: Path, flake8: Flake8
) -> None:
    write(project, {"pyproject.toml": f"[tool.fwp]\n{settings}\n"})
    _, lines = flake8(*options, "app", setup="making_fwp102_a_preview")
    assert (FINDING in beginnings(lines)) is reported


def test_options_win_over_settings(project: Path, flake8: Flake8) -> None:
    write(project, {"pyproject.toml": "[tool.fwp]\nfile-metadata = true\n"})
    write(project, {"app/services.py": "import os\n\n\ndef load_user(n):\n    os.stat(n)\n"})
    write(project, {".flake8": "[flake8]\nselect = FWP\n"})
    assert beginnings(flake8()[1]) == [FINDING]
    write(project, {".flake8": "[flake8]\nselect = FWP\nfwp-file-metadata = false\n"})
    assert flake8()[1] == []
    assert beginnings(flake8("--fwp-file-metadata")[1]) == [FINDING]


def test_options_in_the_configuration(project: Path, tmp_path: Path, flake8: Flake8) -> None:
    write(
        project,
        {
            ".flake8": "[flake8]\nselect = FWP\nfwp-preview = true\nfwp-enable = FWP1, FWP2\n"
            "fwp-file-access = never\nfwp-file-metadata = false\nfwp-include-tests = false\n"
            "fwp-root = .\nfwp-cache-dir = ../elsewhere\n"
        },
    )
    assert FINDING in beginnings(flake8()[1])
    assert any((tmp_path / "elsewhere").rglob("*"))
    assert not (tmp_path / "cache" / "fwp").exists()


def test_no_cache(tmp_path: Path, flake8: Flake8) -> None:
    assert beginnings(flake8("--select=FWP", "--fwp-no-cache")[1]) == [FINDING]
    assert not (tmp_path / "cache" / "fwp").exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("[tool.fwp]\nnonsense = 1\n", "nonsense"),
        ("[tool.fwp\n", "pyproject.toml"),
        ("[[tool.fwp.catalogue.effect]]\nnonsense = 1\n", "nonsense"),
    ],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_broken_settings_fail_the_run_once_a_process(
    settings: str, named: str, jobs: str, project: Path, flake8: Flake8
) -> None:
    copies(project)
    write(project, {"pyproject.toml": settings})
    status, lines = flake8("--select=FWP", f"-j{jobs}", ".")
    assert status == 1
    assert 1 <= len(lines) <= int(jobs)
    assert all(":1:1: FWP903 " in line and named in line for line in lines)


def test_a_wrong_value_of_an_option(project: Path, flake8: Flake8) -> None:
    status, (line,) = flake8("--select=FWP", "--fwp-file-access=sometimes", "-j1")
    assert status == 1
    assert "FWP903" in line
    assert "'sometimes'" in line


@pytest.mark.parametrize("method", START_METHODS)
def test_a_rule_that_fails_is_one_finding_and_the_run_goes_on(
    method: str, project: Path, flake8: Flake8
) -> None:
    expected = copies(project)
    status, lines = flake8("--select=FWP", "-j2", ".", method=method, setup="failing_rule")
    assert status == 1
    assert beginnings(lines) == sorted([*expected, "app/services.py:1:1: FWP902 "])
    assert "ValueError: first second" in lines[-1]
    assert "app/services.py" in lines[-1].split(": FWP902 ")[1]


@pytest.mark.parametrize("method", START_METHODS)
def test_an_engine_that_fails_is_one_finding_a_process_and_the_run_goes_on(
    method: str, project: Path, flake8: Flake8
) -> None:
    copies(project)
    write(project, {"app/unused.py": "import os\n"})
    status, lines = flake8("--select=FWP,F", "-j2", ".", method=method, setup="failing_engine")
    assert status == 1
    internal = [line for line in lines if "FWP902" in line]
    assert 1 <= len(internal) <= 2
    assert len(lines) - len(internal) == len([line for line in lines if "F401" in line]) == 1
    assert all(
        ":1:1: FWP902 internal error, nothing was checked: ValueError" in i for i in internal
    )


def test_modules_of_the_project_named_like_ours(project: Path, flake8: Flake8) -> None:
    write(
        project,
        {
            "checks.py": "raise RuntimeError\n",
            "lint_plugins/__init__.py": "raise RuntimeError\n",
            "settings.py": "raise RuntimeError\n",
        },
    )
    assert beginnings(flake8("--select=FWP", method="")[1]) == [FINDING]


def test_help_and_version(flake8: Flake8) -> None:
    status, lines = flake8("--help")
    assert status == 0
    assert any("--fwp-preview" in line for line in lines)
    assert any("flake8-fwp" in line for line in flake8("--version")[1])
