"""What a framework says of a function: that it runs on the event loop, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwp_checks.project.meaning.frames import Frame


class Context(Enum):
    """What a function is to its framework; the value is how messages call it."""

    HANDLER = "async handler"
    DEPENDENCY = "async dependency"
    MIDDLEWARE = "middleware"
    WEBSOCKET = "websocket handler"
    STREAM = "streaming generator"
    EXCEPTION_HANDLER = "exception handler"
    VALIDATOR = "request validator"
    BACKGROUND = "background task"
    LIFESPAN = "lifespan"
    STARTUP = "startup or shutdown handler"
    CALLBACK = "event loop callback"
    FUNCTION = "async function"

    @property
    def is_request(self) -> bool:
        """Whether a request waits for it."""
        return self in _REQUEST

    @property
    def is_startup(self) -> bool:
        """Whether it runs only while the application starts or stops."""
        return self in (Context.LIFESPAN, Context.STARTUP)


_REQUEST = {
    Context.HANDLER,
    Context.DEPENDENCY,
    Context.MIDDLEWARE,
    Context.WEBSOCKET,
    Context.STREAM,
    Context.EXCEPTION_HANDLER,
    Context.VALIDATOR,
}


@dataclass(slots=True, unsafe_hash=True)
class Root:
    """A function that a framework calls on the event loop.

    ``thread_if_def``: written ``def``, the framework would run it in a thread. ``own_loop``: each
    call has an event loop of its own (Flask's async views), so blocking it holds up nothing else.
    ``until``: the term from which on it no longer runs on the loop, if there is one. ``instead``:
    what to do about a ``def`` function where making it async is not the way out.
    """

    frame: Frame
    context: Context
    framework: str
    thread_if_def: bool = False
    own_loop: bool = False
    until: int | None = None
    instead: str = ""
