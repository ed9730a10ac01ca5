"""H2O Wave: handlers of an application, and of what its users do, are awaited on the event loop.

h2o_wave/server.py of 1.8.16 (``_App._process``): the function under ``@app`` is awaited in a
background task of Starlette. h2o_wave/routing.py (``_invoke_handler``): so are those under ``@on``.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import WebFramework
from fwp_checks.project.loop.loop_roots import Context


class H2oWave(WebFramework):
    """Hooks for H2O Wave."""

    name = "H2O Wave"
    modules = frozenset({"h2o_wave"})
    decorators = ((Context.HANDLER, ("h2o_wave.app", "h2o_wave.on")),)


FRAMEWORK = H2oWave()
