"""asyncio itself: callbacks that the loop calls directly.

``loop.call_soon(f)``, ``task.add_done_callback(f)`` and the like run a plain function on the event
loop: https://docs.python.org/3/library/asyncio-eventloop.html#scheduling-callbacks
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.libraries import Libraries
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    External,
    FunctionValue,
    Partial,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.sites import CallSite

_LOOP = "asyncio.AbstractEventLoop"
_ON_SIGNAL = f"{_LOOP}.add_signal_handler"
# What asks a process to end: https://docs.python.org/3/library/signal.html#signal.SIGTERM
_ENDING = frozenset({"signal.SIGTERM", "signal.SIGINT", "signal.SIGQUIT"})
_CALLBACKS = frozenset(
    {
        f"{_LOOP}.{name}"
        for name in ("call_soon", "call_soon_threadsafe", "call_later", "call_at", "add_reader")
    }
    | {f"{_LOOP}.{name}" for name in ("add_writer", "add_signal_handler")}
    | {"asyncio.Future.add_done_callback", "asyncio.Task.add_done_callback"}
)


class Asyncio(Framework):
    """Hooks for callbacks of the event loop."""

    name = "asyncio"
    modules = frozenset()

    def roots(self, project: Project) -> Iterator[Root]:
        """Plain functions that the loop calls."""
        for site in project.call_sites.of(_CALLBACKS):
            for role in project.catalogue.roles(site.name):
                if role.role != "loop_callback":
                    continue
                context = Context.STARTUP if _ends_process(site) else Context.CALLBACK
                for value in Libraries.role_arguments(role.arguments, site.arguments):
                    for option in options_of(value):
                        while isinstance(option, Partial):
                            option = option.function
                        if isinstance(option, FunctionValue):
                            frame = project.calls.frame_for(option, NO_ARGUMENTS)
                            yield Root(frame, context, self.name)


def _ends_process(site: CallSite) -> bool:
    """Whether a callback is called when the process is asked to end."""
    signal = site.arguments.get(0) if site.name == _ON_SIGNAL else None
    return signal is not None and all(
        isinstance(option, External) and option.name in _ENDING for option in options_of(signal)
    )


FRAMEWORK = Asyncio()
