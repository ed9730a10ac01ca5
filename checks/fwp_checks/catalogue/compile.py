"""Turns the TOML files next to it into `catalogue.json`: `python -m fwp_checks.catalogue.compile`.

With `--check` nothing is written and the exit code is 1 when the JSON is stale; 2 means that a row
is wrong or a file cannot be read.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .documents import Document, read_document
from .grammar import CatalogueError
from .tables import Tables, dump, join

FOLDER = Path(__file__).parent
COMPILED = "catalogue.json"


def read_folder(folder: Path) -> list[Document]:
    """Read and check every `*.toml` of a folder, in the order of their names.

    Raises `CatalogueError` for the first wrong file or row.
    """
    documents: list[Document] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CatalogueError(f"{path.name}: not readable as TOML: {error}") from None
        documents.append(read_document(data, path.name, shipped=True))
    return documents


def compile_folder(folder: Path) -> Tables:
    """The tables that all files of a folder make together. Raises `CatalogueError`."""
    return join(read_folder(folder))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile, or with `--check` compare; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fwp_checks.catalogue.compile")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    target: Path = options.folder / COMPILED
    try:
        text = dump(compile_folder(options.folder))
    except (CatalogueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    current = target.read_text(encoding="utf-8") if target.exists() else ""
    if options.check:
        if text != current:
            print(
                f"{target} is stale; run: python -m fwp_checks.catalogue.compile", file=sys.stderr
            )
        return int(text != current)
    if text != current:
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
