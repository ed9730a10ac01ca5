"""Facts of templates: the same terms as Python's, with positions in the template."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.facts.templates import BODY, Language
from fwp_checks.facts.templates.extract import extract_template

DJANGO, JINJA = Language.DJANGO, Language.JINJA


def facts_of(text: str, language: Language = DJANGO) -> ModuleFacts:
    facts = extract_template(dedent(text).encode(), language)
    assert facts.problem is None, facts.problem
    return facts


def shown(facts: ModuleFacts, term: int) -> str:
    """A term as people would write it; context variables by their names."""
    entry = facts.terms[term]
    kind = entry[0]
    if kind == t.LOOKUP:
        base = facts.terms[entry[1]]
        if base[0] in (t.PARAM, t.NAME):
            return str(entry[2])
        return f"{shown(facts, entry[1])}.{entry[2]}"
    if kind == t.ALIAS:
        return shown(facts, entry[1])
    if kind == t.ITER:
        return f"each {shown(facts, entry[1])}"
    if kind == t.CONST:
        return repr(entry[1])
    if kind == t.CALL:
        arguments = ", ".join(shown(facts, argument) for argument in entry[2])
        return f"{shown(facts, entry[1])}({arguments})"
    if kind == t.IMPORT:
        return str(entry[2])
    if kind == t.REGISTERED:
        return f"<{entry[1]} {entry[2]}>"
    if kind == t.ITEM:
        return f"{shown(facts, entry[1])}[{shown(facts, entry[2])}]"
    if kind == t.SLICE:
        return ":".join("" if bound < 0 else shown(facts, bound) for bound in entry[1:])
    if kind == t.UNPACK:
        return f"part {entry[2]} of {shown(facts, entry[1])}"
    if kind == t.COMPREHENSION:
        return f"[{shown(facts, entry[2])}]"
    if kind in (t.FORMAT, t.JOIN):
        return f"{t.KIND_NAMES[kind].lower()}({', '.join(shown(facts, p) for p in entry[1])})"
    if kind == t.SEQUENCE:
        return f"({', '.join(shown(facts, part) for part in entry[2])})"
    if kind == t.COMPARE:
        return f"{shown(facts, entry[2])} {entry[1]} {shown(facts, entry[3])}"
    if kind == t.BOOL:
        return f" {entry[1]} ".join(shown(facts, part) for part in entry[2])
    if kind == t.UNARY:
        return f"{entry[1]} {shown(facts, entry[2])}"
    return t.KIND_NAMES[kind].lower()


def outputs(text: str, language: Language = DJANGO) -> list[str]:
    """What the template puts out, in order."""
    facts = facts_of(text, language)
    return [
        ", ".join(shown(facts, part) for part in entry[1])
        for entry in facts.terms
        if entry[0] == t.FORMAT
    ]


def regions(text: str, language: Language = DJANGO) -> list[tuple[str, str]]:
    """The kinds of the regions of a template with the text of the terms they depend on."""
    facts = facts_of(text, language)
    return [(region.kind, shown(facts, region.term)) for region in facts.regions]


def renderings(text: str, language: Language = DJANGO) -> list[tuple[str, dict[str, str], bool]]:
    """The parts that run: what, the names they are given, whether these are all."""
    facts = facts_of(text, language)
    return [
        (entry[1], {name: shown(facts, term) for name, term in entry[3]}, entry[4])
        for entry in facts.terms
        if entry[0] == t.RENDER
    ]


@pytest.mark.parametrize("language", list(Language))
def test_a_loop_reads_its_elements(language: Language) -> None:
    text = "{% for a in blog.articles %}{{ a.author.name }}{% else %}none{% endfor %}{{ a }}"
    text = text.replace("else", "empty") if language is DJANGO else text
    assert outputs(text, language) == ["each blog.articles.author.name", "a"]
    assert regions(text, language) == [("for", "each blog.articles")]


@pytest.mark.parametrize("language", list(Language))
def test_positions_are_those_of_the_template(language: Language) -> None:
    facts = facts_of("<p>\n  ä {{ a.b }}\n{{ c }}", language)
    spans = [facts.span(term) for term, e in enumerate(facts.terms) if e[0] == t.LOOKUP]
    assert spans == [(2, 7, 2, 8), (2, 7, 2, 10), (3, 3, 3, 4)]


@pytest.mark.parametrize("language", list(Language))
def test_loops_bind_names_inside_only(language: Language) -> None:
    text = """
    {% for a, b in pairs %}{% for c in b %}{{ a.x }}{{ c.y }}{{ forloop }}{% endfor %}{% endfor %}
    {% with d=a.e %}{{ d.f }}{% endwith %}{{ d }}
    """
    each = "each pairs"
    loop = "forloop" if language is JINJA else "unknown"
    expected = [f"part 0 of {each}.x", f"each part 1 of {each}.y", loop, "a.e.f", "d"]
    assert outputs(text, language) == expected


def test_branches_depend_on_their_tests() -> None:
    text = "{% if a.b and not c %}{{ x }}{% elif d == 3 %}{{ y }}{% else %}{{ z }}{% endif %}"
    test = "a.b and not c"
    expected = [("if", "a.b"), ("if", test), ("if", "d == 3"), ("else", "d == 3")]
    assert regions(text) == expected
    assert regions(text, JINJA) == expected


def test_names_kept_in_branches_stay() -> None:
    text = "{% if a %}{% cycle b c as d %}{% else %}{% cycle e f as d %}{% endif %}{{ d.x }}"
    assert outputs(text)[-1] == "join(join(b, c), join(e, f)).x"


FILTERS = {
    "a|length": "len(a)",
    "a|first": "a[0]",
    "a|last": "a[-1]",
    'a|slice:":5"': "a[:5:]",
    'a|dictsort:"b.c"': "sorted(a)",
    "a|upper": "format(a)",
    "a|default:b": "a or b",
    "a.b|shout:3": "<filter shout>(a.b, 3)",
    "a|length|shout": "<filter shout>(len(a))",
    "3.5|add:-1": "binary",
    "True": "True",
    '_("x y")|upper': "format('x y')",
    "'a|b'|upper": "format('a|b')",
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters(text: str) -> None:
    assert outputs("{{ %s }}" % text)[-1] == FILTERS[text]  # noqa: UP031


JINJA_EXPRESSIONS = {
    "a.b(c, d=1)['e'].f": "a.b(c).e.f",
    "a|length": "len(a)",
    "a|first": "next(a)",
    "a[1:2]": "a[1:2:]",
    "a[b]": "a[b]",
    "a|map(attribute='b.c')|list": "list([each a.b.c])",
    "a|selectattr('b')|list": "list(list(a))",
    "a|groupby('b.c')": "[(each a.b.c, list(a))]",
    "a|shout(1)|default(b)": "<filter shout>(a, 1) or b",
    "a if b is defined and c else d": "join(a, d)",
    "(a, b)[0]": "(a, b)[0]",
    "a ~ b": "format(a, b)",
    "a not in b": "a not in b",
    "-a ** 2": "binary",
    "'x' 'y'": "'xy'",
    "{'a': [1, (2,)]}.b": "mapping.b",
    "1_000": "1000",
    "x is divisibleby 3 or y": "x is None or y",
}


@pytest.mark.parametrize("text", JINJA_EXPRESSIONS)
def test_jinja_expressions(text: str) -> None:
    assert outputs("{{ %s }}" % text, JINJA)[-1] == JINJA_EXPRESSIONS[text]  # noqa: UP031


def test_sorting_and_grouping_read_each_element() -> None:
    facts = facts_of(
        '{% regroup a|dictsort:"b.c" by d.e as f %}{% for g in f %}{{ g }}{% endfor %}'
    )
    read = [shown(facts, n) for n, entry in enumerate(facts.terms) if entry[0] == t.LOOKUP]
    each = "each sorted(a)"
    assert read == ["a", "each a.b", "each a.b.c", f"{each}.d", f"{each}.d.e"]


def test_includes_see_names_unless_told() -> None:
    text = """
    {% for a in b %}{% include "x.html" %}{% include "x.html" with c=a.d only %}{% endfor %}
    """
    loop = {"a": "each b", "forloop": "unknown"}
    assert renderings(text) == [("include", loop, False), ("include", {"c": "each b.d"}, True)]


def test_blocks_are_scopes() -> None:
    facts = facts_of(
        "{% block a %}{{ b }}{% block c %}{{ block.super }}{% endblock %}{% endblock a %}"
    )
    assert [scope.name for scope in facts.scopes] == ["", "template", "block a", "block c"]
    body, outer, inner = facts.scopes[BODY:]
    kinds = [[facts.terms[n][0] for n in range(s.start, s.end)] for s in (body, outer, inner)]
    assert kinds == [
        [t.PARAM, t.DEFINITION, t.RENDER],
        [t.PARAM, t.LOOKUP, t.FORMAT, t.DEFINITION, t.RENDER],
        [t.PARAM, t.RENDER],
    ]


def test_macros_are_functions() -> None:
    text = "{% macro row(a, b=1) %}{{ a.x }}{{ c }}{{ caller() }}{% endmacro %}{{ row(d, b=e) }}"
    facts = facts_of(text, JINJA)
    assert [p.name for p in facts.scopes[2].parameters] == ["a", "b", "caller"]
    assert outputs(text, JINJA) == ["definition(d)", "x", "c", "param()"]


def test_tags_of_the_project_are_calls() -> None:
    text = "{% load blog %}{% latest 5 topic=a.b as found %}{{ found.first }}{% menu %}"
    facts = facts_of(text)
    calls = [shown(facts, n) for n, entry in enumerate(facts.terms) if entry[0] == t.CALL]
    assert calls == ["<tag latest>(5)", "<tag menu>()"]
    assert facts.terms[facts.terms.index((t.CONST, 5)) + 3][3] == ("blog",)
    # What a tag leaves under a name is told by what it puts out.
    assert outputs(text)[0] == "render.first"


UNKNOWN_TAGS = [
    "{% access user %}{{ a }}{% else %}{{ b }}{% endaccess %}",
    "{% if c %}{% access user %}{{ a }}{% else %}{{ b }}{% endaccess %}{% endif %}",
    "{% for x in y %}{% widget x %}{{ a }}{% endfor %}{{ b }}",
    "{{ a }}{% enddifferent %}{{ b }}",
]


@pytest.mark.parametrize("text", UNKNOWN_TAGS)
@pytest.mark.parametrize("language", list(Language))
def test_unknown_tags_do_not_hide_what_is_inside(text: str, language: Language) -> None:
    assert [name for name in outputs(text, language) if name in "ab"] == ["a", "b"]


def test_what_is_no_template_code_is_left_out() -> None:
    django = (
        "{% verbatim x %}{{ a b }}{% endverbatim x %}{% comment %}{{ c d }}{% if %}{% endcomment %}"
    )
    assert outputs(django + "{# {{ e }} #}{{ f }}{ {{% g") == ["f"]
    jinja = "{%- raw -%}{{ a b }}{% endraw %}{# {{ c }} \n #}{%- set d = 1 +%}{{- d -}}"
    assert outputs(jinja, JINJA) == ["1"]


PROBLEMS = [
    (DJANGO, b"a\n{% if x %}", (2, 1, "the tag 'if' is not closed")),
    (DJANGO, b"{% for x in y %}{% endif %}", (1, 17, "the tag 'endif' does not close 'for'")),
    (DJANGO, b"{% endif %}", (1, 1, "the tag 'endif' closes nothing")),
    (DJANGO, b"{% else %}", (1, 1, "the tag 'else' stands in no tag that has it")),
    (DJANGO, b"x {{ a b }}", (1, 3, "cannot parse 'a b'")),
    (DJANGO, b"{{ }}", (1, 1, "a variable tag is empty")),
    (DJANGO, b"{% for x y %}{% endfor %}", (1, 1, "a 'for' tag has the form 'for x in y'")),
    (DJANGO, b"{% if %}{% endif %}", (1, 1, "the tag 'if' has no test")),
    (
        DJANGO,
        b"{% if a %}{% else %}{% elif b %}{% endif %}",
        (1, 21, "a branch behind the last one"),
    ),
    (JINJA, b"{% if a %}{% else %}{% else %}{% endif %}", (1, 21, "a branch behind the last one")),
    (DJANGO, b"{% if a %}" * 500, (1, 4001, "nested too deeply to analyse")),
    (JINJA, b"{{ a b }}", (1, 6, "unexpected 'b'")),
    (JINJA, b"\n{{ a", (2, 1, "'{{' is not closed")),
    (JINJA, b"{{ a + }}", (1, 7, "an expression ends too early")),
    (JINJA, b"{{ (a] }}", (1, 6, "unexpected ']'")),
    (JINJA, b"{{ a ? b }}", (1, 6, "unexpected '?'")),
    (JINJA, b"{{ " + b"(" * 200 + b")" * 200 + b" }}", (1, 44, "nested too deeply to analyse")),
    (JINJA, b"{# a", (1, 1, "a comment is not closed")),
    (JINJA, b"{% for x in y %}", (1, 1, "the tag 'for' is not closed")),
    (DJANGO, b"a\nb\xff", (2, 2, "not UTF-8")),
    (JINJA, b"\xff\xfea\0", (1, 1, "not UTF-8 but UTF-16")),
    (DJANGO, b"{{ a }}\n\0", (2, 1, "not a text: it holds a null byte")),
]


@pytest.mark.parametrize(("language", "data", "problem"), PROBLEMS)
def test_problems_have_a_place(
    language: Language, data: bytes, problem: tuple[int, int, str]
) -> None:
    assert extract_template(data, language).problem == problem


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("part", ["{", "{{", "{%", "{#", "{{ a", "{% a ", '{{ "', "{{ a|b", "(["])
def test_long_lines_of_openings(language: Language, part: str) -> None:
    extract_template((part * 100_000).encode(), language)
    extract_template(("{{ " + part * 20_000 + " }}").encode(), language)


_PIECES = [
    "{% if a %}", "{% elif b.c %}", "{% else %}", "{% endif %}", "{% for a in b %}",
    "{% for a, b in c.d|f:'x' reversed %}", "{% empty %}", "{% endfor %}", "{% block x %}",
    "{% endblock %}", "{% with a=b.c %}", "{% endwith %}", "{% include 'x' with a=b only %}",
    "{% extends a %}", "{{ a.b|length }}", "{{ a(b)[1].c|map(attribute='d') }}",
    "{{ block.super }}", "{{ super() }}",
    "{% set a = b %}", "{% set a %}", "{% endset %}", "{% macro m(a, b=c) %}", "{% endmacro %}",
    "{% call m(a) %}", "{% endcall %}", "{% regroup a by b as c %}", "{{ '", "}}",
    "{% verbatim %}", "{% endverbatim %}", "{% raw %}", "{% endraw %}", "{# ", "#}", "\n", "x",
    "{% own a b=c as d %}", "{% endown %}", "{% import 'x' as y %}", "{% from 'x' import y %}",
    "{% if a and not b in c or d == 3 %}", "{{ a if b else c }}", "{%", "%}", "{{", "\r", "\u2028",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=30), st.sampled_from(list(Language)))
def test_no_text_breaks_the_extraction(pieces: list[str], language: Language) -> None:
    text = "".join(pieces)
    facts = extract_template(text.encode(), language)
    lines = text.split("\n")
    if facts.problem is not None:
        line, column, reason = facts.problem
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1
        assert reason and "\n" not in reason
        return
    assert ModuleFacts.from_bytes(facts.to_bytes()) == facts
    assert len(facts.spans) == 4 * len(facts.terms)
    for term in range(len(facts.terms)):
        line, column, end_line, end_column = facts.span(term)
        assert line == 0 or column <= len(lines[line - 1])
        assert (line, column) <= (end_line, end_column)
    for scope in facts.scopes[BODY:]:
        assert scope.start <= scope.end <= len(facts.terms)
        assert all(scope.start <= term < scope.end for term in scope.bindings.values())
    for region in facts.regions:
        assert region.start <= region.end
