"""FWP701: a request body is taken apart and nothing has validated it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.structure.request_bodies import RawBody
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, structure

RULE = Rule(
    code="FWP701",
    name="unvalidated-request-body",
    summary="A handler reads keys of a request's JSON that nothing has validated.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/body/#declare-it-as-a-parameter",
)
_LINKS = {
    "Flask": "https://flask.palletsprojects.com/en/stable/quickstart/#apis-with-json",
    "Django": "https://www.django-rest-framework.org/api-guide/serializers/#validation",
}


def check(file: FileView) -> Iterator[Finding]:
    """A finding for each handler of FastAPI, which takes models; of others one for a file."""
    if not structure.matters(file):
        return
    others = []
    for body in file.project.structure.request_bodies.of(file.module):
        if _is_of_fastapi(file, body):
            message = (
                f"'{body.frame.qualname}' {_reads(body)} of the request's JSON, {_state(body)}; "
                "declare a Pydantic model as its parameter."
            )
            where = file.range_of(file.module, body.term)
            yield file.finding(RULE, where, message, key=(body.frame.qualname,))
        else:
            others.append(body)
    if others:
        yield _of_file(file, others)


def _of_file(file: FileView, bodies: Sequence[RawBody]) -> Finding:
    first, *others = bodies
    names = [body.frame.qualname for body in others]
    also = f" (so {'do' if len(names) > 1 else 'does'} {structure.named(names)})" if names else ""
    message = (
        f"'{first.frame.qualname}' {_reads(first)} of the request's JSON, {_state(first)}{also}; "
        "load it through a schema (Pydantic, marshmallow, a serializer)."
    )
    places = [
        (Place(file.module.path, body.term), f"'{body.frame.qualname}' {_reads(body)}")
        for body in others
    ]
    return file.finding(
        RULE,
        file.range_of(file.module, first.term),
        message,
        key=(first.frame.qualname,),
        severity=Severity.INFO,
        fix_link=_LINKS.get(first.route.framework, ""),
        trace=structure.steps(file, places),
    )


def _is_of_fastapi(file: FileView, body: RawBody) -> bool:
    routers = file.project.applications.routers
    router = routers.get(body.route.router) if body.route.router is not None else None
    if router is not None:
        return router.class_name.startswith("fastapi.")
    return body.route.framework in ("FastAPI", "Starlette") and any(
        entry.module.partition(".")[0] == "fastapi" for entry in file.module.facts.imports
    )


def _reads(body: RawBody) -> str:
    if body.model:
        return f"fills a model ({body.model}) with all"
    return f"reads {structure.counted(len(body.keys), 'key')}"


def _state(body: RawBody) -> str:
    return "checked by hand" if body.is_checked else "which nothing has validated"
