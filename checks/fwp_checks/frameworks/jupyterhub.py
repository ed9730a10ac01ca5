"""JupyterHub: spawners and authenticators are called on the loop of the hub, ``def`` or not.

``await maybe_future(spawner.start())``, ``await spawner.poll()`` (jupyterhub/user.py of 6.1.1,
``spawn`` and ``stop``); ``await maybe_future(self.authenticate(handler, data))``
(jupyterhub/auth.py, ``get_authenticated_user``): what they call is not handed to a thread.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import WebFramework
from fwp_checks.project.loop.loop_roots import Context


class JupyterHub(WebFramework):
    """Hooks for JupyterHub."""

    name = "JupyterHub"
    modules = frozenset({"jupyterhub"})
    methods = (
        (
            "jupyterhub.spawner.Spawner",
            Context.HANDLER,
            ("start", "stop", "poll", "create_certs", "move_certs", "delete_forever"),
        ),
        (
            "jupyterhub.auth.Authenticator",
            Context.HANDLER,
            (
                "authenticate", "get_authenticated_user", "refresh_user", "check_allowed",
                "check_blocked_users", "is_admin", "add_user", "delete_user", "pre_spawn_start",
                "post_spawn_stop", "normalize_username", "validate_username",
            ),
        ),
        (
            "jupyterhub.auth.LocalAuthenticator",
            Context.HANDLER,
            ("system_user_exists", "add_system_user"),
        ),
    )  # fmt: skip


FRAMEWORK = JupyterHub()
