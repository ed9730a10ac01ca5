"""FWP404: Depends() gets what a function gives, in place of the function."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit, Finding, Range, Severity
from fwp_checks.project.injection.declared import Called
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP404",
    name="dependency-called",
    summary="Depends(f()) gets something that cannot be called; the import raises TypeError.",
    severity=Severity.ERROR,
    fix_link=(
        "https://fastapi.tiangolo.com/tutorial/dependencies/#declare-the-dependency-in-the-dependant"
    ),
)
_CALL = re.compile(r"([\w.]+)\(\s*\)")


def check(file: FileView) -> Iterator[Finding]:
    """Calls in place of dependencies that can certainly not be called themselves."""
    for called in file.project.injection.declared.called.get(file.module.path, ()):
        name = _source(file, called)
        yield file.finding(
            RULE,
            file.range_of(file.module, called.term),
            f"'{name}()' gives {called.gives}, which cannot be called: FastAPI raises TypeError "
            f"when this module is imported; write Depends({name}).",
            key=(called.frame.qualname, name),
            edits=_edits(file, called) if called.is_plain else (),
        )


def _source(file: FileView, called: Called) -> str:
    """How what is called is written: ``deps.get_db``."""
    facts = file.module.facts
    names = []
    term = facts.terms[called.term][1]
    while facts.terms[term][0] == t.ATTR:
        names.append(str(facts.terms[term][2]))
        term = facts.terms[term][1]
    entry = facts.terms[term]
    if entry[0] == t.DEFINITION:
        names.append(facts.scopes[entry[1]].name)
    elif entry[0] in (t.NAME, t.IMPORT):
        names.append(str(entry[1] if entry[0] == t.NAME else entry[2] or entry[1]))
    return ".".join(reversed(names)) or "…"


def _edits(file: FileView, called: Called) -> tuple[Edit, ...]:
    """The brackets of the call, taken away; nothing where they are not written plainly."""
    text = file.module.text
    line, column, end_line, end_column = file.module.facts.span(called.term)
    if text is None or line != end_line:
        return ()
    match = _CALL.fullmatch(text.split("\n")[line - 1][column:end_column])
    if match is None:
        return ()
    where = Range(line, column + 1 + match.end(1), line, end_column + 1)
    return (Edit(file.module.path, where, ""),)
