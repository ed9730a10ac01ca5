"""Sessions as hosts want them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.rules import all_rules
from fwp_checks.session import Session
from fwp_checks.settings import Settings, SettingsError
from fwp_plugins.projects import FileByFile, Overrides
from tests.hosts.demo import API, write, write_demo

ALL = {loaded.rule.code for loaded in all_rules()}


def codes(files: FileByFile, path: Path, text: str | None = None) -> list[str]:
    return [finding.code for finding in files.check(str(path), text)]


def test_what_is_not_given_is_left() -> None:
    settings = Settings(select=("FWP1",), preview=True, file_access="never")
    assert Overrides().apply(settings) == settings
    assert Overrides(preview=False).apply(settings).preview is False
    assert Overrides(select=("FWP102",)).apply(settings).select == ("FWP102",)
    assert Overrides(ignore=()).apply(Settings(ignore=("FWP1",))).ignore == ()


def test_enabling_selects_full_codes() -> None:
    enabled = Overrides(enable=("FWP10", "FWP110")).apply(Settings(select=("FWP2",)))
    assert enabled.select[0] == "FWP2"
    assert set(enabled.select[1:]) == {c for c in ALL if c.startswith(("FWP10", "FWP110"))}
    assert all(enabled.enabled(code, preview=True) for code in enabled.select[1:])


def test_enabling_what_there_is_not() -> None:
    with pytest.raises(SettingsError, match="no rule has a code that starts with 'FWP999'"):
        Overrides(enable=("FWP110", "FWP999")).apply(Settings())


def test_a_value_that_is_not_allowed() -> None:
    with pytest.raises(SettingsError, match=r"file-access: must be one of .*, not 'sometimes'"):
        Overrides(file_access="sometimes").apply(Settings())


def test_test_code_and_excluded_files_have_no_findings(project: Path) -> None:
    installed = ".venv/lib/python3.13/site-packages/app/api.py"
    write(
        project,
        {
            "pyproject.toml": '[tool.fwp]\nexclude = ["old"]\n',
            "tests/test_api.py": API,
            "old/api.py": API,
            installed: API,
        },
    )
    files = FileByFile(Overrides(), cache_dir=False)
    assert codes(files, project / "app/api.py") == ["FWP102"]
    for path in (
        "tests/test_api.py",
        "old/api.py",
        ".venv/lib/python3.13/site-packages/app/api.py",
    ):
        assert codes(files, project / path) == []
    with_tests = FileByFile(Overrides(include_tests=True), cache_dir=False)
    assert codes(with_tests, project / "tests/test_api.py") == ["FWP102"]


def test_unsaved_files(project: Path) -> None:
    write(project, {"pyproject.toml": '[tool.fwp]\nexclude = ["old"]\n'})
    files = FileByFile(Overrides(), cache_dir=False)
    assert codes(files, project / "app/new.py", API) == ["FWP102"]
    assert codes(files, project / "app/test_new.py", API) == []
    assert codes(files, project / "old/new.py", API) == []


def test_files_of_several_projects(tmp_path: Path, project: Path) -> None:
    other = write_demo(tmp_path / "other")
    write(other, {"pyproject.toml": '[tool.fwp]\nignore = ["FWP102"]\n'})
    files = FileByFile(Overrides(), cache_dir=False)
    assert codes(files, project / "app/api.py") == ["FWP102"]
    assert codes(files, other / "app/api.py") == []
    assert codes(files, project / "app/api.py") == ["FWP102"]


def test_a_root_that_is_given_holds_for_the_files_below_it(tmp_path: Path, project: Path) -> None:
    write(project, {"pyproject.toml": "[tool.fwp]\n", "part/pyproject.toml": "[tool.fwp]\n"})
    write(project, {"part/api.py": API})
    other = write_demo(tmp_path / "other")
    alone = FileByFile(Overrides(), cache_dir=False)
    assert codes(alone, project / "part/api.py") == []
    files = FileByFile(Overrides(), cache_dir=False, root=project)
    assert codes(files, project / "part/api.py") == ["FWP102"]
    assert codes(files, other / "app/api.py") == ["FWP102"]


def test_a_root_that_there_is_not(tmp_path: Path, project: Path) -> None:
    files = FileByFile(Overrides(), root=tmp_path / "nowhere")
    [finding] = files.check(str(project / "app" / "api.py"))
    assert (finding.code, finding.message[-16:]) == ("FWP903", ": no such folder")


@pytest.mark.parametrize("cache", ["none", "cold", "warm"])
def test_one_analysis_serves_all_files(
    cache: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {f"app/api{index}.py": API for index in range(5)})
    write(project, {"tests/test_api.py": API})
    asked: list[object] = []
    whole = Session._result_key

    def counted(self: Session, *arguments: object) -> object:
        asked.append(self)
        return whole(self, *arguments)  # type: ignore[arg-type]

    cache_dir = tmp_path / "own-cache"
    if cache == "warm":
        FileByFile(Overrides(), cache_dir=cache_dir).check("app/api.py")
    monkeypatch.setattr(Session, "_result_key", counted)
    files = FileByFile(Overrides(), cache_dir=False if cache == "none" else cache_dir)
    found = [codes(files, path) for path in sorted(project.rglob("*.py"))]
    assert found.count(["FWP102"]) == 6
    assert len(asked) == 1


def fail(*_: object) -> None:
    raise ValueError("first\nsecond")


def test_a_failure_of_the_engine_is_told_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "check_all", fail)
    files = FileByFile(Overrides(), cache_dir=False)
    (finding,) = files.check("app/services.py")
    assert (finding.code, finding.rule) == ("FWP902", "internal-error")
    assert finding.message.startswith(
        "internal error, nothing was checked: ValueError: first second (test_projects.py:"
    )
    assert files.check("app/api.py") == ()


def test_a_failure_while_preparing_is_told_later(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "check_all", fail)
    files = FileByFile(Overrides(), cache_dir=False)
    with pytest.raises(ValueError, match="first"):
        files.prepare(["app"], 1)
    assert [finding.code for finding in files.check("app/api.py")] == ["FWP902"]


def test_broken_settings_are_told_once(project: Path) -> None:
    write(project, {"pyproject.toml": "[tool.fwp]\nnonsense = 1\n"})
    files = FileByFile(Overrides(), cache_dir=False)
    (finding,) = files.check("app/services.py")
    assert (finding.code, finding.rule) == ("FWP903", "broken-settings")
    assert "nonsense" in finding.message
    assert files.check("app/api.py") == ()
