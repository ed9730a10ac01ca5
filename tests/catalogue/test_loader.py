"""Questions put to a catalogue: aliases, inheritance, wildcards, users' rows, values."""

from __future__ import annotations

import tomllib

import pytest

from fwp_checks.catalogue import (
    Catalogue,
    CatalogueError,
    GivesRow,
    GrammarError,
    Role,
    ValueSpec,
    parse_value,
)

ROWS = """
[aliases]
"acme.compat.{get,put}" = "acme.{get,put}"

[[type]]
name = "acme.Base"

[[type]]
name = "acme.Client"
aliases = ["acme.client.Client", "shim.Client"]
bases = ["acme.Base"]

[[type]]
name = "acme.Quiet"
bases = ["acme.Client"]

[[gives]]
call = "acme.connect"
value = "context[acme.Client]"

[[gives]]
enter = "acme.Base"
call = ["acme.Base.fluent", "acme.Base"]
value = "self"

[[gives]]
call = "acme.pool"
value = "acme.Client"

[[gives]]
call = "acme.pool"
when = ["has:cls"]
value = "instance[cls]"

[[gives]]
decorate = "acme.task"
value = "acme.Quiet"

[[gives]]
call = "acme.Client.build.*"
except = ["query"]
value = "self"

[[effect]]
calls = ["acme.{get,put}"]
effect = "blocks"
kind = "http"

[[effect]]
calls = ["acme.Base.*"]
except = ["close"]
effect = "blocks"
kind = "network"
reason = "wildcard"

[[effect]]
calls = ["acme.Base.send", "acme.Base.__exit__"]
effect = "blocks"
kind = "network"
reason = "by name"
unless = ["wait=False"]

[[effect]]
calls = ["acme.Base.send"]
effect = "writes"
kind = "network"

[[effect]]
calls = ["acme.Base"]
effect = "opens"
resource = "client"
kind = "network"
when = ["has:0"]

[[effect]]
calls = ["acme.Quiet.{send,recv}"]
effect = "none"

[[role]]
calls = ["acme.Base.run"]
role = "offloads"
argument = ["0", "func"]

[[role]]
calls = ["acme.best"]
role = "calls"
argument = "key"

[[role]]
calls = ["acme.best"]
role = "iterates"
argument = "*"
"""


@pytest.fixture(scope="module")
def acme() -> Catalogue:
    return Catalogue.shipped().extended([tomllib.loads(ROWS)], "rows")


def reasons(catalogue: Catalogue, dotted: str) -> list[str]:
    return [row.reason for row in catalogue.effects(dotted)]


def test_shipped_is_read_once_and_knows_time_sleep() -> None:
    catalogue = Catalogue.shipped()
    assert catalogue is Catalogue.shipped()
    assert catalogue.digest == Catalogue.shipped_digest()
    (row,) = catalogue.effects("time.sleep")
    assert (row.effect, row.kind, row.source) == ("blocks", "sleep", "stdlib_time.toml")


def test_unknown_names_know_nothing(acme: Catalogue) -> None:
    for dotted in ("nowhere.get", "acme", "acme.Nothing.get", "get", ""):
        assert acme.effects(dotted) == ()
        assert acme.gives(dotted, "call") is None
        assert acme.role(dotted) is None
        assert acme.canonical(dotted) == dotted
        assert not acme.is_type(dotted)
    assert not acme.knows_module("nowhere")
    assert acme.knows_module("acme")
    assert acme.knows_module("acme.inner")


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("acme.client.Client", "acme.Client"),
        ("acme.client.Client.send", "acme.Client.send"),
        ("shim.Client.build.x", "acme.Client.build.x"),
        ("acme.compat.put", "acme.put"),
        ("acme.compat.putter", "acme.compat.putter"),
        ("acme.client", "acme.client"),
    ],
)
def test_aliases_hold_for_what_lies_below(acme: Catalogue, spelling: str, name: str) -> None:
    assert acme.canonical(spelling) == name
    assert acme.canonical(name) == name


def test_a_name_wins_over_a_wildcard(acme: Catalogue) -> None:
    assert reasons(acme, "acme.Base.recv") == ["wildcard"]
    rows = acme.effects("acme.Base.send")
    assert [row.effect for row in rows] == ["blocks", "writes"]
    assert rows[0].unless == ("wait=False",)


def test_wildcards_cover_one_member_but_neither_exceptions_nor_special_methods(
    acme: Catalogue,
) -> None:
    assert acme.effects("acme.Base.close") == ()
    assert acme.effects("acme.Base.__enter__") == ()
    assert acme.effects("acme.Base.chat.create") == ()
    assert reasons(acme, "acme.Base.__exit__") == ["by name"]


