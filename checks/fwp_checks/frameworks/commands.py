"""Commands, jobs and threads: functions that are called in a thread of their own.

Click, Typer, Invoke and Fabric call the function of the command that was given, an installed script
(``console_scripts``) calls its own; Django's ``manage.py`` calls ``handle``. Celery, RQ, Huey
and Dramatiq call the plain function of a job (Celery also ``run`` of a task's class) in a process
or thread of the worker, ``Thread(target=…)`` and ``Process(target=…)`` in one made for it. None of
them runs an event loop around it; one that the function starts is its own. The coroutine of an
async one is run by RQ alone, with ``asyncio.run`` (rq/job.py of RQ 3.0.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.deployment.records import Script
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_COMMANDS = frozenset(
    {
        "click.command", "click.group", "click.Group.command", "click.Group.group",
        "typer.Typer.command", "typer.Typer.callback", "cyclopts.App.command",
        "cyclopts.App.default", "invoke.task", "invoke.tasks.task", "fabric.task",
        "fabric.tasks.task",
    }
)  # fmt: skip
_RQ = "rq.decorators.job"
_JOBS = frozenset(
    {
        "celery.Celery.task", "celery.shared_task", _RQ, "huey.Huey.task",
        "huey.Huey.periodic_task", "dramatiq.actor",
    }
)  # fmt: skip
# These hand a function to RQ: with keyword and position.
_ENQUEUED = {
    "rq.Queue.enqueue": ("f", 0),
    "rq.Queue.enqueue_call": ("func", 0),
    "rq.Queue.enqueue_at": ("f", 1),
    "rq.Queue.enqueue_in": ("func", 1),
}
# Their functions run on the loop of one test, https://pytest-asyncio.readthedocs.io/
_FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
# What is called of the objects of classes that derive from these.
_METHODS = (
    ("handle", "django.core.management.base.BaseCommand"),
    ("run", "celery.Task"),
    ("run", "threading.Thread"),
    ("run", "multiprocessing.Process"),
)
# These call a function in a thread or process that is made for it: with keyword and position.
_STARTED = {
    "threading.Thread": ("target", 1),
    "threading.Timer": ("function", 1),
    "multiprocessing.Process": ("target", 1),
}


class Commands(Framework):
    """Hooks for command lines and workers."""

    name = "commands"
    modules = frozenset(
        {
            "click",
            "typer",
            "cyclopts",
            "invoke",
            "fabric",
            "django",
            "celery",
            "rq",
            "huey",
            "dramatiq",
            "pytest",
            "pytest_asyncio",
            "threading",
            "multiprocessing",
        }
    )

    def commands(self, project: Project) -> Iterator[Frame]:
        """Functions that are called with no event loop around them."""
        for decoration in project.call_sites.decorated(_COMMANDS):
            yield from self._frames(project, decoration.function)
            # What wrappers of the project's call is the command, too.
            yield project.calls.unbound_frame(decoration.around, decoration.scope_number)
        yield from self._registered(project)
        yield from self._installed(project)
        for decoration in project.call_sites.decorated(_FIXTURES):
            yield from self._frames(project, decoration.function)
        for decoration in project.call_sites.decorated(_JOBS):
            for frame in self._frames(project, decoration.function):
                # Coroutine functions of others share a loop, if the worker runs them at all.
                if not frame.scope.is_async or decoration.name == _RQ:
                    yield frame
        for site in project.call_sites.of(frozenset(_ENQUEUED)):
            keyword, position = _ENQUEUED[site.name]
            job = site.arguments.get(position, keyword)
            yield from self._frames(project, job) if job is not None else ()
        for site in project.call_sites.of(frozenset(_STARTED)):
            keyword, position = _STARTED[site.name]
            target = site.arguments.get(position, keyword)
            for frame in self._frames(project, target) if target is not None else ():
                if not frame.scope.is_async:
                    yield frame
        for class_ in project.classes.with_bases:
            bound = class_.module.facts.scopes[class_.scope].bindings
            for name, base in _METHODS:
                if name in bound and project.classes.derives(class_, base):
                    method = project.members.attribute(Instance(class_), name)
                    yield from self._frames(project, method)

    def _registered(self, project: Project) -> Iterator[Frame]:
        """Functions that calls make commands: ``app.command(login)``, ``app.command()(login)``."""
        made = list(project.call_sites.of(_COMMANDS))
        made += [applied for _, applied in project.call_sites.applied(_COMMANDS)]
        for site in made:
            function = site.arguments.get(0, "obj")
            yield from self._frames(project, function) if function is not None else ()

    def _installed(self, project: Project) -> Iterator[Frame]:
        """Functions that packaging files make commands."""
        wanted: dict[str, list[Script]] = {}
        for script in project.deployment.scripts:
            wanted.setdefault(script.module, []).append(script)
        for module in project.table.modules if wanted else ():
            for name in module.names:
                for script in wanted.get(name, ()):
                    bound = module.facts.scopes[0].bindings.get(script.function, -1)
                    if bound >= 0 and f"{module.path}/".startswith(script.folder):
                        value = project.values.evaluate(project.module_frame(module), bound)
                        for frame in self._frames(project, value):
                            if not frame.scope.is_async:
                                yield frame

    @staticmethod
    def _frames(project: Project, value: Value) -> Iterator[Frame]:
        for option in options_of(value):
            if isinstance(option, FunctionValue):
                yield project.calls.frame_for(option, NO_ARGUMENTS)


FRAMEWORK = Commands()
