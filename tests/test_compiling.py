"""What setup.py rewrites before it compiles: a module means the same before and after."""

from __future__ import annotations

import ast
import copy
import pickle
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fwp_checks.session import Session
from tests.rules.markdown import pages

_ROOT = Path(__file__).parents[1]
_SOURCE = '''
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from elsewhere import Other

KINDS = ("a", "b")
LIMIT: int = 3


@dataclass(slots=True, unsafe_hash=True)
class Point:
    """A point."""

    x: int
    y: int = LIMIT
    others: tuple[Other, ...] = ()
    origin: str = field(default="here", compare=False)
    dimensions: ClassVar[int] = 2

    def moved(self, by: int) -> Point:
        return replace(self, x=self.x + by)


@dataclass
class Bag:
    items: list[str] = field(default_factory=list)

    @cached_property
    def first(self) -> str | None:
        """The first item."""
        calls.append("first")
        return self.items[0] if self.items else None


@dataclass(slots=True, eq=False)
class Node:
    name: str = "ä"


class Plain:
    @cached_property
    def size(self) -> int:
        calls.append("size")
        return len([kind for kind in (*KINDS, "c")])

    def knows(self, kind: str) -> bool:
        return kind in (*KINDS, "c")


class Pair(NamedTuple):
    left: Point
    right: Other | None = None


calls: list[str] = []
'''
_UNPACKING = """
from __future__ import annotations

ran: list[str] = []


def generated(name: str):
    ran.append(name)
    yield name


def made(name: str) -> str:
    ran.append(name)
    return name


def given(*values: str) -> list[str]:
    return list(values)


def listed() -> list[str]:
    return [*generated("a"), made("b"), *generated("c"), made("d")]


def tupled() -> list[str]:
    return list((*generated("a"), *generated("b"), made("c")))


def collected() -> list[str]:
    return sorted({*generated("a"), made("b")})


def called() -> list[str]:
    return given(*generated("a"), made("b"), *generated("c"))


def around() -> list[str]:
    return [kind for kind in (*generated("a"), *[*generated("b"), made("c")])]
"""


class _Unpacking(ast.NodeTransformer):
    """Unpacks in displays and calls as mypyc does: when all that stands there has been evaluated
    (``_visit_display`` in mypyc/irbuild/expression.py of mypy 2.4).
    """

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            if any(isinstance(item, ast.Starred) for item in node.elts):
                node.elts = [self._unpacked(node.elts)]
        elif isinstance(node, ast.Call) and any(isinstance(a, ast.Starred) for a in node.args):
            node.args = [self._unpacked(node.args)]
        return node

    @staticmethod
    def _unpacked(items: list[ast.expr]) -> ast.expr:
        pairs: list[ast.expr] = [
            ast.Tuple([ast.Constant(True), item.value], ast.Load())
            if isinstance(item, ast.Starred)
            else ast.Tuple([ast.Constant(False), item], ast.Load())
            for item in items
        ]
        return ast.Starred(ast.Call(ast.Name("unpack", ast.Load()), pairs, []), ast.Load())


def _unpack(*items: tuple[bool, Any]) -> Iterator[Any]:
    for is_starred, item in items:
        yield from item if is_starred else [item]


@pytest.fixture(scope="module")
def building() -> ModuleType:
    """``setup.py`` itself."""
    return _load("building", _ROOT / "setup.py")


@pytest.fixture(params=["written", "rewritten"])
def module(
    request: pytest.FixtureRequest, tmp_path: Path, building: ModuleType
) -> Iterator[ModuleType]:
    """The module as it stands, and as it is compiled."""
    text = _SOURCE
    if request.param == "rewritten":
        text = building.Rewriting(_SOURCE).text()
        text = text.replace("from fwp_checks.replacing import replace", building._REPLACING)
        assert "dataclass" not in text
        assert "cached_property" not in text.replace("import cached_property", "")
    path = tmp_path / "sample.py"
    path.write_text(text, encoding="utf-8")
    yield _load("sample", path)
    del sys.modules["sample"]


def _load(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_fields_and_their_defaults(module: Any) -> None:
    point = module.Point(1)
    assert (point.x, point.y, point.others, point.origin) == (1, 3, (), "here")
    assert module.Point.__match_args__ == ("x", "y", "others", "origin")
    assert repr(point) == "Point(x=1, y=3, others=(), origin='here')"
    assert module.Node().name == "ä"


def test_what_is_compared(module: Any) -> None:
    point = module.Point(1)
    assert point == module.Point(1, origin="there") and point != module.Point(2)
    assert hash(point) == hash(module.Point(1, origin="there"))
    assert point != "Point" and module.Node() != module.Node()


def test_copies(module: Any) -> None:
    point = module.Point(1, origin="there")
    assert point.moved(4) == module.Point(5) and point.moved(4).origin == "there"
    assert copy.copy(point) == point
    assert pickle.loads(pickle.dumps(point)).origin == "there"


def test_what_is_made_for_each_object(module: Any) -> None:
    one, other = module.Bag(), module.Bag()
    one.items.append("a")
    assert other.items == [] and one != other


def test_cached_properties_are_asked_once(module: Any) -> None:
    plain, bag = module.Plain(), module.Bag()
    assert [plain.size, plain.size, bag.first, bag.first] == [3, 3, None, None]
    assert module.calls == ["size", "first"]


def test_displays_with_stars(module: Any) -> None:
    assert module.Plain().knows("c") and not module.Plain().knows("d")


def test_tuples_with_names(module: Any) -> None:
    assert module.Pair(module.Point(1)) == (module.Point(1), None)


@pytest.mark.parametrize("function", ["listed", "tupled", "collected", "called", "around"])
def test_what_is_unpacked_runs_where_it_stands(building: ModuleType, function: str) -> None:
    tree = ast.parse(building.Rewriting(_UNPACKING).text())
    _Unpacking().visit(tree)
    module: dict[str, Any] = {"unpack": _unpack}
    exec(compile(ast.fix_missing_locations(tree), "sample.py", "exec"), module)
    assert module[function]() == module["ran"] == sorted(module["ran"])


def test_programs_to_train_with(building: ModuleType, tmp_path: Path) -> None:
    building.write_cases(tmp_path / "build")
    for page in pages():
        for case in page.cases:
            family = tmp_path / "build" / case.rule_code[:4]
            for path, text in case.files.items():
                assert (family / case.name / path).read_text(encoding="utf-8") == text
    (tmp_path / "fwp.toml").write_text('exclude = ["build"]\n', encoding="utf-8")
    for family in (tmp_path / "build").iterdir():
        assert Session.open(family, cache_dir=False).root == family


def test_places_are_numbers(building: ModuleType) -> None:
    text = building.Rewriting("from __future__ import annotations\n\nx = terms[entry[1]][1]").text()
    assert text.endswith("x = terms[_as(int, entry[1])][1]")
