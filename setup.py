"""Builds the package. With ``FWP_COMPILE`` in the environment, its engine as native code; the value
is the C compiler's level of optimization, 0 to 3. With ``FWP_TRAIN``, ``cases`` or a folder of
Python projects, it is compiled twice: the second time for what checking the cases of the rules, or
these projects, has shown to be hot (GCC only).
See docs/decisions/0025-native-code.md.

mypyc compiles Python as it stands, but for a few forms that are rewritten in a copy of the sources.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

_SOURCES = Path("checks")
_COPY = Path("build/native")
_TRAINED = Path("build/trained")
_CASES = Path("build/cases")
# The engine, in groups of about the same size: each becomes a library, and they are made at once.
_COMPILED = {
    "facts": (
        *("facts", "patterns.py", "replacing.py", "sources.py", "project/files"),
        *("catalogue/__init__.py", "catalogue/grammar.py"),
    ),
    "meaning": ("project/meaning", "project/effects", "project/loop"),
    "rows": ("project/rows", "project/templates", "project/linked.py", "project/failures.py"),
    "structure": tuple(
        f"project/{name}"
        for name in ("application", "injection", "lifetimes", "repetition", "structure", "view.py")
    ),
    "frameworks": ("frameworks",),
    "rules": ("analysis.py", "rules"),
}
_REPLACING = """
from typing import Any, TypeVar
T = TypeVar("T")
def replace(one: T, /, **changes: Any) -> T:
    kind: Any = type(one)
    values: list[Any] = []
    for name in kind.__match_args__:
        values.append(changes[name] if name in changes else getattr(one, name))
    made: T = kind(*values)
    return made
