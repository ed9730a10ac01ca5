"""FWP207: a template reads relations of each row that the query did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.rows.needs import Need
from fwp_checks.project.rows.queries import Starving
from fwp_checks.project.templates.templates import Template, label_of
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP207",
    name="n-plus-one-in-template",
    summary="A template reads related objects of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related",
)
_LINKS = {
    "django": RULE.fix_link,
    "sqlalchemy": "https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html",
}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query and template, with everything that the template reads of its rows; one
    for all templates that read the same.
    """
    for library, link in _LINKS.items():
        alike: dict[tuple[object, ...], list[tuple[Starving, list[Need], str]]] = {}
        for query, needs in rows.queries(file, RULE, library, "template", shown.KINDS):
            spelt = {need: _spelt(file, need) for need in needs}
            for begun in sorted(set(spelt.values())):
                # What rows lead to whose own query is too far away is told with that query.
                if not begun.startswith("…"):
                    own = [need for need in needs if spelt[need] == begun]
                    same = (query.term, query.weight, begun, frozenset(n.lack for n in own))
                    alike.setdefault(same, []).append((query, own, begun))
        for found in alike.values():
            query, own, begun = found[0]
            label = query.consumer.label if query.consumer is not None else ""
            if len(found) > 1:
                label += f" (and {len(found) - 1} more)"
            yield _shown(file, query, own, label, begun, link)
    yield from shown.queries(file, RULE, "template", "shows")
    for site, place in file.shown_loop_sites:
        last = site.chain[-1]
        where = file.range_of(file.module_of(last.path), last.term)
        template = file.module_of(site.path)
        label = label_of(template.template_name) if isinstance(template, Template) else ""
        doing = rows.doing(last)
        if site.is_same:
            message = (
                f"{doing} runs the same query in each round of a loop in {label} "
                f"({last.path}:{where.line}); fetch its rows once, before the loop."
            )
        else:
            message = (
                f"{doing} runs a query in each round of a loop in {label} "
                f"({last.path}:{where.line}); use {site.row.alternative}."
            )
        yield file.finding(
            RULE,
            file.range_of(file.module, place.term),
            message,
            key=(label, doing, str(where.line)),
            severity=rows.severity(file, site.weight),
            fix_link=site.row.link,
            trace=(Step(last.path, where, "the query of each round"),),
        )


def _shown(
    file: FileView, query: Starving, needs: list[Need], label: str, begun: str, link: str
) -> Finding:
    """What the rows of one query lack, which begins in the template as ``begun`` unless that is
    empty.
    """
    of = f" of {begun}" if begun else ""
    fetch = "fetch these rows in the view and " if begun else ""
    pages = f", on {len(query.pages) + 1} pages," if query.pages else ""
    message = (
        f"{label} shows each row{of}{pages} with {shown.costs(needs)} "
        f"(read at {rows.places(file, needs)}); {fetch}{shown.way_out(file, needs)}."
    )
    # A query that was not seen to be made has no place where something can be added.
    is_made = not begun and all(need.origin.made is not None for need in needs)
    edits = None if is_made else ()
    return rows.report(file, RULE, query, needs, message, fix_link=link, edits=edits)


def _spelt(file: FileView, need: Need) -> str:
    """A query that begins in a template, as it stands there (``article.comments.all``); empty for
    one that Python code makes.
    """
    made = need.origin.made
    module = file.project.table.by_path.get(made.path) if made is not None else None
    return module.spelt(made.term) if made is not None and isinstance(module, Template) else ""
