"""What the rules about settings of databases share: where a key of a setting is written, what an
edit of its value is, and the steps that show which settings are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit, Range, Step
from fwp_checks.frameworks.django.configuration.production import Evidence

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.configuration.databases import Database
    from fwp_checks.frameworks.django.configuration.production import Leaf
    from fwp_checks.project.deployment.records import Mention
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.meaning.origins import Place
    from fwp_checks.project.view import FileView


def is_in(file: FileView, place: Place) -> bool:
    """Whether a place is in the file."""
    return place.path == file.module.path


def start_of(module: Module, term: int) -> Range:
    """The beginning of a term that may go over several lines; of a call, what is called."""
    line, column, end_line, end_column = module.facts.span(term)
    entry = module.facts.terms[term]
    if entry[0] == t.CALL:
        _, _, end_line, end_column = module.facts.span(entry[1])
    if end_line != line:
        end_line, end_column = line, column + 1
    return Range(line, column + 1, end_line, end_column + 1)


def value_of(module: Module, term: int, key: str) -> Range | None:
    """Where the number, None or True stands that a display, call or assignment gives a key; None if
    it is not written out, or not once.
    """
    if module.text is None:
        return None
    line, column, end_line, end_column = module.facts.span(term)
    lines = module.text.split("\n")
    values = r"(?P<value>[0-9][0-9_]*|None|True)"
    if module.facts.terms[term][0] == t.STORE_ITEM:
        pattern = rf"\s*=\s*{values}\s*(?:#.*)?$"
        found = re.match(pattern, lines[end_line - 1][end_column:])
        if found is None:
            return None
        at, number = end_column + found.start("value"), end_line
        return Range(number, at + 1, number, at + 1 + len(found["value"]))
    written = rf"""(?:["']{key}["']\s*:|\b{key.lower()}\s*=|\b{key}\s*=)\s*{values}(?![\w.])"""
    places = []
    for number in range(line, end_line + 1):
        text = lines[number - 1][: end_column if number == end_line else None]
        for match in re.finditer(written, text):
            if (number > line or match.start() >= column) and "#" not in text[: match.start()]:
                at = match.start("value")
                places.append(Range(number, at + 1, number, at + 1 + len(match["value"])))
    return places[0] if len(places) == 1 else None


def key_range(module: Module, term: int, key: str) -> Range:
    """Where a key is given its value, as closely as that can be said."""
    value = value_of(module, term, key)
    found = value if value is not None else _key(module, term, key)
    return found if found is not None else start_of(module, term)


def _key(module: Module, term: int, key: str) -> Range | None:
    """Where the key of a display is written; None if it is not, or not once."""
    if module.text is None or module.facts.terms[term][0] != t.MAPPING:
        return None
    line, _, end_line, _ = module.facts.span(term)
    lines = module.text.split("\n")
    places = [
        Range(number, match.start() + 1, number, match.end() + 1)
        for number in range(line, end_line + 1)
        for match in re.finditer(rf"""["']{key}["'](?=\s*:)""", lines[number - 1])
        if "#" not in lines[number - 1][: match.start()]
    ]
    return places[0] if len(places) == 1 else None


def zero(module: Module, term: int, key: str) -> tuple[Edit, ...]:
    """The edit that makes the value of a key 0; none if it is not certain what to change."""
    value = value_of(module, term, key)
    return (Edit(module.path, value, "0"),) if value is not None else ()


def why(leaf: Leaf) -> Iterable[Step]:
    """Why these settings are believed to be used in production."""
    naming = leaf.naming
    if naming is not None:
        how = "by its name" if naming.evidence is Evidence.NAME else "named here"
        message = f"'{leaf.name}' holds the settings in production, {how}"
        yield Step(naming.path, Range(naming.line, 1, naming.line, 1), message)


def at(file: FileView, database: Database, message: str) -> Step:
    """A step to where an alias is."""
    place = database.held.place
    module = file.project.table.by_path[place.path]
    return Step(place.path, start_of(module, place.term), message)


def mention(where: Mention, message: str) -> Step:
    """A step to a line of a file that is no Python."""
    return Step(where.path, Range(where.line, 1, where.line, 1), message)
