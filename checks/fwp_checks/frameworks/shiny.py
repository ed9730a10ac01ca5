"""Shiny for Python: what outputs, effects and calculations call runs on the loop that serves all
sessions, also what is written ``def``.

shiny/_utils.py of 1.8.0 (``wrap_async``) calls a plain function on the spot; it is what
shiny/reactive/_reactives.py and shiny/render/renderer/_renderer.py put around theirs.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import WebFramework, members
from fwp_checks.project.loop.loop_roots import Context


class Shiny(WebFramework):
    """Hooks for Shiny."""

    name = "Shiny"
    modules = frozenset({"shiny"})
    decorators = (
        (
            Context.HANDLER,
            (
                *members(("shiny.reactive",), ("calc", "effect")),
                *members(
                    ("shiny.render", "shiny.express.render"),
                    (
                        *("code", "data_frame", "download", "express", "image", "plot", "table"),
                        *("text", "ui"),
                    ),
                ),
            ),
        ),
    )


FRAMEWORK = Shiny()
