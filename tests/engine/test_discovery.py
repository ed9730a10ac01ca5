"""Which folder is the project, which files are read, what they are called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fwp_checks.project.files.discovery import find_root, is_test_path, python_files, python_paths
from fwp_checks.project.files.roots import (
    SourceRoots,
    inner_names,
    module_names,
    sees,
    source_roots,
)
from fwp_checks.settings import Settings
from tests.engine.trees import linked


def make(root: Path, files: str) -> Path:
    """Make empty files (``name``), folders (``name/``) and files with a text (``name=text``)."""
    for entry in files.split(" "):
        name, _, text = entry.partition("=")
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("~", "\n"))
    return root


def read_files(root: Path, **settings: object) -> list[str]:
    return relative(root, python_files(root, Settings(**settings)))  # type: ignore[arg-type]


def relative(root: Path, files: list[Path]) -> list[str]:
    return [file.relative_to(root).as_posix() for file in files]


def roots_of(root: Path, **settings: object) -> SourceRoots:
    files = python_paths(root, Settings())
    return source_roots(root, files, Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "start", "expected"),
    [
        # settings, then a repository, then project files
        (
            "r/.git/ r/a/pyproject.toml=[tool.fwp] r/a/b/pyproject.toml r/a/b/c.py",
            "r/a/b/c.py",
            "r/a",
        ),
        ("r/.git/ r/a/fwp.toml r/a/b/c.py", "r/a/b", "r/a"),
        ("r/.git/ r/a/pyproject.toml r/a/b.py", "r/a/b.py", "r"),
        ("r/.git=gitdir r/a/setup.py r/a/b.py", "r/a/b.py", "r"),
        ("r/.git/ r/sub/.git=gitdir r/sub/a/b.py", "r/sub/a/b.py", "r/sub"),
        ("r/pyproject.toml r/a/manage.py r/a/b/c.py", "r/a/b/c.py", "r"),
        ("r/pyproject.toml=[tool.fwpx] r/a/setup.cfg r/a/b.py", "r/a", "r"),
        # broken settings are found, so that they are reported
        ("r/.git/ r/a/pyproject.toml=[tool.fwp]~] r/a/b.py", "r/a", "r/a"),
        # nothing at all: the folder, or the one above the package
        ("r/a/b.py", "r/a/b.py", "r/a"),
        ("r/p/__init__.py r/p/q/__init__.py r/p/q/b.py", "r/p/q/b.py", "r"),
        # a repository without its history, whose top is a package
        ("r/__init__.py r/.github/ r/p/__init__.py r/p/b.py", "r/p/b.py", "r"),
        # a home with a repository or settings of tools is no project
        (".git/ r/a.py", "r/a.py", "r"),
        (".git/ pyproject.toml r/pyproject.toml r/a.py", "r/a.py", "r"),
        # a home that is a project, as in containers
        ("manage.py app/views.py", "app/views.py", "."),
        ("fwp.toml app/views.py", "app/views.py", "."),
    ],
)
def test_the_root(home: Path, files: str, start: str, expected: str) -> None:
    make(home, files)
    assert find_root(home / start) == home / expected


def test_the_root_of_a_path_with_dots(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(home, "r/.git/ r/a/b.py r/c/")
    monkeypatch.chdir(home / "r" / "c")
    assert find_root(Path("../a/b.py")) == home / "r"
    assert find_root(Path()) == home / "r"


def test_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert find_root(make(tmp_path, "r/.git/ r/a/b.py") / "r/a/b.py") == tmp_path / "r"


def test_files_are_sorted_and_foreign_code_is_left_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b.py a/c.py a/b.py a/d.pyi a/e.txt a/__pycache__/x.py .hidden/x.py node_modules/x.py"
        " .venv/x.py venv/x.py my_env/pyvenv.cfg my_env/x.py conda/conda-meta/x conda/x.py"
        " vendored/lib/site-packages/x.py build/x.py dist/x.py .tox/x.py a/.git/x.py folder.py/f.py"
        " pkg/build/__init__.py pkg/build/y.py env/__init__.py",
    )
    assert read_files(tmp_path) == [
        "a/b.py",
        "a/c.py",
        "b.py",
        "env/__init__.py",
        "folder.py/f.py",
        "pkg/build/__init__.py",
        "pkg/build/y.py",
    ]


def test_a_module_beside_a_package_of_its_name(tmp_path: Path) -> None:
    make(tmp_path, "app.py app/__init__.py app/models.py app/models/__init__.py app/a/b.py")
    make(tmp_path, "app/a/b/__init__.py app/views.py app/views/")
    # The first may be a script; the last has no package beside it.
    assert read_files(tmp_path) == [
        "app.py", "app/__init__.py", "app/a/b/__init__.py", "app/models/__init__.py",
        "app/views.py",
    ]  # fmt: skip
    assert read_files(tmp_path / "app") == [
        "__init__.py", "a/b/__init__.py", "models/__init__.py", "views.py"
    ]  # fmt: skip


def test_excluded_files(tmp_path: Path) -> None:
    make(tmp_path, "a/migrations/x.py a/b.py c/b.py c/d_pb2.py")
    assert read_files(tmp_path, exclude=("migrations", "c/b.py", "*_pb2.py")) == ["a/b.py"]


def test_test_code_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    make(tmp_path, "a/b.py a/tests/b.py a/test_c.py conftest.py tests/sub/d.py")
    assert read_files(tmp_path) == ["a/b.py"]
    everything = ["a/b.py", "a/test_c.py", "a/tests/b.py", "conftest.py", "tests/sub/d.py"]
    assert read_files(tmp_path, include_tests=True) == everything
    named = python_files(tmp_path, Settings(), [tmp_path / "tests"])
    assert relative(tmp_path, named) == ["tests/sub/d.py"]


def test_named_files_are_always_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/b.py .hidden/x.py tests/t.py script gen/g.py")
    paths = [tmp_path / "script", tmp_path / ".hidden/x.py", tmp_path / "tests/t.py"]
    named = python_files(tmp_path, Settings(exclude=("gen",)), [*paths, tmp_path / "gen/g.py"])
    assert relative(tmp_path, named) == [".hidden/x.py", "gen/g.py", "script", "tests/t.py"]
    monkeypatch.chdir(tmp_path / "a")
    named = python_files(tmp_path, Settings(), [Path("b.py"), Path(), Path("../script")])
    assert relative(tmp_path, named) == ["a/b.py", "script"]


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    make(tmp_path, "r/a.py b.py")
    with pytest.raises(FileNotFoundError, match=r"nothing\.py: no such file or folder"):
        python_files(tmp_path / "r", Settings(), [tmp_path / "r/nothing.py"])
    with pytest.raises(ValueError, match=r"b\.py: lies outside the project"):
        python_files(tmp_path / "r", Settings(), [tmp_path / "b.py"])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links(tmp_path: Path) -> None:
    make(tmp_path, "a/b.py other/c.py")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "d.py").symlink_to(tmp_path / "other" / "c.py")
    (tmp_path / "a" / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a" / "itself.py").symlink_to(tmp_path / "a" / "itself.py")
    (tmp_path / "pyproject.toml").symlink_to(tmp_path / "pyproject.toml")
    assert find_root(tmp_path / "a") == tmp_path / "a"
    assert read_files(tmp_path) == ["a/b.py", "a/d.py", "other/c.py"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("app/test/a.py", True),
        ("app/tests.py", True),
        ("app/test_views.py", True),
        ("app/views_test.py", True),
        ("conftest.py", True),
        ("integration_tests/a.py", True),
        ("unittests/base.py", True),
        ("tests_e2e/a.py", True),
        ("packages/pytest-shop/src/pytest_shop/stack.py", True),
        ("app/pytest_shop/stack.py", True),
        ("app/pytest.py", False),
        ("app/testing/a.py", False),
        ("app/test.py", False),
        ("app/latest.py", False),
        ("app/contest/a.py", False),
        ("app/attest_views.py", False),
        ("tests.d/a.py", False),
    ],
)
def test_test_paths(path: str, expected: bool) -> None:
    assert is_test_path(path) is expected


@pytest.mark.parametrize(
    ("files", "shared", "local"),
    [
        ("main.py app/db.py", ("",), ()),
        ("pyproject.toml src/app/__init__.py", ("", "src"), ()),
        ("src/__init__.py src/app/__init__.py", ("",), ()),
        # a program in a folder of its own
        ("backend/main.py backend/routers/users.py scripts/seed.py", ("",), ("backend", "scripts")),
        ("setup.py backend/app.py backend/routers/users.py", ("",), ("backend",)),
        ("manage.py backend/requirements.txt backend/api.py tools/x.py", ("",), ("backend",)),
        ("backend/app/__init__.py backend/app/main.py", ("",), ("backend",)),
        # several projects in one
        (
            "libs/http/pyproject.toml libs/http/src/http_lib/__init__.py shop/manage.py shop/b.py",
            ("", "shop", "libs/http", "libs/http/src"),
            (),
        ),
        # a package that is started as a program
        ("apps/__init__.py apps/manage.py apps/users/__init__.py", ("", "apps"), ()),
        # namespace packages keep their full name
        ("src/company/api/__init__.py src/company/db/__init__.py", ("", "src"), ()),
        # what configurations name
        (
            'pyproject.toml=[tool.setuptools.packages.find]~where=["lib","one"] lib/a/__init__.py',
            ("lib", ""),
            (),
        ),
        (
            "pyproject.toml=[tool.setuptools.package-dir]~''='lib' lib/a/__init__.py",
            ("lib", ""),
            (),
        ),
        ("setup.cfg=[options.packages.find]~where=./lib lib/a/__init__.py", ("lib", ""), ()),
        ("setup.cfg=[options]~package_dir=~\t=lib lib/a/__init__.py", ("lib", ""), ()),
        (
            "pyproject.toml=[[tool.poetry.packages]]~include='a'~from='lib' lib/a/__init__.py",
            ("lib", ""),
            (),
        ),
        (
            "pyproject.toml=[tool.hatch.build.targets.wheel]~packages=['l/a','b'] l/a/__init__.py",
            ("l", ""),
            (),
        ),
        (
            "pyproject.toml=[tool.pytest.ini_options]~pythonpath='lib' lib/a/__init__.py",
            ("lib", ""),
            (),
        ),
        ("x/pyproject.toml=[tool.uv.build-backend]~module-root='l' x/l/a.py", ("", "x/l", "x"), ()),
        ("pyproject.toml=[tool.pyright]~extraPaths=['../x','/y',1] a.py", ("",), ()),
        ("pyproject.toml=broken setup.cfg=broken a.py", ("",), ()),
    ],
)
def test_source_roots(
    tmp_path: Path, files: str, shared: tuple[str, ...], local: tuple[str, ...]
) -> None:
    make(tmp_path, files)
    roots = roots_of(tmp_path)
    assert (roots.shared, roots.local) == (shared, local)


def test_roots_of_the_settings_come_first(tmp_path: Path) -> None:
    make(tmp_path, "pyproject.toml src/a.py odd/place/b/__init__.py")
    roots = roots_of(tmp_path, source_roots=("odd/place",))
    assert roots == SourceRoots(("odd/place", "", "src"), ())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app/main.py", ["app.main", "src.app.main"]),
        ("src/app/__init__.py", ["app", "src.app"]),
        ("src/__init__.py", ["src"]),
        ("src/company/api/v1.py", ["company.api.v1", "src.company.api.v1"]),
        ("backend/routers/users.py", ["routers.users", "backend.routers.users"]),
        ("main.py", ["main"]),
        ("__init__.py", []),
        ("my-tools/a.py", ["a"]),
        ("my-tools/b-c.py", []),
        ("app/0001_initial.py", []),
        ("script", []),
        ("srcx/a.py", ["srcx.a"]),
    ],
)
def test_names(path: str, expected: list[str]) -> None:
    roots = SourceRoots(("", "src"), ("backend", "my-tools"))
    assert module_names(path, roots) == expected


def test_names_under_guessed_roots_are_seen_from_there_only() -> None:
    roots = SourceRoots(("", "libs/http"), ("tools",))
    assert sees("tools/sync.py", "tools/redis.py", "redis", roots)
    assert not sees("app/main.py", "tools/redis.py", "redis", roots)
    assert sees("app/main.py", "tools/redis.py", "tools.redis", roots)
    assert sees("app/main.py", "libs/http/http_lib/__init__.py", "http_lib", roots)
    assert not sees("tools/sync.py", "tools/redis.py", "sync", roots)
    assert not sees("tools/sync.py", "tools/redis.py", "dis", roots)


@pytest.mark.parametrize(
    ("files", "inner", "package"),
    [
        ("p/__init__.py p/a.py p/q/__init__.py p/q/b.py", (), ""),
        # a whole program or repository is a package
        ("p/__init__.py p/.gitignore p/q/__init__.py p/q/requirements.txt", ("p",), ""),
        ("s/p/__init__.py s/p/compose.yaml", ("s/p",), ""),
        ("__init__.py p/__init__.py p/b.py", (), "top"),
        # a script, and what changes the path
        ("p/__init__.py p/q/__init__.py p/q/b.py=if~__name__=='__main__':pass", ("p/q",), ""),
        ("p/__init__.py p/q/__init__.py p/q/b.py=sys.path.append(x)", ("p", "p/q"), ""),
        # they are on the import path anyway
        ("p/__init__.py p/manage.py=__main__ x/b.py=__main__", (), ""),
    ],
)
def test_packages_that_code_is_started_in(
    tmp_path: Path, files: str, inner: tuple[str, ...], package: str
) -> None:
    root = make(tmp_path / "top", files)
    found = python_paths(root, Settings())
    contents = {path: (root / path).read_bytes() for path in found}
    roots = source_roots(root, found, Settings(), contents)
    assert (roots.inner, roots.package) == (inner, package)


@pytest.mark.parametrize(
    ("files", "added"),
    [
        # a folder of the same name, wherever it lies
        ("a/store/b.py ui/main.py=sys.path.append('/srv/x/store/')", ("a/store",)),
        ("a/store/b.py ui/main.py=sys_path.insert(0,'store')", ("a/store",)),
        ("a/store/b.py ui/main.py=path.append('store')", ()),
        # those above the file itself
        ("a/b/c/d.py=sys.path.append(f(__file__))", ("a", "a/b", "a/b/c")),
        # from where everything is imported anyway
        ("src/p/b.py main.py=sys.path.append('src')", ()),
    ],
)
def test_folders_that_code_puts_on_the_import_path(
    tmp_path: Path, files: str, added: tuple[str, ...]
) -> None:
    root = make(tmp_path / "top", files)
    found = python_paths(root, Settings())
    contents = {path: (root / path).read_bytes() for path in found}
    assert source_roots(root, found, Settings(), contents).added == added


def test_names_inside_of_packages() -> None:
    roots = SourceRoots(inner=("p", "p/q"), package="top")
    assert list(inner_names("p/q/b.py", roots)) == [("p/q", "b"), ("p", "q.b"), ("", "top.p.q.b")]
    assert list(inner_names("p/__init__.py", roots)) == [("", "top.p")]
    assert list(inner_names("__init__.py", roots)) == [("", "top")]
    assert list(inner_names("p/q/b-c.py", roots)) == []
    assert list(inner_names("p/q/b.py", SourceRoots())) == []


START = "import sys\nsys.path.append('..')\nasync def main(): ...\n"


@pytest.mark.parametrize(
    ("main", "files", "expected"),
    [
        ("from handler import *", {"p/q/handler.py": ""}, {"handler": "p/q/handler.py"}),
        ("import q.handler", {"p/q/handler.py": ""}, {"q.handler": "p/q/handler.py"}),
        # the nearest, and a file of the project that goes by the name anyway before it
        (
            "import handler",
            {"p/q/handler.py": "", "p/handler.py": ""},
            {"handler": "p/q/handler.py"},
        ),
        ("import handler", {"p/q/handler.py": "", "handler.py": ""}, {"handler": "handler.py"}),
        (
            "import helpers.a",
            {"p/q/helpers/a.py": "", "helpers/__init__.py": ""},
            {"helpers.a": None},
        ),
        # of the standard library, of a library, asked for, or a name that means a library
        ("import queue", {"p/q/queue.py": ""}, {"queue": None}),
        ("import requests", {"p/q/requests.py": ""}, {"requests": None}),
        (
            "import acme_sdk",
            {"p/q/acme_sdk.py": "", "requirements.txt": "acme-sdk==2"},
            {"acme_sdk": None},
        ),
        (
            "import acme",
            {"p/q/acme.py": "", "requirements.txt": "python-acme"},
            {"acme": None},
        ),
        ("import acme", {"p/q/acme.py": "import acme"}, {"acme": None}),
        # the root by its own name
        (
            "import top.p.q.handler",
            {"p/q/handler.py": "", "__init__.py": ""},
            {"top.p.q.handler": "p/q/handler.py", "p.q.handler": "p/q/handler.py"},
        ),
    ],
)
def test_imports_inside_of_packages(
    tmp_path: Path, main: str, files: dict[str, str], expected: dict[str, str | None]
) -> None:
    packages = {"p/__init__.py": "", "p/q/__init__.py": "", "p/q/main.py": START + main}
    root = tmp_path / "top"
    root.mkdir()
    table = linked(root, {**packages, **files}).table
    origin = table.by_path["p/q/main.py"]
    for name, path in expected.items():
        found = table.find(name, origin)
        assert (found.path if found else None) == path


def test_names_inside_of_packages_hold_there_only(tmp_path: Path) -> None:
    files = {"p/__init__.py": "", "p/main.py": START + "import handler", "p/handler.py": ""}
    table = linked(tmp_path, {**files, "main.py": "import handler\nasync def main(): ..."}).table
    assert table.find("handler", table.by_path["p/main.py"]) is table.by_path["p/handler.py"]
    assert table.find("handler", table.by_path["main.py"]) is None
