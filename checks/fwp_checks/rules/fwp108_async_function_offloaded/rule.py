"""FWP108: an async function, or the result of a call, is handed to a thread."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP108",
    name="async-function-offloaded",
    summary=(
        "A thread is handed an async function, or the result of a call: nothing of it runs there."
    ),
    severity=Severity.ERROR,
    fix_link="https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread",
)


def check(file: FileView) -> Iterator[Finding]:
    """Arguments of offloading calls."""
    for handed in file.offloaded_arguments:
        if handed.is_async_function:
            message = (
                f"async function '{handed.name}' is handed to {handed.offload}: the thread only "
                f"makes its coroutine and runs nothing of it; await {handed.name}() instead."
            )
        else:
            message = (
                f"'{handed.name}' is called here, on the event loop, and its result handed to "
                f"{handed.offload}: pass the function and its arguments apart, "
                f"{handed.offload}({handed.lead}{handed.name}, …)."
            )
        yield file.finding(
            RULE,
            file.range_of(file.module, handed.term),
            message,
            key=(file.module.qualname(handed.scope), handed.name),
        )