"""
# Lists of the facts of a module; what they are asked for is a number.
_BY_PLACE = ("terms", "_terms", "scopes")
# To evaluate these runs nothing.
_AT_HAND = (ast.Name, ast.Constant)
_CONFIGURATION = f"[mypy]\nmypy_path = {_COPY}\nexplicit_package_bases = True\n"


class Edit(NamedTuple):
    """A replacement of the characters from ``start`` up to ``end`` by ``text``."""

    start: int
    end: int
    text: str


class Cached(NamedTuple):
    """A cached property, and the attribute that has its value, in a tuple, once it is known."""

    method: ast.FunctionDef
    slot: str
    type: str

    @property
    def slot_type(self) -> str:
        """The type of the attribute."""
        return f"tuple[{self.type}] | None"


class Field(NamedTuple):
    """A field of a dataclass: its parameter, what is kept of that, the last of its lines."""

    name: str
    parameter: str
    value: str
    is_compared: bool
    end: int

    @classmethod
    def of(cls, node: ast.AnnAssign, name: str) -> Field:
        """The field that a statement declares."""
        type_, value, default = ast.unparse(node.annotation).strip("'"), name, ""
        options: dict[str | None, str] = {}
        if isinstance(node.value, ast.Call) and _is_name(node.value.func, "field"):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.value.keywords}
            default = options.get("default", "")
        elif node.value is not None:
            default = ast.unparse(node.value)
        if "default_factory" in options:
            type_, default = f"{type_} | None", "None"
            value = f"({options['default_factory']})() if {name} is None else {name}"
        parameter = f"{name}: {type_} = {default}" if default else f"{name}: {type_}"
        return cls(name, parameter, value, "compare" not in options, node.end_lineno or 0)


class Rewriting:
    """One module, written so that it can be compiled."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tree = ast.parse(source)
        self._starts = [0]
        for line in source.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def text(self) -> str:
        """The module's new text."""
        edits = [*self._constants(), *self._imports(), *self._tuples(), *self._displays()]
        edits += [*self._classes(), *self._places()]
        edits.sort(reverse=True)
        written = self._source.encode()
        for edit in edits:
            written = written[: edit.start] + edit.text.encode() + written[edit.end :]
        return written.decode()

    def _at(self, line: int, column: int = 0) -> int:
        return self._starts[line - 1] + column

    def _start(self, node: ast.expr) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.end_lineno, node.end_col_offset)

    def _tuples(self) -> Iterator[Edit]:
        """``in (*a, b)`` asks ``tuple((*a, b))``: mypyc wants to know the length of a display."""
        for node in ast.walk(self._tree):
            asked: list[ast.expr] = []
            if isinstance(node, (ast.For, ast.comprehension)):
                asked = [node.iter]
            elif isinstance(node, ast.Compare):
                asked = node.comparators
            for one in asked:
                if isinstance(one, ast.Tuple) and any(isinstance(i, ast.Starred) for i in one.elts):
                    yield Edit(self._start(one), self._start(one), "tuple(")
                    yield Edit(self._end(one), self._end(one), ")")

    def _constants(self) -> Iterator[Edit]:
        """Constants say that they are final: other names of a module are looked up each time."""
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                at = self._at(node.lineno + 1)
                yield Edit(at, at, "from typing import Final, cast as _as\n")
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                if _is_constant(node.targets[0]):
                    yield Edit(self._end(node.targets[0]), self._end(node.targets[0]), ": Final")
            elif isinstance(node, ast.AnnAssign) and _is_constant(node.target):
                if node.value is not None and not ast.unparse(node.annotation).startswith("Final"):
                    yield Edit(self._start(node.annotation), self._start(node.annotation), "Final[")
                    yield Edit(self._end(node.annotation), self._end(node.annotation), "]")

    def _imports(self) -> Iterator[Edit]:
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
                is_used = any(alias.name == "replace" for alias in node.names)
                text = "from typing import ClassVar\n"
                if is_used:
                    text += "from fwp_checks.replacing import replace\n"
                assert node.end_lineno is not None
                yield Edit(self._at(node.lineno), self._at(node.end_lineno + 1), text)

    def _displays(self) -> Iterator[Edit]:
        """``[*a(), b()]`` asks ``tuple(a())``: mypyc unpacks when it has evaluated all of a
        display, so ``b`` would run before what a generator ``a`` does.
        """
        for node in ast.walk(self._tree):
            items: list[ast.expr] = []
            if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
                items = node.elts
            elif isinstance(node, ast.Call):
                items = [*node.args, *(keyword.value for keyword in node.keywords)]
            for at, item in enumerate(items[:-1]):
                if isinstance(item, ast.Starred) and isinstance(item.value, ast.Call):
                    if not all(isinstance(_inner(i), _AT_HAND) for i in items[at + 1 :]):
                        yield Edit(self._start(item.value), self._start(item.value), "tuple(")
                        yield Edit(self._end(item.value), self._end(item.value), ")")

    def _places(self) -> Iterator[Edit]:
        """``terms[entry[1]]`` asks ``terms[_as(int, entry[1])]``, a cast: what stands in a term may
        be anything to mypyc, which would look it up as in an object of any kind.
        """
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
                name = getattr(node.value, "id", getattr(node.value, "attr", ""))
                if name in _BY_PLACE:
                    yield Edit(self._start(node.slice), self._start(node.slice), "_as(int, ")
                    yield Edit(self._end(node.slice), self._end(node.slice), ")")

    def _classes(self) -> Iterator[Edit]:
        for node in self._tree.body:
            if isinstance(node, ast.ClassDef):
                decorators = [d for d in node.decorator_list if "dataclass" in ast.unparse(d)]
                cached = list(_cached_properties(node))
                for one in cached:
                    yield self._cached_property(one, is_declared=not decorators)
                if decorators:
                    yield from self._dataclass(node, decorators[0], cached)
                if any(_is_name(base, "NamedTuple") for base in node.bases):
                    yield from self._annotations(node)

    def _cached_property(self, cached: Cached, *, is_declared: bool) -> Edit:
        """A cached property has an attribute for its value: native objects have no ``__dict__``."""
        slot = f"    {cached.slot}: {cached.slot_type} = None\n" if is_declared else ""
        return Edit(
            self._at(cached.method.decorator_list[0].lineno),
            self._at(cached.method.lineno + 1),
            f"{slot}"
            f"    @property\n"
            f"    def {cached.method.name}(self) -> {cached.type}:\n"
            f"        known = self.{cached.slot}\n"
            f"        if known is None:\n"
            f"            known = self.{cached.slot} = (self._find{cached.slot}(),)\n"
            f"        return known[0]\n"
            f"    def _find{cached.slot}(self) -> {cached.type}:\n",
        )

    def _dataclass(
        self, class_: ast.ClassDef, decorator: ast.expr, cached: list[Cached]
    ) -> Iterator[Edit]:
        """Its methods written out: those that ``dataclass`` makes are interpreted, and it evaluates
        annotations whose names may not be bound yet.
        """
        fields = [
            Field.of(node, node.target.id)
            for node in class_.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            if not ast.unparse(node.annotation).startswith("ClassVar")
        ]
        for node in class_.body:
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                if not ast.unparse(node.annotation).startswith("ClassVar"):
                    yield Edit(self._end(node.annotation), self._end(node.value), "")
        given = ast.unparse(decorator)
        names = [field.name for field in fields]
        own = "".join(f"self.{name}, " for name in names)
        lines = [
            f"    def __init__(self, {', '.join(field.parameter for field in fields)}) -> None:",
            *(f"        self.{field.name} = {field.value}" for field in fields),
            *(f"        self.{one.slot}: {one.slot_type} = None" for one in cached),
            f"        self._hash_of_{class_.name} = 0",
            "        return",
            "    def __repr__(self) -> str:",
            f"        return f'{class_.name}({', '.join(f'{n}={{self.{n}!r}}' for n in names)})'",
            "    def __reduce__(self) -> tuple[object, tuple[object, ...]]:",
            f"        return {class_.name}, ({own})",
        ]
        if "eq=False" not in given:
            compared = [field.name for field in fields if field.is_compared]
            equal = " and ".join(f"self.{name} == other.{name}" for name in compared)
            lines += [
                "    def __eq__(self, other: object) -> bool:",
                "        if self is other:",
                "            return True",
                f"        if not isinstance(other, {class_.name}):",
                "            return False",
                "        if type(other) is not type(self):",
                "            return False",
                f"        return {equal or 'True'}",
            ]
            if "frozen" in given or "unsafe_hash" in given:
                hashed = "".join(f"self.{name}, " for name in compared)
                # Kept: values hold values, and are looked up again and again.
                lines += [
                    "    def __hash__(self) -> int:",
                    f"        known = self._hash_of_{class_.name}",
                    "        if known == 0:",
                    f"            known = self._hash_of_{class_.name} = hash(({hashed}))",
                    "        return known",
                ]
        yield Edit(self._at(decorator.lineno), self._at(decorator.lineno + 1), "")
        shown = "".join(f'"{name}", ' for name in names)
        constant = f"    __match_args__: ClassVar[tuple[str, ...]] = ({shown})"
        end = max([field.end for field in fields], default=class_.body[-1].end_lineno or 0)
        yield Edit(self._at(end + 1), self._at(end + 1), "\n".join([constant, *lines, "", ""]))

    def _annotations(self, class_: ast.ClassDef) -> Iterator[Edit]:
        """Annotations stand in quotes: mypyc evaluates them, also where names are not bound yet."""
        for node in class_.body:
            if isinstance(node, ast.AnnAssign):
                yield Edit(self._start(node.annotation), self._start(node.annotation), '"')
                yield Edit(self._end(node.annotation), self._end(node.annotation), '"')


