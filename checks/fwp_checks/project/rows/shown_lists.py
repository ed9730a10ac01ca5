"""Lists that a function writes out and hands to a template, which goes through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# What puts one thing into a list.
_ONE = ("append", "appendleft", "insert", "add")


def is_written_out(project: Project, frame: Frame, iterable: int) -> bool:
    """Whether what a template goes through is a list of its context whose items are all written in
    the function that renders it: in its display, or put in by calls outside of loops.
    """
    terms = frame.module.facts.terms
    entry = terms[iterable]
    if not frame.module.is_template or entry[0] != t.LOOKUP:
        return False
    context = project.templates.context_of(frame)
    if terms[entry[1]][0] not in (t.PARAM, t.NAME) or context is None or context.rendered is None:
        return False
    rendered = context.rendered
    module = project.table.by_path[rendered.path]
    call = module.facts.terms[rendered.term]
    if module.is_template or call[0] != t.CALL:
        return False
    given = [*call[2], *[term for _, term in call[3]]]
    found = _held(module, given, entry[2])
    return bool(found) and all(_is_display(project, module, term) for term in found)


def _held(module: Module, given: list[int], name: str) -> list[int]:
    """What dictionaries hold under a name, by their displays and by what is put in later."""
    terms = module.facts.terms
    key = (t.CONST, name)
    roots = {root for term in given for root in roots_of(terms, term)}
    mappings = {root for root in roots if terms[root][0] == t.MAPPING}
    found = [
        value
        for root in sorted(mappings)
        for one, value in terms[root][1]
        if one >= 0 and terms[one] == key
    ]
    for store in module.of_kind(t.STORE_ITEM):
        _, base, one, value = terms[store]
        if terms[one] == key and value >= 0 and not mappings.isdisjoint(roots_of(terms, base)):
            found.append(value)
    return found


def _is_display(project: Project, module: Module, term: int) -> bool:
    """Whether all that a variable may stand for are displays, or sums of them."""
    terms = module.facts.terms
    for root in roots_of(terms, term):
        entry = terms[root]
        if entry[0] == t.SEQUENCE:
            is_open = any(terms[item][0] == t.STAR for item in entry[2])
        else:
            is_sum = entry[0] == t.BINARY and entry[1] == "+"
            is_open = not (is_sum and all(_is_display(project, module, one) for one in entry[2:4]))
        if is_open:
            return False
        if not all(
            terms[terms[fill][1]][2] in _ONE and not _is_in_loop(module, fill, root)
            for fill in project.lists.fills(module, root)
        ):
            return False
    return True


def _is_in_loop(module: Module, term: int, made: int) -> bool:
    """Whether a term runs in a loop that began after a list was made."""
    return any(
        region.kind in ROUNDS and made < region.start <= term < region.end
        for region in module.regions_in(module.code_scope_of(term))
    )
