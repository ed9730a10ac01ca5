"""BlackSheep: handlers run on the event loop, also those written ``def``.

blacksheep/server/normalization.py of 2.6.4 (``get_sync_wrapper``) calls a plain function on the
spot. Controllers are registered by the same decorators, on their methods.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace", "connect", "route")


class BlackSheep(WebFramework):
    """Hooks for BlackSheep."""

    name = "BlackSheep"
    modules = frozenset({"blacksheep"})
    decorators = (
        (
            Context.HANDLER,
            members(
                (
                    *("blacksheep", "blacksheep.server.controllers"),
                    *("blacksheep.Application.router", "blacksheep.server.Application.router"),
                    *("blacksheep.Router", "blacksheep.server.routing.Router"),
                ),
                _METHODS,
            ),
        ),
    )


FRAMEWORK = BlackSheep()
