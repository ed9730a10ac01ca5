"""FWP109: an async function that awaits nothing and blocks would run in a thread as a plain
``def``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.loop.event_loop import BlockingSite
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP109",
    name="async-without-await-that-blocks",
    summary="An async handler that awaits nothing and blocks should be a plain def.",
    severity=Severity.ERROR,
    fix_link="https://fastapi.tiangolo.com/async/#path-operation-functions",
)


# Further places are named, but the way from them is not shown.
_MOST_CHAINS = 5


def check(file: FileView) -> Iterator[Finding]:
    """One finding a function, in place of one a blocking call."""
    for function, sites in blocking.needlessly_async(file):
        heavy = [site for site in sites if site.severity.rank < 2]
        first = min(heavy, key=lambda site: (site.severity.rank, site.slowness, len(site.chain)))
        path = "" if first.is_direct else f": {file.chain_text(first.chain)}"
        message = (
            f"{function.label} '{function.name}' awaits nothing and blocks the event loop "
            f"({blocking.names(heavy)}){path}; "
            f"write 'def' instead of 'async def' and it runs in a thread."
        )
        yield file.finding(
            RULE,
            file.definition_range(function.scope),
            message,
            key=(function.qualname,),
            severity=min((site.severity for site in heavy), key=lambda severity: severity.rank),
            trace=_trace(file, heavy),
        )


def _trace(file: FileView, sites: Sequence[BlockingSite]) -> list[Step]:
    """A step a blocking place; for the first few, the way to the call that blocks, too."""
    steps: list[Step] = []
    for number, site in enumerate(sites):
        steps.extend(file.site_steps(site)[: None if number < _MOST_CHAINS else 1])
    return steps
