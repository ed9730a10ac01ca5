"""Edits of source: what is added to a chain of calls, in its own style, and when nothing is."""

from __future__ import annotations

import ast

import pytest

from fwp_checks.facts import terms as t
from fwp_checks.facts.extract import extract
from fwp_checks.finding import Edit, Finding, Range, Severity
from fwp_checks.fixes import apply
from fwp_checks.frameworks.django.edits import QUERYSETS
from fwp_checks.frameworks.sqlalchemy.edits import QUERIES
from fwp_checks.project.rows.edits import (
    Call,
    Span,
    add_calls,
    add_import,
    continues,
    set_attribute,
)


def marked(source: str) -> tuple[str, Span]:
    """The text, and the span that stands between « and »."""
    before, inside, after = source.replace("»", "«").split("«")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1)
    ends = before + inside
    end_line = ends.count("\n") + 1
    end_column = len(ends) - (ends.rfind("\n") + 1)
    return before + inside + after, (line, column, end_line, end_column)


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    path = edits[0].path if edits else ""
    found = Finding("", "", Severity.INFO, "", Range(1, 1, 1, 1), "", "", "", "", (), edits)
    after = apply({path: text}, [found]).texts.get(path, text)
    ast.parse(after)
    return after


def fetch_along(
    path: str, text: str, span: Span, joined: list[str], prefetched: list[str]
) -> tuple[Edit, ...]:
    wanted = (("select_related", joined), ("prefetch_related", prefetched))
    calls = [
        Call(method, tuple(f'"{name}"' for name in names)) for method, names in wanted if names
    ]
    return add_calls(path, text, span, calls, QUERYSETS)


def django(source: str, joined: list[str], prefetched: list[str]) -> str:
    """The text with the lookups; « and » mark the query that is built."""
    text, span = marked(source)
    return edited(text, fetch_along("a.py", text, span, joined, prefetched))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # At the end of the chain.
        ("«A.objects.all()»", 'A.objects.all().select_related("b").prefetch_related("c")'),
        (
            "for a in «A.objects.filter(x=1)»:\n    pass",
            'for a in A.objects.filter(x=1).select_related("b").prefetch_related("c"):\n    pass',
        ),
        ("«qs()»", 'qs().select_related("b").prefetch_related("c")'),
        (
            "«super().get_queryset()»",
            'super().get_queryset().select_related("b").prefetch_related("c")',
        ),
        ("«(p | q).all()»", '(p | q).all().select_related("b").prefetch_related("c")'),
        (
            "«A.objects.filter(\n    x=1,\n)»  # all",
            'A.objects.filter(\n    x=1,\n).select_related("b").prefetch_related("c")  # all',
        ),
        # In the quotes that are used there.
        (
            "«A.objects.filter(n='x')»",
            "A.objects.filter(n='x').select_related('b').prefetch_related('c')",
        ),
        (
            "n = 'x'\n«A.objects.all()»",
            "n = 'x'\nA.objects.all().select_related('b').prefetch_related('c')",
        ),
        # Before an index, a slice and what runs the query.
        ("«A.objects.all()[:9]»", 'A.objects.all().select_related("b").prefetch_related("c")[:9]'),
        ("«A.objects.in_bulk()»", 'A.objects.select_related("b").prefetch_related("c").in_bulk()'),
        (
            "«A.objects.filter(x=1)[5:][:2].in_bulk()»",
            'A.objects.filter(x=1).select_related("b").prefetch_related("c")[5:][:2].in_bulk()',
        ),
        # One call a line.
        (
            "q = («\n    A.objects.filter(x=1)\n    .order_by('y')\n»)".replace(
                "«\n    ", "\n    «"
            ).replace("\n»", "»\n"),
            "q = (\n    A.objects.filter(x=1)\n    .order_by('y')\n    .select_related('b')\n"
            "    .prefetch_related('c')\n)",
        ),
        (
            "q = (\n    «A.objects  # the\n    # rows\n    .order_by()»  # sorted\n    # end\n)",
            "q = (\n    A.objects  # the\n    # rows\n    .order_by()  # sorted\n"
            '    .select_related("b")\n    .prefetch_related("c")\n    # end\n)',
        ),
        (
            "f(\n\t«A.objects\n\t.order_by()», 1)",
            'f(\n\tA.objects\n\t.order_by()\n\t.select_related("b")\n\t.prefetch_related("c"), 1)',
        ),
        (
            "q = «A.objects \\\n    .all() \\\n    .in_bulk()»\n",
            'q = A.objects \\\n    .all() \\\n    .select_related("b") \\\n'
            '    .prefetch_related("c") \\\n    .in_bulk()\n',
        ),
        # Into calls that are there.
        (
            '«A.objects.select_related("a").filter(x=")")»',
            'A.objects.select_related("a", "b").filter(x=")").prefetch_related("c")',
        ),
        (
            "«A.objects.prefetch_related('x').select_related(\"a\", )»",
            "A.objects.prefetch_related('x', 'c').select_related(\"a\", \"b\", )",
        ),
        (
            '«A.objects.select_related(\n    "a",\n    "x",  # why\n)'
            '.prefetch_related(\n    "d"\n)»',
            'A.objects.select_related(\n    "a",\n    "x",  # why\n    "b",\n)'
            '.prefetch_related(\n    "d",\n    "c"\n)',
        ),
        (
            '«A.objects.select_related(\n    "a", "x"\n).prefetch_related(Prefetch("d", q(1)))»',
            'A.objects.select_related(\n    "a", "x", "b"\n)'
            '.prefetch_related(Prefetch("d", q(1)), "c")',
        ),
        # What is there already is not repeated.
        (
            "«A.objects.select_related('b').prefetch_related('d')»",
            "A.objects.select_related('b').prefetch_related('d', 'c')",
        ),
        # What was there was taken back.
        (
            '«A.objects.select_related("a").select_related(None).prefetch_related("c")»',
            'A.objects.select_related("a").select_related(None).prefetch_related("c")'
            '.select_related("b")',
        ),
        (
            "«A.objects.prefetch_related()»",
            'A.objects.prefetch_related().select_related("b").prefetch_related("c")',
        ),
        # Not only ASCII before it on the line.
        (
            "é = ('ü', «A.objects.all()»)",
            "é = ('ü', A.objects.all().select_related('b').prefetch_related('c'))",
        ),
    ],
)
def test_lookups_are_added(before: str, after: str) -> None:
    assert django(before, ["b"], ["c"]) == after
    text, (line, column, end_line, end_column) = marked(before)
    # A second time there is nothing to add.
    added = after.count("\n") - text.count("\n")
    longer = len(after) - len(text)
    if not added:
        same_line = end_column + longer
        again = fetch_along("a.py", after, (line, column, end_line, same_line), ["b"], ["c"])
        assert edited(after, again) == after


