"""The command line of ``fwp``: options, help texts."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from fwp_checks import __version__, is_compiled
from fwp_plugins.formats import FORMATS

_DESCRIPTION = (
    "Finds the pitfalls of Python web frameworks, followed across the files of a project."
)
_MAIN_EPILOG = """\
examples:
  fwp check                    check the project that the current folder lies in
  fwp check app/api.py         findings of one file (the whole project is still read)
  fwp explain FWP102           what a rule means and how to fix its findings
  fwp why app/api.py:42        what is known about a line, and why nothing is reported there

exit codes: 0 nothing found, 1 findings, 2 wrong usage or settings, or files that could not be read
"""
_CHECK_EPILOG = """\
examples:
  fwp check
  fwp check app/ --format full
  fwp check --select FWP101,FWP102 --statistics
  fwp check --format json --output findings.json
  fwp check --diff             what --fix would change
  cat app/api.py | fwp check - --stdin-display-name app/api.py

Settings lie in [tool.fwp] of pyproject.toml; options given here win over them.
Exit codes: 0 nothing found, 1 findings, 2 wrong usage or settings, or files that could not be read
(findings of the other files are still printed; --ignore FWP901 accepts skipped files).
"""


_ROUTES_DESCRIPTION = """\
List the applications of the project that PATHS lie in, with the routers, routes, dependencies and
hooks in PATHS, and how often each function blocks, queries, writes or opens connections. JSON also
says where.
"""
_ROUTES_EPILOG = """\
examples:
  fwp routes
  fwp routes app/api/users.py
  fwp routes --format json > routes.json

Exit codes: 0, or 2 for wrong usage or settings, or files that could not be read (the routes of the
other files are still printed).
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")

    def reject(self, unknown: Sequence[str]) -> NoReturn:
        """Leave because of arguments that there are none of, with the nearest that there is."""
        import difflib

        word = unknown[0].partition("=")[0]
        close = difflib.get_close_matches(word, self._option_string_actions, n=1, cutoff=0.7)
        kind = "option" if word.startswith("-") else "argument"
        self.error(f"unknown {kind} '{word}'{f'; did you mean {close[0]}?' if close else ''}")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The parsed arguments; ``run`` is the command to call with them.

    Raises SystemExit as argparse does.
    """
    parser = _Parser(
        prog="fwp",
        description=_DESCRIPTION,
        epilog=_MAIN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"fwp {__version__}{' (compiled)' if is_compiled() else ''}"
    parser.add_argument("--version", action="version", version=version)
    parser.set_defaults(
        parser=parser, run=lambda _: parser.error("which command? check, for example")
    )
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    _add_check(commands)
    _add_explain(commands)
    _add_rules(commands)
    _add_routes(commands)
    _add_why(commands)
    _add_facts(commands)
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        rejecting: _Parser = arguments.parser
        rejecting.reject(unknown)
    return arguments


def _command(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, imported only when it is called."""

    def run(arguments: argparse.Namespace) -> int:
        status: int = getattr(importlib.import_module(f"fwp_plugins.cli.{module}"), function)(
            arguments
        )
        return status

    return run


def _code_list(text: str) -> tuple[str, ...]:
    return tuple(code for code in text.replace(",", " ").split() if code)


def _selected_codes(text: str) -> tuple[str, ...]:
    codes = _code_list(text)
    if not codes:
        raise argparse.ArgumentTypeError("no code is given, so that nothing would be reported")
    return codes


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_positive.__name__ = "positive number"


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="check a project",
        description="Check the project that PATHS lie in, and print the findings in PATHS.",
        epilog=_CHECK_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files or folders to print findings of (default: the current folder); - reads "
        "standard input",
    )
    rules = check.add_argument_group("rules")
    rules.add_argument(
        "--select",
        type=_selected_codes,
        action="extend",
        metavar="CODES",
        help="report only these codes or prefixes of codes, separated by commas",
    )
    rules.add_argument(
        "--ignore", type=_code_list, action="extend", metavar="CODES", help="do not report these"
    )
    _add_settings(rules)
    output = check.add_argument_group("output")
    output.add_argument(
        "--format",
        choices=FORMATS,
        default="concise",
        help="concise: one line a finding; full: with source lines and the path to the cause; "
        "json: for programs (default: %(default)s)",
    )
    output.add_argument(
        "--statistics", action="store_true", help="print counts by rule instead of findings"
    )
    output.add_argument("--output", type=Path, metavar="FILE", help="write the findings to a file")
    output.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set (default: %(default)s)",
    )
    output.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 although there are findings"
    )
    _add_fix(check)
    run = check.add_argument_group("run")
    run.add_argument(
        "--force-exclude",
        action="store_true",
        help="leave out what a check of the whole project leaves out (tests, excluded files), "
        "although it is named",
    )
    run.add_argument(
        "--stdin-display-name",
        type=Path,
        metavar="PATH",
        help="the file that standard input is the text of",
    )
    run.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="number of processes (default: the available cores)",
    )
    _add_cache(run)
    check.set_defaults(run=_command("check", "run"))


