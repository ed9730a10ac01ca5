"""The pylint plugin: ``load-plugins = fwp_plugins.pylint_plugin``.

pylint wants identifiers of a letter and four digits, and one pair of leading digits a checker. So
there is one checker for each family of rules, all under the name ``fwp``, and FWP102 is W9102 with
the symbol ``fwp-blocking-call-through-helper``. pylint runs checkers in several processes on
request; nothing is kept that was not made in the process that uses it.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any

from fwp_checks.diagnostics import NAMES
from fwp_checks.finding import Finding
from fwp_checks.rules import all_rules
from fwp_checks.settings import FILE_ACCESS
from fwp_plugins.projects import FileByFile, Overrides

# Not an import statement, so that type checkers judge this file alike with and without pylint.
BaseRawFileChecker: Any = import_module("pylint.checkers").BaseRawFileChecker

OPTIONS = (
    (
        "fwp-preview",
        {
            "type": "yn",
            "default": False,
            "metavar": "<y or n>",
            "help": "Also report rules in preview.",
        },
    ),
    (
        "fwp-enable",
        {
            "type": "csv",
            "default": (),
            "metavar": "<codes>",
            "help": "Also report these rules, although they are in preview.",
        },
    ),
    (
        "fwp-file-access",
        {
            "type": "choice",
            "choices": FILE_ACCESS,
            "default": None,
            "metavar": "<where>",
            "help": "Where to report reading and writing files.",
        },
    ),
    (
        "fwp-cache-dir",
        {"type": "string", "default": "", "metavar": "<folder>", "help": "Folder of the cache."},
    ),
    (
        "fwp-no-cache",
        {
            "type": "yn",
            "default": False,
            "metavar": "<y or n>",
            "help": "Neither read nor write the cache on disk.",
        },
    ),
)


class _Run:
    """The findings of one run of pylint in one process, for all checkers."""

    def __init__(self) -> None:
        self._files: FileByFile | None = None
        self._current: tuple[Any, tuple[Finding, ...]] = (None, ())

    def findings(self, module: Any, config: Any) -> tuple[Finding, ...]:
        """The findings of a module, an ``astroid.nodes.Module``; ``config`` is pylint's."""
        if self._files is None:
            self._files = _files(config)
        if self._current[0] is not module:
            text = (
                module.stream().read().decode(module.file_encoding) if config.from_stdin else None
            )
            self._current = (module, self._files.check(module.file, text))
        return self._current[1]


class _Checker(BaseRawFileChecker):  # type: ignore[misc]
    """Reports the findings of one family of rules."""

    name = "fwp"
    shared: _Run

    def process_module(self, node: Any) -> None:
        """Report the findings of a module. pylint calls this once a file."""
        for finding in self.shared.findings(node, self.linter.config):
            identifier = message_id(finding.code)
            if identifier in self.msgs:
                place = finding.range
                self.add_message(
                    identifier,
                    line=place.line,
                    args=(f"{finding.code} {finding.text}",),
                    col_offset=place.column - 1,
                    end_lineno=place.end_line,
                    end_col_offset=place.end_column - 1,
                )


def message_id(code: str) -> str:
    """pylint's identifier of a code of ours: W9102 for FWP102."""
    return f"W9{code.removeprefix('FWP')}"


def register(linter: Any) -> None:
    """Called by pylint in each process: register one checker a family."""
    families: dict[str, dict[str, tuple[str, str, str]]] = defaultdict(dict)
    for rule in (loaded.rule for loaded in all_rules()):
        families[rule.code[:4]][message_id(rule.code)] = ("%s", f"fwp-{rule.name}", rule.summary)
    for code, name in NAMES.items():
        families[code[:4]][message_id(code)] = ("%s", f"fwp-{name}", "About the run itself.")
    run = _Run()
    options: tuple[object, ...] = OPTIONS
    for family, messages in families.items():
        members = {"msgs": messages, "options": options, "shared": run}
        linter.register_checker(type(f"{family}Checker", (_Checker,), members)(linter))
        options = ()


def _files(config: Any) -> FileByFile:
    folder = Path(config.fwp_cache_dir) if config.fwp_cache_dir else None
    return FileByFile(
        Overrides(
            enable=tuple(config.fwp_enable),
            preview=config.fwp_preview or None,
            file_access=config.fwp_file_access,
        ),
        cache_dir=False if config.fwp_no_cache else folder,
    )