def _inner(node: ast.expr) -> ast.expr:
    """What is unpacked, of ``*a``."""
    return node.value if isinstance(node, ast.Starred) else node


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.isupper() and len(node.id) > 1


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _cached_properties(class_: ast.ClassDef) -> Iterator[Cached]:
    for method in class_.body:
        if isinstance(method, ast.FunctionDef) and method.returns is not None:
            if any(_is_name(decorator, "cached_property") for decorator in method.decorator_list):
                slot = f"_cached_{class_.name}_{method.name}"
                yield Cached(method, slot, ast.unparse(method.returns).strip("'"))


def extensions(level: str) -> list[Extension]:
    """The engine's modules as C, generated from a rewritten copy: a library for each group.

    Raises ImportError where there is no mypyc yet: a build asks for what it needs first.
    """
    from mypyc.build import mypycify

    shutil.rmtree(_COPY, ignore_errors=True)
    shutil.copytree(_SOURCES, _COPY, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (_COPY / "fwp_checks/replacing.py").write_text(_REPLACING, encoding="utf-8")
    groups: list[tuple[list[str], str | None]] = [
        (list(_rewrite(names)), f"fwp_checks_{group}") for group, names in _COMPILED.items()
    ]
    configuration = _COPY / "mypy.ini"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    made: list[Extension] = mypycify(
        ["--config-file", str(configuration), *(path for paths, _ in groups for path in paths)],
        separate=groups,
        multi_file=True,
        opt_level=level,
        debug_level="0",
    )
    for extension in made:
        # Every file of a group names the tables of the other groups: as one and the same. Nothing
        # else is called from outside by its name.
        options = ("-fcommon", "-fvisibility=hidden")
        extension.extra_compile_args = [*extension.extra_compile_args, *options]
    return made


def _rewrite(names: Iterable[str]) -> Iterator[str]:
    """Rewrite the modules at some places of the copy that have code to compile; their paths."""
    for path in [path for name in names for path in sorted((_COPY / "fwp_checks").glob(name))]:
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            text = module.read_text(encoding="utf-8")
            if _defines(ast.parse(text)):
                module.write_text(Rewriting(text).text(), encoding="utf-8")
                yield str(module)


def _defines(tree: ast.Module) -> bool:
    """Whether a module has code to compile: not only names of others, or enumerations."""
    return any(
        isinstance(node, ast.FunctionDef)
        or (isinstance(node, ast.ClassDef) and not any(_is_name(b, "Enum") for b in node.bases))
        for node in tree.body
    )


class Build(build_ext):
    """Compiles the libraries, beside one another."""

    def build_extension(self, ext: Extension) -> None:
        """Compile a library, its objects in a folder of its own: each has the runtime of mypyc."""
        own = copy.copy(self)
        own.build_temp = str(Path(self.build_temp) / ext.name)
        build_ext.build_extension(own, ext)

    def run(self) -> None:
        """Compile all libraries, if ``FWP_TRAIN`` says so twice.

        Raises SystemExit where that is no folder, CalledProcessError where it cannot be checked.
        """
        training = os.environ.get("FWP_TRAIN", "")
        if training and self.extensions:
            folder = _CASES if training == "cases" else Path(training)
            if training == "cases":
                write_cases(folder)
            if not folder.is_dir():
                sys.exit(f"setup.py: FWP_TRAIN is 'cases' or a folder, not {training!r}")
            plain = [(ext, ext.extra_compile_args, ext.extra_link_args) for ext in self.extensions]
            self._train(folder)
            # What was never run has no counts, of which GCC warns.
            using = ("-fprofile-use", "-Wno-missing-profile", "-Wno-error")
            for ext, compiling, linking in plain:
                ext.extra_compile_args = [*compiling, *using]
                ext.extra_link_args = linking
            self.force = True
        super().run()

    def _train(self, folder: Path) -> None:
        """Compile libraries that count what they do, and have them check the code of a folder."""
        shutil.rmtree(_TRAINED, ignore_errors=True)
        shutil.copytree(_SOURCES, _TRAINED, ignore=shutil.ignore_patterns("*.egg-info"))
        counting = copy.copy(self)
        counting.build_lib, counting.inplace = str(_TRAINED), False
        for ext in self.extensions:
            ext.extra_compile_args = [*ext.extra_compile_args, "-fprofile-generate"]
            ext.extra_link_args = [*ext.extra_link_args, "-fprofile-generate"]
        build_ext.run(counting)
        where = os.pathsep.join(map(str, (_TRAINED.resolve(), Path("lint_plugins").resolve())))
        checking = (*("-m", "fwp_plugins", "check", "--preview", "--no-cache"), "--exit-zero")
        for project in sorted(path for path in folder.resolve().iterdir() if path.is_dir()):
            # One process: what copies of it count is lost. 2: some file cannot be parsed.
            done = subprocess.run(
                [sys.executable, *checking, "--jobs", "1", "--output", os.devnull, project],
                env={**os.environ, "PYTHONPATH": where},
                check=False,
            )
            if done.returncode not in (0, 2):
                done.check_returncode()


def write_cases(folder: Path) -> None:
    """Write the programs of all rule pages, beside one another in a project for each family of
    rules: what there is to check of a large project is in many small ones, too.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from tests.rules.markdown import pages

    shutil.rmtree(folder, ignore_errors=True)
    for page in pages():
        for case in page.cases:
            family = folder / case.rule_code[:4]
            case.write(family / case.name)
            # A root of its own: else it would be part of the build folder, which is never checked.
            (family / "fwp.toml").touch()


def main() -> None:
    """Build what is asked for; from Python alone unless ``FWP_COMPILE`` is set.

    Raises SystemExit where that is no level of optimization.
    """
    made: list[Extension] = []
    required: list[str] = []
    level = os.environ.get("FWP_COMPILE", "")
    if level not in ("", "0", "1", "2", "3"):
        sys.exit(f"setup.py: FWP_COMPILE is a level of optimization, 0 to 3, not {level!r}")
    if level:
        required = ["mypy>=2"]
        if {"bdist_wheel", "build_ext"} & set(sys.argv):
            made = extensions(level)
    options = {"build_ext": {"parallel": os.cpu_count()}}
    setup(
        ext_modules=made,
        setup_requires=required,
        options=options,
        cmdclass={"build_ext": Build} if made else {},
    )


if __name__ == "__main__":
    main()
