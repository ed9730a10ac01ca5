"""Servers of the Model Context Protocol: handlers and tools that are asynchronous run on the loop,
many at a time.

mcp/server/lowlevel/server.py of mcp 1.30.0 (``Server.run``): each message is handled in a task of
its own, and what a decorator registered is awaited; in 2.3.0 the handlers are handed to
``Server()``. mcp/server/fastmcp/utilities/func_metadata.py of 1.30.0
(``call_fn_with_arg_validation``): coroutine functions are awaited, others called on the spot, which
2.3.0 (mcp/server/mcpserver) does in a thread: it is not known of these where they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.web import Place, Registration, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context, Root

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_SERVERS: tuple[str, ...] = members(
    ("mcp.server", "mcp.server.lowlevel", "mcp.server.lowlevel.server"), ("Server",)
)
_HANDLERS: tuple[str, ...] = (
    *("call_tool", "list_tools", "list_prompts", "get_prompt", "completion"),
    *("list_resources", "list_resource_templates", "read_resource"),
    *("subscribe_resource", "unsubscribe_resource", "set_logging_level", "progress_notification"),
)
# In 2.x, in place of the decorators.
_HANDED: tuple[str, ...] = (
    *("on_call_tool", "on_list_tools", "on_list_prompts", "on_get_prompt", "on_completion"),
    *("on_list_resources", "on_list_resource_templates", "on_read_resource", "on_ping"),
    *("on_subscribe_resource", "on_unsubscribe_resource", "on_subscriptions_listen"),
    *("on_set_logging_level", "on_progress", "on_roots_list_changed"),
)
# The second package is a distribution of its own, https://gofastmcp.com
_FAST: tuple[str, ...] = (
    *("mcp.server.FastMCP", "mcp.server.fastmcp.FastMCP", "mcp.server.fastmcp.server.FastMCP"),
    *("mcp.server.MCPServer", "mcp.server.mcpserver.MCPServer"),
    *("fastmcp.FastMCP", "fastmcp.server.FastMCP"),
)
_NOWHERE = -1


class ModelContextProtocol(WebFramework):
    """Hooks for the packages mcp and fastmcp."""

    name = "MCP"
    modules = frozenset({"mcp", "fastmcp"})
    threaded = frozenset({Context.HANDLER})
    decorators = (
        (
            Context.HANDLER,
            members(_SERVERS, _HANDLERS) + members(_FAST, ("tool", "resource", "prompt")),
        ),
    )
    registrations = ((Place(Context.HANDLER, 0, "fn"), members(_FAST, ("add_tool",))),)

    def find_roots(self, project: Project) -> Iterator[Root]:
        """What the tables say of the project, and what servers are made with."""
        yield from super().find_roots(project)
        for site in project.call_sites.of(frozenset(_SERVERS)):
            how = self.registration(Context.HANDLER, site.name, site.arguments)
            for keyword in _HANDED:
                yield from self.registered(project, site.handed(_NOWHERE, keyword), how)

    def root(self, frame: Frame, how: Registration) -> Root:
        """A root of this framework: written ``def``, it would run on the loop in 1.x."""
        return Root(frame, how.context, self.name)


FRAMEWORK = ModelContextProtocol()
