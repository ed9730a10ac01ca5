"""``fwp explain`` and ``fwp rules``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fwp_checks.diagnostics import NAMES
from fwp_checks.rules import LoadedRule, all_rules
from fwp_plugins.cli.errors import CommandError
from fwp_plugins.cli.options import place, session_of
from fwp_plugins.cli.output import print_lines, print_text
from fwp_plugins.codes import suggestion
from fwp_plugins.formats.terminal import Line, wants_color
from fwp_plugins.projects import Overrides

CASES_HEADING = "## Cases"


def explain(arguments: argparse.Namespace) -> int:
    """Show a rule's page, or what to write at a place. Raises CommandError for an unknown rule, and
    for a place where there is nothing to write.
    """
    if (arguments.at is None) is (arguments.rule is None):
        raise CommandError("give a rule, or --at PATH:LINE")
    if arguments.at is not None:
        return _propose(arguments)
    page = _page(arguments.rule).read_text(encoding="utf-8")
    if not arguments.cases:
        page = page.split(f"\n{CASES_HEADING}\n")[0]
    if wants_color("auto", sys.stdout):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(page))
    else:
        print_text(page)
    return 0


def _propose(arguments: argparse.Namespace) -> int:
    path, line = place(arguments.at)
    written = session_of(path, Overrides(), arguments).proposal(path, line)
    if written is None:
        raise CommandError(
            f"{arguments.at}: no handler here that begins with the same statements as others"
        )
    print_text(written)
    return 0


def rules(arguments: argparse.Namespace) -> int:
    """List the rules as text or JSON."""
    if arguments.format == "json":
        print_text(json.dumps({"version": 1, "rules": list(map(_as_data, all_rules()))}, indent=2))
    else:
        print_lines(map(_as_line, all_rules()))
    return 0


def _page(word: str) -> Path:
    for loaded in all_rules():
        if word.upper() == loaded.rule.code or word.lower() == loaded.rule.name:
            return loaded.page
    for code, name in NAMES.items():
        if word.upper() == code or word.lower() == name:
            return Path(__file__).with_name(f"{code.lower()}.md")
    raise CommandError(f"there is no rule '{word}'{suggestion(word)}")


def _as_data(loaded: LoadedRule) -> dict[str, str]:
    rule = loaded.rule
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "status": rule.status.value,
        "fix_link": rule.fix_link,
        "rule_page": rule.page_url,
    }


def _as_line(loaded: LoadedRule) -> Line:
    rule = loaded.rule
    width = max(len(other.rule.name) for other in all_rules())
    return [
        (rule.code, rule.severity.value),
        (f" {rule.name:<{width}} ", "path"),
        (f"{rule.severity.value:<7} {rule.status.value:<7} ", "faint"),
        (rule.summary, ""),
    ]
