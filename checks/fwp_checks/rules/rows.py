"""What the rules about queries for single rows share: which rule speaks of a query, and how it
words it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Finding, Step
from fwp_checks.project.needs import Kind, Need, Starving

if TYPE_CHECKING:
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_MOST_PLACES = 3
CONSUMERS = ("", "serializer", "template", "admin", "response")
"""What goes through the rows of queries: a loop, or a consumer of these kinds."""


FETCHABLE = (Kind.RELATION, Kind.COLLECTION)
"""What the query for the rows could have fetched along."""


def queries(
    file: FileView, library: str, what: str = "", kinds: Sequence[Kind] = FETCHABLE
) -> Iterator[tuple[Starving, list[Need]]]:
    """The queries of a file, run by a library, with what they lack of these kinds; those whose rows
    a loop goes through for ``what`` "", else a consumer of that kind.
    """
    for query in file.starving_queries:
        if (query.consumer.what if query.consumer is not None else "") == what:
            needs = [
                need
                for need in query.needs
                if need.lack.kind in kinds and need.run.name.startswith(f"{library}.")
            ]
            if needs:
                yield query, needs


def paths(needs: Sequence[Need]) -> list[str]:
    """What is lacking, each once; of ``author`` and ``author.publisher`` both."""
    return sorted(dict.fromkeys(need.lack.path for need in needs))


def counted(number: int) -> str:
    """``an extra query``, ``2 extra queries``."""
    return "an extra query" if number == 1 else f"{number} extra queries"


def places(file: FileView, needs: Sequence[Need]) -> str:
    """``blog/views.py:14, 17``: where it is read."""
    lines: dict[str, list[int]] = {}
    for need in needs:
        line = need.module.facts.span(need.term)[0]
        known = lines.setdefault(need.module.path, [])
        if line not in known:
            known.append(line)
    texts = []
    for path, found in lines.items():
        found.sort()
        more = ", …" if len(found) > _MOST_PLACES else ""
        texts.append(f"{path}:{', '.join(map(str, found[:_MOST_PLACES]))}{more}")
    return "; ".join(texts)


def way_out(file: FileView, needs: Sequence[Need]) -> str:
    """The call to add to the query."""
    frameworks = file.project.frameworks
    return frameworks.loading(needs[0].run, [need.lack for need in needs])


def trace(file: FileView, query: Starving, needs: Sequence[Need]) -> list[Step]:
    """Where the query was made, where its rows are gone through, and each read."""
    steps = []
    by_path = file.project.table.by_path
    built, made = needs[0].origin.built, needs[0].origin.made
    if made is not None and built is not None and made.path != built.path:
        module = by_path[made.path]
        steps.append(Step(made.path, file.range_of(module, made.term), "the query is made here"))
    consumed = by_path.get(query.consumed.path)
    if consumed is not None and (consumed, query.consumed.term) != (query.module, query.term):
        where = file.range_of(consumed, query.consumed.term)
        steps.append(Step(consumed.path, where, "its rows are gone through here"))
    for need in needs:
        where = file.range_of(need.module, need.term)
        steps.append(Step(need.module.path, where, f"a query for each row: {need.lack.path}"))
    return steps


def report(
    file: FileView,
    rule: Rule,
    query: Starving,
    needs: Sequence[Need],
    message: str,
    *,
    fix_link: str = "",
) -> Finding:
    """A finding where the query is built."""
    scope = file.module.facts.scopes[file.module.code_scope_of(query.term)]
    return file.finding(
        rule,
        file.range_of(file.module, query.term),
        message,
        key=(scope.name, *paths(needs)),
        fix_link=fix_link,
        trace=trace(file, query, needs),
    )
