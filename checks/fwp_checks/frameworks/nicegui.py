"""NiceGUI: pages and handlers of events run on the loop that serves all users, also what is written
``def``.

nicegui/page.py of 3.18.0 (``decorated`` in ``_wrap``), nicegui/events.py (``handle_event``) and
nicegui/timer.py (``_invoke_callback``) call the function on the spot, and await what it gives if
that can be awaited. nicegui/elements says which arguments of elements are handlers.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

_PACKAGE = "nicegui"
_UI = (f"{_PACKAGE}.ui",)
_APP = (f"{_PACKAGE}.app",)
_NOWHERE = -1


class NiceGUI(WebFramework):
    """Hooks for NiceGUI."""

    name = "NiceGUI"
    modules = frozenset({_PACKAGE})
    decorators = (
        (Context.HANDLER, (*members(_UI, ("page",)), f"{_PACKAGE}.APIRouter.page")),
        (Context.STARTUP, members(_APP, ("on_startup", "on_shutdown"))),
        (Context.HANDLER, members(_APP, ("on_connect", "on_disconnect", "on_delete"))),
    )
    registrations = (
        (
            Place(Context.HANDLER, _NOWHERE, "on_click"),
            members(
                _UI, ("button", "chip", "dropdown_button", "fab", "fab_action", "item", "menu_item")
            ),
        ),
        (
            Place(Context.HANDLER, _NOWHERE, "on_change"),
            members(
                _UI,
                (
                    *("checkbox", "color_input", "date", "date_input", "editor", "input"),
                    *("input_chips", "knob", "number", "pagination", "radio", "range", "rating"),
                    *("select", "slider", "splitter", "switch", "tabs", "textarea", "time"),
                    *("time_input", "toggle", "codemirror"),
                ),
            ),
        ),
        (Place(Context.HANDLER, _NOWHERE, "on_upload"), members(_UI, ("upload",))),
        (Place(Context.HANDLER, _NOWHERE, "on_select"), members(_UI, ("table", "tree"))),
        (Place(Context.HANDLER, _NOWHERE, "on_key"), members(_UI, ("keyboard",))),
        (Place(Context.BACKGROUND, 1, "callback"), members((*_UI, *_APP), ("timer",))),
        (Place(Context.STARTUP, 0, "handler"), members(_APP, ("on_startup", "on_shutdown"))),
        (
            Place(Context.HANDLER, 0, "handler"),
            members(_APP, ("on_connect", "on_disconnect", "on_delete")),
        ),
    )


FRAMEWORK = NiceGUI()
