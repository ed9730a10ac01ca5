"""What there is to say of the code around applications; each part is found when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.application.database_work import DatabaseWork
from fwp_checks.project.structure.client_calls import ClientCalls
from fwp_checks.project.structure.early_binding import EarlyBindings
from fwp_checks.project.structure.import_order import ImportOrder
from fwp_checks.project.structure.loaded import Loaded
from fwp_checks.project.structure.monitoring import Monitoring
from fwp_checks.project.structure.request_bodies import RequestBodies
from fwp_checks.project.structure.schema_changes import SchemaChanges
from fwp_checks.project.structure.shapes import Shapes

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Structure:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def shapes(self) -> Shapes:
        """How applications are laid out."""
        return Shapes(self._project)

    @cached_property
    def database_work(self) -> DatabaseWork:
        """How much functions do with a database."""
        return DatabaseWork(self._project)

    @cached_property
    def loaded(self) -> Loaded:
        """Which modules are imported with an application."""
        return Loaded(self._project)

    @cached_property
    def import_order(self) -> ImportOrder:
        """What is bound when modules import each other."""
        return ImportOrder(self._project, self.loaded)

    @cached_property
    def schema_changes(self) -> SchemaChanges:
        """Where tables are made or changed outside of migrations."""
        return SchemaChanges(self._project, self.loaded)

    @cached_property
    def request_bodies(self) -> RequestBodies:
        """Where handlers take request bodies apart that nothing has validated."""
        return RequestBodies(self._project)

    @cached_property
    def monitoring(self) -> Monitoring:
        """What tells of errors, of load and of being alive."""
        return Monitoring(self._project)

    @cached_property
    def client_calls(self) -> ClientCalls:
        """Which routes tests speak of."""
        return ClientCalls(self._project)

    @cached_property
    def early_bindings(self) -> EarlyBindings:
        """Applications of Flask that exist before they are configured."""
        return EarlyBindings(self._project)
