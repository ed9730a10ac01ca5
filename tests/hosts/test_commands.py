"""The other commands, and the command as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fwp_checks import __version__
from fwp_checks.diagnostics import NAMES
from fwp_checks.rules import all_rules
from fwp_plugins.cli.output import progress
from tests.hosts.conftest import Fwp
from tests.hosts.demo import FINDING, environment, run_python


def test_explain(fwp: Fwp) -> None:
    result = fwp("explain", "FWP102")
    assert result.status == 0
    assert result.out.startswith("# FWP102 blocking-call-through-helper\n")
    assert "## How to fix" in result.out
    assert "## Cases" not in result.out
    assert "## Cases" in fwp("explain", "FWP102", "--cases").out
    assert fwp("explain", "fwp102").out == result.out
    assert fwp("explain", "blocking-call-through-helper").out == result.out


@pytest.mark.parametrize("code", NAMES)
def test_explain_codes_about_the_run(code: str, fwp: Fwp) -> None:
    result = fwp("explain", code)
    assert result.status == 0
    assert result.out.startswith(f"# {code} {NAMES[code]}\n")


def test_explain_on_a_terminal(fwp: Fwp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = fwp("explain", "FWP102").out
    assert "\x1b[" in out
    assert "## " not in out


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("FWP12", "FWP102"),
        ("fwp1100", "FWP110"),
        ("blocking-call-trough-helper", "blocking-call-through-helper"),
        ("zzz", "fwp rules"),
    ],
)
def test_explain_an_unknown_rule(word: str, expected: str, fwp: Fwp) -> None:
    result = fwp("explain", word)
    assert (result.status, result.out) == (2, "")
    assert f"'{word}'" in result.err
    assert expected in result.err
    assert result.err.count("\n") == 1


def test_rules(fwp: Fwp) -> None:
    lines = fwp("rules").out.splitlines()
    assert [line.split()[0] for line in lines] == [loaded.rule.code for loaded in all_rules()]
    assert any("blocking-call-through-helper" in line for line in lines)


def test_rules_as_json(fwp: Fwp) -> None:
    rules = json.loads(fwp("rules", "--format", "json").out)["rules"]
    assert [rule["name"] for rule in rules] == [loaded.rule.name for loaded in all_rules()]
    assert set(rules[0]) == {
        "code",
        "name",
        "summary",
        "severity",
        "status",
        "fix_link",
        "rule_page",
    }


def test_why(project: Path, fwp: Fwp) -> None:
    result = fwp("why", "app/api.py:11")
    assert result.status == 0
    assert "load_user" in result.out
    assert "requests.get" in result.out


def test_why_a_script_is_silent(project: Path, fwp: Fwp) -> None:
    script = """
import asyncio
import time

async def main() -> None:
    time.sleep(1)

if __name__ == "__main__":
    asyncio.run(main())
"""
    (project / "wait.py").write_text(script, encoding="utf-8")
    result = fwp("why", "wait.py:6")
    assert "time.sleep" in result.out
    assert "alone on its loop" in result.out


def test_facts(project: Path, fwp: Fwp) -> None:
    result = fwp("facts", "app/services.py")
    assert result.status == 0
    assert "load_user" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "app/api.py"],
        ["why", "app/api.py:0"],
        ["why", "app/api.py:x"],
        ["why", "app/missing.py:1"],
        ["why", "app/api.py:1000"],
        ["explain", "--at", "app/api.py:1000"],
        ["why", "app:1"],
        ["facts", "app"],
        ["facts", "app/missing.py"],
        ["facts"],
        [],
        ["chekc"],
    ],
)
def test_wrong_usage(arguments: list[str], project: Path, fwp: Fwp) -> None:
    result = fwp(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("fwp")
    assert result.err.count("\n") == 1


def test_version(fwp: Fwp) -> None:
    assert fwp("--version").out == f"fwp {__version__}\n"


@pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["rules"], ["why"], ["facts"]])
def test_help(command: list[str], fwp: Fwp) -> None:
    result = fwp(*command, "--help")
    assert result.status == 0
    assert result.out.startswith("usage: fwp")


def test_as_a_module(project: Path, tmp_path: Path) -> None:
    result = run_python(["-m", "fwp_plugins", "check"], cwd=project, scratch=tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith(FINDING)
    assert result.stderr == ""


def test_json_needs_no_rich(project: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from fwp_plugins.cli import main;"
        "main(['check', '--format', 'json']); print('rich' in sys.modules, file=sys.stderr)"
    )
    result = run_python(["-c", script], cwd=project, scratch=tmp_path)
    assert json.loads(result.stdout)["version"] == 1
    assert result.stderr == "False\n"


def test_a_reader_that_has_gone_away(project: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fwp_plugins", "check"],
        cwd=project,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=300) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("command", [["check"], ["rules"], ["routes"]])
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (">/dev/full", "standard output: cannot be written: No space left on device"),
        (">&-", "standard output is closed"),
    ],
)
def test_an_output_that_takes_nothing(
    command: list[str], where: str, expected: str, project: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "fwp_plugins", *command]
    run = subprocess.run(
        ["sh", "-c", f'"$@" {where}', "sh", *words],
        cwd=project,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (2, f"fwp: error: {expected}\n")


def test_an_output_that_cannot_show_every_character(project: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "fwp_plugins", "check"],
        cwd=project,
        env={**environment(tmp_path), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        encoding="ascii",
        timeout=300,
    )
    assert result.returncode == 1
    assert result.stdout.startswith(FINDING)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
def test_progress_on_a_terminal_leaves_standard_output_clean(project: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fwp_plugins", "check", "--format", "json"],
        cwd=project,
        env={**environment(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    assert process.stdout
    document = json.loads(process.stdout.read())
    shown = os.read(ours, 65536)
    process.stdout.close()
    process.wait(timeout=300)
    os.close(ours)
    assert document["version"] == 1
    assert b"\x1b[" in shown


def test_progress_takes_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with threads could not be copied to evaluate on two cores."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    before = threading.active_count()
    with progress() as show:
        assert show is not None
        show("reading", 1, 2)
        assert threading.active_count() == before
