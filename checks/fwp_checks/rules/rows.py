"""What the rules about queries for single rows share: which rule speaks of a query, and how it
words it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Edit, Finding, Severity, Step
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.rows.edits import continues
from fwp_checks.project.rows.needs import Kind, Lack, Need
from fwp_checks.project.rows.weights import Weight

if TYPE_CHECKING:
    from fwp_checks.project.effects.chains import Call
    from fwp_checks.project.rows.queries import Starving
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

COUNTING = ("count", "exists")
"""What asks for less than the objects: an annotation may be better than to fetch them all."""
_MOST_PLACES = 3
_MOST_PAGES = 5
_MOST_NAMES = 6
CONSUMERS = ("", "serializer", "template", "admin", "response")
"""What goes through the rows of queries: a loop, or a consumer of these kinds."""


FETCHABLE: tuple[Kind, ...] = (Kind.RELATION, Kind.COLLECTION)
"""What the query for the rows could have fetched along."""


def queries(
    file: FileView, rule: Rule, library: str, what: str = "", kinds: Sequence[Kind] = FETCHABLE
) -> Iterator[tuple[Starving, list[Need]]]:
    """The queries of a file, run by a library, with what they lack of these kinds; those whose rows
    a loop goes through for ``what`` "", else a consumer of that kind.
    """
    for query in file.starving_queries:
        if (query.consumer.what if query.consumer is not None else "") == what:
            needs = [
                need
                for need in query.needs
                if need.lack.kind in kinds and need.call.startswith(f"{library}.")
            ]
            if needs:
                yield query, needs


def paths(needs: Sequence[Need]) -> list[str]:
    """What is lacking, each once; of ``author`` and ``author.publisher`` both."""
    return sorted(dict.fromkeys(need.lack.path for need in needs))


def asked(needs: Sequence[Need]) -> list[str]:
    """``comments.filter()``: how what is lacking is asked for, each way once."""
    return sorted({f"{need.lack.path}.{need.lack.method}()" for need in needs})


def named(names: Sequence[str]) -> str:
    """Names with commas; of a great many, the first."""
    more = f", … ({len(names)} in all)" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


def counted(number: int) -> str:
    """``an extra query``, ``2 extra queries``."""
    return "an extra query" if number == 1 else f"{number} extra queries"


def places(file: FileView, needs: Sequence[Need]) -> str:
    """``blog/views.py:14, 17``: where it is read."""
    lines: dict[str, list[int]] = {}
    for need in needs:
        line = file.module_of(need.path).facts.span(need.term)[0]
        known = lines.setdefault(need.path, [])
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
    return frameworks.loading(needs[0].call, [need.lack for need in needs])


def trace(file: FileView, query: Starving, needs: Sequence[Need]) -> list[Step]:
    """Where the query was made, where its rows are gone through, and each read."""
    steps = []
    by_path = file.project.table.by_path
    here = (query.module.path, query.term)

    def add(place: Place | None, message: str) -> None:
        module = by_path.get(place.path) if place is not None else None
        if place is not None and module is not None and (place.path, place.term) != here:
            steps.append(Step(place.path, file.range_of(module, place.term), message))

    origin = needs[0].origin
    if origin.made is not None and origin.built is not None:
        if origin.made.path != origin.built.path:
            add(origin.made, "the query is made here")
    for other in origin.also:
        add(other, "or the query is built here, on another path")
    for page in query.pages[:_MOST_PAGES]:
        add(page, "the template is rendered here, too")
    for consumed in dict.fromkeys(need.origin.consumed for need in needs):
        add(consumed, "its rows are gone through here")
    for need in needs:
        where = file.range_of(file.module_of(need.path), need.term)
        steps.append(Step(need.path, where, f"a query for each row: {need.lack.path}"))
    return steps


def is_preview(weight: Weight) -> bool:
    """Whether queries of a weight are reported in preview only: pieces of work are, and what may
    never happen.
    """
    return weight <= Weight.WORK


def hedged(weight: Weight, message: str) -> str:
    """A message about queries of a weight, which may never happen."""
    return f"perhaps {message}" if weight is Weight.OPEN else message


def severity(file: FileView, weight: Weight) -> Severity:
    """How severe queries of a file are: less where nobody waits for an answer, and where they are
    part of more work.

    Django finds commands by this folder,
    https://docs.djangoproject.com/en/stable/howto/custom-management-commands/
    """
    is_waited = weight is Weight.WAITED and "/management/commands/" not in file.module.path
    return Severity.WARNING if is_waited else Severity.INFO


def doing(call: Call) -> str:
    """``get() on Post``, ``load_user``: what is done each time, as the beginning of a sentence."""
    if call.callee is not None:
        return f"'{call.name}'"
    if not call.model:
        return f"'{'.'.join(call.name.split('.')[-2:])}'"
    method = call.library.rpartition(".")[2]
    if method.startswith("__"):
        return f"going through {call.model} objects"
    return f"{method}() on {call.model}"


def report(
    file: FileView,
    rule: Rule,
    query: Starving,
    needs: Sequence[Need],
    message: str,
    *,
    fix_link: str = "",
    edits: Sequence[Edit] | None = None,
) -> Finding:
    """A finding where the query is built; ``edits`` None are those that add the way out. What may
    never happen is for nobody's edit to mend.
    """
    if query.weight is Weight.OPEN:
        edits = ()
    scope = file.module.facts.scopes[file.module.code_scope_of(query.term)]
    return file.finding(
        rule,
        file.range_of(file.module, query.term),
        hedged(query.weight, message),
        key=(scope.name, *paths(needs)),
        severity=severity(file, query.weight),
        is_preview=is_preview(query.weight),
        fix_link=fix_link,
        trace=trace(file, query, needs),
        edits=added(file, query, needs) if edits is None else edits,
    )


def added(file: FileView, query: Starving, needs: Sequence[Need]) -> tuple[Edit, ...]:
    """The edits that add the way out to the query, on each path that it is built on; none unless
    they are certain, and all that is needed.
    """
    here = Place(query.module.path, query.term)
    lacks = [need.lack for need in needs]
    if any(need.origin.built != here for need in needs) or not all(map(_is_added, lacks)):
        return ()
    found: list[Edit] = []
    places = {here, *(place for need in needs for place in need.origin.also)}
    for place in sorted(places, key=lambda place: (place.path, place.term)):
        module = file.project.table.by_path.get(place.path)
        if module is None or module.is_read_only:
            return ()
        others = {other.term for other in places if other.path == place.path}
        if continues(module.facts, place.term, others):
            continue
        built = file.project.queries.built(place)
        # What one of several classes has, the others may not have; and whoever has fetched all
        # objects behind a relation along would ask for them again.
        if len(built.classes) != 1 or built.is_relation:
            return ()
        edits = file.project.frameworks.edits(needs[0].call, lacks, module, place.term)
        if not edits:
            return ()
        found += edits
    return tuple(dict.fromkeys(found))


def _is_added(lack: Lack) -> bool:
    """Whether the query had better fetch it, and nothing else needs to change for that."""
    return lack.kind in FETCHABLE and not lack.besides and lack.method not in COUNTING
