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
    return "\n".join(_text(project, prologue, written))


def _prologue_at(project: Project, module: Module, line: int) -> Prologue | None:
    for prologues in project.injection.prologues.by_path.values():
        for prologue in prologues:
            for beginning in prologue.beginnings:
                scope = beginning.frame.scope
                if beginning.frame.module is module and scope.line <= line <= scope.end_line:
                    return prologue
    return None


def _text(project: Project, prologue: Prologue, written: Draft) -> Iterator[str]:
    first = prologue.first
    injects = project.injection.injects(first.route) and not written.is_method
    number = len(prologue.beginnings)
    count = len(first.statements)
    yield f"# {number} handlers begin with the same {count} statements. {_where(prologue)}:"
    yield ""
    if injects:
        yield from _imports(prologue, written)
    if prologue.existing is None:
        if _RETURN.search(written.block):
            yield "# What is returned in here would be the result: raise an exception instead."
        yield written.function
        yield ""
    if injects and written.results:
        yield f"{written.alias} = Annotated[{_type(written)}, Depends({written.name})]"
    yield ""
    yield "# In place of the statements:"
    wanted = _wanted(project, prologue)
    for beginning in prologue.beginnings:
        yield from _change(project, beginning, written, wanted, injects=injects)


def _where(prologue: Prologue) -> str:
    existing = prologue.existing
    if existing is None:
        return "Written once"
    return f"{existing.frame.module.path}:{existing.frame.scope.line} does that already"


def _wanted(project: Project, prologue: Prologue) -> list[str]:
    """The parameters of the request that the function takes."""
    if prologue.existing is None:
        return _own(prologue.first)
    frame = prologue.existing.frame
    injected = {one.parameter for one in project.applications.sub_dependencies(frame)}
    read = parameters_read(frame, prologue.existing.statements)
    return [name for name in read if name not in injected]


def _own(beginning: Beginning) -> list[str]:
    """The parameters that a handler's statements read, but for those that are injected."""
    injected = {dependency.parameter for dependency in beginning.route.dependencies}
    read = parameters_read(beginning.frame, beginning.statements)
    return [name for name in read if name not in injected]


def _imports(prologue: Prologue, written: Draft) -> Iterator[str]:
    module = prologue.first.frame.module
    bound = module.facts.scopes[0].bindings
    missing = []
    if written.results and "Annotated" not in bound:
        missing.append("from typing import Annotated")
    if "Depends" not in bound:
        missing.append("from fastapi import Depends")
    if prologue.existing is not None and written.name not in bound:
        source = _import_name(prologue.existing.frame.module, module)
        missing.append(f"from {source} import {written.name}")
    missing += [
        f"from {_import_name(class_.module, module)} import {class_.name}"
        for class_ in written.unbound
    ]
    yield from missing
    if missing:
        yield ""
        yield ""


def _import_name(imported: Module, module: Module) -> str:
    """What one module calls another: by the same first part as what it imports already."""
    known = {one.module.partition(".")[0] for one in module.facts.imports if not one.level}
    found = (name for name in imported.names if name.partition(".")[0] in known)
    return next(found, imported.name)


def _type(written: Draft) -> str:
    if len(written.results) > 1:
        return f"tuple[{', '.join(name or '…' for name in written.type_names)}]"
    return written.type_name or "…"


def _change(
    project: Project, beginning: Beginning, written: Draft, wanted: list[str], *, injects: bool
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
    own = parameters_read(frame, beginning.statements)
    if not injects:
        receiver = f"{own.pop(0)}." if written.is_method and own else ""
        call = f"{awaited}{receiver}{written.name}({', '.join(own)})"
        yield f"    {names} = {call}" if names else f"    {call}"
        return
    if written.results:
        name = names if len(written.results) == 1 else written.name.removeprefix("get_")
        yield f"    declare    {name}: {written.alias}"
    else:
        yield f"    add        dependencies=[Depends({written.name})] to its decorator"
    idle = [name for name in own if not _is_read_after(beginning, name)]
    if _is_wrapped(project, beginning):
        # What a decorator puts around the handler is called with the same arguments.
        rest = f"; {', '.join(idle)} may go unless they read it" if idle else ""
        yield f"    note       its decorators run after the dependency{rest}"
    elif idle:
        yield f"    drop       {', '.join(idle)}"
    renamed = [
        f"{mine} is called {its} there; rename it, in the path, too"
        for mine, its in zip(_own(beginning), wanted, strict=False)
        if mine != its
    ]
    if renamed:
        yield f"    note       {'; '.join(renamed)}"


def _is_wrapped(project: Project, beginning: Beginning) -> bool:
    """Whether a handler has decorators other than those that register it."""
    path, scope = beginning.frame.module.path, beginning.frame.scope
    routes = {r.place.term for r in project.applications.routes if r.place.path == path}
    return bool(beginning.handler.wrappers) or not routes.issuperset(scope.decorators)


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
