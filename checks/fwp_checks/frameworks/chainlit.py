"""Chainlit: what its hooks call runs on the event loop of its server, also what is written ``def``.

chainlit/utils.py of 2.12.0 (``wrap_user_function``): a coroutine function is awaited, anything else
is called on the spot; chainlit/callbacks.py says of which hooks.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

_PACKAGE = ("chainlit",)


class Chainlit(WebFramework):
    """Hooks for Chainlit."""

    name = "Chainlit"
    modules = frozenset(_PACKAGE)
    decorators = (
        (Context.STARTUP, members(_PACKAGE, ("on_app_startup", "on_app_shutdown"))),
        (
            Context.HANDLER,
            members(
                _PACKAGE,
                (
                    *("password_auth_callback", "header_auth_callback", "oauth_callback"),
                    *("on_logout", "on_message", "on_window_message", "on_chat_start"),
                    *("on_chat_resume", "on_chat_end", "on_stop", "on_feedback"),
                    *("set_chat_profiles", "set_starters", "set_starter_categories"),
                    *("on_audio_start", "on_audio_chunk", "on_audio_end", "author_rename"),
                    *("on_mcp_connect", "on_mcp_disconnect", "action_callback"),
                    *("on_settings_update", "on_settings_edit", "on_slack_reaction_added"),
                    "on_shared_thread_view",
                ),
            ),
        ),
    )


FRAMEWORK = Chainlit()
