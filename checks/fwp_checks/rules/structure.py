"""What the rules about the structure of applications share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.structure.loaded import is_example

if TYPE_CHECKING:
    from fwp_checks.project.application.database_work import Work
    from fwp_checks.project.application.model import Handler, Route
    from fwp_checks.project.structure.shapes import Shape
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_MOST_STEPS = 20
_FEW_NAMES = 4
# Fewer routes are no matter, however much else is in the module.
_FEWEST_ROUTES = 6
# What makes an application hard to take apart, besides its routes.
_MANY_SETTINGS = 3
_MANY_QUERYING = 8
_MANY_LINES = 500
# How much a handler does before it is called business logic.
_MANY_OPERATIONS = 5
_MANY_HANDLER_LINES = 40
_DEEP = 3
_MANY_MODELS = 2
_MANY_HANDLERS = 8
_LAYERS = frozenset(
    {
        "service", "services", "crud", "repository", "repositories", "use_case", "use_cases",
        "usecases", "selectors", "managers", "domain", "interactors",
    }
)  # fmt: skip
_LAYERS_OF_DJANGO = (
    "https://docs.djangoproject.com/en/stable/topics/db/managers/#adding-extra-manager-methods"
)
# Methods that a framework's class calls for a part of its work.
_OVERRIDES = ("get_", "form_", "perform_", "has_", "check_", "validate_", "filter_", "paginate_")


def counted(number: int, thing: str) -> str:
    """``1 model``, ``3 models``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def named(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:_FEW_NAMES])
    more = len(names) - _FEW_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def matters(file: FileView) -> bool:
    """Whether a file belongs to an application that is used: no test, no example."""
    return file.module.is_served and not is_example(file.module)


def steps(file: FileView, places: Sequence[tuple[Place, str]]) -> list[Step]:
    """A step for each place, with what it is; of a great many, the first."""
    by_path = file.project.table.by_path
    return [
        Step(place.path, file.range_of(by_path[place.path], place.term), message)
        for place, message in places[:_MOST_STEPS]
    ]


# -- applications that are one module ----------------------------------------------------------


def monolith(
    file: FileView, rule: Rule, shape: Shape, fewest: int, thing: str, way_out: str
) -> Finding | None:
    """A finding about an application whose routes are all its own, None if it is small or divided.

    ``fewest`` is the number of routes from which on it is too large; ``thing`` names what it lacks.
    """
    number = len(shape.routes)
    if shape.is_divided or number < min(fewest, _FEWEST_ROUTES) or file.project.table.unread:
        return None
    evidence, places = _evidence(file, shape)
    holds = shape.module is not None
    if number < fewest and not (holds and {"models", "settings"} <= evidence.keys()):
        return None
    application = shape.application
    name = application.name or application.class_name.rpartition(".")[2]
    if shape.module is None:
        severity = Severity.INFO
        where = f"in {counted(shape.modules, 'module')}"
    else:
        severity = Severity.ERROR if len(evidence) == len(_EVIDENCE) else Severity.WARNING
        where = f"in {shape.module.path}"
    beside = f", beside {_listed(list(evidence.values()))}" if evidence else ""
    message = (
        f"'{name}' has {counted(number, 'route')} and no {thing}: all of them are registered on "
        f"the application itself, {where}{beside}; {way_out}."
    )
    routes = [(route.place, f"route {route.path or ''}".strip()) for route in shape.routes]
    return file.finding(
        rule,
        file.range_of(file.module, application.place.term),
        message,
        key=(name,),
        severity=severity,
        trace=[*steps(file, places), *steps(file, routes)],
    )


_EVIDENCE = ("models", "settings", "querying", "lines")


