"""What the rules about rows that a framework shows share: how they word what is read of each row,
and the way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.finding import Finding
from fwp_checks.project.rows.needs import Kind, Lack, Need
from fwp_checks.rules import rows

if TYPE_CHECKING:
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_ONE_STATEMENT = "one statement that names all of them, with in_()"
CHOICES_LINK = "https://docs.djangoproject.com/en/stable/ref/forms/fields/#modelchoicefield"
KINDS = (*rows.FETCHABLE, Kind.NARROWED)
"""What the finding about a framework that shows rows speaks of."""


def queries(file: FileView, rule: Rule, what: str, does: str) -> Iterator[Finding]:
    """A finding at each query that code runs for each row of a kind of consumer, which ``does``
    that.
    """
    for site in file.row_sites(what):
        way = "" if len(site.chain) == 1 else f": {file.chain_text(site.chain)}"
        doing = rows.doing(site.chain[0])
        message = (
            f"{doing} in '{file.name_of(site.path, site.scope)}' runs a query "
            f"for each row that {site.label} {does}{way}; use {site.row.alternative}."
        )
        yield file.finding(
            rule,
            file.range_of(file.module, site.term),
            rows.hedged(site.weight, message),
            key=(
                file.module.qualname(site.scope),
                doing,
                site.chain[-1].library,
            ),
            severity=rows.severity(file, site.weight),
            is_preview=rows.is_preview(site.weight),
            fix_link=site.row.link,
            trace=file.trace(site.chain),
        )


def choices(file: FileView, rule: Rule, kind: Kind) -> Iterator[Finding]:
    """A finding for fields of a form whose choices are shown with queries of their own, the first
    of a kind.
    """
    for query, needs in rows.queries(file, rule, "django", "choices"):
        kinds = {need.lack.kind for need in needs}
        if query.consumer is None or kind is not next(k for k in rows.FETCHABLE if k in kinds):
            continue
        message = (
            f"the form {query.consumer.label} shows {costs_of_choices(needs)} "
            f"(read at {rows.places(file, needs)}); declare the field, "
            f"with a queryset of its own, and there {way_out_of_choices(file, needs)}."
        )
        yield rows.report(file, rule, query, needs, message, fix_link=CHOICES_LINK, edits=())


def costs_of_choices(needs: Sequence[Need]) -> str:
    """``each choice of author and editor with an extra query: publisher``."""
    return ", and ".join(
        f"each choice of {fields} with {costs(inner)}" for fields, inner in _by_fields(needs)
    )


def way_out_of_choices(file: FileView, needs: Sequence[Need]) -> str:
    """``add .select_related("publisher")``, with the fields that it is for if there are others."""
    found = _by_fields(needs)
    if len(found) == 1:
        return way_out(file, found[0][1])
    return ", and ".join(f"{way_out(file, inner)} for {fields}" for fields, inner in found)


def _by_fields(needs: Sequence[Need]) -> list[tuple[str, list[Need]]]:
    """The fields whose choices are shown, ``author and editor`` if they lack the same; and what
    that is, without the field on the way there.
    """
    lacking: dict[str, set[Lack]] = {}
    for need in needs:
        inner = replace(need.lack, hops=need.lack.hops[1:])
        lacking.setdefault(need.lack.hops[0].name, set()).add(inner)
    alike: dict[frozenset[Lack], list[str]] = {}
    for name in sorted(lacking):
        alike.setdefault(frozenset(lacking[name]), []).append(name)
    found = []
    for names in alike.values():
        own = [need for need in needs if need.lack.hops[0].name == names[0]]
        inner_needs = [
            need._replace(lack=replace(need.lack, hops=need.lack.hops[1:])) for need in own
        ]
        *others, last = names
        found.append((f"{', '.join(others)} and {last}" if others else last, inner_needs))
    return found


def costs(needs: Sequence[Need]) -> str:
    """``3 extra queries: author, some of comments, tags``."""
    whole = {need.lack.path for need in needs if need.lack.kind is not Kind.NARROWED}
    names = {path: path for path in whole}
    names |= {
        f"{need.lack.path} ": f"some of {need.lack.path}"
        for need in needs
        if need.lack.kind is Kind.NARROWED
    }
    return f"{rows.counted(len(names))}: {', '.join(names[key] for key in sorted(names))}"


def way_out(file: FileView, needs: Sequence[Need]) -> str:
    """``add .select_related("author")``, and what to do about queries for some of a collection."""
    some = rows.paths([need for need in needs if need.lack.kind is Kind.NARROWED])
    whole = [need for need in needs if need.lack.kind is not Kind.NARROWED]
    # What lies behind some of a collection, and not behind all of it, is fetched with those.
    behind = tuple(f"{path}." for path in some if path not in rows.paths(whole))
    fetched = [need for need in whole if not need.lack.path.startswith(behind)]
    ways = []
    if fetched:
        ways.append(f"add {rows.way_out(file, fetched)}")
    if some:
        is_django = needs[0].call.startswith("django.")
        how = "an annotation or Prefetch(…, queryset=…, to_attr=…)" if is_django else _ONE_STATEMENT
        ways.append(f"fetch some of {', '.join(some)} for all rows with {how}")
    return "; ".join(ways)
