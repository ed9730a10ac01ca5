"""Where an application makes or changes the tables of its database by itself, so that no migration
knows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import HookKind
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.values import (
    Constant,
    External,
    FunctionValue,
    Member,
    Wrapped,
    options_of,
)
from fwp_checks.project.structure.loaded import Loaded, is_example

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_CREATE_ALL = frozenset(
    {"flask_sqlalchemy.SQLAlchemy.create_all", "sqlalchemy.MetaData.create_all"}
)
_TOOLS = frozenset(
    {
        "alembic", "flask_migrate", "flask_alembic", "migrate", "yoyo", "aerich", "peewee_migrate",
        "pogo_migrate", "alembic_utils", "advanced_alchemy", "dbmate", "piccolo",
    }
)  # fmt: skip
_EXECUTING = ("execute", "executescript", "exec_driver_sql")
# The table is named in the text: what makes tables of any name is no change of the schema by hand.
_DDL = re.compile(
    r"(?:\s|--[^\n]*\n)*(ALTER|CREATE)\s+(?:UNLOGGED\s+)?TABLE\s+"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?[\"`\[]?(\w[\w.]*)",
    re.IGNORECASE,
)
_LEVELS = 6


class Moment(Enum):
    """When code runs; the value is how messages say it."""

    IMPORT = "when the module is imported"
    FACTORY = "whenever an application is made"
    STARTUP = "at every start"
    REQUEST = "while a request waits"


@dataclass(slots=True, unsafe_hash=True)
class SchemaChange:
    """A call that makes or changes tables. ``what`` says which, ``moment`` when it runs; ``is_raw``
    is that it is written in SQL, ``is_conditional`` that it stands under a condition.
    """

    module: Module
    term: int
    what: str
    moment: Moment
    is_raw: bool
    is_conditional: bool


# A moment, and whether it comes under a condition only.
_When = tuple[Moment, bool]


class SchemaChanges:
    """Answers for one project."""

    def __init__(self, project: Project, loaded: Loaded) -> None:
        self._project = project
        self._loaded = loaded
        # How many levels of callers were gone through, and what they told.
        self._moments: dict[FunctionKey, tuple[int, _When | None]] = {}

    def of(self, module: Module) -> list[SchemaChange]:
        """The changes in a module, in order."""
        return [change for change in self._all if change.module is module]

    @cached_property
    def has_migrations(self) -> bool:
        """Whether the project uses a tool for migrations."""
        for module in self._project.table.modules:
            if "down_revision" in module.facts.scopes[0].bindings:
                return True
            for entry in module.facts.imports:
                tool = entry.module.partition(".")[0]
                if not entry.level and tool in _TOOLS:
                    if self._project.table.find(tool, module) is None:
                        return True
        return False

    @cached_property
    def _all(self) -> list[SchemaChange]:
        if not self._project.applications.applications:
            return []
        found = [*self._made(), *self._written()]
        return sorted(found, key=lambda change: (change.module.path, change.term))

    def _matters(self, module: Module) -> bool:
        return (
            module.is_served
            and not is_example(module)
            and "/management/commands/" not in f"/{module.path}"
            and module in self._loaded
        )

    def _made(self) -> Iterator[SchemaChange]:
        for module, term in self._project.call_sites.spelt("create_all"):
            if self._matters(module) and self._is_create_all(module, term, _called(module, term)):
                yield from self._change(module, term, "create_all()", False)
        # await connection.run_sync(Base.metadata.create_all)
        for module, term in self._project.call_sites.spelt("run_sync"):
            arguments = module.facts.terms[term][2]
            if arguments and self._matters(module):
                if self._is_create_all(module, term, arguments[0]):
                    yield from self._change(module, term, "create_all()", False)

    def _is_create_all(self, module: Module, term: int, function: int) -> bool:
        entry = module.facts.terms[function]
        if entry[0] != t.ATTR or entry[2] != "create_all":
            return False
        frame = self._project.frame_of_scope(module, module.code_scope_of(term))
        value = self._project.values.evaluate(frame, function)
        return any(
            isinstance(option, (External, Member)) and option.name in _CREATE_ALL
            for option in options_of(value)
        )

    def _written(self) -> Iterator[SchemaChange]:
        executors: dict[tuple[Module, int, int], None] = {}
        for name in _EXECUTING:
            for module, term in self._project.call_sites.spelt(name):
                arguments = module.facts.terms[term][2]
                if not arguments or not module.is_served:
                    continue
                yield from self._executed(module, term, arguments[0])
                given = module.facts.terms[t.unaliased(module.facts.terms, arguments[0])]
                scope = module.code_scope_of(term)
                if given[0] == t.PARAM and scope and self._matters(module):
                    executors[(module, scope, given[1])] = None
        for module, scope, parameter in executors:
            yield from self._handed(module, scope, parameter)

    def _handed(self, module: Module, scope: int, parameter: int) -> Iterator[SchemaChange]:
        """Statements that are handed to a function of the project, which executes them."""
        declared = module.facts.scopes[scope]
        is_method = self._project.calls.class_of_method(module, scope) is not None
        for caller, term in self._project.call_sites.spelt(declared.name):
            entry = caller.facts.terms[term]
            position = parameter - is_method
            given = [value for key, value in entry[3] if key == declared.parameters[parameter].name]
            given += entry[2][position : position + 1] if position >= 0 else []
            if given and caller.is_served and self._calls(caller, term, module, scope):
                yield from self._executed(caller, term, given[0])

    def _executed(self, module: Module, call: int, term: int) -> Iterator[SchemaChange]:
        statement = _DDL.match(self._text(module, call, term)) if self._matters(module) else None
        if statement is not None:
            what = f"{statement[1].upper()} TABLE {statement[2]}"
            yield from self._change(module, call, what, True)

    def _text(self, module: Module, call: int, term: int) -> str:
        """The text of a statement as far as it is written there."""
        terms = module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "format":
            return self._text(module, call, terms[entry[1]][1])
        if entry[0] == t.CALL and entry[2]:  # text("…")
            return self._text(module, call, entry[2][0])
        if entry[0] == t.FORMAT:
            return str(entry[2][0])
        frame = self._project.frame_of_scope(module, module.code_scope_of(call))
        value = self._project.values.evaluate(frame, term)
        text = value.value if isinstance(value, Constant) else ""
        return text if isinstance(text, str) else ""

    def _change(self, module: Module, term: int, what: str, is_raw: bool) -> Iterator[SchemaChange]:
        if module.runs_as_script(term):
            return
        scope = module.code_scope_of(term)
        when = self._moment(module, scope, _LEVELS)
        if when is not None:
            conditional = when[1] or _is_conditional(module, term)
            yield SchemaChange(module, term, what, when[0], is_raw, conditional)

    # -- when it runs ------------------------------------------------------------------------------

    @cached_property
    def _known_moments(self) -> dict[FunctionKey, Moment]:
        applications = self._project.applications
        found = dict.fromkeys(applications.handlers, Moment.REQUEST)
        for hook in applications.hooks:
            if hook.kind in (HookKind.STARTUP, HookKind.LIFESPAN):
                found[hook.frame.function] = Moment.STARTUP
            elif hook.kind is HookKind.BEFORE_REQUEST:
                found[hook.frame.function] = Moment.REQUEST
        for made in applications.applications:
            found[made.frame.function] = Moment.FACTORY
        return found

    def _moment(self, module: Module, scope: int, levels: int) -> _When | None:
        """When the code of a function runs, as far as its callers tell."""
        if scope == 0:
            return (Moment.IMPORT, False) if module in self._loaded else None
        function = (module.path, scope)
        known = self._known_moments.get(function)
        if known is not None or levels == 0:
            return (known, False) if known is not None else None
        tried, when = self._moments.get(function, (0, None))
        if tried < levels:
            # What calls itself is no caller.
            self._moments[function] = (levels, None)
            when = self._moment_of_callers(module, scope, levels)
            self._moments[function] = (levels, when)
        return when

    def _moment_of_callers(self, module: Module, scope: int, levels: int) -> _When | None:
        """That of the first caller, of one that calls without a condition if there is one."""
        found: _When | None = None
        for caller, term in self._project.call_sites.spelt(module.facts.scopes[scope].name):
            if caller.is_served and not caller.runs_as_script(term):
                if self._calls(caller, term, module, scope):
                    when = self._moment(caller, caller.code_scope_of(term), levels - 1)
                    if when is not None and not when[1] and not _is_conditional(caller, term):
                        return when
                    if when is not None and found is None:
                        found = when[0], True
        return found

    def _calls(self, caller: Module, term: int, module: Module, scope: int) -> bool:
        frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
        value = self._project.values.evaluate(frame, _called(caller, term))
        for option in options_of(value):
            function = option.function if isinstance(option, Wrapped) else option
            if isinstance(function, FunctionValue) and function.scope == scope:
                if function.module is module:
                    return True
        return False


def _is_conditional(module: Module, term: int) -> bool:
    return any(
        region.kind in ("if", "else") and region.start <= term < region.end
        for region in module.regions_in(module.code_scope_of(term))
    )


def _called(module: Module, term: int) -> int:
    function: int = module.facts.terms[term][1]
    return function