@pytest.mark.parametrize(
    "source",
    [
        "«A.objects.select_related(*names)»",
        "«A.objects.select_related('a', *names)»",
        "«A.objects.prefetch_related(lookup)»",
        "«A.objects.prefetch_related('a' + suffix)»",
        "«A.objects.prefetch_related(f'a{b}')»",
        "«A.objects.prefetch_related('a' 'b')»",
        "«A.objects.prefetch_related(Prefetch('c', queryset=others))»",
        "«A.objects.prefetch_related(Prefetch(name))»",
        "«A.objects.prefetch_related(\n    'a'  # last\n)»",
        "«A.objects.select_related()»",
        "«A.objects.only('x')»",
        "«A.objects.values('x')»",
        "«A.objects.all().union(others)»",
        "«A.objects.all().iterator()»",
        "«A.objects.all()».iterator()",
        "«A.objects»",
        "«a or b.all()»",
        "«[a][0]»",
        "«(yield)»",
    ],
)
def test_nothing_is_added_where_it_is_not_certain(source: str) -> None:
    text, span = marked(source)
    assert fetch_along("a.py", text, span, ["b"], ["c"]) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«A.objects.select_related()»", 'A.objects.select_related("b", "c")'),
        (
            "«A.objects.select_related().filter(x='y')»",
            "A.objects.select_related('b', 'c').filter(x='y')",
        ),
        ("«qs()»", 'qs().select_related("b", "c")'),
        ("«A.objects.select_related('c')»", "A.objects.select_related('c', 'b')"),
        ("«A.objects.select_related(\n    # all\n)»", "A.objects.select_related(\n    # all\n)"),
    ],
)
def test_names_take_the_place_of_a_call_without_any(before: str, after: str) -> None:
    text, span = marked(before)
    call = Call("select_related", ('"b"', '"c"'), is_whole=True)
    assert edited(text, add_calls("a.py", text, span, [call], QUERYSETS)) == after


