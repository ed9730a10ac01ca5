"""What ``fwp explain --at`` writes: the function that statements of handlers should be, and what
changes in each handler.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.repetition.extraction import Draft, draft, parameters_read, source_of
from fwp_checks.project.repetition.prologues import Beginning, Prologue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_RETURN = re.compile(r"^[ \t]+return\b", re.MULTILINE)


def proposal(project: Project, module: Module, line: int) -> str | None:
    """The proposal for what the handler at a line begins with; None if it shares nothing."""
    prologue = _prologue_at(project, module, line)
    written = draft(project, prologue) if prologue is not None else None
    if prologue is None or written is None:
        return None
    injects = project.injection.injects(prologue.first.route)
    return "\n".join(_text(prologue, written, injects=injects))


def _prologue_at(project: Project, module: Module, line: int) -> Prologue | None:
    for prologues in project.injection.prologues.by_path.values():
        for prologue in prologues:
            for beginning in prologue.beginnings:
                scope = beginning.frame.scope
                if beginning.frame.module is module and scope.line <= line <= scope.end_line:
                    return prologue
    return None


def _text(prologue: Prologue, written: Draft, *, injects: bool) -> Iterator[str]:
    first = prologue.first
    number = len(prologue.beginnings)
    count = len(first.statements)
    yield f"# {number} handlers begin with the same {count} statements. Written once:"
    yield ""
    if injects:
        yield from _imports(first, written)
    if _RETURN.search(written.block):
        yield "# What is returned in here would be the result: raise an exception instead."
    yield written.function
    if injects and written.results:
        yield ""
        yield f"{written.alias} = Annotated[{_type(written)}, Depends({written.name})]"
    yield ""
    yield "# In place of the statements:"
    wanted = parameters_read(first)
    for beginning in prologue.beginnings:
        yield from _change(beginning, written, wanted, injects=injects)


def _imports(first: Beginning, written: Draft) -> Iterator[str]:
    bound = first.frame.module.facts.scopes[0].bindings
    missing = []
    if written.results and "Annotated" not in bound:
        missing.append("from typing import Annotated")
    if "Depends" not in bound:
        missing.append("from fastapi import Depends")
    yield from missing
    if missing:
        yield ""
        yield ""


def _type(written: Draft) -> str:
    if len(written.results) > 1:
        return f"tuple[{', '.join(name or '…' for name in written.type_names)}]"
    return written.type_name or "…"


def _change(
    beginning: Beginning, written: Draft, wanted: list[str], *, injects: bool
) -> Iterator[str]:
    """The lines about one handler: what it declares or calls, and what it does not need any
    more.
    """
    frame = beginning.frame
    start = beginning.statements[0].line
    end = start + source_of(beginning).count("\n")
    yield f"# {frame.module.path}:{frame.scope.line} {frame.name}(), lines {start}-{end}"
    names = ", ".join(written.results)
    awaited = "await " if written.is_async else ""
    own = parameters_read(beginning)
    if not injects:
        given = ", ".join(own)
        call = f"{awaited}{written.name}({given})"
        yield f"    {names} = {call}" if names else f"    {call}"
        return
    if written.results:
        name = names if len(written.results) == 1 else written.name.removeprefix("get_")
        yield f"    declare    {name}: {written.alias}"
    else:
        yield f"    add        dependencies=[Depends({written.name})] to its decorator"
    idle = [name for name in own if not _is_read_after(beginning, name)]
    if idle:
        yield f"    drop       {', '.join(idle)}"
    renamed = [
        f"{mine} is called {its} there; rename it, in the path, too"
        for mine, its in zip(own, wanted, strict=False)
        if mine != its
    ]
    if renamed:
        yield f"    note       {'; '.join(renamed)}"


def _is_read_after(beginning: Beginning, name: str) -> bool:
    """Whether a handler reads a parameter after the statements."""
    frame = beginning.frame
    terms = frame.module.facts.terms
    index = next(at for at, p in enumerate(frame.scope.parameters) if p.name == name)
    own = frame.scope.start + index
    later = range(beginning.statements[-1].end, frame.scope.end)
    if any(own in t.operands(terms[term]) for term in later) or own in frame.scope.returns:
        return True
    inner = frame.module.facts.scopes[frame.scope_number + 1 :]
    return any(
        terms[term] == (t.NAME, name)
        for scope in inner
        if scope.line > frame.scope.line and scope.end_line <= frame.scope.end_line
        for term in range(scope.start, scope.end)
    )
