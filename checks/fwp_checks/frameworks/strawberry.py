"""Strawberry: resolvers run on the loop where an asynchronous view executes the schema, also those
written ``def``.

strawberry/schema/schema_converter.py of 0.341.2 (``from_resolver``): a coroutine function is
awaited, anything else is called on the spot; strawberry/permission.py does so with
``has_permission``. Views for Django, Flask and Channels are there in both kinds, and
strawberry_django runs plain resolvers in a thread: where one of these is used it is not known which
thread runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.web import Place, WebFramework, imports, members
from fwp_checks.project.loop.loop_roots import Context

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_PACKAGE = "strawberry"
_FIELDS = members((_PACKAGE,), ("field", "mutation"))
_PERMISSIONS = members((_PACKAGE, f"{_PACKAGE}.permission"), ("BasePermission",))
_ON_LOOP = members((_PACKAGE,), ("fastapi", "asgi", "aiohttp", "litestar", "quart", "sanic"))
_ELSEWHERE = (
    *members((_PACKAGE,), ("django", "flask", "channels", "chalice")),
    "strawberry_django",
)


class Strawberry(WebFramework):
    """Hooks for Strawberry."""

    name = "Strawberry"
    modules = frozenset({_PACKAGE})
    decorators = ((Context.HANDLER, _FIELDS),)
    registrations = ((Place(Context.HANDLER, 0, "resolver"), _FIELDS),)
    methods = tuple((base, Context.HANDLER, ("has_permission",)) for base in _PERMISSIONS)

    def is_used(self, project: Project) -> bool:
        """Whether the project executes schemas on the loop, and nowhere else."""
        return (
            super().is_used(project)
            and any(imports(project, name) for name in _ON_LOOP)
            and not any(imports(project, name) for name in _ELSEWHERE)
        )


FRAMEWORK = Strawberry()
