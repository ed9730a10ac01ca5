"""Which names of its context a template reads, with those that it includes or extends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts, Scope
from fwp_checks.facts.templates import Language
from fwp_checks.project.files.modules import Module
from fwp_checks.project.templates import nodes
from fwp_checks.project.templates.lookups import Spot

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.templates.templates import Template

Finding = Callable[[str, Language, Module], "Template | None"]


@dataclass(slots=True)
class Reads:
    """The names that are read; ``everything`` if that cannot be told. ``used`` are the templates
    that a template's own text includes, imports or extends.

    Of a scope besides: ``blocks`` are those that stand in it, ``shows_next`` if it shows the one
    whose place it takes, ``is_told_all`` if a tag in it is given all that there is.
    """

    names: set[str] = field(default_factory=set)
    everything: bool = False
    used: list[Template] = field(default_factory=list)
    blocks: list[Spot] = field(default_factory=list)
    shows_next: bool = False
    is_told_all: bool = False
    has_loops: bool = False


class ContextReads:
    """Answers for one project. ``find`` gives the template of a name that another one uses."""

    def __init__(self, project: Project, find: Finding) -> None:
        self._project = project
        self._find = find
        self._known: dict[Template, Reads] = {}
        self._own: dict[Template, Reads] = {}
        self._of_scopes: dict[Spot, Reads] = {}

    def of(self, template: Template) -> Reads:
        """What a template, and those that it includes or extends, read."""
        known = self._known.get(template)
        if known is None:
            known = Reads()
            seen: set[Template] = set()
            waiting = [template]
            while waiting:
                current = waiting.pop()
                if current not in seen:
                    seen.add(current)
                    own = self._of_text(current)
                    known.names |= own.names
                    known.everything |= own.everything
                    known.has_loops |= own.has_loops
                    waiting.extend(own.used)
            self._known[template] = known
        return known

    def by_text(self, template: Template) -> set[str]:
        """The names that a template's own text reads, besides what tags are given all of."""
        return self._of_text(template).names

    def _of_text(self, template: Template) -> Reads:
        """What a template's own text reads."""
        known = self._own.get(template)
        if known is None:
            known = self._own[template] = Reads()
            for scope in template.facts.scopes:
                self._add(template, scope, known)
        return known

    def of_scope(self, template: Template, number: int) -> Reads:
        """What the text of one scope of a template reads, a block's."""
        key = (template, number)
        known = self._of_scopes.get(key)
        if known is None:
            known = self._of_scopes[key] = Reads()
            self._add(template, template.facts.scopes[number], known)
        return known

    def _add(self, template: Template, scope: Scope, reads: Reads) -> None:
        """Add what the text of a scope reads."""
        terms = template.facts.terms
        for term in template.of_kind_in(t.LOOKUP, scope):
            entry = terms[term]
            if terms[entry[1]][0] in (t.PARAM, t.NAME):
                reads.names.add(entry[2])
        for term in template.of_kind_in(t.RENDER, scope):
            self._note(template, terms[term], reads)
        reads.has_loops |= bool(template.of_kind_in(t.ITER, scope))

    def _note(self, template: Template, entry: t.Term, reads: Reads) -> None:
        """Add what a RENDER term reads."""
        facts = template.facts
        if entry[1] in ("include", "extends", "import"):
            names = literal_names(facts, entry[2])
            reads.everything |= names is None
            for name in names or ():
                found = self._find(name, template.language, template)
                if found is not None:
                    reads.used.append(found)
        elif entry[1] == "tag":
            called = facts.terms[facts.terms[entry[2]][1]]
            tag = self._project.tags.find("tag", called[2], called[3])
            if tag is not None and tag.takes_context:
                reads.everything |= tag.reads is None
                reads.names.update(tag.reads or ())
            if tag is not None and tag.is_told_all:
                reads.is_told_all = True
            if tag is not None and tag.kind == "node":
                reads.names.update(nodes.context_names(tag.module))
        elif entry[1] == "block":
            reads.blocks.append((template, facts.terms[entry[2]][1]))
        elif entry[1] == "super":
            reads.shows_next = True


def literal_names(facts: ModuleFacts, term: int) -> list[str] | None:
    """The templates that a text, or a list of texts, names; None if that cannot be told."""
    entry = facts.terms[term]
    if entry[0] == t.CONST:
        return [entry[1]] if isinstance(entry[1], str) else []
    if entry[0] in (t.SEQUENCE, t.JOIN):
        items = entry[2] if entry[0] == t.SEQUENCE else entry[1]
        found = [literal_names(facts, item) for item in items]
        return None if None in found else [name for names in found for name in names or ()]
    return None
