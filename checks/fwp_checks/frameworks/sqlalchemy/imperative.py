"""Classes that are mapped to a table by a call: ``registry.map_imperatively(Post, posts, …)``,
until SQLAlchemy 1.4 ``mapper(Post, posts, …)``.

https://docs.sqlalchemy.org/en/20/orm/mapping_styles.html#imperative-mapping
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.literals import bound
from fwp_checks.project.meaning.values import ClassValue, External, Member, options_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_METHOD = "map_imperatively"
_FUNCTION = "mapper"


class Mapping(NamedTuple):
    """How a class is mapped: the attributes that the call gives it, and the call that makes the
    table (-1 where that is not known), with the frames that they stand in.
    """

    frame: Frame
    properties: tuple[tuple[str, int], ...]
    table_frame: Frame
    table: int


def mappings(project: Project) -> dict[ClassValue, Mapping]:
    """The classes of a project that are mapped so."""
    found: dict[ClassValue, Mapping] = {}
    for module, term in _calls(project):
        frame = project.frame_of_scope(module, module.code_scope_of(term))
        class_ = mapped_by(project, frame, term)
        if class_ is None:
            continue
        given = [*module.facts.terms[term][2]]
        table_frame, table = frame, -1
        if len(given) > 1:
            table_frame, table = behind(project, frame, given[1])
            if table_frame.module.facts.terms[table][0] != t.CALL:
                table = -1
        found[class_] = Mapping(frame, tuple(_properties(frame, term)), table_frame, table)
    return found


def names(project: Project) -> Iterator[str]:
    """The attributes that such calls give to classes."""
    for module, term in _calls(project):
        frame = project.frame_of_scope(module, module.code_scope_of(term))
        for name, _ in _properties(frame, term):
            yield name


def mapped_by(project: Project, frame: Frame, term: int) -> ClassValue | None:
    """The class that a call maps; None for any other term."""
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] != t.CALL or not entry[2] or not _maps(project, frame, entry[1]):
        return None
    class_ = project.values.evaluate(frame, entry[2][0])
    return class_ if isinstance(class_, ClassValue) else None


def behind(project: Project, frame: Frame, term: int) -> tuple[Frame, int]:
    """What a variable or a name stands for."""
    term = t.unaliased(frame.module.facts.terms, term)
    found = bound(project, frame, frame.module.facts.terms[term])
    if found is None:
        return frame, term
    return found[0], t.unaliased(found[0].module.facts.terms, found[1])


def _calls(project: Project) -> Iterator[tuple[Module, int]]:
    for name in (_METHOD, _FUNCTION):
        yield from project.call_sites.spelt(name)


def _maps(project: Project, frame: Frame, function: int) -> bool:
    called = frame.module.facts.terms[function]
    if called[0] == t.ATTR and called[2] == _METHOD:
        return True
    return any(
        isinstance(option, (External, Member)) and option.name == f"sqlalchemy.orm.{_FUNCTION}"
        for option in options_of(project.values.evaluate(frame, function))
    )


def _properties(frame: Frame, call: int) -> Iterator[tuple[str, int]]:
    """The names and values in ``properties={…}``."""
    terms = frame.module.facts.terms
    _, _, positional, keywords = terms[call]
    given = [term for name, term in keywords if name == "properties"] + [*positional[2:3]]
    for term in given:
        entry = terms[t.unaliased(terms, term)]
        for key, value in entry[1] if entry[0] == t.MAPPING else ():
            name = terms[key] if key >= 0 else t.NOTHING
            if name[0] == t.CONST and isinstance(name[1], str):
                yield name[1], value
