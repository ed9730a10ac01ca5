"""What the rules about code that handlers repeat share: places, counts, and what to write once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.lifetimes.probes import is_probe, is_probe_path
from fwp_checks.project.repetition.extraction import Draft, draft, short
from fwp_checks.project.repetition.prologues import Prologue

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Route
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_MOST_STEPS = 30
_API_VIEW = "rest_framework.views.APIView"


def prologues(file: FileView, *, is_entity: bool) -> Iterator[Prologue]:
    """The prologues whose first handler is in a file, of one kind."""
    found = file.project.injection.prologues.by_path.get(file.module.path, ())
    return (prologue for prologue in found if prologue.is_entity is is_entity)


def name(frame: Frame) -> str:
    """What a handler is called; of a method, with its class."""
    return ".".join(frame.qualname.split(".")[-2:]) if "." in frame.qualname else frame.name


def others(number: int) -> str:
    """``and 2 other handlers``: all of a group but the one that is named."""
    return f"and {number - 1} other handler{'s' if number > 2 else ''}"


def steps(file: FileView, frames: Sequence[Frame], message: str) -> list[Step]:
    """A step at each function but the first; of a great many, the first ones."""
    return [
        Step(frame.module.path, file.definition_range(frame.scope), f"'{frame.name}' {message}")
        for frame in frames[1 : _MOST_STEPS + 1]
    ]


def way_out(file: FileView, prologue: Prologue) -> str:
    """What to do about statements that handlers share, in the words of their framework."""
    route = prologue.first.route
    if file.project.injection.injects(route):
        written = draft(file.project, prologue)
        if prologue.existing is not None:
            return f"{_done_already(prologue, written)} (fwp explain --at {place(prologue)})"
        return f"{declared(written)} (fwp explain --at {place(prologue)} writes it)"
    if is_django(route):
        if prologue.is_entity:
            loader = _loader(prologue)
            return f"raise Http404 in {loader}(), once" if loader else "use get_object_or_404()"
        if is_of_rest_framework(file, prologue):
            return "move them into a permission class, or into initial() of a base class"
        return "move them into a decorator, a mixin or the dispatch() of a base class"
    if route.framework == "Litestar":
        return "make it a dependency: Provide()"
    if prologue.is_entity:
        return "move it into one function that ends the request with 404 (get_or_404)"
    return "move them into a decorator, or a function called before each request"


def is_of_rest_framework(file: FileView, prologue: Prologue) -> bool:
    """Whether the first handler is a method of a view of REST framework, which authenticates in
    ``initial()``: before that, in ``dispatch()``, nobody is known.
    """
    class_ = prologue.first.handler.class_
    return class_ is not None and file.project.classes.derives(class_, _API_VIEW)


def _loader(prologue: Prologue) -> str:
    """The method of its own class by which a handler loads something; empty for anything else."""
    first = prologue.first
    frame, terms = first.frame, first.frame.module.facts.terms
    if first.handler.class_ is None:
        return ""
    for statement in first.statements[:-1]:
        for term in range(statement.start, statement.end):
            called = terms[terms[term][1]] if terms[term][0] == t.CALL else terms[term]
            if terms[term][0] == t.CALL and called[0] == t.ATTR:
                if frame.module.is_parameter(called[1], frame.scope_number, 0):
                    return str(called[2])
    return ""


def declared(written: Draft | None) -> str:
    """``make it a dependency and declare item: Annotated[Item, Depends(valid_item)]``."""
    if written is None:
        return "make it a dependency and declare it as a parameter"
    type_name = written.type_name or "…"
    if written.is_method:
        return f"make it a method of their class, {written.name}()"
    if not written.results:
        return f"make it a dependency: dependencies=[Depends({written.name})]"
    name = written.results[-1]
    if len(written.results) > 1:
        return f"make it a dependency and declare Depends({written.name}) as a parameter"
    return f"make it a dependency: {name}: Annotated[{type_name}, Depends({written.name})]"


def _done_already(prologue: Prologue, written: Draft | None) -> str:
    """``app/deps.py:9 does that already: declare item: Annotated[Item, Depends(valid_item)]``."""
    assert prologue.existing is not None
    frame = prologue.existing.frame
    where = f"{frame.module.path}:{frame.scope.line} does that already"
    if written is None:
        return f"{where}: declare Depends({frame.name}) as a parameter"
    type_name = written.type_name or "…"
    return f"{where}: declare {written.results[-1]}: Annotated[{type_name}, Depends({frame.name})]"


def place(prologue: Prologue) -> str:
    """``app/items.py:12``: where the first handler begins."""
    first = prologue.first
    return f"{first.frame.module.path}:{first.statements[0].line}"


def report(
    file: FileView,
    rule: Rule,
    prologue: Prologue,
    message: str,
    severity: Severity | None = None,
    fix_link: str = "",
) -> Finding:
    """A finding at the first handler of a prologue, with a step for each other one."""
    frames = [beginning.frame for beginning in prologue.beginnings]
    trace = steps(file, frames, "begins like it")
    if prologue.existing is not None:
        frame = prologue.existing.frame
        where = file.definition_range(frame.scope)
        trace.append(Step(frame.module.path, where, f"'{frame.name}' does the same"))
    return file.finding(
        rule,
        file.definition_range(frames[0].scope),
        message,
        key=(frames[0].qualname, short(prologue.first)),
        severity=severity,
        fix_link=fix_link,
        trace=trace,
    )


_FLASK_ERRORS = (
    "register one function with @app.errorhandler(Exception)",
    "https://flask.palletsprojects.com/en/stable/errorhandling/#registering",
)
_DJANGO_ERRORS = (
    "handle them once, in middleware or in REST framework's EXCEPTION_HANDLER",
    "https://www.django-rest-framework.org/api-guide/exceptions/#custom-exception-handling",
)
_ERRORS = {
    "Starlette": ("register one function with @app.exception_handler(Exception)", ""),
    "Flask": _FLASK_ERRORS,
    "Quart": _FLASK_ERRORS,
    "Litestar": (
        "handle them once, with exception_handlers={Exception: …}",
        "https://docs.litestar.dev/latest/usage/exceptions.html",
    ),
    "Sanic": (
        "register one function with @app.exception(Exception)",
        "https://sanic.dev/en/guide/best-practices/exceptions.html",
    ),
}
_ERRORS_ELSEWHERE = (
    "handle them once, in middleware",
    "https://docs.aiohttp.org/en/stable/web_advanced.html#middlewares",
)
_NOTIFIED = ("webhook", "callback", "test", "debug")


def error_handling(route: Route) -> tuple[str, str]:
    """Where a framework handles exceptions once: what to do, and the page that shows it; the page
    is empty where the rule's own does.
    """
    if is_django(route):
        return _DJANGO_ERRORS
    return _ERRORS.get(route.framework, _ERRORS_ELSEWHERE)


def is_django(route: Route) -> bool:
    """Whether a route is one of Django, or of a library on it."""
    return route.framework.startswith("Django")


def wants_200(route: Route, frame: Frame) -> bool:
    """Whether a caller is to get 200 in any case: a probe that reports a state, a webhook, a
    trial whose outcome is what was asked for.
    """
    if is_probe(frame.module, frame.scope_number) or is_probe_path(route.path):
        return True
    named = f"{frame.name} {route.path or ''}".lower()
    return any(word in named for word in _NOTIFIED)
