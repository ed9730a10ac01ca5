"""How long a check takes, against reading and parsing the same files.

    python benchmarks/speed.py [FOLDER] [--rounds N] [--jobs N] [--preview] [--no-flake8]

Every figure is of whole processes, started one after the other; ratios are of processes of the same
round, so a machine that slows down slows both. README.md beside this file says how to read them.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fwp_checks import is_compiled
from fwp_checks.project.files.deployment_files import is_deployment_file
from fwp_checks.project.files.discovery import (
    is_template_path,
    python_paths,
    test_files,
)
from fwp_checks.settings import Settings

PARSE = """
import ast, pathlib, sys, warnings
warnings.simplefilter("ignore")
for path in pathlib.Path(sys.argv[1]).read_text().split("\\0"):
    try:
        ast.parse(pathlib.Path(path).read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        pass
"""

FLAKE8 = """
import importlib.metadata, sys
hidden = sys.argv.pop(1)
distributions = importlib.metadata.distributions
importlib.metadata.distributions = lambda **context: (
    found for found in distributions(**context) if found.metadata["Name"] != hidden
)
from flake8.main.cli import main
sys.exit(main())
"""
"""flake8 as it is where one distribution is not installed."""

READ, COLD, WARM, EDITED = (
    "read and parse on one core",
    "fwp check, cold",
    "fwp check, nothing changed",
    "fwp check, one file changed",
)
WITHOUT, WITH = "flake8 without the plugin", "flake8 --select=FWP, nothing changed"
_NEVER = ("__pycache__", ".git", "node_modules")
BASES = {COLD: READ, WARM: READ, EDITED: READ, WITH: WITHOUT}
"""What each figure is divided by."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process and those it started took."""

    seconds: float
    cpu_seconds: float
    largest_megabytes: float


def main() -> None:
    """Measure and print. Exits with a message if a command fails."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="fwp-speed-") as scratch:
        _keep_bytecode(Path(scratch) / "bytecode")
        bench = Bench(arguments.folder, Path(scratch), arguments.jobs, arguments.preview)
        print(bench.title(arguments.rounds), flush=True)
        bench.prepare(not arguments.no_flake8)
        rounds = [bench.round(not arguments.no_flake8) for _ in range(arguments.rounds)]
        _print_table(rounds)
        largest = max(run[COLD].largest_megabytes for run in rounds)
        together = bench.memory_together()
        print(f"\npeak memory of a cold check: largest process {largest:.0f} MB", end="")
        print(f", all processes together {together:.0f} MB" if together else "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    installed = Path(sysconfig.get_path("purelib"))
    parser.add_argument("folder", nargs="?", type=Path, default=installed)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--preview", action="store_true", help="all rules; test code is read, too")
    parser.add_argument("--no-flake8", action="store_true")
    return parser.parse_args()


class Bench:
    """A copy of the code, and the commands that are measured on it."""

    def __init__(self, folder: Path, scratch: Path, jobs: int, preview: bool) -> None:
        self._scratch = scratch
        self._jobs = str(jobs)
        self._preview = preview
        self._root = scratch / "project"
        shutil.copytree(folder, self._root, ignore=_unread(folder), symlinks=True)
        # A root of its own, so that neither settings nor a repository above the folder count.
        (self._root / "fwp.toml").touch()
        settings = Settings.load(self._root)
        tests: list[str] = []
        read = python_paths(self._root, settings, tests=tests)
        if not read:
            sys.exit(f"speed: there are no Python files in {folder}")
        if preview:
            read = [*read, *test_files(self._root, settings, tests)]
        files = [self._root / path for path in dict.fromkeys(read)]
        self._files = files
        self._list = scratch / "files"
        self._list.write_text("\0".join(map(str, files)), encoding="utf-8")
        self._cache = scratch / "cache"
        self._edits = 0

    def title(self, rounds: int) -> str:
        """What is measured where."""
        lines = sum(path.read_bytes().count(b"\n") for path in self._files)
        kind = "compiled" if is_compiled() else "interpreted"
        return (
            f"{lines:,} lines in {len(self._files):,} files; {platform.python_implementation()} "
            f"{platform.python_version()}, the engine {kind}, {self._jobs} processes, "
            f"median of {rounds} rounds\n"
        )

    def prepare(self, with_flake8: bool) -> None:
        """Every program once, so that its bytecode is there as pip leaves it on installing."""
        self._check()
        if with_flake8:
            self._flake8("", "--select=FWP")

    def round(self, with_flake8: bool) -> dict[str, Run]:
        """Every command once."""
        shutil.rmtree(self._cache, ignore_errors=True)
        runs = {READ: _run(["-c", PARSE, str(self._list)])}
        runs[COLD] = self._check()
        runs[WARM] = self._check()
        self._edit()
        runs[EDITED] = self._check()
        if with_flake8:
            self._flake8("", "--select=FWP")
            runs[WITHOUT] = self._flake8("flake8-fwp", "--select=E9")
            runs[WITH] = self._flake8("", "--select=FWP")
        return runs

    def memory_together(self) -> float:
        """The most that the processes of a cold check hold at a time, in MB; 0 if unknown."""
        shutil.rmtree(self._cache, ignore_errors=True)
        if not Path("/proc/self/smaps_rollup").exists():
            return 0.0
        most = 0
        with subprocess.Popen([sys.executable, *self._check_command()]) as process:
            while process.poll() is None:
                most = max(most, sum(map(_proportional_kilobytes, _tree(process.pid))))
                time.sleep(0.05)
        return most / 1024

    def _check_command(self) -> list[str]:
        return [
            *("-m", "fwp_plugins", "check", str(self._root), "--exit-zero"),
            *("--format", "json", "--output", os.devnull),
            *("--jobs", self._jobs, "--cache-dir", str(self._cache)),
            *(["--preview"] if self._preview else []),
        ]

    def _check(self) -> Run:
        # 2: some file of real code can never be parsed.
        return _run(self._check_command(), allowed=(0, 2))

    def _flake8(self, hidden: str, *options: str) -> Run:
        command = ["-c", FLAKE8, hidden, "--isolated", f"--jobs={self._jobs}", *options]
        if not hidden:
            command.append(f"--fwp-cache-dir={self._cache}")
        return _run([*command, str(self._root)], allowed=(0, 1))

    def _edit(self) -> None:
        self._edits += 1
        middle = self._files[len(self._files) // 2]
        with middle.open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef edited_{self._edits}():\n    return {self._edits}\n")


def _keep_bytecode(folder: Path) -> None:
    """Have all processes to come keep their bytecode: an editable install may have none, and some
    environments forbid to write it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def _run(command: Sequence[str], allowed: Sequence[int] = (0,)) -> Run:
    """Run Python with these arguments to its end."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        sys.exit(f"speed: {' '.join(command[:3])} … ended with {process.returncode}")
    # Of a process and those it has waited for: times are added up, the size is the largest one's;
    # in bytes on macOS, in kilobytes elsewhere.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def _unread(top: Path) -> Callable[[str, list[str]], list[str]]:
    """Chooses what of a folder below ``top`` is not copied, for no check reads it."""

    def unread(folder: str, names: list[str]) -> list[str]:
        relative = Path(folder).relative_to(top)

        def is_wanted(name: str) -> bool:
            return (
                name.endswith(".py")
                or is_template_path((relative / name).as_posix())
                or is_deployment_file(relative.as_posix(), name)
                or Path(folder, name).is_dir()
            )

        return [name for name in names if name in _NEVER or not is_wanted(name)]

    return unread


def _tree(pid: int) -> list[int]:
    """A process and those it started, as Linux shows them."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found.extend(map(int, children.split()))
    return found


def _proportional_kilobytes(pid: int) -> int:
    """The memory of a process; what several share counts for each in part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _print_table(rounds: Sequence[dict[str, Run]]) -> None:
    print(f"{'':<38}{'seconds':>11}{'CPU':>11}{'ratio':>11}{'CPU ratio':>11}")
    for name in rounds[0]:
        own = [runs[name] for runs in rounds]
        base = [runs[BASES.get(name, name)] for runs in rounds]
        pairs = list(zip(own, base, strict=True))
        figures = (
            statistics.median(run.seconds for run in own),
            statistics.median(run.cpu_seconds for run in own),
            statistics.median(run.seconds / other.seconds for run, other in pairs),
            statistics.median(run.cpu_seconds / other.cpu_seconds for run, other in pairs),
        )
        print(f"{name:<38}" + "".join(f"{figure:>11.2f}" for figure in figures))


if __name__ == "__main__":
    main()
