"""Filters and tags that the project gives its templates.

Source: django/template/library.py of Django 6.1.3; the decorators of flask/app.py and
flask/sansio/blueprints.py of Flask 3.1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Import
from fwp_checks.facts.templates import Language
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    CallableValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Member,
    Partial,
    Unknown,
    Value,
    options_of,
    unknown,
)
from fwp_checks.project.templates import nodes, told

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_LIBRARIES = (
    "django.template.Library", "django.template.base.Library", "django.template.library.Library",
)  # fmt: skip
_DJANGO = {
    f"{library}.{method}": kind
    for library in _LIBRARIES
    for method, kind in (
        ("filter", "filter"),
        ("simple_tag", "tag"),
        ("simple_block_tag", "block"),
        ("tag", "node"),
        ("inclusion_tag", "inclusion"),
    )
}
_FLASK = {
    f"flask.{owner}.{method}": kind
    for owner in ("Flask", "Blueprint")
    for method, kind in (
        ("template_filter", "filter"),
        ("app_template_filter", "filter"),
        ("add_template_filter", "filter"),
        ("add_app_template_filter", "filter"),
    )
}
_TEXT = Instance("builtins.str")
_REGISTRARS = _DJANGO | _FLASK
_METHODS = frozenset(name.rpartition(".")[2] for name in _REGISTRARS)


@dataclass(slots=True, unsafe_hash=True)
class Tag:
    """A function that templates know under a name.

    ``kind`` is ``filter``, ``tag``, ``inclusion``, ``block`` (a tag whose function is given what is
    inside it) or ``node`` (whose function compiles the tag). ``template`` is the one that an
    inclusion tag renders with what the function gives. ``reads`` are the names that the function
    reads of a context that it takes; None if it may read any.
    """

    kind: str
    function: Value
    module: Module
    template: Value | None = None
    takes_context: bool = False
    reads: frozenset[str] | None = None

    @property
    def is_told_all(self) -> bool:
        """Whether what it does may depend on any name of the context."""
        return self.kind == "node" or (self.takes_context and self.reads is None)

    def context(self, names: Iterable[tuple[str, Value]]) -> MappingValue:
        """The context that its function is given, of these names."""
        reads = self.reads
        told = tuple([one for one in names if reads is None or one[0] in reads])
        return MappingValue(Unknown("another name of the context"), told)


class Tags:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._leaving: dict[Module, list[tuple[t.Term, Tag]]] = {}

    def find(self, kind: str, name: str, libraries: tuple[str, ...]) -> Tag | None:
        """The filter or tag of this name, from one of the libraries that a template loads; None if
        the project has none, or several.
        """
        found = self._by_name.get((kind, name), [])
        loaded = [tag for tag in found if tag.module.name.rpartition(".")[2] in libraries]
        found = loaded or found
        return found[0] if len(found) == 1 else None

    def leaving_in(self, template: Module) -> list[tuple[t.Term, Tag]]:
        """The tags of a template that may leave something in its context, under names of their own
        choice: RENDER terms, and what they mean.
        """
        known = self._leaving.get(template)
        if known is None:
            known = self._leaving[template] = []
            terms = template.facts.terms
            for term in template.of_kind(t.RENDER):
                entry = terms[term]
                if entry[1] == "tag" and not entry[4]:
                    called = terms[terms[entry[2]][1]]
                    tag = self.find("tag", called[2], called[3])
                    if tag is not None and (
                        tag.kind == "node" or (tag.takes_context and tag.kind == "tag")
                    ):
                        known.append((entry, tag))
        return known

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Tag]]:
        found: dict[tuple[str, str], list[Tag]] = {}
        for kind, name, tag in (*self._decorated(), *self._registered()):
            tags = found.setdefault((kind, name), [])
            if tag not in tags:
                tags.append(tag)
        return found

    def _decorated(self) -> Iterator[tuple[str, str, Tag]]:
        for decoration in self._project.call_sites.decorated(frozenset(_REGISTRARS)):
            arguments = decoration.arguments
            kind = _REGISTRARS[decoration.name]
            function = decoration.function
            own = decoration.around.module.facts.scopes[decoration.scope_number].name
            position = -1 if kind == "inclusion" else 0
            name = _text(arguments.get(position, "name")) or own
            yield self._tag(kind, name, function, arguments, decoration.around.module)

    def _registered(self) -> Iterator[tuple[str, str, Tag]]:
        """``register.filter("name", function)``, ``register.simple_tag(function)``."""
        for frame, call, kind in self._calls():
            arguments = self._project.calls.arguments(frame, frame.module.facts.terms[call])
            for function in arguments.positional:
                if isinstance(function, FunctionValue):
                    own = function.module.facts.scopes[function.scope].name
                    given = _text(arguments.get(0)) or _text(arguments.get(-1, "name"))
                    name = given if given and kind != "inclusion" else own
                    yield self._tag(kind, name, function, arguments, frame.module)

    def _calls(self) -> Iterator[tuple[Frame, int, str]]:
        """Calls that register something, in modules that import what does."""
        for module in self._project.table.modules:
            if not any(_is_registrar(imported) for imported in module.facts.imports):
                continue
            terms = module.facts.terms
            for call in module.calls:
                function = terms[terms[call][1]]
                if function[0] == t.ATTR and function[2] in _METHODS:
                    frame = self._project.frame_of_scope(module, module.code_scope_of(call))
                    value = self._project.values.evaluate(frame, terms[call][1])
                    if isinstance(value, Member) and value.name in _REGISTRARS:
                        yield frame, call, _REGISTRARS[value.name]

    @staticmethod
    def _tag(
        kind: str, name: str, function: Value, arguments: Arguments, module: Module
    ) -> tuple[str, str, Tag]:
        template = arguments.get(0, "filename") if kind == "inclusion" else None
        takes_context = arguments.get(-1, "takes_context") == Constant(True)
        reads = told.names_read(function) if takes_context else None
        tag = Tag(kind, function, module, template, takes_context, reads)
        return "filter" if kind == "filter" else "tag", name, tag

    # -- terms -------------------------------------------------------------------------------------

    def value(self, frame: Frame, kind: str, name: str, libraries: tuple[str, ...]) -> Value:
        """The function that a template knows under a name."""
        tag = self.find(kind, name, libraries)
        if tag is None:
            return unknown(f"the {kind} '{name}' is none of the project's")
        if tag.kind == "node":
            return CallableValue(_TEXT)
        given: tuple[Value, ...] = (_TEXT,) if tag.kind == "block" else ()
        if tag.takes_context:
            context = self._project.templates.context_of(frame)
            names = context.names if context is not None else ()
            given = (tag.context(names), *given)
        return Partial(tag.function, given, ()) if given else tag.function

    def shown(self, frame: Frame, entry: t.Term) -> Outcome:
        """What a tag puts out, after its function was called: a template, if it is an inclusion
        tag.
        """
        called = frame.module.facts.terms[entry[2]]
        _, kind, name, libraries = frame.module.facts.terms[called[1]]
        tag = self.find(kind, name, libraries)
        if tag is not None and tag.kind == "node":
            visible = self._project.templates.visible(frame, entry[3])
            context = tag.context(visible.items())
            return nodes.shown(self._project, frame, entry[2], tag.function, context, entry[4])
        if tag is None or tag.template is None:
            return Outcome.nothing(self._project.values.evaluate(frame, entry[2]))
        names = self.given(frame, entry[2])
        around = self._project.templates.context_of(frame)
        runs = self._project.templates.rendering(
            tag.template,
            Language.DJANGO,
            names,
            tag.module,
            around.rendered if around is not None else None,
        )
        return Outcome(runs, _TEXT)

    def given(self, frame: Frame, call: int) -> dict[str, Value]:
        """The names in the dictionary that a call gives."""
        names: dict[str, Value] = {}
        for option in options_of(self._project.values.evaluate(frame, call)):
            if isinstance(option, MappingValue):
                names.update((key, held) for key, held in option.items if isinstance(key, str))
        return names


def _is_registrar(imported: Import) -> bool:
    return f"{imported.module}.{imported.attribute}".startswith(("django.template", "flask."))


def _text(value: Value | None) -> str:
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""
