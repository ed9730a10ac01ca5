"""GraphQL: object types over rows of a database.

``object_types`` says what is asked of types, ``graphene_types`` and ``strawberry_types`` read those
of the libraries, ``reads`` what resolving an object reads of it, ``lists`` finds where a client may
ask for many objects.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.graphql.graphene_types import GrapheneTypes
from fwp_checks.frameworks.graphql.lists import Lists
from fwp_checks.frameworks.graphql.object_types import INFO, ObjectTypes
from fwp_checks.frameworks.graphql.reads import GET_NODE, LIST_RESOLVER
from fwp_checks.frameworks.graphql.strawberry_types import StrawberryTypes
from fwp_checks.project.meaning.origins import Hop, Origin, origin_of
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import Constant, Instance, Member, Value
from fwp_checks.project.rows.needs import Consumer, Kind, Lack

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


class GraphQL(Framework):
    """Hooks for Graphene and Strawberry."""

    name = "GraphQL"
    modules = frozenset({"graphene", "graphene_django", "strawberry", "strawberry_django"})

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """The context of a resolver is the request, where Django's view answers it."""
        is_info = isinstance(base, Instance) and base.class_ == INFO and name == "context"
        if is_info and "graphene_django" in project.names.imported_roots:
            return Instance("django.http.HttpRequest")
        return None

    def lack(
        self, project: Project, frame: Frame | None, run: RunExternal
    ) -> tuple[Origin, Lack] | None:
        """A relation that is asked for by its key although it may have been fetched along."""
        name = run.arguments.get(0)
        origin = origin_of(run.receiver) if run.receiver is not None else None
        if run.name not in (GET_NODE, LIST_RESOLVER) or origin is None:
            return None
        assert isinstance(name, Constant)
        hop = Hop(name.value, joins=run.name == GET_NODE)
        return origin, Lack(Kind.BYPASSED, (*origin.hops, hop), "get_queryset")

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The lists of the schema, and the fields of the types that are in them."""
        for types in _types_of(project):
            yield from Lists(project, types).consumers(modules)


def _types_of(project: Project) -> tuple[ObjectTypes, ...]:
    """The types of a project, of each library; read once."""
    known: tuple[ObjectTypes, ...] | None = project.framework_data.get("graphql.types")
    if known is None:
        known = (GrapheneTypes(project), StrawberryTypes(project))
        project.framework_data["graphql.types"] = known
    return known


FRAMEWORK = GraphQL()