def _evidence(file: FileView, shape: Shape) -> tuple[dict[str, str], list[tuple[Place, str]]]:
    """What else speaks for taking an application apart, in words, and where that is."""
    found: dict[str, str] = {}
    module = shape.module
    if module is None:
        return found, []
    places: list[tuple[Place, str]] = []
    shapes = file.project.structure.shapes
    models = shapes.models(module)
    if models:
        found["models"] = counted(len(models), "model")
    settings = shapes.settings(shape.application)
    written = sum(number for _, number in settings)
    if written >= _MANY_SETTINGS and shape.application.place.path == module.path:
        found["settings"] = f"{written} settings written in the code"
        places += [(place, "a setting is written here") for place, _ in settings]
    querying = _querying(file, shape)
    if querying >= _MANY_QUERYING:
        found["querying"] = f"{querying} handlers that use the database"
    if module.facts.line_count > _MANY_LINES:
        found["lines"] = f"{module.facts.line_count} lines"
    return found, places


def _querying(file: FileView, shape: Shape) -> int:
    work = file.project.structure.database_work
    frames = {handler.frame for route in shape.routes for handler in route.handlers}
    return sum(1 for frame in frames if work.of(frame).operations)


def _listed(texts: Sequence[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


# -- handlers that are business logic ----------------------------------------------------------


def fat_handlers(file: FileView, is_flask: bool) -> list[tuple[Route, Handler, Work]]:
    """The handlers of a project that do more than answer a request, of Flask or of the others."""
    key = f"fat_handlers.{is_flask}"
    known: list[tuple[Route, Handler, Work]] | None = file.project.framework_data.get(key)
    if known is None:
        known = file.project.framework_data[key] = [
            (route, handler, work)
            for route, handler in file.project.applications.handlers.values()
            if (route.framework == "Flask") == is_flask
            and handler.frame.module.is_served
            and _may_be_fat(handler)
            and _is_fat(work := file.project.structure.database_work.of(handler.frame))
        ]
    return known


def _may_be_fat(handler: Handler) -> bool:
    scope = handler.frame.scope
    if scope.end_line - scope.line + 1 < _MANY_HANDLER_LINES:
        return False
    return handler.class_ is None or not scope.name.startswith(_OVERRIDES)


def _is_fat(work: Work) -> bool:
    return (
        len(work.operations) >= _MANY_OPERATIONS
        and work.lines >= _MANY_HANDLER_LINES
        # What only reads puts a page together, however long it is.
        and work.changes
        and (len(work.written) >= _MANY_MODELS or work.depth >= _DEEP)
    )


def report_fat(file: FileView, rule: Rule, is_flask: bool, thing: str) -> list[Finding]:
    """A finding for each handler of a file that does more than answer a request."""
    if not matters(file):
        return []
    everywhere = fat_handlers(file, is_flask)
    found = []
    for route, handler, work in everywhere:
        if handler.frame.module is not file.module:
            continue
        parts = [
            f"{len(work.operations)} database operations",
            f"{work.lines} lines",
            f"branches {work.depth} deep",
        ]
        if work.written:
            parts.append(f"writes to {named(work.written)}")
        message = (
            f"{thing} '{handler.frame.qualname}' is business logic: {_listed(parts)}; move it to a "
            f"function that knows no request{_without_layer(file, everywhere)}."
        )
        places = [(Place(file.module.path, term), "uses the database") for term in work.operations]
        found.append(
            file.finding(
                rule,
                file.definition_range(handler.frame.scope),
                message,
                key=(handler.frame.qualname,),
                fix_link=_LAYERS_OF_DJANGO if route.framework.startswith("Django") else "",
                trace=steps(file, places),
            )
        )
    return found


def _without_layer(file: FileView, everywhere: Sequence[tuple[Route, Handler, Work]]) -> str:
    """What to say if the modules of many such handlers import no layer of services."""
    modules = {handler.frame.module for _, handler, _ in everywhere}
    if len(everywhere) < _MANY_HANDLERS:
        return ""
    for module in modules:
        for entry in module.facts.imports:
            names = {*entry.module.split("."), entry.attribute or ""}
            if not _LAYERS.isdisjoint(names):
                return ""
    return f" (one of {len(everywhere)} like it; no service layer is imported by any)"
