"""What Django Ninja's APIs are made of: routers, and operations under decorators.

Source: ninja/main.py and ninja/router.py of Django Ninja 1.7.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.frameworks.registrations import Argument, Including, Making, Routing, Site
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Inclusion
from fwp_checks.project.meaning.origins import made_at
from fwp_checks.project.meaning.texts import text_at

_APIS = ("ninja.NinjaAPI", "ninja.main.NinjaAPI", "ninja_extra.NinjaExtraAPI")
_ROUTERS = (
    "ninja.Router",
    "ninja.router.Router",
    "ninja_extra.Router",
    "ninja_extra.router.Router",
)
_CHILD = Argument(1, "router")


class NinjaParts(PartFinder):
    """Finds them. An API is part of a URLconf, and no application of its own."""

    name = "Django Ninja"
    makings = (Making(_APIS, False), Making(_ROUTERS, False))
    routings = (
        Routing(("get", "post", "put", "patch", "delete"), Argument(0, "path")),
        Routing(("api_operation",), Argument(1, "path")),
        Routing(("add_api_operation",), Argument(0, "path"), Argument(2, "view_func")),
    )
    includings = (Including(("add_router",), _CHILD, Argument(0, "prefix")),)

    def included(self, site: Site, including: Including) -> Iterator[Inclusion]:
        """A router may be named by its dotted path."""
        term = site.argument_term(including.child)
        dotted = text_at(self.project, site.frame, term) if term >= 0 else None
        if dotted is None:
            yield from super().included(site, including)
            return
        name, _, attribute = dotted.rpartition(".")
        named = self.project.values.imported(site.frame.module, name, attribute, 0)
        prefix = self.inclusion_prefix(site, including)
        for place in made_at(named) or (None,):
            yield Inclusion(site.router, place, site.place, prefix, what="" if place else dotted)

    def rooted(self, path: str | None) -> str | None:
        """Parts are put together with slashes between them (``Router.build_routers``)."""
        return f"/{path.lstrip('/')}" if path else path

    def methods(self, site: Site) -> tuple[str, ...]:
        """Those of ``api_operation`` are its first argument; ``add_api_operation`` has the path
        first.
        """
        if site.member in ("api_operation", "add_api_operation"):
            position = int(site.member == "add_api_operation")
            return tuple(method.upper() for method in site.texts(Argument(position, "methods")))
        return super().methods(site)
