"""How much a function does with a database: what it asks, what it writes, in how many branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.effects import Rows
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    Instance,
    Iterable,
    Member,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_DATABASES = ("database", "orm")
# What opens, ends or closes work is none itself.
_AROUND = frozenset(
    {
        "connect", "close", "cursor", "begin", "begin_nested", "rollback", "commit", "acquire",
        "release", "__enter__", "__exit__", "__aenter__", "__aexit__", "__get__", "flush",
    }
)  # fmt: skip
# https://docs.sqlalchemy.org/en/20/orm/session_api.html#sqlalchemy.orm.Session.add
_SESSION_WRITES = frozenset({"add", "add_all", "merge", "delete", "bulk_save_objects"})
_STATEMENTS = ("sqlalchemy.insert", "sqlalchemy.update", "sqlalchemy.delete")
_WRITING = ("insert", "update", "delete", "replace", "bulk_", "save", "create", "remove")
_BRANCHES = frozenset({"if", "case", "except", "for", "while"})


@dataclass(slots=True, unsafe_hash=True)
class Work:
    """What one function does itself.

    ``operations`` are the terms that ask or write something, ``changes``: it writes at all;
    ``written`` are the names of the models that it certainly writes. ``lines`` are those of its
    body, ``depth`` is how deep its branches and loops are nested.
    """

    operations: tuple[int, ...]
    changes: bool
    written: tuple[str, ...]
    lines: int
    depth: int


class DatabaseWork:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._rows = Rows(project)
        self._known: dict[Frame, Work] = {}

    def of(self, frame: Frame) -> Work:
        """The work of a function, with the functions that are defined in it."""
        known = self._known.get(frame)
        if known is None:
            frames = [frame, *self._nested(frame)]
            operations = sorted({term for inner in frames for term in self._operations(inner)})
            written = {name for inner in frames for name in self._written(inner)}
            changes = bool(written) or any(map(self._changes, frames))
            if changes:
                # What is assigned to is written with the rest of the session.
                written.update(name for inner in frames for name in self._assigned(inner))
            known = Work(
                tuple(operations), changes, tuple(sorted(written)), lines_of(frame), depth_of(frame)
            )
            self._known[frame] = known
        return known

    def _nested(self, frame: Frame) -> Iterator[Frame]:
        for number, scope in enumerate(frame.module.facts.scopes):
            if scope.parent == frame.scope_number and scope.kind == "function":
                yield self._project.calls.unbound_frame(frame, number)

    def _operations(self, frame: Frame) -> Iterator[int]:
        for event in self._project.behaviours.of(frame).events:
            runs = [run for alternative in event.alternatives for run in alternative or ()]
            if any(isinstance(run, RunExternal) and self.is_operation(run) for run in runs):
                yield event.term

    def is_operation(self, run: RunExternal) -> bool:
        """Whether a call of a library asks a database for something, or changes something in it."""
        if any(self._rows.of(run, effect) for effect in ("queries", "writes", "loads")):
            return True
        row = self._rows.of(run, "blocks")
        if row is None or row.kind not in _DATABASES:
            return False
        return run.name.rpartition(".")[2] not in _AROUND

    def _changes(self, frame: Frame) -> bool:
        """Whether a function writes something of which it is not known what."""
        return any(
            isinstance(run, RunExternal) and self._writes(run)
            for event in self._project.behaviours.of(frame).events
            for alternative in event.alternatives
            for run in alternative or ()
        )

    def _writes(self, run: RunExternal) -> bool:
        name = run.name.rpartition(".")[2]
        if name.startswith(_WRITING) and self.is_operation(run):
            return True
        return self._rows.of(run, "writes") is not None

    # -- what is written ---------------------------------------------------------------------------

    def _written(self, frame: Frame) -> Iterator[str]:
        for event in self._project.behaviours.of(frame).events:
            for alternative in event.alternatives:
                for run in alternative or ():
                    if isinstance(run, RunExternal) and self._writes(run):
                        yield from self._model(run.receiver)
        module = frame.module
        terms = module.facts.terms
        for term in module.calls_in(frame.scope_number):
            called = terms[terms[term][1]]
            name = called[2] if called[0] in (t.ATTR, t.IMPORT) else None
            if name in _SESSION_WRITES or name in ("insert", "update"):
                yield from self._added(frame, term)

    def _assigned(self, frame: Frame) -> Iterator[str]:
        """The models to whose objects a function assigns; Django's are written by ``save()``."""
        terms = frame.module.facts.terms
        for term in frame.module.attribute_writes_in(frame.scope_number):
            if terms[term][0] == t.STORE:
                value = self._project.values.evaluate(frame, terms[term][1])
                if not self._project.classes.is_instance(value, "django.db.models.Model"):
                    yield from self._model(value)

    def _added(self, frame: Frame, call: int) -> Iterator[str]:
        """The models of what is handed to a session, or of a statement."""
        entry = frame.module.facts.terms[call]
        called = self._project.values.evaluate(frame, entry[1])
        if not isinstance(called, (External, Member)) or not entry[2]:
            return
        owner, _, _ = called.name.rpartition(".")
        if called.name in _STATEMENTS or owner.endswith(("Session", "scoped_session")):
            yield from self._model(self._project.values.evaluate(frame, entry[2][0]))

    def _model(self, value: Value | None) -> Iterator[str]:
        for option in options_of(value) if value is not None else ():
            if isinstance(option, Iterable):
                yield from self._model(option.element)
            elif isinstance(option, TupleValue):
                for item in option.items:
                    yield from self._model(item)
            elif isinstance(option, ClassValue) and self._project.frameworks.is_model(option):
                yield option.name
            elif isinstance(option, Instance):
                of = option.arguments[0] if option.arguments else option.class_
                if isinstance(of, ClassValue) and self._project.frameworks.is_model(of):
                    yield of.name


def depth_of(frame: Frame) -> int:
    """How deep the branches and loops of a function are nested."""
    deepest = 0
    ends: list[int] = []
    regions = [
        region for region in frame.module.regions_in(frame.scope_number) if region.kind in _BRANCHES
    ]
    for region in sorted(regions, key=lambda region: (region.start, -region.end)):
        while ends and ends[-1] <= region.start:
            ends.pop()
        ends.append(region.end)
        deepest = max(deepest, len(ends))
    return deepest


def lines_of(frame: Frame) -> int:
    """The number of lines of a function's body, without its signature and docstring."""
    scope = frame.scope
    for statement in frame.module.facts.statements_of(scope):
        if statement.kind != "constant":
            return scope.end_line - statement.line + 1
    return 0
