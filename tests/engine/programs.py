"""Small web programs of several files, made at random: helpers, classes, handlers, imports.

They always parse, and mean something to the linter: handlers of a FastAPI application call helpers
in other files, which block, await or hand work to threads. What they compute makes no sense.

Local variables and parameters come from :data:`LOCALS` and have no other use in the text, so that
:func:`renamed` can give them other names everywhere at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

LOCALS = ("value_a", "value_b", "value_c", "value_d", "value_e", "value_f")
TELLING = ("session", "cursors", "db_conn", "clients", "urlopen", "fetcher", "engines", "queries")
"""Names as long as the local ones that sound as if they blocked."""

# Import statements with what they offer: a call in any code, and one in asynchronous code.
_LIBRARIES: tuple[tuple[str, str, str], ...] = (
    ("import requests", "requests.get({})", "requests.post({})"),
    ("from requests import get as fetch_page", "fetch_page({})", "fetch_page({})"),
    ("import time", "time.sleep({})", "time.monotonic()"),
    ("from subprocess import run", "run({})", "run({})"),
    ("import asyncio", "asyncio.run({})", "await asyncio.to_thread({})"),
    ("from asyncio import sleep as pause", "pause({})", "await pause({})"),
    ("import httpx", "httpx.Client().get({})", "await httpx.AsyncClient().get({})"),
    ("import redis", "redis.Redis().get({})", "redis.Redis.from_url({}).ping()"),
    ("from starlette.concurrency import run_in_threadpool as away", "away({})", "await away({})"),
    ("import functools", "functools.partial({})()", "functools.partial({})()"),
    ("from pathlib import Path", "Path({}).read_text()", "Path({}).exists()"),
    ("import hashlib", "hashlib.pbkdf2_hmac('sha256', {}, b'', 1)", "hashlib.md5({})"),
)
_ANNOTATIONS = ("int", "'str | None'", "list[bytes]", "Unknown", "'broken['")


@dataclass(frozen=True)
class Helper:
    """A function of the program that others may call."""

    name: str
    module: str
    is_async: bool
    in_class: bool

    @property
    def exported(self) -> str:
        """The name that a module offers: the function or the instance that has it as a method."""
        return f"thing_{self.name}" if self.in_class else self.name

    def called_on(self, base: str) -> str:
        """A call of the function with one argument to be filled in."""
        return f"{base}.{self.name}({{}})" if self.in_class else f"{base}({{}})"


@dataclass(frozen=True)
class Module:
    """One file: import statements in any order, and the code below them."""

    imports: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Program:
    """Files by path, relative to the root."""

    modules: Mapping[str, Module]

    def texts(self) -> dict[str, str]:
        """The text of each file."""
        return {
            path: "\n".join([*module.imports, module.code]) for path, module in self.modules.items()
        }

    def write(self, root: Path) -> None:
        """Write the files into a folder, which becomes a project."""
        (root / "pyproject.toml").touch()
        for path, text in self.texts().items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")


def renamed(program: Program, names: Sequence[str]) -> Program:
    """The program with other names for its local variables, in the order of :data:`LOCALS`."""
    new = dict(zip(LOCALS, names, strict=True))

    def rename(text: str) -> str:
        return re.sub("|".join(LOCALS), lambda match: new[match.group()], text)

    return Program(
        {
            path: replace(module, code=rename(module.code))
            for path, module in program.modules.items()
        }
    )


def with_imports(program: Program, reorder: Callable[[tuple[str, ...]], Sequence[str]]) -> Program:
    """The program with the import statements of each file in another order."""
    return Program(
        {
            path: replace(module, imports=tuple(reorder(module.imports)))
            for path, module in program.modules.items()
        }
    )


@dataclass(frozen=True)
class _Scope:
    """What may be written at a place; calls have a gap for their argument."""

    calls: tuple[str, ...]
    async_calls: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    is_async: bool = False
    in_loop: bool = False
    in_function: bool = True
    depth: int = 3

    def deeper(self, **changes: object) -> _Scope:
        return replace(self, depth=self.depth - 1, **changes)  # type: ignore[arg-type]

    @property
    def plain(self) -> _Scope:
        """The same place inside a function that is not asynchronous."""
        return self.deeper(is_async=False, in_loop=False, in_function=True)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Programs of two to five files."""
    paths = draw(
        st.lists(
            st.sampled_from(["app/one.py", "app/two.py", "app/sub/three.py", "tools.py"]),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    helpers = [
        Helper(f"helper_{number}", draw(st.sampled_from(paths)), draw(st.booleans()), in_class)
        for number, in_class in enumerate(draw(st.lists(st.booleans(), min_size=1, max_size=5)))
    ]
    modules = {path: _module(draw, path, helpers) for path in paths}
    modules["app/main.py"] = _main(draw, helpers)
    for package in ("app", "app/sub"):
        if draw(st.booleans()):
            modules[f"{package}/__init__.py"] = Module((), "")
    return Program(modules)


def _module(draw: st.DrawFn, path: str, helpers: list[Helper]) -> Module:
    imports, scope = _imports(draw, path, helpers)
    parts = ["shared_state = {}"]
    for helper in helpers:
        if helper.module == path:
            parts.append(_helper(draw, helper, scope))
    parts += _statements(draw, replace(scope, in_function=False, depth=1))
    return Module(imports, "\n".join(parts) + "\n")


def _main(draw: st.DrawFn, helpers: list[Helper]) -> Module:
    imports, scope = _imports(draw, "app/main.py", helpers)
    parts = ["api = FastAPI()", "shared_state = {}"]
    for number in range(draw(st.integers(1, 3))):
        parts.append(_handler(draw, number, scope))
    return Module((*imports, "from fastapi import Depends, FastAPI"), "\n".join(parts) + "\n")


def _imports(draw: st.DrawFn, path: str, helpers: list[Helper]) -> tuple[tuple[str, ...], _Scope]:
    """Import statements for a file, and a scope with what they offer."""
    libraries = draw(st.lists(st.sampled_from(_LIBRARIES), min_size=1, max_size=4, unique=True))
    statements = [statement for statement, _, _ in libraries]
    calls = [call for _, call, _ in libraries]
    async_calls = [call for _, _, call in libraries]
    functions = []
    for helper in helpers:
        base = helper.exported
        if helper.module != path:
            statement, base = _import_of(draw, helper, path)
            statements.append(statement)
        call = helper.called_on(base)
        calls.append(call)
        async_calls.append(f"await {call}" if helper.is_async else call)
        functions.append(f"{base}.{helper.name}" if helper.in_class else base)
    unique = tuple(dict.fromkeys(statements))
    return unique, _Scope(tuple(calls), tuple(async_calls), tuple(functions))


def _import_of(draw: st.DrawFn, helper: Helper, path: str) -> tuple[str, str]:
    """An import statement for a helper of another file, and the name that it then has."""
    package, _, module = helper.module.removesuffix(".py").replace("/", ".").rpartition(".")
    exported = helper.exported
    ways = [
        (f"from {package}.{module} import {exported}".replace("from .", "from "), exported),
        (
            f"from {package}.{module} import {exported} as other_{exported}".replace(
                "from .", "from "
            ),
            f"other_{exported}",
        ),
    ]
    if package:
        ways.append((f"from {package} import {module}", f"{module}.{exported}"))
        ways.append((f"import {package}.{module}", f"{package}.{module}.{exported}"))
        ways.append(
            (f"import {package}.{module} as {module}_module", f"{module}_module.{exported}")
        )
    else:
        ways.append((f"import {module}", f"{module}.{exported}"))
    if package == "app" and path.startswith("app/") and path.count("/") == 1:
        ways.append((f"from .{module} import {exported}", exported))
    return draw(st.sampled_from(ways))


def _helper(draw: st.DrawFn, helper: Helper, scope: _Scope) -> str:
    parameter, other = draw(st.permutations(LOCALS))[:2]
    inside = replace(scope, is_async=helper.is_async)
    body = _statements(draw, inside)
    keyword = "async def" if helper.is_async else "def"
    annotation = draw(st.sampled_from(["", *(f": {name}" for name in _ANNOTATIONS)]))
    decorators = draw(
        st.sampled_from([[], ["@staticmethod"] if helper.in_class else [], ["@unknown.thing(1)"]])
    )
    first = "self, " if helper.in_class and decorators != ["@staticmethod"] else ""
    parameters = f"{first}{parameter}{annotation} = None, *{other}"
    function = [*decorators, f"{keyword} {helper.name}({parameters}):", *_indented(body)]
    if not helper.in_class:
        return "\n".join(function)
    made = ["def __init__(self):", *_indented([f"self.part = {_expression(draw, scope.plain)}"])]
    lines = [f"class Class_{helper.name}:", *_indented(made), *_indented(function)]
    return "\n".join([*lines, f"{helper.exported} = Class_{helper.name}()"])


def _handler(draw: st.DrawFn, number: int, scope: _Scope) -> str:
    decorator = draw(
        st.sampled_from(
            [
                f"@api.get('/{number}')",
                f"@api.post('/{number}')",
                f"@api.websocket('/{number}')",
                "@api.middleware('http')",
                "@api.on_event('startup')",
                "",
            ]
        )
    )
    is_async = draw(st.integers(0, 3)) > 0
    local = draw(st.sampled_from(LOCALS))
    parameters = [f"{local}: int = 0"]
    if draw(st.booleans()):
        parameters.append(f"needed=Depends({draw(st.sampled_from(scope.functions))})")
    body = _statements(draw, replace(scope, is_async=is_async))
    keyword = "async def" if is_async else "def"
    lines = [f"{keyword} handler_{number}({', '.join(parameters)}):", *_indented(body)]
    return "\n".join([decorator, *lines] if decorator else lines)


def _statements(draw: st.DrawFn, scope: _Scope) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        makers = _SIMPLE if scope.depth <= 0 else _SIMPLE + _COMPOUND
        lines += draw(st.sampled_from(makers))(draw, scope)
    return lines


def _expression(draw: st.DrawFn, scope: _Scope) -> str:
    local = draw(st.sampled_from(LOCALS))
    if scope.depth <= 0:
        return draw(st.sampled_from([local, "1", "'text'", "shared_state"]))
    inner = scope.deeper()
    calls = scope.async_calls if scope.is_async else scope.calls
    kind = draw(st.sampled_from(["call"] * 5 + ["name"] * 2 + list(_EXPRESSIONS)))
    if kind == "call":
        return draw(st.sampled_from(calls)).format(_argument(draw, inner))
    if kind == "name":
        return local
    template = _EXPRESSIONS[kind]
    place = scope.plain if kind in ("lambda", "generator") else inner
    return template.format(local=local, one=_expression(draw, place), two=_expression(draw, place))


_EXPRESSIONS = {
    "lambda": "(lambda {local}=1: {one})",
    "generator": "({one} for {local} in [{two}])",
    "list": "[{one} for {local} in [{two}] if {local}]",
    "choice": "({one} if {local} else {two})",
    "walrus": "[{local} := {one}][0]",
    "text": "f'{{{local}!r:>{{1}}}} {{ {local} }}'",
    "attribute": "({one}).part",
    "item": "({one})[{two}]",
    "dictionary": "{{**({one}), {local}: {two}}}",
    "both": "({one} and {two})",
    "compared": "({one} == {two})",
}


def _argument(draw: st.DrawFn, scope: _Scope) -> str:
    """An argument of a call: a value, or something to call."""
    kind = draw(st.sampled_from(["value", "value", "function", "lambda"]))
    if kind == "function" and scope.functions:
        return draw(st.sampled_from(scope.functions))
    if kind == "lambda":
        return f"lambda: {_expression(draw, scope.plain)}"
    return _expression(draw, scope)


def _assign(draw: st.DrawFn, scope: _Scope) -> list[str]:
    one, two = draw(st.permutations(LOCALS))[:2]
    target = draw(
        st.sampled_from([one, f"{one}, *{two}", f"shared_state[{one}]", f"{one} = {two}"])
    )
    return [f"{target} = {_expression(draw, scope)}"]


def _annotated(draw: st.DrawFn, scope: _Scope) -> list[str]:
    annotation = draw(st.sampled_from(_ANNOTATIONS))
    return [f"{draw(st.sampled_from(LOCALS))}: {annotation} = {_expression(draw, scope)}"]


def _call(draw: st.DrawFn, scope: _Scope) -> list[str]:
    return [_expression(draw, scope)]


def _leave(draw: st.DrawFn, scope: _Scope) -> list[str]:
    choices = ["pass", f"assert {_expression(draw, scope)}"]
    if scope.in_function:
        choices += [f"return {_expression(draw, scope)}", f"raise {_expression(draw, scope)}"]
    if scope.in_loop:
        choices += ["break", "continue"]
    return [draw(st.sampled_from(choices))]


def _if(draw: st.DrawFn, scope: _Scope) -> list[str]:
    inner = scope.deeper()
    lines = [f"if {_expression(draw, inner)}:", *_indented(_statements(draw, inner))]
    if draw(st.booleans()):
        lines += ["else:", *_indented(_statements(draw, inner))]
    return lines


def _loop(draw: st.DrawFn, scope: _Scope) -> list[str]:
    inner = scope.deeper(in_loop=True)
    heads = [f"for {draw(st.sampled_from(LOCALS))} in", "while"]
    if scope.is_async:
        heads.append(f"async for {draw(st.sampled_from(LOCALS))} in")
    head = draw(st.sampled_from(heads))
    return [f"{head} {_expression(draw, inner)}:", *_indented(_statements(draw, inner))]


def _try(draw: st.DrawFn, scope: _Scope) -> list[str]:
    inner = scope.deeper()
    return [
        "try:",
        *_indented(_statements(draw, inner)),
        f"except (ValueError, Unknown) as {draw(st.sampled_from(LOCALS))}:",
        *_indented(_statements(draw, inner)),
        "finally:",
        *_indented(_statements(draw, inner)),
    ]


def _with(draw: st.DrawFn, scope: _Scope) -> list[str]:
    inner = scope.deeper()
    keyword = "async with" if scope.is_async and draw(st.booleans()) else "with"
    target = draw(st.sampled_from(LOCALS))
    head = f"{keyword} {_expression(draw, inner)} as {target}:"
    return [head, *_indented(_statements(draw, inner))]


def _match(draw: st.DrawFn, scope: _Scope) -> list[str]:
    inner = scope.deeper()
    one, two = draw(st.permutations(LOCALS))[:2]
    return [
        f"match {_expression(draw, inner)}:",
        f"    case [1, *{one}] | {{'key': {one}}} if {two}:",
        *_indented(_indented(_statements(draw, inner))),
        "    case _:",
        "        pass",
    ]


def _function(draw: st.DrawFn, scope: _Scope) -> list[str]:
    one, two = draw(st.permutations(LOCALS))[:2]
    is_async = draw(st.booleans())
    inner = scope.deeper(is_async=is_async, in_loop=False, in_function=True)
    keyword = "async def" if is_async else "def"
    call = f"await {one}(1)" if is_async and scope.is_async else f"{one}(1)"
    body = _statements(draw, inner)
    if draw(st.booleans()):
        body.append(f"yield {two}")
    return [f"{keyword} {one}({two}, **kwargs):", *_indented(body), call]


_SIMPLE: list[Callable[[st.DrawFn, _Scope], list[str]]] = [
    _assign,
    _assign,
    _annotated,
    _call,
    _leave,
]
_COMPOUND: list[Callable[[st.DrawFn, _Scope], list[str]]] = [
    _if,
    _loop,
    _try,
    _with,
    _match,
    _function,
]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
