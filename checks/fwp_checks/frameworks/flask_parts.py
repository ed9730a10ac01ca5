"""What Flask applications are made of: blueprints, routes, hooks, error handlers.

``Flask.add_url_rule(rule, endpoint, view_func)`` answers GET unless told otherwise, and the prefix
that ``register_blueprint`` is given replaces the blueprint's own (flask/sansio/app.py,
flask/sansio/blueprints.py of Flask 3.1.3).
"""

from __future__ import annotations

from fwp_checks.frameworks.web_parts import (
    Argument,
    Hooking,
    Including,
    Making,
    PartFinder,
    Routing,
)
from fwp_checks.project.application.model import HookKind

_GET = ("GET",)


class FlaskParts(PartFinder):
    """Finds them."""

    name = "Flask"
    makings = (
        Making(("flask.Flask", "apiflask.APIFlask", "flask_openapi3.OpenAPI"), True),
        Making(
            (
                "flask.Blueprint",
                "apiflask.APIBlueprint",
                "flask_openapi3.APIBlueprint",
                "flask_smorest.Blueprint",
            ),
            False,
            Argument(-1, "url_prefix"),
        ),
    )
    routings = (
        Routing(("route",), Argument(0, "rule"), usual=_GET),
        Routing(("get", "post", "put", "patch", "delete"), Argument(0, "rule")),
        Routing(("add_url_rule",), Argument(0, "rule"), Argument(2, "view_func"), usual=_GET),
    )
    includings = (
        Including(
            ("register_blueprint", "register_api"),
            Argument(0, "blueprint"),
            Argument(-1, "url_prefix"),
        ),
    )
    hookings = (
        Hooking(("before_request", "before_app_request"), HookKind.BEFORE_REQUEST),
        Hooking(
            (
                "after_request",
                "after_app_request",
                "teardown_request",
                "teardown_app_request",
                "teardown_appcontext",
            ),
            HookKind.AFTER_REQUEST,
        ),
        Hooking(("context_processor", "app_context_processor"), HookKind.AFTER_REQUEST),
        Hooking(("before_first_request", "before_app_first_request"), HookKind.STARTUP),
        Hooking(
            ("errorhandler", "app_errorhandler", "register_error_handler"),
            HookKind.EXCEPTION_HANDLER,
            Argument(1, "f"),
        ),
    )
