"""python-socketio: handlers of events run on the loop, also those written ``def``.

socketio/async_server.py of python-socketio 5.18.1 (``_trigger_event``): a coroutine function is
awaited, anything else is called on the spot.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

_SERVERS = ("socketio.AsyncServer",)


class SocketIO(WebFramework):
    """Hooks for python-socketio."""

    name = "Socket.IO"
    modules = frozenset({"socketio"})
    decorators = ((Context.WEBSOCKET, members(_SERVERS, ("on", "event"))),)
    registrations = ((Place(Context.WEBSOCKET, 1, "handler"), members(_SERVERS, ("on",))),)


FRAMEWORK = SocketIO()