def test_iterator_with_a_chunk_size_prefetches() -> None:
    assert django("«A.objects.all().iterator(chunk_size=9)»", [], ["c"]) == (
        'A.objects.all().prefetch_related("c").iterator(chunk_size=9)'
    )
    assert django("«A.objects.all().iterator()»", ["b"], []) == (
        'A.objects.all().select_related("b").iterator()'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«select(A)»", "select(A).options(selectinload(A.b))"),
        (
            "«select(A).options(joinedload(A.c))»",
            "select(A).options(joinedload(A.c), selectinload(A.b))",
        ),
        # A method of the project's own, whatever it is called.
        ("«A.all()»", "A.all().options(selectinload(A.b))"),
        ("«select(A).options(*loads)»", "select(A).options(*loads)"),
        ("«select(A).options(selectinload(A.b))»", "select(A).options(selectinload(A.b))"),
    ],
)
def test_loader_options(before: str, after: str) -> None:
    text, span = marked(before)
    calls = [Call("options", ("selectinload(A.b)",))]
    assert edited(text, add_calls("a.py", text, span, calls, QUERIES)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import x\nfrom m import a, b\n", "import x\nfrom m import a, b, n\n"),
        ("from m import n\n", "from m import n\n"),
        ("from m import (\n    a,\n)\n", "from m import n\nfrom m import (\n    a,\n)\n"),
        ("from m import a  # why\n", "from m import n\nfrom m import a  # why\n"),
        ("from m import n as k\n", "from m import n as k, n\n"),
        (
            '"""Text."""\nfrom __future__ import annotations\n\nimport x\n',
            '"""Text."""\nfrom __future__ import annotations\n\nfrom m import n\nimport x\n',
        ),
        (
            "import re\nfrom k import b\n\nfrom .c import d\n",
            "import re\nfrom k import b\n\nfrom m import n\nfrom .c import d\n",
        ),
        (
            "import re\nfrom b import c\nfrom a.d import e\n",
            "import re\nfrom b import c\nfrom m import n\nfrom a.d import e\n",
        ),
        (
            "import x\ndef f():\n    from m import n\n",
            "from m import n\nimport x\ndef f():\n    from m import n\n",
        ),
        # Not certain: the name is another thing, is not always imported, or there is no place.
        ("import x\nn = 1\n", None),
        ("from other import n\n", None),
        ("import x\nif x:\n    from m import n\n", None),
        ("from m import n\nn = 1\n", None),
        ("x = 1\n", None),
    ],
)
def test_names_are_imported(before: str, after: str | None) -> None:
    edits = add_import("a/f.py", before, extract(before.encode()), "m", ["n"])
    assert (None if edits is None else edited(before, edits)) == after


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("    list_display = ('a',)\n", "    list_display = ('a',)\n    x = ('b',)\n"),
        (
            "    list_display = [\n        'a',\n    ]  # all\n    y = 1\n",
            "    list_display = [\n        'a',\n    ]  # all\n    x = ('b',)\n    y = 1\n",
        ),
        ("    list_display = ['a']\n    x = ['a']\n", "    list_display = ['a']\n    x = ('b',)\n"),
        # Not certain.
        ("    list_display = ['a']; y = 1\n", None),
        ("    list_display = NAMES\n", None),
        ("    list_display = ['a']\n    x = NAMES\n", None),
        ("    y = 1\n", None),
    ],
)
def test_attributes_are_set(body: str, after: str | None) -> None:
    text = f"class A:\n{body}"
    facts = extract(text.encode())
    edits = set_attribute("a.py", text, facts, 1, "x", "('b',)", "list_display")
    assert edited(text, edits) == (text if after is None else f"class A:\n{after}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("q = f()\n    if x:\n        q = q.g()\n", True),
        ("q = f()\n    if x:\n        q = q.a.h()[0].g()\n", True),
        ("q = f()\n    q = k().g()\n", False),
        ("q = f()\n    if x:\n        q = k()\n    q = q.g()\n", False),
        ("q = f()\n    if x:\n        q = q.h()\n    q = q.g()\n", True),
        ("q = f()\n    for y in x:\n        q = q.h(y)\n    q = q.g()\n", True),
        ("q = k()\n    for y in x:\n        q = q.h(y)\n    q = q.g()\n    z = f()\n", False),
    ],
)
def test_chains_that_go_on(body: str, expected: bool) -> None:
    facts = extract(f"def a(x):\n    {body}    return q\n".encode())
    terms = facts.terms
    calls = {terms[term[1]][-1]: number for number, term in enumerate(terms) if term[0] == t.CALL}
    assert continues(facts, calls["g"], {calls["f"]}) is expected
