"""asyncio itself: callbacks that the loop calls directly, and what runs before and after it serves.

``loop.call_soon(f)``, ``task.add_done_callback(f)`` and the like run a plain function on the event
loop: https://docs.python.org/3/library/asyncio-eventloop.html#scheduling-callbacks

Protocols too: transports call ``data_received`` and the like of what derives from one,
https://docs.python.org/3/library/asyncio-protocol.html#base-protocols

What is run to its end by a function that also has the loop run for ever is start-up or shutdown:
``loop.run_until_complete(prepare()); loop.run_forever()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.libraries import Libraries
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Coroutine,
    External,
    FunctionValue,
    Instance,
    Member,
    Partial,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
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
# Tornado's loop is asyncio's, https://www.tornadoweb.org/en/stable/ioloop.html
_TO_ITS_END = frozenset({f"{_LOOP}.run_until_complete", "tornado.ioloop.IOLoop.run_sync"})
_FOR_EVER = frozenset({f"{_LOOP}.run_forever", "tornado.ioloop.IOLoop.start"})
_FOR_EVER_SPELT = frozenset(name.rpartition(".")[2] for name in _FOR_EVER)


_PROTOCOLS: dict[str, tuple[str, ...]] = {
    "BaseProtocol": ("connection_made", "connection_lost", "pause_writing", "resume_writing"),
    "Protocol": ("data_received", "eof_received"),
    "BufferedProtocol": ("get_buffer", "buffer_updated", "eof_received"),
    "DatagramProtocol": ("datagram_received", "error_received"),
    "SubprocessProtocol": ("pipe_data_received", "pipe_connection_lost", "process_exited"),
}


class Asyncio(Framework):
    """Hooks for callbacks of the event loop."""

    name = "asyncio"
    modules = frozenset()

    def roots(self, project: Project) -> Iterator[Root]:
        """Plain functions that the loop calls, and what is run before and after it serves."""
        for site in project.call_sites.of(_TO_ITS_END):
            if _runs_for_ever(project, site.frame):
                for frame in _run_by(project, site):
                    yield Root(frame, Context.STARTUP, self.name)
        yield from self._methods_of_protocols(project)
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

    def _methods_of_protocols(self, project: Project) -> Iterator[Root]:
        """What transports call of classes that derive from a protocol."""
        for class_ in project.call_sites.derived:
            bases = [
                name
                for name in _PROTOCOLS
                if project.classes.derives(class_, f"asyncio.{name}")
                or project.classes.derives(class_, f"asyncio.protocols.{name}")
            ]
            for name in dict.fromkeys(("BaseProtocol", *bases)) if bases else ():
                for method in _PROTOCOLS[name]:
                    found = project.members.find_in_class(class_, method)
                    if isinstance(found, FunctionValue):
                        value = project.members.bind(found, Instance(class_), class_)
                        if isinstance(value, FunctionValue):
                            frame = project.calls.frame_for(value, NO_ARGUMENTS)
                            yield Root(frame, Context.CALLBACK, self.name)


def _runs_for_ever(project: Project, frame: Frame) -> bool:
    """Whether the code of a frame has a loop run for ever."""
    terms = frame.module.facts.terms
    for term in frame.module.calls_in(frame.scope_number):
        called = terms[terms[term][1]]
        if called[0] == t.ATTR and called[2] in _FOR_EVER_SPELT:
            value = project.values.evaluate(frame, terms[term][1])
            if isinstance(value, Member) and value.name in _FOR_EVER:
                return True
    return False


def _run_by(project: Project, site: CallSite) -> Iterator[Frame]:
    """The frames of the coroutines that a call runs, made or to be made by it."""
    for role in project.catalogue.roles(site.name):
        for value in Libraries.role_arguments(role.arguments, site.arguments):
            for option in options_of(value):
                while isinstance(option, Partial):
                    option = option.function
                if isinstance(option, Coroutine):
                    yield option.frame
                elif isinstance(option, FunctionValue):
                    yield project.calls.frame_for(option, NO_ARGUMENTS)


def _ends_process(site: CallSite) -> bool:
    """Whether a callback is called when the process is asked to end."""
    signal = site.arguments.get(0) if site.name == _ON_SIGNAL else None
    return signal is not None and all(
        isinstance(option, External) and option.name in _ENDING for option in options_of(signal)
    )


FRAMEWORK = Asyncio()
