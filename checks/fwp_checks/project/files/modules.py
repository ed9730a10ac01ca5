"""Modules of a project and the way from an import to the file that it means."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts, Region, Scope
from fwp_checks.facts.source import text_of
from fwp_checks.project.files.roots import SourceRoots, added_names, inner_names, sees

# The loops that a break leaves.
_BROKEN = ("for", "while")
_MAIN = {(t.NAME, "__name__"), (t.CONST, "__main__")}


class Module:
    """One file of the project with its facts. Compared by identity.

    ``path`` is relative to the root with forward slashes; ``names`` are the dotted names it can be
    imported by; ``read`` gives the bytes of the file, for those who want to write edits.
    ``class_values`` are its classes as values, by scope.
    """

    is_template = False

    __slots__ = (
        "__dict__",
        "class_values",
        "facts",
        "is_package",
        "is_read_only",
        "is_test",
        "names",
        "path",
    )

    def __init__(
        self,
        path: str,
        names: Sequence[str],
        facts: ModuleFacts,
        *,
        is_test: bool = False,
        is_read_only: bool = False,
        read: Callable[[], bytes | OSError] | None = None,
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self.facts = facts
        self.class_values: dict[int, Any] = {}
        self.is_package = path.endswith("__init__.py")
        self.is_test = is_test
        self.is_read_only = is_read_only
        self._read = read

    @property
    def name(self) -> str:
        """The name people would call it by."""
        return self.names[0] if self.names else self.path.removesuffix(".py").replace("/", ".")

    @cached_property
    def folder(self) -> str:
        """The folder that it lies in; empty for the root."""
        return self.path.rpartition("/")[0]

    def __repr__(self) -> str:
        return f"Module({self.path})"

    @cached_property
    def is_served(self) -> bool:
        """Whether its code runs while the application is used: no tests, no migrations."""
        if self.is_read_only or self.is_test:
            return False
        # Alembic's revisions may lie anywhere.
        is_revision = "down_revision" in self.facts.scopes[0].bindings
        return not is_revision and "migrations" not in self.path.split("/")[:-1]

    @cached_property
    def text(self) -> str | None:
        """The source with ``\\n`` for every newline; None if it is not to be had."""
        content = self._read() if self._read is not None else None
        return text_of(content) if isinstance(content, bytes) else None

    @cached_property
    def global_writes(self) -> dict[str, list[tuple[int, int]]]:
        """For each name under ``global``: (function's scope, term) of what is bound to it."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, scope in enumerate(self.facts.scopes):
            for kind, name, term in scope.outer_writes:
                if kind == "global":
                    found.setdefault(name, []).append((number, term))
        return found

    @cached_property
    def methods_writing(self) -> dict[int, dict[str, list[tuple[int, int]]]]:
        """For each class scope: attribute name to (method scope, STORE term) of ``self.attribute =
        …``.
        """
        facts = self.facts
        found: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for term in facts.attribute_writes:
            scope_number = self.scope_of(term)
            scope = facts.scopes[scope_number]
            parent = facts.scopes[scope.parent] if scope.parent >= 0 else None
            if parent is None or parent.kind != "class" or not scope.parameters:
                continue
            if self.is_parameter(facts.terms[term][1], scope_number, 0):
                writes = found.setdefault(scope.parent, {})
                writes.setdefault(facts.terms[term][2], []).append((scope_number, term))
        return found

    def is_parameter(self, term: int, scope_number: int, index: int) -> bool:
        """Whether a term is a parameter of a scope, seen through loops and tests."""
        terms = self.facts.terms
        scope = self.facts.scopes[scope_number]
        while True:
            kind = terms[term][0]
            if kind == t.PARAM:
                return bool(terms[term][1] == index and scope.start <= term < scope.end)
            if kind in (t.ALIAS, t.NARROW):
                term = terms[term][1]
            else:
                return False

    @cached_property
    def _stretches(self) -> tuple[list[int], list[int], list[int]]:
        """Where the innermost scope changes: term numbers in order, and from each on the scope, and
        the function or module whose code runs there.
        """
        starts: list[int] = []
        owners: list[int] = []
        open_scopes: list[tuple[int, int]] = []
        scopes = self.facts.scopes
        for number in sorted(
            range(len(scopes)), key=lambda n: (scopes[n].start, -scopes[n].end, n)
        ):
            scope = scopes[number]
            if scope.start == scope.end:
                # The module of a template has no terms of its own.
                continue
            while open_scopes and open_scopes[-1][0] <= scope.start:
                end, _ = open_scopes.pop()
                starts.append(end)
                owners.append(open_scopes[-1][1] if open_scopes else 0)
            starts.append(scope.start)
            owners.append(number)
            open_scopes.append((scope.end, number))
        if not starts:
            # Regions without terms: a ``try`` with nothing in it but star imports.
            starts, owners = [0], [0]
        return starts, owners, [self._runner_of(owner) for owner in owners]

    def _runner_of(self, scope_number: int) -> int:
        scopes = self.facts.scopes
        while scope_number > 0 and not scopes[scope_number].is_function:
            scope_number = scopes[scope_number].parent
        return scope_number

    def qualname(self, scope_number: int) -> str:
        """The dotted name of a scope, as Python's ``__qualname__`` without ``<locals>``."""
        scopes = self.facts.scopes
        parts = []
        while scope_number > 0:
            parts.append(scopes[scope_number].name)
            scope_number = scopes[scope_number].parent
        return ".".join(reversed(parts))

    def scope_of(self, term: int) -> int:
        """The innermost scope that a term belongs to."""
        starts, owners, _ = self._stretches
        return owners[max(0, bisect_right(starts, term) - 1)]

    @cached_property
    def kinds(self) -> bytes:
        """The kind of each term."""
        return bytes([entry[0] for entry in self.facts.terms])

    def of_kind(self, kind: int) -> Sequence[int]:
        """Every term of a kind, in order."""
        known = self._by_kind.get(kind)
        if known is None:
            known = self._by_kind[kind] = array("I", _occurrences(self.kinds, kind))
        return known

    def of_kind_in(self, kind: int, scope: Scope) -> Sequence[int]:
        """Every term of a kind inside a scope, in order."""
        found = self.of_kind(kind)
        first = bisect_left(found, scope.start)
        return found[first : bisect_left(found, scope.end, first)]

    @cached_property
    def _by_kind(self) -> dict[int, array[int]]:
        return {}

    @property
    def calls(self) -> Sequence[int]:
        """Every CALL term."""
        return self.of_kind(t.CALL)

    def calls_in(self, scope_number: int) -> Sequence[int]:
        """The CALL terms of a module's or function's own code."""
        return self._calls_by_scope.get(scope_number, ())

    @cached_property
    def _calls_by_scope(self) -> dict[int, array[int]]:
        found: dict[int, array[int]] = {}
        calls = self.of_kind(t.CALL)
        starts, _, runners = self._stretches
        done = 0
        for start, runner in zip([*starts[1:], len(self.kinds)], runners, strict=False):
            end = bisect_left(calls, start, done)
            if end > done:
                found.setdefault(runner, array("I")).extend(calls[done:end])
                done = end
        return found

    @cached_property
    def awaited(self) -> frozenset[int]:
        """The terms that ``await`` stands directly before."""
        terms = self.facts.terms
        return frozenset(terms[term][1] for term in self.of_kind(t.AWAIT))

    @cached_property
    def _regions_by_scope(self) -> dict[int, list[Region]]:
        found: dict[int, list[Region]] = {}
        for region in self.facts.regions:
            # An empty one at the end of a function ends where the next function begins.
            is_empty = region.start == region.end and region.term >= 0
            place = region.term if is_empty else region.start
            found.setdefault(self.code_scope_of(place), []).append(region)
        return found

    def regions_in(self, scope_number: int) -> list[Region]:
        """The regions of a module's or function's own code."""
        return self._regions_by_scope.get(scope_number, [])

    def unreached_in(self, scope_number: int) -> list[tuple[int, int]]:
        """The stretches of a function's own code that control never gets to."""
        return [(r.start, r.end) for r in self.regions_in(scope_number) if r.kind == "unreached"]

    def rest_after(self, region: Region, scope_number: int) -> tuple[int, int]:
        """The terms that follow a region in the block it stands in."""
        end = self.facts.scopes[scope_number].end
        # What begins where an empty region stands follows it: its own test would lie between.
        before = region.start - (region.start == region.end)
        for outer in self.regions_in(scope_number):
            if outer.start <= before and region.end <= outer.end and outer is not region:
                end = min(end, outer.end)
        return region.end, end

    def leaves_loop(self, region: Region, loop: Region, scope_number: int) -> bool:
        """Whether control leaves a loop from the end of a region in it, or of its own; where that
        leaves one between them, whether it may leave the loop behind that.
        """
        if not region.exits:
            return False
        regions = self.regions_in(scope_number)
        between = [
            inner.end
            for inner in regions
            if inner.kind in _BROKEN
            and loop.start < inner.start <= region.start
            and region.end <= inner.end <= loop.end
        ]
        if not region.breaks or not between:
            return True
        end = min(between)
        return any(later.exits and end <= later.start < loop.end for later in regions)

    def imports_any(self, packages: Container[str]) -> bool:
        """Whether it imports something of one of these packages, by their first names."""
        for entry in self.facts.imports:
            if not entry.level and entry.module.partition(".")[0] in packages:
                return True
        return False

    def handlers_of(self, tried: Region, scope_number: int) -> list[Region]:
        """The ``except`` clauses of a ``try``, in order. Between them stand only the variables that
        its body may have bound.
        """
        found = []
        end = tried.end
        terms = self.facts.terms
        clauses = [region for region in self.regions_in(scope_number) if region.kind == "except"]
        for region in sorted(clauses, key=attrgetter("start")):
            if region.start >= end:
                if any(terms[term][0] != t.JOIN for term in range(end, region.start)):
                    break
                found.append(region)
                end = region.end
        return found

    @cached_property
    def _writes_by_scope(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for term in self.facts.attribute_writes:
            found.setdefault(self.code_scope_of(term), []).append(term)
        return found

    def attribute_writes_in(self, scope_number: int) -> list[int]:
        """The attribute assignments of a module's or function's own code."""
        return self._writes_by_scope.get(scope_number, [])

    @cached_property
    def main_guards(self) -> list[tuple[int, int]]:
        """The stretches of terms that only run where the module is the script: those below ``if
        __name__ == "__main__"``.
        """
        terms = self.facts.terms
        found = []
        for region in self.facts.regions:
            entry = terms[region.term] if region.kind == "if" and region.term >= 0 else None
            if entry is not None and entry[0] == t.COMPARE and entry[1] == "==":
                is_main = {terms[entry[2]], terms[entry[3]]} == _MAIN
                if is_main and not self.code_scope_of(region.start):
                    found.append((region.start, region.end))
        return found

    def runs_as_script(self, term: int) -> bool:
        """Whether a term only runs where the module is the script."""
        return any(start <= term < end for start, end in self.main_guards)

    def code_scope_of(self, term: int) -> int:
        """The function, or the module, whose code runs a term: a class body runs with the code
        around it.
        """
        starts, _, runners = self._stretches
        return runners[max(0, bisect_right(starts, term) - 1)]


def _occurrences(kinds: bytes, kind: int) -> list[int]:
    found: list[int] = []
    if kind not in kinds:
        return found
    at = -1
    for between in kinds.split(bytes((kind,))):
        at += len(between) + 1
        found.append(at)
    found.pop()  # the end
    return found


class ModuleTable:
    """Finds modules by dotted name and by place.

    ``is_foreign`` tells of a first name whether it is known as that of a library.
    """

    def __init__(
        self, modules: Iterable[Module], roots: SourceRoots, is_foreign: Callable[[str], bool]
    ) -> None:
        self._is_foreign = is_foreign
        self._foreign: dict[str, bool] = {}
        self._roots = roots
        self.modules: list[Module] = sorted(modules, key=lambda module: module.path)
        self.by_path: dict[str, Module] = {module.path: module for module in self.modules}
        # Nobody knows what is in these, so nothing is known to be absent from the project.
        self.unread: list[Module] = [
            module
            for module in self.modules
            if module.facts.problem is not None and not (module.is_test or module.is_read_only)
        ]
        self._by_name: dict[str, list[Module]] = {}
        self._found: dict[tuple[str, str], Module | None] = {}
        self._found_relative: dict[tuple[str, int, str], Module | None] = {}
        self._namespaces: set[str] = set()
        for module in self.modules:
            for name in module.names:
                self._by_name.setdefault(name, []).append(module)
                parent = name.rpartition(".")[0]
                while parent and parent not in self._namespaces:
                    self._namespaces.add(parent)
                    parent = parent.rpartition(".")[0]
        self._inner: dict[str, list[tuple[str, Module]]] = {}
        for module in self.modules if roots.inner or roots.package else ():
            for folder, name in () if module.is_read_only else inner_names(module.path, roots):
                self._inner.setdefault(name, []).append((folder, module))
        self._added: dict[str, list[Module]] = {}
        for module in self.modules if roots.added else ():
            for name in () if module.is_read_only else added_names(module.path, roots):
                self._added.setdefault(name, []).append(module)

    def find(self, name: str, origin: Module) -> Module | None:
        """The module of an absolute dotted name as seen from ``origin``: the nearest one, if
        several answer to it.
        """
        is_elsewhere = name in self._inner or name in self._added
        if name not in self._by_name and not is_elsewhere:
            return None
        key = (name, origin.folder)
        if key in self._found:
            return self._found[key]
        found = self._found[key] = self._find(name, origin)
        if found is None and is_elsewhere:
            found = self._found[key] = self._find_inside(name, origin)
        return found

    def _find_inside(self, name: str, origin: Module) -> Module | None:
        """The module that a name means where code is started inside of packages, or where folders
        are put on the import path: the first part must be no library, and the project must have
        nothing else of its name.
        """
        top = name.partition(".")[0]
        is_foreign = self._foreign.get(top)
        if is_foreign is None:
            is_foreign = self._foreign[top] = self._is_foreign(top)
        if is_foreign or (top != name and self._find(top, origin) is not None):
            return None
        candidates = [
            (folder, module)
            for folder, module in self._inner.get(name, ())
            if not folder or origin.path.startswith(f"{folder}/")
        ]
        if candidates:
            module = max(candidates, key=lambda candidate: len(candidate[0]))[1]
        else:
            added = self._added.get(name, ())
            if len(added) != 1:
                return None
            module = added[0]
        # A module that imports its own name means a library by it.
        if any(one.module == name and not one.level for one in module.facts.imports):
            return None
        return module

    def _find(self, name: str, origin: Module) -> Module | None:
        candidates = [
            module
            for module in self._by_name.get(name, ())
            if module.is_read_only or sees(origin.path, module.path, name, self._roots)
        ]
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        return max(
            candidates,
            key=lambda module: (_shared_folders(module.path, origin.path), -len(module.path)),
        )

    def is_namespace(self, name: str) -> bool:
        """Whether some module's dotted name begins with this one."""
        return name in self._namespaces

    def find_relative(self, module: str, level: int, origin: Module) -> Module | None:
        """The module of ``from <level dots><module> import …``, looked up by folder."""
        key = (module, level, origin.folder)
        if key in self._found_relative:
            return self._found_relative[key]
        found = self._found_relative[key] = self._find_relative(module, level, origin)
        return found

    def _find_relative(self, module: str, level: int, origin: Module) -> Module | None:
        folder = relative_folder(origin, level)
        if folder is None:
            return None
        stem = "/".join([*folder, *(module.split(".") if module else [])])
        for candidate in (f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.py"):
            found = self.by_path.get(candidate)
            if found is not None:
                return found
        return None


def relative_folder(origin: Module, level: int) -> list[str] | None:
    """The folder that a relative import of this level starts from; None if it leaves the root."""
    return relative_folder_of(origin.path, level)


def relative_folder_of(path: str, level: int) -> list[str] | None:
    """The same for the path of a file."""
    parts = path.split("/")[:-1]
    if level - 1 > len(parts):
        return None
    return parts[: len(parts) - (level - 1)]


def _shared_folders(first: str, second: str) -> int:
    shared = 0
    for one, other in zip(first.split("/")[:-1], second.split("/")[:-1], strict=False):
        if one != other:
            break
        shared += 1
    return shared
