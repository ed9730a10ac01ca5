"""What tells the people who run an application of errors, of load, and whether it is alive."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_TOOLS = frozenset(
    {
        "sentry_sdk", "raven", "rollbar", "bugsnag", "honeybadger", "airbrake", "opentelemetry",
        "ddtrace", "datadog", "newrelic", "elasticapm", "scout_apm", "appoptics_apm", "logfire",
        "prometheus_client", "prometheus_fastapi_instrumentator", "starlette_prometheus",
        "starlette_exporter", "prometheus_flask_exporter", "django_prometheus", "statsd",
        "aiostatsd", "structlog", "loguru", "pythonjsonlogger", "watchtower",
        "applicationinsights", "aws_xray_sdk", "health_check", "healthcheck",
        "flask_healthz", "fastapi_health", "instana", "signoz", "pyroscope", "logtail", "graypy",
    }
)  # fmt: skip
# Programs that instrument an application from outside, and what only those need.
_AROUND = (
    "opentelemetry-instrument", "opentelemetry-distro", "ddtrace-run", "newrelic-admin",
    "instana", "appdynamics", "dynatrace", "elastic-apm",
)  # fmt: skip
_LOGGING = frozenset({"basicConfig", "dictConfig", "fileConfig", "addHandler"})
_ALIVE = re.compile(
    r"(?:^|[/_.-])(?:health|ready|readiness|live(?:ness|z)?\b|alive|ping\b|status|metrics|heartbeat"
    r"|version)"
)


class Monitoring:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def is_absent(self) -> bool:
        """Whether the project certainly has none: no tool, no configuration of logging, no route
        that says that the application is alive. Not if some file could not be read.
        """
        if self._project.table.unread:
            return False
        for module in self._project.table.modules:
            if module.imports_any(_TOOLS) or "LOGGING" in module.facts.scopes[0].bindings:
                return False
        if any(self._project.call_sites.spelt(name) for name in _LOGGING):
            return False
        if any(self._project.deployment.mentions(name) is not None for name in _AROUND):
            return False
        return not any(
            _ALIVE.search((route.path or "").lower()) for route in self._project.applications.routes
        )
