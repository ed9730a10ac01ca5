"""Drives an ASGI application without a server: one lifespan around requests and sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def visit(app: Any, *requests: tuple[str, str, bytes], lifespan: bool = True) -> None:
    """Start ``app``, make each request (method, path, JSON body), and stop it.

    The method ``WS`` opens a websocket and closes it again. Errors that a request raises are
    dropped: the probes note what they see, and a missing note fails the test.
    """
    asyncio.run(_visit(app, requests, lifespan))


async def _visit(
    app: Application, requests: tuple[tuple[str, str, bytes], ...], lifespan: bool
) -> None:
    if lifespan:
        events: asyncio.Queue[Message] = asyncio.Queue()
        started, stopped = asyncio.Event(), asyncio.Event()

        async def send(message: Message) -> None:
            (stopped if "shutdown" in message["type"] else started).set()

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        task = asyncio.ensure_future(app(scope, events.get, send))
        await events.put({"type": "lifespan.startup"})
        await asyncio.wait_for(started.wait(), timeout=10)
    for method, path, body in requests:
        await _request(app, method, path, body)
    if lifespan:
        await events.put({"type": "lifespan.shutdown"})
        await asyncio.wait_for(stopped.wait(), timeout=10)
        await task


async def _request(app: Application, method: str, path: str, body: bytes) -> None:
    socket = method == "WS"
    scope = {
        "type": "websocket" if socket else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if socket else method,
        "scheme": "ws" if socket else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "subprotocols": [],
        "state": {},
    }
    if socket:
        messages: list[Message] = [
            {"type": "websocket.connect"},
            {"type": "websocket.disconnect", "code": 1000},
        ]
    else:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        # A client that stays connected until the response is there.
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pass

    with suppress(Exception):
        await asyncio.wait_for(app(scope, receive, send), timeout=10)
