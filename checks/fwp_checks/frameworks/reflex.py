"""Reflex: handlers of events run on the loop that serves all users, also those written ``def``.

reflex_base/event/processor/base_state_processor.py of 0.10.1 (``process_event``): a coroutine
function is awaited, anything else is called on the spot, and of a generator each step.
"""

from __future__ import annotations

from fwp_checks.frameworks.web import Registration, WebFramework
from fwp_checks.project.loop.loop_roots import Context
from fwp_checks.project.meaning.values import Arguments, Constant

_HANDLERS = ("reflex.event", "reflex.event.event")


class Reflex(WebFramework):
    """Hooks for Reflex."""

    name = "Reflex"
    modules = frozenset({"reflex"})
    decorators = ((Context.HANDLER, _HANDLERS),)

    def registration(self, context: Context, name: str, arguments: Arguments) -> Registration:
        """What a function is; nobody waits for one that runs in the background."""
        if arguments.get(-1, "background") == Constant(True):
            context = Context.BACKGROUND
        return super().registration(context, name, arguments)


FRAMEWORK = Reflex()
