"""``fwp check``."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from fwp_checks.session import Session
from tests.hosts.conftest import Fwp
from tests.hosts.demo import API, FINDING, write, write_demo

BROKEN = "def broken(:\n"


def test_a_finding_that_needs_two_files(project: Path, fwp: Fwp) -> None:
    result = fwp("check")
    first, summary = result.out.splitlines()
    assert first.startswith(FINDING)
    assert "load_user" in first
    assert "requests.get" in first
    assert first.split()[-1].startswith("https://")
    assert summary == "1 finding (1 error) in 1 file."
    assert (result.status, result.err) == (1, "")


def test_a_clean_project(project: Path, fwp: Fwp) -> None:
    write(project, {"app/services.py": "def load_user(user_id):\n    return user_id\n"})
    assert (fwp("check").status, fwp("check").out) == (0, "No findings.\n")


def test_exit_zero(project: Path, fwp: Fwp) -> None:
    result = fwp("check", "--exit-zero")
    assert result.status == 0
    assert result.out.startswith(FINDING)


def test_paths_choose_what_is_printed_not_what_is_read(project: Path, fwp: Fwp) -> None:
    assert fwp("check", "app/api.py").out.startswith(FINDING)
    assert fwp("check", "app").out.startswith(FINDING)
    assert fwp("check", "app/services.py").out == "No findings.\n"


def test_paths_are_shown_from_the_current_folder(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "app")
    assert fwp("check").out.startswith("api.py:11:12: FWP102 ")
    monkeypatch.chdir(project.parent)
    assert fwp("check", "project").out.startswith(f"project/{FINDING}")


def test_json(project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "app")
    result = fwp("check", "--format", "json")
    document = json.loads(result.out)
    assert list(document) == ["version", "findings", "skipped", "withheld"]
    (finding,) = document["findings"]
    assert finding["code"] == "FWP102"
    assert finding["rule"] == "blocking-call-through-helper"
    assert (finding["path"], finding["line"], finding["column"]) == ("app/api.py", 11, 12)
    assert finding["trace"][-1]["path"] == "app/services.py"
    assert finding["trace"][-1]["line"] == 5
    assert (result.status, result.err) == (1, "")


def test_full(project: Path, fwp: Fwp) -> None:
    out = fwp("check", "--format", "full").out
    assert out.startswith("app/api.py:11:12: error FWP102 blocking-call-through-helper\n")
    assert "  11 |     return load_user(user_id)\n     |            ^^^" in out
    assert "   5 |     return requests.get(" in out
    assert "(fwp explain FWP102)" in out
    assert out.endswith("\n1 finding (1 error) in 1 file.\n")


def test_select_and_ignore(project: Path, fwp: Fwp) -> None:
    assert fwp("check", "--select", "FWP101").status == 0
    assert fwp("check", "--select", "FWP101,FWP102").status == 1
    assert fwp("check", "--select", "FWP101", "--select", "FWP102").status == 1
    assert fwp("check", "--ignore", "FWP102").status == 0
    assert fwp("check", "--ignore", "FWP8").status == 2


def test_options_win_over_settings(project: Path, fwp: Fwp) -> None:
    write(project, {"pyproject.toml": '[tool.fwp]\nselect = ["FWP101"]\n'})
    assert fwp("check").status == 0
    assert fwp("check", "--select", "FWP").status == 1


def test_a_code_that_no_rule_has(project: Path, fwp: Fwp) -> None:
    result = fwp("check", "--select", "FPW102")
    assert result.status == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert "'FPW102'" in result.err
    assert "FWP102" in result.err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("--fromat=json", "unknown option '--fromat'; did you mean --format?"),
        ("--selct", "unknown option '--selct'; did you mean --select?"),
        ("-z", "unknown option '-z' (see"),
        ("--hold", "unknown option '--hold' (see"),
    ],
)
def test_an_option_that_there_is_not(given: str, expected: str, project: Path, fwp: Fwp) -> None:
    result = fwp("check", given, "FWP1")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"fwp check: error: {expected}")
    assert result.err.endswith("(see fwp check --help)\n")


def test_a_folder_that_cannot_be_read(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("fwp_plugins.cli.options.os.scandir", refuse)
    result = fwp("check", "app")
    assert (result.status, result.out) == (2, "")
    assert result.err == "fwp: error: app: cannot be read: Permission denied\n"


@pytest.mark.parametrize("named_first", [False, True])
def test_a_named_file_that_matters_to_no_rule(named_first: bool, project: Path, fwp: Fwp) -> None:
    large = f"TEXT = {'x' * 1_100_000!r}\n"
    write(project, {"data.py": large, "broken.py": "def f(:\n"})
    runs = [("check", "broken.py"), ("check",)]
    found = {
        arguments: fwp(*arguments).out for arguments in (runs if named_first else reversed(runs))
    }
    assert found["check", "broken.py"].startswith("broken.py:1:7: FWP901 ")
    assert "broken.py" not in found["check",]


def test_a_path_that_does_not_exist(project: Path, fwp: Fwp) -> None:
    result = fwp("check", "app", "missing")
    assert result.status == 2
    assert result.err == "fwp: error: missing: no such file or folder\n"


@pytest.mark.parametrize(
    "settings",
    [
        "[tool.fwp\n",
        "[tool.fwp]\nnonsense = 1\n",
        "[tool.fwp]\nselect = 3\n",
        '[tool.fwp]\nselect = ["FWP999"]\n',
        '[tool.fwp]\nignore = ["FWP19"]\n',
        '[tool.fwp.per-file-ignores]\n"app/**" = ["FWP8"]\n',
        "[[tool.fwp.catalogue.effect]]\nnonsense = 1\n",
    ],
)
def test_broken_settings(settings: str, project: Path, fwp: Fwp) -> None:
    write(project, {"pyproject.toml": settings})
    result = fwp("check")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("fwp: error: pyproject.toml:")
    assert result.err.count("\n") == 1


def test_a_package_to_read_that_is_not_installed(project: Path, fwp: Fwp) -> None:
    write(project, {"pyproject.toml": '[tool.fwp]\nread-packages = ["pluggy", "no.such"]\n'})
    result = fwp("check", "app/services.py", "--select", "FWP9")
    assert result.err == (
        "fwp: warning: pyproject.toml: tool.fwp.read-packages: "
        "'no.such' is not installed, or has no source to read\n"
    )


def test_the_heading_of_the_other_file(project: Path, fwp: Fwp) -> None:
    write(project, {"fwp.toml": '[tool.fwp]\nselect = ["FWP1"]\n'})
    expected = "fwp: error: fwp.toml: tool: settings stand here without the heading [tool.fwp]\n"
    assert fwp("check").err == expected


def test_a_folder_without_python_files(project: Path, fwp: Fwp) -> None:
    write(project, {"docs/index.md": ""})
    result = fwp("check", "docs")
    assert (result.status, result.out) == (0, "No findings.\n")
    assert result.err == "fwp: warning: there is no Python file to check in docs\n"


def test_an_unparsable_file_does_not_hide_the_others(project: Path, fwp: Fwp) -> None:
    write(project, {"app/broken.py": BROKEN})
    result = fwp("check")
    assert result.status == 2
    assert FINDING in result.out
    assert "app/broken.py:1:" in result.out
    assert "FWP901" in result.out
    assert "1 file skipped." in result.out
    assert json.loads(fwp("check", "--format", "json").out)["skipped"][0]["path"] == "app/broken.py"


def test_ignoring_fwp901_accepts_skipped_files(project: Path, fwp: Fwp) -> None:
    write(project, {"app/broken.py": BROKEN})
    assert fwp("check", "--ignore", "FWP901").status == 1
    assert fwp("check", "--ignore", "FWP901,FWP102").status == 0


def test_a_skipped_file_is_named_although_its_code_is_not_selected(project: Path, fwp: Fwp) -> None:
    write(project, {"app/broken.py": BROKEN})
    result = fwp("check", "--select", "FWP102")
    assert result.status == 2
    assert "app/broken.py:1" in result.out + result.err


def test_suppression_comment(project: Path, fwp: Fwp) -> None:
    comment = "  # fwp: ignore[FWP102] the users service is on this host"
    write(project, {"app/api.py": API.rstrip("\n") + comment + "\n"})
    assert fwp("check").status == 0


def test_a_comment_with_a_code_that_no_rule_has(project: Path, fwp: Fwp) -> None:
    many = "load = [  # fwp: ignore[FWP999]\n    1,\n]\nload = 2  # fwp: ignore[FWP10, FWP9]\n"
    write(project, {"app/new.py": f"# fwp: ignore-file[FWP19]\nimport asyncio\n{many}"})
    told = "comment silences nothing: no rule has a code that starts with"
    assert fwp("check", "app/new.py").out.splitlines()[:-1] == [
        f"app/new.py:1:1: FWP904 {told} 'FWP19'",
        f"app/new.py:3:1: FWP904 {told} 'FWP999'",
    ]


def test_statistics(project: Path, fwp: Fwp) -> None:
    assert fwp("check", "--statistics").out == (
        "1 FWP102 blocking-call-through-helper\n1 finding (1 error) in 1 file.\n"
    )
    assert fwp("check", "--statistics", "--format", "json").status == 2


def test_output_file(project: Path, fwp: Fwp) -> None:
    result = fwp("check", "--output", "found.txt")
    assert result.out == "1 finding (1 error) in 1 file.\n"
    assert result.status == 1
    assert (project / "found.txt").read_text(encoding="utf-8").startswith(FINDING)
    assert fwp("check", "--output", "found.json", "--format", "json").out == ""
    assert json.loads((project / "found.json").read_text())["version"] == 1


def test_output_file_that_cannot_be_written(project: Path, fwp: Fwp) -> None:
    result = fwp("check", "--output", "missing/found.txt")
    assert result.status == 2
    assert result.err.startswith("fwp: error: missing/found.txt: cannot be written: ")


def test_color(project: Path, fwp: Fwp) -> None:
    assert "\x1b[" not in fwp("check").out
    assert "\x1b[1;31mFWP102" in fwp("check", "--color", "always").out


def standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_standard_input_stands_for_the_named_file(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = "# unsaved\n" + API
    standard_input(monkeypatch, moved.encode())
    result = fwp("check", "-", "--stdin-display-name", "app/api.py", "--format", "full")
    assert result.status == 1
    assert result.out.startswith("app/api.py:12:12: error FWP102 ")
    assert "  12 |     return load_user(user_id)\n" in result.out


def test_standard_input_for_a_file_that_is_not_there_yet(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    standard_input(monkeypatch, API.encode())
    result = fwp("check", "-", "--stdin-display-name", "app/new.py")
    assert result.out.startswith("app/new.py:11:12: FWP102 ")


def test_standard_input_that_cannot_be_decoded(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    standard_input(monkeypatch, b"\nx = '\xff'\n")
    result = fwp("check", "-", "--stdin-display-name", "app/api.py", "--format", "full")
    assert result.status == 2
    assert result.out.startswith("app/api.py:2:6: error FWP901 ")
    assert "byte 0xff is not UTF-8" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["-"],
        ["-", "app", "--stdin-display-name", "app/api.py"],
        ["--stdin-display-name", "app/api.py"],
        ["-", "--stdin-display-name", "missing/api.py"],
        ["-", "--stdin-display-name", "app"],
        ["--select", ""],
        ["--select", " , "],
        ["--format", "xml"],
        ["--jobs", "0"],
        ["--jobs", "many"],
        ["--no-cache", "--cache-dir", "x"],
        ["--file-access", "sometimes"],
    ],
)
def test_wrong_usage(arguments: list[str], project: Path, fwp: Fwp) -> None:
    result = fwp("check", *arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("fwp")
    assert ": error: " in result.err
    assert result.err.count("\n") == 1


def test_named_files_that_the_settings_leave_out(project: Path, fwp: Fwp) -> None:
    write(project, {"tests/test_api.py": API})
    assert fwp("check").out.count("FWP102") == 1
    assert fwp("check", "tests/test_api.py").status == 1
    assert fwp("check", "--force-exclude", "tests/test_api.py").out == "No findings.\n"
    assert fwp("check", "--force-exclude", "tests/test_api.py", "app/api.py").out.startswith(
        FINDING
    )


def test_several_projects_at_once(tmp_path: Path, project: Path, fwp: Fwp) -> None:
    write_demo(tmp_path / "other")
    out = fwp("check", "app", "../other").out
    assert out.splitlines()[0].startswith(f"../other/{FINDING}")
    assert out.splitlines()[1].startswith(FINDING)
    document = json.loads(fwp("check", "app", "../other", "--format", "json").out)
    assert [finding["path"] for finding in document["findings"]] == [
        "other/app/api.py",
        "project/app/api.py",
    ]
    assert document["findings"][0]["trace"][-1]["path"] == "other/app/services.py"


def test_the_cache_stays_out_of_the_project(tmp_path: Path, project: Path, fwp: Fwp) -> None:
    before = sorted(project.rglob("*"))
    assert fwp("check", "--no-cache").status == 1
    assert not (tmp_path / "cache" / "fwp").exists()
    assert fwp("check").status == 1
    assert any((tmp_path / "cache").rglob("*"))
    assert fwp("check", "--cache-dir", str(tmp_path / "elsewhere")).status == 1
    assert any((tmp_path / "elsewhere").rglob("*"))
    assert sorted(project.rglob("*")) == before


def test_an_internal_error_is_one_line(
    project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("first\nsecond")

    monkeypatch.setattr(Session, "check_all", fail)
    result = fwp("check")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("fwp: error: internal error: ValueError: first second")
    assert result.err.count("\n") == 1
    monkeypatch.setenv("FWP_DEBUG", "1")
    assert "Traceback" in fwp("check").err


def test_ctrl_c_is_one_line(project: Path, fwp: Fwp, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "check_all", interrupt)
    result = fwp("check")
    assert (result.status, result.err) == (2, "fwp: error: interrupted\n")