def _add_fix(check: _Parser) -> None:
    fix = check.add_argument_group("fix").add_mutually_exclusive_group()
    fix.add_argument(
        "--fix",
        action="store_true",
        help="make the edits that findings come with, and report what is left",
    )
    fix.add_argument(
        "--diff", action="store_true", help="print what --fix would change, and change nothing"
    )


def _add_settings(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--preview",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="also report rules that are in preview",
    )
    group.add_argument(
        "--file-access",
        choices=("requests", "everywhere", "never"),
        help="where reading and writing files is reported: where a request waits for it, "
        "in all async code, or never (default: requests)",
    )
    group.add_argument(
        "--file-metadata",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="also report exists, stat and the like",
    )
    _add_include_tests(group)


def _add_include_tests(group: argparse._ArgumentGroup | _Parser) -> None:
    group.add_argument(
        "--include-tests",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="also look at test code",
    )


def _add_cache(group: argparse._ArgumentGroup | _Parser) -> None:
    cache = group.add_mutually_exclusive_group()
    cache.add_argument(
        "--no-cache", action="store_true", help="neither read nor write the cache on disk"
    )
    cache.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="folder of the cache (default: in the user's cache folder)",
    )


def _add_explain(commands: argparse._SubParsersAction[_Parser]) -> None:
    explain = commands.add_parser(
        "explain",
        help="show the page of a rule, or what to write for a finding",
        description="Show the page of a rule: what it finds, why that hurts, how to fix it. Or "
        "write the function for statements that handlers repeat (FWP401, FWP402).",
    )
    explain.add_argument("rule", metavar="RULE", nargs="?", help="code or name: FWP102")
    explain.add_argument(
        "--at", metavar="PATH:LINE", help="write what one of the handlers there should share"
    )
    explain.add_argument(
        "--cases", action="store_true", help="with the examples that the rule is tested by"
    )
    _add_cache(explain)
    explain.set_defaults(run=_command("pages", "explain"))


def _add_rules(commands: argparse._SubParsersAction[_Parser]) -> None:
    rules = commands.add_parser("rules", help="list the rules", description="List the rules.")
    rules.add_argument(
        "--format", choices=("text", "json"), default="text", help="default: %(default)s"
    )
    rules.set_defaults(run=_command("pages", "rules"))


def _add_routes(commands: argparse._SubParsersAction[_Parser]) -> None:
    routes = commands.add_parser(
        "routes",
        help="list the routes of a project, and what their handlers do",
        description=_ROUTES_DESCRIPTION,
        epilog=_ROUTES_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    routes.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="default: the current folder"
    )
    routes.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: %(default)s"
    )
    routes.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set (default: %(default)s)",
    )
    _add_include_tests(routes)
    routes.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="number of processes (default: the available cores)",
    )
    _add_cache(routes)
    routes.set_defaults(
        run=_command("routes", "run"), preview=None, file_access=None, file_metadata=None
    )


def _add_why(commands: argparse._SubParsersAction[_Parser]) -> None:
    why = commands.add_parser(
        "why",
        help="show what is known about a line",
        description="Show what is known about a line: the calls, what they are resolved to, what "
        "they do, what is unknown and why, and why there is no finding.",
    )
    why.add_argument("place", metavar="PATH:LINE", help="for example app/api.py:42")
    _add_settings(why.add_argument_group("rules"))
    _add_cache(why)
    why.set_defaults(run=_command("debugging", "why"))


def _add_facts(commands: argparse._SubParsersAction[_Parser]) -> None:
    facts = commands.add_parser(
        "facts",
        help="show what is read from a file",
        description="Show the facts read from one file, before any other file is looked at.",
    )
    facts.add_argument("path", type=Path, metavar="PATH")
    _add_cache(facts)
    facts.set_defaults(run=_command("debugging", "facts"))
