"""Flask: each call of an async view has an event loop of its own.

``Flask.ensure_sync`` wraps an ``async def`` view, hook or error handler in ``async_to_sync``, which
runs it on a new loop in the request's thread (flask/app.py of Flask 3.1.3, 966-1001), so blocking
it holds up that request alone. https://flask.palletsprojects.com/en/stable/async-await/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.flask_parts import FlaskParts, viewed
from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.outcome import Outcome
    from fwp_checks.project.meaning.values import Arguments, Value

_APPS = ("flask.Flask", "flask.Blueprint")
_ROUTES = ("route", "get", "post", "put", "patch", "delete", "endpoint")
_HOOKS = (
    "before_request", "after_request", "teardown_request", "teardown_appcontext",
    "before_app_request", "after_app_request", "teardown_app_request", "context_processor",
    "app_context_processor",
)  # fmt: skip
_HANDLER_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "dispatch_request")


class Flask(WebFramework):
    """Hooks for Flask. Nothing of it runs on a loop that others share."""

    name = "Flask"
    modules = frozenset({"flask", "apiflask", "flask_openapi3", "flask_smorest"})
    running = frozenset()
    own_loop = True
    decorators = (
        (Context.HANDLER, members(_APPS, _ROUTES)),
        (Context.HANDLER, ("flask.copy_current_request_context",)),
        (Context.MIDDLEWARE, members(_APPS, _HOOKS)),
        (Context.EXCEPTION_HANDLER, members(_APPS, ("errorhandler", "app_errorhandler"))),
    )
    registrations = (
        (Place(Context.HANDLER, 2, "view_func"), members(_APPS, ("add_url_rule",))),
        (Place(Context.MIDDLEWARE, 0, "f"), members(_APPS, _HOOKS)),
        (Place(Context.EXCEPTION_HANDLER, 1, "f"), members(_APPS, ("register_error_handler",))),
    )
    methods = (("flask.views.View", Context.HANDLER, _HANDLER_METHODS),)
    threaded = frozenset(Context)
    told_apart = FlaskParts.classes()
    # https://flask.palletsprojects.com/en/stable/config/
    settings = ("flask.Flask.config.",)

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``Users.as_view("users")``."""
        return viewed(name, receiver)

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, blueprints, and what is registered on them."""
        return FlaskParts(project).parts()


FRAMEWORK = Flask()
