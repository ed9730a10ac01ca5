"""The ``fwp`` command: ``check``, ``explain``, ``rules``, ``routes``, ``why``, ``facts``.

Exit codes: 0 nothing found, 1 findings, 2 the run failed or is incomplete (usage, settings,
unreadable or unparsable files, internal errors).
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from fwp_checks.interpreter import rare_collection
from fwp_plugins.cli.arguments import parse
from fwp_plugins.cli.errors import CommandError

EXIT_FAILURE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv`` (None: the arguments of the process) and give its exit code.

    Raises SystemExit for ``--help``, ``--version`` and wrong usage, as argparse does.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with rare_collection():
        status = _run(parse(argv))
        if argv is None:
            # The process ends: it need not search all that it has for what nothing refers to.
            gc.freeze()
    return status


def _run(arguments: argparse.Namespace) -> int:
    try:
        status: int = arguments.run(arguments)
        return status
    except CommandError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted")
    except Exception as error:
        from fwp_checks.settings import SettingsError

        if isinstance(error, SettingsError):
            return _fail(str(error))
        if os.environ.get("FWP_DEBUG"):
            import traceback

            traceback.print_exc()
        return _fail(
            f"internal error: {type(error).__name__}: {error}; "
            "set FWP_DEBUG=1 for the traceback, please report it"
        )


def _fail(message: str) -> int:
    with suppress(OSError):
        print(f"fwp: error: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return EXIT_FAILURE
