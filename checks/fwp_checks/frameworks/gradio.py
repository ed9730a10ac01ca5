"""Gradio: functions that events of components call run on the loop where they are asynchronous.

gradio/blocks.py of 6.31.0 (``call_function``): a coroutine function is awaited, anything else runs
in a thread of its limiter; gradio/utils.py (``SyncToAsyncIterator``): so does each step of a
generator. ``button.click(fn)`` and ``@button.click()``, ``.then(fn)`` of what that gives
(gradio/events.py), ``gr.on``, ``gr.Interface``, ``gr.ChatInterface`` and ``gr.api``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.web import Place, Registration, WebFramework
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# gradio/events.py, ``Events`` and the methods of ``Dependency``.
_EVENTS = (
    "change", "input", "click", "double_click", "submit", "edit", "clear", "play", "pause", "stop",
    "end", "start_recording", "pause_recording", "stop_recording", "focus", "blur", "upload",
    "release", "select", "stream", "like", "example_select", "option_select", "load", "unload",
    "key_up", "apply", "delete", "tick", "undo", "retry", "expand", "collapse", "download", "copy",
)  # fmt: skip
_FOLLOWING = ("then", "success", "failure")
_REGISTERING = frozenset((*_EVENTS, *_FOLLOWING))
_DEPENDENCY = Instance("gradio.events.Dependency")
_PACKAGE = "gradio"


class Gradio(WebFramework):
    """Hooks for Gradio."""

    name = "Gradio"
    modules = frozenset({_PACKAGE})
    running = frozenset()
    threaded = frozenset({Context.HANDLER})
    decorators = ((Context.HANDLER, ("gradio.on",)),)
    registrations = (
        (
            Place(Context.HANDLER, 0, "fn"),
            ("gradio.Interface", "gradio.ChatInterface", "gradio.api"),
        ),
        (Place(Context.HANDLER, 1, "fn"), ("gradio.on",)),
    )

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """What an event of a component gives: something that others may follow."""
        if name == "gradio.on" or (
            receiver is not None and name.rpartition(".")[2] in _REGISTERING
        ):
            return Outcome.nothing(_DEPENDENCY)
        return None

    def find_roots(self, project: Project) -> Iterator[Root]:
        """What the tables say of the project, and the events of components."""
        yield from super().find_roots(project)
        how = Registration(Context.HANDLER, threaded=True)
        for name in sorted(_REGISTERING):
            for module, term in project.call_sites.spelt(name):
                if not module.imports_any(self.modules):
                    continue
                call = module.facts.terms[term]
                frame = project.frame_of_scope(module, module.code_scope_of(term))
                if _is_event(project, module, term, call[1]):
                    function = project.calls.arguments(frame, call).get(0, "fn")
                    yield from self.registered(project, function, how)
            for module, number, term in project.call_sites.decorators_spelt(name):
                entry = module.facts.terms[term]
                called = entry[1] if entry[0] == t.CALL else term
                if module.imports_any(self.modules) and _is_event(project, module, term, called):
                    around = project.frame_of_scope(module, module.code_scope_of(term))
                    yield from self.registered(project, FunctionValue(around, number), how)


def _is_event(project: Project, module: Module, term: int, called: int) -> bool:
    """Whether what is called at a term is a method of one of its objects."""
    entry = module.facts.terms[called]
    if entry[0] != t.ATTR:
        return False
    frame = project.frame_of_scope(module, module.code_scope_of(term))
    return any(
        isinstance(option, Instance)
        and isinstance(option.class_, str)
        and option.class_.startswith(f"{_PACKAGE}.")
        for option in options_of(project.values.evaluate(frame, entry[1]))
    )


FRAMEWORK = Gradio()
