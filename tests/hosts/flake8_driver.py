"""Runs flake8 as its command does, after preparing the process.

``flake8_driver.py SETUP METHOD ARGUMENTS…``: METHOD is the start method of worker processes; SETUP
is ``-`` or a function below, called in the parent and, because workers that are not forked import
this module again, in the workers too.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from fwp_checks.finding import Finding
from fwp_checks.project.view import FileView
from fwp_checks.rules import Status, all_rules
from fwp_checks.session import Session


def making_fwp102_a_preview() -> None:
    """Put the rule of the demo project's finding into preview."""
    for loaded in all_rules():
        if loaded.rule.code == "FWP102":
            object.__setattr__(loaded.rule, "status", Status.PREVIEW)


def failing_rule() -> None:
    """Make the rule FWP701 fail on services.py."""
    [loaded] = (loaded for loaded in all_rules() if loaded.rule.code == "FWP701")
    check = loaded.check

    def fail(view: FileView) -> Iterable[Finding]:
        if view.module.path.endswith("services.py"):
            raise ValueError("first\nsecond")
        return check(view)

    object.__setattr__(loaded, "check", fail)


def failing_engine() -> None:
    """Make every analysis of a project fail."""

    def fail(*_: object) -> object:
        raise ValueError("first\nsecond")

    Session._analyse = fail  # type: ignore[method-assign, assignment]


def counting_analyses() -> None:
    """Write the process into the file ``analysed`` for each analysis of a project."""
    analyse = Session._analyse

    def counted(self: Session, *arguments: object) -> object:
        with Path("analysed").open("a", encoding="utf-8") as log:
            log.write(f"{os.getpid()}\n")
        return analyse(self, *arguments)  # type: ignore[arg-type]

    Session._analyse = counted  # type: ignore[method-assign, assignment]


if len(sys.argv) > 1 and sys.argv[1] != "-":
    globals()[sys.argv[1]]()

if __name__ == "__main__":
    main = import_module("flake8.main.cli").main
    multiprocessing.set_start_method(sys.argv[2])
    sys.exit(main(sys.argv[3:]))
