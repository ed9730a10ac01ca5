"""Settings of a project: reading, errors, selection, path patterns."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from fwp_checks.patterns import matches
from fwp_checks.settings import OffloadCall, Settings, SettingsError

EVERYTHING = """
[tool.fwp]
select = ["FWP1", "FWP201"]
ignore = ["FWP107"]
preview = true
exclude = ["migrations", "/generated/**"]
include-tests = true
source-roots = ["src", "./libs/common/"]
read-packages = ["mycompany.http"]
python = ".venv"
file-access = "everywhere"
file-metadata = true
not-blocking = ["cheap.{get,put}", "cheap.Client.*"]
offload = ["app.pool.run", {name = "app.submit", argument = 1}, {name = "go", argument = "fn"}]
entry-points = ["app.jobs.job"]
cache = false
cache-dir = "~/caches/fwp"

[tool.fwp.per-file-ignores]
"scripts/" = ["FWP"]
"app/old_*.py" = ["FWP101", "FWP102"]

[[tool.fwp.catalogue.effect]]
calls = ["mycompany.rpc.call"]
effect = "blocks"
kind = "network"
reason = "waits for the answer"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "libs" / "common").mkdir(parents=True)
    return tmp_path


def load(root: Path, text: str) -> Settings:
    (root / "pyproject.toml").write_text(text)
    return Settings.load(root)


def error(root: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(root, text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_key(root: Path) -> None:
    settings = load(root, EVERYTHING)
    assert settings == Settings(
        select=("FWP1", "FWP201"),
        ignore=("FWP107",),
        preview=True,
        per_file_ignores=(("scripts/", ("FWP",)), ("app/old_*.py", ("FWP101", "FWP102"))),
        exclude=("migrations", "/generated/**"),
        include_tests=True,
        source_roots=("src", "libs/common"),
        read_packages=("mycompany.http",),
        python=root / ".venv",
        file_access="everywhere",
        file_metadata=True,
        not_blocking=("cheap.{get,put}", "cheap.Client.*"),
        offload=(
            OffloadCall("app.pool.run", "0"),
            OffloadCall("app.submit", "1"),
            OffloadCall("go", "fn"),
        ),
        entry_points=("app.jobs.job",),
        catalogue=(
            {
                "effect": [
                    {
                        "calls": ["mycompany.rpc.call"],
                        "effect": "blocks",
                        "kind": "network",
                        "reason": "waits for the answer",
                    }
                ]
            },
        ),
        cache=False,
        cache_dir=Path.home() / "caches/fwp",
    )
    changed = {key.name for key in fields(Settings)} - {"source"}
    assert all(getattr(settings, name) != getattr(Settings(), name) for name in changed)


@pytest.mark.parametrize("text", ["", "[tool.other]\nselect = 1\n", "[tool.fwp]\n", "tool = 1\n"])
def test_nothing_said_is_the_default(root: Path, text: str) -> None:
    assert load(root, text) == Settings()


def test_no_file_is_the_default(root: Path) -> None:
    assert Settings.load(root) == Settings()


def test_an_own_file_goes_before_the_shared_one(root: Path) -> None:
    (root / "fwp.toml").write_text('select = ["FWP2"]\n')
    settings = load(root, '[tool.fwp]\nselect = ["FWP1"]\npreview = true\n')
    assert settings == Settings(select=("FWP2",))
    (root / "fwp.toml").write_text("selct = []\n")
    with pytest.raises(
        SettingsError, match=r"^fwp\.toml: selct: unknown setting \(did you mean 'select'\?\)$"
    ):
        Settings.load(root)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("file_access = 'never'", "file_access: unknown setting (did you mean 'file-access'?)"),
        ("includ-tests = true", "includ-tests: unknown setting (did you mean 'include-tests'?)"),
        ("zzz = true", "zzz: unknown setting; known: select, ignore, preview, "),
        ("select = 'FWP1'", "select: must be a list of texts, not a text"),
        ("select = ['FWP1', 2]", "select: must be a text, not a number"),
        ("select = ['fwp101']", "select: 'fwp101' is not a code: codes look like FWP102 or FWP1"),
        ("ignore = ['FWP1011']", "ignore: 'FWP1011' is not a code"),
        ("preview = 'yes'", "preview: must be true or false, not a text"),
        ("exclude = ['../x']", "exclude: '../x' is not a path pattern inside the project"),
        ("exclude = ['']", "exclude: must be a text, not an empty text"),
        ("source-roots = ['nowhere']", "source-roots: 'nowhere' is no folder of the project"),
        ("source-roots = ['/tmp']", "source-roots: '/tmp' must be a folder inside the project"),
        ("source-roots = ['..']", "source-roots: '..' must be a folder inside the project"),
        ("read-packages = ['a-b']", "read-packages: 'a-b' is not a dotted name"),
        ("python = 3", "python: must be a text, not a number"),
        (
            "file-access = 'always'",
            "file-access: must be one of requests, everywhere, never, not 'always'",
        ),
        ("not-blocking = ['a.{b']", "not-blocking: 'a.{b' is not a name like"),
        ("not-blocking = ['*']", "not-blocking: '*' is not a name like"),
        ("offload = 'a.b'", "offload: must be a list of names or tables, not a text"),
        ("offload = [1]", "offload: each entry is a name or a table"),
        (
            "offload = [{name = 'a', argumnt = 1}]",
            "offload: unknown key 'argumnt' (did you mean 'argument'?)",
        ),
        ("offload = [{name = 'a', argument = -1}]", "offload: '-1' is neither a position nor"),
        ("entry-points = ['a b']", "entry-points: 'a b' is not a dotted name"),
        (
            "per-file-ignores = ['a']",
            "per-file-ignores: must be a table of path patterns with codes",
        ),
        ("per-file-ignores.'a.py' = ['X']", "per-file-ignores: 'a.py': 'X' is not a code"),
        (
            "catalogue = []",
            "catalogue: must be a table in the form of a catalogue file, not a list",
        ),
        ("cache = 2026-01-01", "cache: must be true or false, not a date"),
        ("'a\\nb' = 1", "a\\nb: unknown setting"),
        ('"a\\nb" = 1', "a b: unknown setting"),
    ],
)
def test_a_mistake_is_told_with_file_and_key(root: Path, line: str, message: str) -> None:
    told = error(root, f"[tool.fwp]\n{line}\n")
    assert told.startswith(f"pyproject.toml: tool.fwp.{message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.fwp]\nselect = [\n  1,,\n]\n", "pyproject.toml:3:5: "),
        ("[tool.fwp]\nx = '", "pyproject.toml:2:"),
        ("[tool]\nfwp = 1\n", "pyproject.toml: tool.fwp: must be a table"),
    ],
)
def test_broken_toml_has_its_place(root: Path, text: str, message: str) -> None:
    assert error(root, text).startswith(message)


