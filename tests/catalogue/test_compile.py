"""Compiling catalogue files: what is accepted, what is refused and in which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fwp_checks.catalogue import compile as compiler
from fwp_checks.catalogue.grammar import CatalogueError
from fwp_checks.catalogue.tables import dump, join

LIBRARY = """
[library]
name = "acme"
modules = ["acme"]
version = "1.2"
docs = "https://acme.example/"
"""
EFFECT = """
[[effect]]
calls = ["acme.Client.{get,put}"]
effect = "blocks"
kind = "http"
reason = "waits for acme"
alternative = "acme.AsyncClient"
link = "https://acme.example/async"
"""
CLIENT = """
[[type]]
name = "acme.Client"
"""


def compile_text(folder: Path, *rows: str, name: str = "acme.toml") -> dict[str, object]:
    (folder / name).write_text("".join(rows), encoding="utf-8")
    return dict(compiler.compile_folder(folder))


def test_shipped_json_is_fresh() -> None:
    assert compiler.main(["--check"]) == 0


def test_rows_are_stored_once_however_many_names_they_have(tmp_path: Path) -> None:
    tables = compile_text(tmp_path, LIBRARY, EFFECT)
    assert len(tables["effect_rows"]) == 1  # type: ignore[arg-type]
    assert tables["effects"] == {
        "single": {"acme.Client.get": [0], "acme.Client.put": [0]},
        "prefixes": {},
    }


def test_nested_alternatives_and_empty_ones(tmp_path: Path) -> None:
    row = EFFECT.replace("acme.Client.{get,put}", "acme.{A,B}{,.run}")
    names = compile_text(tmp_path, LIBRARY, row)["effects"]["single"]  # type: ignore[index]
    assert sorted(names) == ["acme.A", "acme.A.run", "acme.B", "acme.B.run"]


def test_names_become_canonical(tmp_path: Path) -> None:
    client = '[[type]]\nname = "acme.Client"\naliases = ["acme.client.Client"]\n'
    row = EFFECT.replace("acme.Client.{get,put}", "acme.client.Client.get")
    names = compile_text(tmp_path, LIBRARY, client, row)["effects"]["single"]  # type: ignore[index]
    assert list(names) == ["acme.Client.get"]


def test_output_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    other = LIBRARY.replace("acme", "beta") + EFFECT.replace("acme", "beta")
    for name, text in (("acme.toml", LIBRARY + EFFECT), ("beta.toml", other)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    documents = compiler.read_folder(tmp_path)
    assert dump(join(documents)) == dump(join(documents[::-1]))


def test_digest_changes_with_content(tmp_path: Path) -> None:
    first = compile_text(tmp_path, LIBRARY, EFFECT)["digest"]
    again = compile_text(tmp_path, LIBRARY, EFFECT)["digest"]
    changed = compile_text(tmp_path, LIBRARY, EFFECT.replace("waits", "hangs"))["digest"]
    assert first == again != changed


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (LIBRARY + EFFECT.replace('kind = "http"', 'kind = "web"'), "[[effect]] 1, key 'kind'"),
        (LIBRARY + EFFECT.replace('kind = "http"\n', ""), "[[effect]] 1, key 'kind': is missing"),
        (LIBRARY + EFFECT + 'whn = ["has:0"]', "[[effect]] 1: unknown key 'whn'"),
        (LIBRARY + EFFECT + 'when = ["has 0"]', "[[effect]] 1, key 'when'"),
        (LIBRARY + EFFECT + 'when = ["0=spam"]', "neither a literal nor a dotted name"),
        (LIBRARY + EFFECT + 'when = ["block = False"]', "[[effect]] 1, key 'when'"),
        (LIBRARY + EFFECT + 'unless = ["is:0=BytesIO"]', "[[effect]] 1, key 'unless'"),
        (LIBRARY + EFFECT + 'except = ["close"]', "[[effect]] 1, key 'except'"),
        (LIBRARY + EFFECT.replace("https://acme.example/async", ""), "key 'link': is missing"),
        (LIBRARY + EFFECT.replace("{get,put}", "{get,put"), "braces do not match"),
        (LIBRARY + EFFECT.replace("{get,put}", "{get,get}"), "names 'acme.Client.get' twice"),
        (LIBRARY + EFFECT.replace("acme.Client", "other.Client"), "outside the modules"),
        (LIBRARY + EFFECT.replace("effect]]", "effects]]"), "unknown section 'effects'"),
        (LIBRARY.replace('version = "1.2"\n', ""), "[library], key 'version': is missing"),
        (LIBRARY + '[[role]]\ncalls = "acme.f"\nrole = "calls"', "key 'argument': is missing"),
        (
            LIBRARY + '[[role]]\ncalls = "acme.f"\nrole = "calls"\nargument = "a.b"',
            "[[role]] 1, key 'argument'",
        ),
        (LIBRARY + '[[gives]]\nvalue = "self"', "[[gives]] 1: needs one of the keys"),
        (LIBRARY + '[[gives]]\ncall = "acme.f"\nvalue = "acme.X"', "no [[type]] is 'acme.X'"),
        (LIBRARY + '[[gives]]\ncall = "acme.f"\nvalue = "set[acme.X]"', "no form of value"),
        (LIBRARY + '[[type]]\nname = "acme.A"\nbases = ["acme.B"]', "key 'bases'"),
        (LIBRARY + CLIENT + CLIENT, "declared already"),
        (
            LIBRARY + '[aliases]\n"acme.{a,b,c}" = "acme.{d,e}"',
            "3 spellings do not pair up with 2 names",
        ),
        (LIBRARY + '[aliases]\n"acme.a" = "acme.b"\n"acme.b" = "acme.a"', "leads back to itself"),
        (
            LIBRARY + CLIENT + '[[gives]]\ncall = ["acme.f", "acme.g"]\nvalue = "self"\n'
            '[[gives]]\ncall = "acme.g"\nvalue = "acme.Client"',
            "'acme.g' has a value already",
        ),
        (
            LIBRARY + CLIENT + '[[gives]]\nenter = "acme.f"\nvalue = "self"\nwhen = ["has:0"]',
            "only a call has arguments",
        ),
        ("[library\n", "not readable as TOML"),
    ],
)
def test_wrong_rows_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        compile_text(tmp_path, rows)
    text = str(caught.value)
    assert message in text
    assert text.startswith("acme.toml")
    assert "\n" not in text


def test_command_writes_then_checks_then_notices_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(tmp_path)]
    (tmp_path / "acme.toml").write_text(LIBRARY + EFFECT, encoding="utf-8")
    assert compiler.main([*folder, "--check"]) == 1
    assert "is stale" in capsys.readouterr().err
    assert not (tmp_path / "catalogue.json").exists()
    assert compiler.main(folder) == 0
    assert compiler.main([*folder, "--check"]) == 0
    json.loads((tmp_path / "catalogue.json").read_text(encoding="utf-8"))
    (tmp_path / "acme.toml").write_text(LIBRARY, encoding="utf-8")
    assert compiler.main([*folder, "--check"]) == 1
    (tmp_path / "acme.toml").write_text("[[effect]]", encoding="utf-8")
    assert compiler.main(folder) == 2
    assert "acme.toml" in capsys.readouterr().err
