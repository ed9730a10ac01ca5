"""The function that repeated statements would become, written with the words of the first handler.

It is a proposal for people, not an edit: names, types and the place of the new function are theirs
to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.lexer import Kind, LexError, Token, tokens_of
from fwp_checks.facts.model import Statement
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    Instance,
    Iterable,
    MappingValue,
    ModuleValue,
    Value,
    Wrapped,
    is_none,
    options_of,
)
from fwp_checks.project.repetition.prologues import Beginning, Prologue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_BOUND = re.compile(r"(?P<names>[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(?::[^=]*)?=(?!=)")
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_LONGEST = 72
_TEXT = re.compile(
    r"""(?<![\w"'])[A-Za-z]{0,2}"""
    r"""(?:\"{3}.*?(?:\"{3}|$)|'{3}.*?(?:'{3}|$)|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
)
_KEY = re.compile(r"(?:[\w)\]]\[|\b(?:get|getenv|getlist|pop|hasattr|getattr)\(\s*)$")
_COMPOUND = ("if", "for", "while", "with", "try", "match", "definition")


@dataclass(slots=True, unsafe_hash=True)
class Draft:
    """``def name(parameters) -> type_name:`` with ``block`` as its body, which hands over
    ``results`` of the ``type_names``, which are empty where they are not known. ``unbound`` are the
    classes among these that the module has no name for. ``is_method``: it reads the object that the
    handlers are methods of.
    """

    name: str
    is_async: bool
    parameters: tuple[str, ...]
    block: str
    results: tuple[str, ...]
    type_names: tuple[str, ...]
    unbound: tuple[ClassValue, ...] = ()
    is_method: bool = False

    @property
    def type_name(self) -> str:
        """The type of what it gives; empty where some of it is not known."""
        if len(self.results) == 1:
            return self.type_names[0]
        if all(self.type_names):
            return f"tuple[{', '.join(self.type_names)}]" if self.results else "None"
        return ""

    @property
    def alias(self) -> str:
        """What the annotation is called that injects it."""
        return "".join(part[:1].upper() + part[1:] for part in self.name.split("_") if part)

    @property
    def function(self) -> str:
        """The source of the function."""
        parameters = ", ".join(self.parameters)
        returns = f" -> {self.type_name}" if self.type_name else ""
        head = f"{'async ' if self.is_async else ''}def {self.name}({parameters}){returns}:"
        if len(head) > 88:
            inner = "".join(f"    {parameter},\n" for parameter in self.parameters)
            head = f"{head.partition('(')[0]}(\n{inner}){returns}:"
        body = indent(self.block, "    ")
        given = f"\n    return {', '.join(self.results)}" if self.results else ""
        return f"{head}\n{body}{given}\n"


def draft(project: Project, prologue: Prologue) -> Draft | None:
    """The function for a prologue; None if the source is not to be had."""
    first = prologue.first
    frame = first.frame
    lines = _lines(frame)
    if not lines:
        return None
    block = source_of(first)
    bound = [name for statement in first.statements for name in bound_by(lines, statement)]
    rest = "\n".join(lines[first.statements[-1].end_line : frame.scope.end_line])
    results = [
        name for name in dict.fromkeys(bound) if re.search(rf"(?<![\w.]){name}\b(?!\s*=[^=])", rest)
    ]
    if prologue.is_entity:
        results = bound[-1:]
    given = _declared(lines, frame)
    used = parameters_read(frame, first.statements)
    named = [_classes_of(project, frame, result) for result in results]
    return Draft(
        _name(frame, results, prologue),
        bool(re.search(r"\bawait\b|\basync (?:with|for)\b", block)),
        tuple([given.get(name, name) for name in used]),
        block,
        tuple(results),
        tuple([_type_name(project, frame, result) for result in results]),
        tuple(
            {
                class_: None
                for classes in named
                for class_ in classes
                if not _bound_name(project, frame, class_)
            }
        ),
        _reads_receiver(project, frame, used),
    )


def _reads_receiver(project: Project, frame: Frame, used: list[str]) -> bool:
    """Whether a function is a method that uses its object."""
    class_ = project.calls.class_of_method(frame.module, frame.scope_number)
    if class_ is None or not used or used[0] != frame.scope.parameters[0].name:
        return False
    member = project.members.find_in_class(class_, frame.scope.name)
    return not (isinstance(member, Wrapped) and member.how == "staticmethod")


def short(first: Beginning) -> str:
    """The first lines of the statements, on one line, without the texts in them that are no keys:
    messages go to logs, and a text may be a secret.
    """
    lines = _lines(first.frame)
    if not lines:
        return ""
    found = []
    for statement in first.statements:
        end = statement.line if statement.kind in _COMPOUND else statement.end_line
        code = [line.split("  #")[0] for line in lines[statement.line - 1 : end]]
        line = " ".join(" ".join(code).split()).replace("( ", "(").removesuffix(":")
        line = _TEXT.sub(_masked, line)
        found.append(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
    return "; ".join(found[:3]) + ("; …" if len(found) > 3 else "")


def _masked(match: re.Match[str]) -> str:
    """A text of a statement: whole if it is what something is looked up by."""
    is_key = _KEY.search(match.string[: match.start()]) is not None
    return match[0] if is_key else '"…"'


def source_of(first: Beginning) -> str:
    """The source of the statements, at the margin."""
    lines = _lines(first.frame)[first.statements[0].line - 1 : first.statements[-1].end_line]
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return dedent("\n".join(lines))


def bound_by(lines: list[str], statement: Statement) -> list[str]:
    """The names that an assignment binds."""
    if statement.kind != "assignment":
        return []
    match = _BOUND.match(lines[statement.line - 1].strip())
    return re.findall(r"[A-Za-z_]\w*", match["names"]) if match else []


def _lines(frame: Frame) -> list[str]:
    return (frame.module.text or "").split("\n") if frame.module.text else []


def _name(frame: Frame, results: list[str], prologue: Prologue) -> str:
    if prologue.existing is not None:
        return prologue.existing.frame.name
    if results:
        return f"{'valid' if prologue.answers else 'get'}_{results[-1]}"
    return f"check_{frame.module.path.rpartition('/')[2].removesuffix('.py')}_access"


def _type_name(project: Project, frame: Frame, name: str) -> str:
    names = {_class_name(project, frame, option) for option in _given(project, frame, name)}
    return names.pop() if len(names) == 1 else ""


def _classes_of(project: Project, frame: Frame, name: str) -> list[ClassValue]:
    """The project's class that the type of a variable is written with."""
    options = _given(project, frame, name)
    option = options[0] if len(options) == 1 else None
    while isinstance(option, Iterable):
        option = option.element
    class_ = option.class_ if isinstance(option, Instance) else None
    return [class_] if isinstance(class_, ClassValue) else []


def _given(project: Project, frame: Frame, name: str) -> list[Value]:
    """What a variable may hold, apart from None."""
    bound = frame.scope.bindings.get(name, -1)
    if bound < 0:
        return []
    value = project.values.evaluate(frame, t.unaliased(frame.module.facts.terms, bound))
    return [option for option in options_of(value) if not is_none(option)]


def _class_name(project: Project, frame: Frame, value: Value) -> str:
    if isinstance(value, Iterable):
        inner = _class_name(project, frame, value.element)
        return f"list[{inner}]" if inner and value.kind == "list" else ""
    if isinstance(value, MappingValue):
        return "dict"
    if not isinstance(value, Instance):
        return ""
    if isinstance(value.class_, ClassValue):
        return _bound_name(project, frame, value.class_) or value.class_.name
    return value.class_.rpartition(".")[2]


def _bound_name(project: Project, frame: Frame, class_: ClassValue) -> str:
    """What a class is called in the module of a frame: an import may give it another name, or its
    module one. Empty if it has none there.
    """
    module = frame.module
    if class_.module is module:
        return class_.name
    around = project.frame_of_scope(module, 0)
    found = []
    for name, term in module.facts.scopes[0].bindings.items():
        entry = module.facts.terms[term] if term >= 0 else ()
        if not entry or entry[0] != t.IMPORT:
            continue
        value = project.values.evaluate(around, term)
        if value == class_:
            found.append(name)
        elif isinstance(value, ModuleValue) and value.module is class_.module:
            found.append(f"{name}.{class_.name}")
    return class_.name if class_.name in found else min(found, key=len, default="")


def parameters_read(frame: Frame, statements: Sequence[Statement]) -> list[str]:
    """A function's parameters that statements of it read, in its order."""
    terms = frame.module.facts.terms
    pending = list(range(statements[0].start, statements[-1].end))
    seen: set[int] = set()
    while pending:
        term = pending.pop()
        if term not in seen:
            seen.add(term)
            pending += t.operands(terms[term])
    used = {terms[one][1] for one in seen if terms[one][0] == t.PARAM}
    return [parameter.name for at, parameter in enumerate(frame.scope.parameters) if at in used]


def _declared(lines: list[str], frame: Frame) -> dict[str, str]:
    """The source of each parameter of a function by its name."""
    text = "\n".join(lines[frame.scope.line - 1 : frame.scope.end_line])
    start = text.find("(", text.find(frame.scope.name))
    found: dict[str, str] = {}
    try:
        tokens = [one for one in tokens_of(text[start:]) if one.kind is not Kind.COMMENT]
    except LexError:
        return found
    for part in _parts(tokens):
        source = " ".join(text[start + part[0].start : start + part[-1].end].split())
        name = next((one.value for one in part if one.kind is Kind.NAME), "")
        found[name] = source
    return found


def _parts(tokens: list[Token]) -> Iterator[list[Token]]:
    """What stands between the commas of the first brackets."""
    depth = 0
    part: list[Token] = []
    for token in tokens:
        value = token.value if token.kind is Kind.OPERATOR else ""
        depth += (value in _OPENING) - (value in _CLOSING)
        if (depth == 1 and value == ",") or depth == 0:
            if part:
                yield part
            part = []
            if depth == 0:
                return
        elif not (depth == 1 and value in _OPENING) and token.kind is not Kind.NEWLINE:
            part.append(token)