def test_a_file_in_another_encoding(root: Path) -> None:
    (root / "pyproject.toml").write_bytes(b"[tool.fwp]\n# \xe9\n")
    with pytest.raises(SettingsError, match=r"^pyproject\.toml:2: is not UTF-8$"):
        Settings.load(root)


@pytest.mark.parametrize(
    ("select", "ignore", "enabled"),
    [
        (("FWP",), (), {"FWP101", "FWP102", "FWP201", "FWP901"}),
        (("FWP1",), ("FWP101",), {"FWP102", "FWP901"}),
        (("FWP101",), ("FWP1",), {"FWP101", "FWP901"}),
        (("FWP",), ("FWP1", "FWP9"), {"FWP201"}),
        (("FWP101",), ("FWP101",), {"FWP901"}),
        ((), (), {"FWP901"}),
        (("FWP9",), (), {"FWP901"}),
    ],
)
def test_the_longer_code_wins(
    select: tuple[str, ...], ignore: tuple[str, ...], enabled: set[str]
) -> None:
    settings = Settings(select=select, ignore=ignore)
    codes = ("FWP101", "FWP102", "FWP201", "FWP901")
    assert {code for code in codes if settings.enabled(code, preview=False)} == enabled


def test_a_preview_rule_is_asked_for_by_name_or_all_are() -> None:
    assert not Settings().enabled("FWP101", preview=True)
    assert not Settings(select=("FWP1",)).enabled("FWP101", preview=True)
    assert Settings(select=("FWP1", "FWP101")).enabled("FWP101", preview=True)
    assert Settings(preview=True).enabled("FWP101", preview=True)
    assert not Settings(preview=True, ignore=("FWP1",)).enabled("FWP101", preview=True)


def test_codes_ignored_in_a_file_add_up() -> None:
    settings = Settings(per_file_ignores=(("scripts", ("FWP1",)), ("*_old.py", ("FWP201",))))
    assert settings.ignored_in("scripts/a_old.py") == ("FWP1", "FWP201")
    assert settings.ignored_in("app/scripts/b.py") == ("FWP1",)
    assert settings.ignored_in("app/b.py") == ()


def test_the_digest_follows_what_results_depend_on(root: Path) -> None:
    settings = load(root, EVERYTHING)
    assert settings.digest == load(root, EVERYTHING).digest
    assert replace(settings, cache=True, cache_dir=None).digest == settings.digest
    digests = {settings.digest}
    for key in fields(Settings):
        if key.name not in ("cache", "cache_dir", "source"):
            digests.add(replace(settings, **{key.name: getattr(Settings(), key.name)}).digest)
    assert len(digests) == len(fields(Settings)) - 3 + 1


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("migrations", "app/migrations/0001.py", True),
        ("migrations", "migrations.py", False),
        ("migrations/", "migrations/0001.py", True),
        ("*.py", "a/b/c.py", True),
        ("c?.py", "a/c1.py", True),
        ("c?.py", "a/c/.py", False),
        ("a/*.py", "a/b.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/*.py", "z/a/b.py", False),
        ("/b.py", "b.py", True),
        ("/b.py", "a/b.py", False),
        ("./a", "a/b.py", True),
        ("./a", "z/a", False),
        ("a/**", "a/b/c.py", True),
        ("a/**", "ab/c.py", False),
        ("**/c.py", "c.py", True),
        ("**/c.py", "a/b/c.py", True),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("a/**/c.py", "a/bc.py", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("[!ab].py", "c.py", True),
        ("[a-c]x.py", "bx.py", True),
        ("a+b(.py", "a+b(.py", True),
        ("[", "[", True),
        ("[]]", "]", True),
        ("[z-a]", "[z-a]", True),
        ("[&&]", "&", True),
        ("a[!/]b", "a/b", False),
    ],
)
def test_path_patterns(pattern: str, path: str, expected: bool) -> None:
    assert matches(path, (pattern,)) is expected
