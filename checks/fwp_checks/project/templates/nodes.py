"""Tags that compile to a node: ``@register.tag`` on a function of the parser and the tag's text.

The words of a tag carry what they stand for in the template, so that what a node keeps of them
(``parser.compile_filter(word)``, ``Variable(word)``) resolves to it.

Source: django/template/base.py (Token, Parser, Variable, FilterExpression, Node) and library.py of
Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    TupleValue,
    Unknown,
    Value,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

PARSER = "django.template.base.Parser"
TOKEN = "django.template.base.Token"
# A word of a tag, and what it means once it is compiled; both keep its value.
WORD = "django.template.base.Word"
EXPRESSION = "django.template.base.FilterExpression"
_TEXT = Instance("builtins.str")


def word(value: Value) -> Instance:
    """A word of a tag, which stands for a value."""
    return Instance(WORD, arguments=(value,))


def compiled(value: Value) -> Value | None:
    """What a word, or one of several, is compiled to; None where none of them is one."""
    found = [
        Instance(EXPRESSION, arguments=option.arguments)
        for option in options_of(value)
        if isinstance(option, Instance) and option.class_ == WORD
    ]
    return join([*found]) if found else None


def shown(
    project: Project,
    frame: Frame,
    call: int,
    compiling: Value,
    context: MappingValue,
    name: str,
) -> Outcome:
    """What a tag whose function compiles it runs, and what it leaves under a name."""
    outcomes: list[Outcome] = []
    kept: list[Value] = []
    for node in options_of(_compile(project, frame, call, compiling, name)):
        render = _render_of(project, node)
        if render is None:
            return Outcome.unknown("a tag whose node is not known")
        outcomes.append(project.calls.invoke(render, Arguments((context,))))
        if name:
            inner = project.calls.frame_for(render, Arguments((context,)))
            kept += [value for key, value in _put(project, inner, 1) if key in (None, name)]
    runs = Outcome.either(outcomes).alternatives
    return Outcome(runs, join(kept) if kept else _TEXT)


def left(
    project: Project, frame: Frame, call: int, tag: Value, context: MappingValue, is_node: bool
) -> Iterator[tuple[str, Value]]:
    """What a tag leaves in the context under names of its own choice. ``tag`` is the function that
    compiles it, else the one that is called with the context.
    """
    for option in options_of(_compile(project, frame, call, tag, "") if is_node else tag):
        function = _render_of(project, option) if is_node else option
        if isinstance(function, FunctionValue):
            given = () if is_node else frame.module.facts.terms[call][2]
            values = [project.values.evaluate(frame, term) for term in given]
            inner = project.calls.frame_for(function, Arguments((context, *values)))
            for name, value in _put(project, inner, int(is_node)):
                if name is not None:
                    yield name, value


def _compile(project: Project, frame: Frame, call: int, compiling: Value, name: str) -> Value:
    """The node that a tag is compiled to."""
    token = _token(project, frame, call, name)
    given = Arguments((Instance(PARSER, arguments=(token,)), token))
    return project.calls.invoke(compiling, given).result


def context_names(module: Module) -> Iterator[str]:
    """The names that nodes of a module may read from their context."""
    for entry in module.facts.terms:
        if entry[0] == t.CONST and isinstance(entry[1], str):
            yield entry[1]


def _token(project: Project, frame: Frame, call: int, name: str) -> Instance:
    """The text of a tag, as words."""
    entry = frame.module.facts.terms[call]
    # Nothing is asked of the tag's own name and of "as".
    words: list[Value] = [RECURSIVE]
    words += [word(project.values.evaluate(frame, term)) for term in entry[2]]
    words += [RECURSIVE, Constant(name)] if name else []
    known = TupleValue(tuple(words)) if not entry[3] else Unknown("words of a tag")
    return Instance(TOKEN, arguments=(known,))


def _render_of(project: Project, node: Value) -> FunctionValue | None:
    if not isinstance(node, Instance) or not isinstance(node.class_, ClassValue):
        return None
    method = project.members.find_in_class(node.class_, "render")
    bound = project.members.bind(method, node) if method is not None else None
    return bound if isinstance(bound, FunctionValue) else None


def _put(project: Project, frame: Frame, context: int) -> Iterator[tuple[str | None, Value]]:
    """What a function puts into the context that it is given as its argument of this number, by
    name; None for one that is not spelt out.
    """
    terms = frame.module.facts.terms
    for term in range(frame.scope.start, frame.scope.end):
        entry = terms[term]
        if entry[0] == t.STORE_ITEM and entry[3] >= 0:
            if frame.module.is_parameter(entry[1], frame.scope_number, context):
                name = literals.text_of(project.values.evaluate(frame, entry[2]))
                yield name, project.values.evaluate(frame, entry[3])