def test_rows_are_inherited_and_turned_off(acme: Catalogue) -> None:
    assert acme.bases("acme.Quiet") == ("acme.Client",)
    assert acme.effects("acme.Client.send") == acme.effects("acme.Base.send")
    assert acme.effects("acme.Quiet.send") == ()
    assert acme.effects("acme.Quiet.recv") == ()
    assert reasons(acme, "acme.Quiet.poll") == ["wildcard"]
    assert acme.role("acme.Quiet.run") == Role("offloads", (0, "func"))


def test_a_constructor_is_inherited_but_gives_the_subclass(acme: Catalogue) -> None:
    assert [row.effect for row in acme.effects("acme.Quiet")] == ["opens"]
    assert acme.gives("acme.Base", "call") == "self"
    assert acme.gives("acme.Quiet", "call") is None
    assert acme.gives("acme.Quiet", "enter") == "self"


def test_gives(acme: Catalogue) -> None:
    assert acme.gives("acme.connect", "call") == "context[acme.Client]"
    assert acme.gives("acme.connect", "attribute") is None
    assert acme.gives("acme.Quiet.fluent", "call") == "self"
    assert acme.gives("acme.Client.build.limit", "call") == "self"
    assert acme.gives("acme.Client.build.query", "call") is None
    with pytest.raises(ValueError, match="attribute"):
        acme.gives("acme.connect", "attr")


def test_what_a_call_gives_may_depend_on_its_arguments(acme: Catalogue) -> None:
    assert acme.gives_rows("acme.pool", "call") == (
        GivesRow("instance[cls]", unless=(), when=("has:cls",)),
        GivesRow("acme.Client", unless=(), when=()),
    )
    assert acme.gives("acme.pool", "call") == "acme.Client"
    assert acme.gives_rows("acme.other", "call") == ()
    assert acme.gives("acme.task", "decorate") == "acme.Quiet"


def test_several_roles_keep_their_order(acme: Catalogue) -> None:
    assert acme.roles("acme.best") == (Role("calls", ("key",)), Role("iterates", ("*",)))
    assert acme.role("acme.best") == Role("calls", ("key",))


def test_user_rows_win_and_change_the_digest(acme: Catalogue) -> None:
    rows = {"effect": [{"calls": ["acme.compat.get", "acme.Client.*"], "effect": "none"}]}
    quiet = acme.extended([rows], "pyproject.toml")
    assert quiet.effects("acme.get") == ()
    assert quiet.effects("acme.put") != ()
    assert quiet.effects("acme.Client.send") == ()
    assert quiet.effects("acme.Quiet.poll") == ()
    assert quiet.effects("acme.Base.send") != ()
    assert len({quiet.digest, acme.digest, Catalogue.shipped().digest}) == 3
    assert acme.extended([], "pyproject.toml") is acme


def test_user_rows_may_speak_of_shipped_types(acme: Catalogue) -> None:
    rows = {
        "type": [{"name": "house.Client", "bases": ["shim.Client"]}],
        "gives": [{"call": "house.make", "value": "awaitable[list[acme.client.Client]]"}],
    }
    house = acme.extended([rows], "pyproject.toml")
    assert house.bases("house.Client") == ("acme.Client",)
    assert [row.effect for row in house.effects("house.Client.send")] == ["blocks", "writes"]
    assert house.gives("house.make", "call") == "awaitable[list[acme.Client]]"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{"effect": [{"calls": "a.b"}]}], "pyproject.toml: [[effect]] 1, key 'effect'"),
        ([{}, {"effect": ["a.b"]}], "pyproject.toml 2: [[effect]] 1: must be a table"),
        ([{"effect": {"calls": "a.b"}}], "pyproject.toml: write [[effect]]"),
        ([{"gives": [{"call": "a.b", "value": "a.C"}]}], "no [[type]] is 'a.C'"),
        ([{"role": [{"calls": [1], "role": "calls"}]}], "[[role]] 1"),
    ],
)
def test_wrong_user_rows_are_refused(tables: list[dict[str, object]], message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue.shipped().extended(tables, "pyproject.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("self", ValueSpec("self")),
        ("pkg.T", ValueSpec("type", "pkg.T")),
        ("argument[1]", ValueSpec("argument", argument=1)),
        (
            "callable[instance[cls]]",
            ValueSpec("callable", inner=ValueSpec("instance", argument="cls")),
        ),
        (
            "awaitable[list[pkg.T]]",
            ValueSpec("awaitable", inner=ValueSpec("list", inner=ValueSpec("type", "pkg.T"))),
        ),
        ("class[instance[0]]", ValueSpec("class", inner=ValueSpec("instance", argument=0))),
    ],
)
def test_values(text: str, value: ValueSpec) -> None:
    assert parse_value(text) == value
    assert parse_value(text) is parse_value(text)


@pytest.mark.parametrize(
    "text", ["", "Type", "list[]", "list[pkg.T", "argument[*]", "set[pkg.T]", "pkg.T[0]", "pkg..T"]
)
def test_bad_values(text: str) -> None:
    with pytest.raises(GrammarError):
        parse_value(text)
