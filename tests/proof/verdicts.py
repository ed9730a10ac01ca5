"""What a run says about the findings of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwp_checks.finding import Finding

GROWING = (
    *("FWP201", "FWP202", "FWP203", "FWP204", "FWP205", "FWP206", "FWP207", "FWP208", "FWP209"),
    "FWP210",
)
GROWING_ALCHEMY = ("FWP211", "FWP212")
RAISING = ("FWP213",)
# Not the number of queries grows with the table, but what one of them fetches.
WHOLE_TABLES = ("FWP220",)
PROVED = (*GROWING, *GROWING_ALCHEMY, *RAISING, *WHOLE_TABLES)
# MissingGreenlet, by itself or in another exception; what lazy="raise" raises.
_REFUSED = ("MissingGreenlet", "greenlet_spawn", "is not available due to lazy")
# Their rows are gone through in code of the framework, perhaps with no line of the case.
_CONSUMED_BY_FRAMEWORK = ("FWP206", "FWP207", "FWP208", "FWP210", "FWP212")


def contradictions(findings: Iterable[Finding], result: Mapping[str, Any]) -> list[str]:
    """Where the findings of a case and what happened when it was run disagree; a line each."""
    if "error" in result:
        return [f"the project cannot be run: {result['error']}"]
    wanted = [f for f in findings if f.code in (*GROWING, *GROWING_ALCHEMY)]
    raising = [f for f in findings if f.code in RAISING]
    found = []
    grown = []
    for entry in result["entries"]:
        if entry["problem"] and not any(_raises(finding, entry) for finding in raising):
            problem = " ".join(entry["problem"].split())[:300]
            found.append(f"{entry['name']} cannot be run: {problem}")
        grown += [(entry["name"], query) for query in entry["growing"]]
    if not result["entries"]:
        found.append("there is nothing to run: say what, with <!-- run: … -->")
    for name, query in grown:
        if not any(_speaks_of(finding, query) for finding in wanted):
            found.append(
                f"no finding, but {query['from']} queries become {query['to']} in {name}: "
                f"{_places(query)}: {query['sql']}"
            )
    for finding in wanted:
        if not any(_speaks_of(finding, query) for _, query in grown):
            where = f"{finding.path}:{finding.range.line}"
            found.append(f"{where}: {finding.code} is reported, but no query grows with the rows")
    for finding in raising:
        if not any(_raises(finding, entry) for entry in result["entries"]):
            where = f"{finding.path}:{finding.range.line}"
            found.append(f"{where}: {finding.code} is reported, but nothing is raised")
    return found


def whole_tables(findings: Iterable[Finding], result: Mapping[str, Any], rows: int) -> list[str]:
    """Where it is not the reported views whose responses hold more rows when there are ``rows``
    more of them in the table; a line each.
    """
    if "error" in result:
        return [f"the project cannot be run: {result['error']}"]
    reported = {
        finding.message.split()[0].partition(".")[0]: finding
        for finding in findings
        if finding.code in WHOLE_TABLES
    }
    found = [
        f"{entry['name']} cannot be run: {entry['problem']}"
        for entry in result["entries"]
        if entry["problem"]
    ]
    for entry in result["entries"]:
        few, many = entry["fetched"]
        label = entry["name"].rpartition(".")[2]
        if many - few >= rows and label not in reported:
            found.append(f"no finding, but {few} rows become {many} in {entry['name']}")
        if many - few < rows and label in reported:
            where = f"{reported[label].path}:{reported[label].range.line}"
            found.append(f"{where}: FWP220 is reported, but {few} rows become {many}")
    seen = {entry["name"].rpartition(".")[2] for entry in result["entries"]}
    return found + [
        f"{label} is reported, and was not run" for label in reported if label not in seen
    ]


def _speaks_of(finding: Finding, query: Mapping[str, Any]) -> bool:
    lines = {(finding.path, line) for line in _range(finding)}
    lines |= {(step.path, step.range.line) for step in finding.trace}
    if any(
        path == one and first <= line <= last
        for path, first, last in query["sites"]
        for one, line in lines
    ):
        return True
    return finding.code in _CONSUMED_BY_FRAMEWORK


def _range(finding: Finding) -> range:
    return range(finding.range.line, finding.range.end_line + 1)


def _raises(finding: Finding, entry: Mapping[str, Any]) -> bool:
    """Whether an entry raises what a finding says, there or in code of the framework."""
    if not any(word in entry["problem"] for word in _REFUSED):
        return False
    lines = [(path, line) for path, line, _ in entry["raised"]]
    return not lines or any((finding.path, line) in lines for line in _range(finding))


def _places(query: Mapping[str, Any]) -> str:
    return ", ".join(f"{path}:{line}" for path, line, _ in query["sites"]) or "no line of the case"
