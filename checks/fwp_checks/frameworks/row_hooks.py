"""What a framework module can contribute to what is known of queries and their rows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from fwp_checks.finding import Edit
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame, FunctionKey
    from fwp_checks.project.meaning.origins import Origin
    from fwp_checks.project.meaning.outcome import RunExternal
    from fwp_checks.project.meaning.values import Instance
    from fwp_checks.project.rows.apart import Apart
    from fwp_checks.project.rows.needs import Consumer, Lack
    from fwp_checks.project.rows.refusals import Refused


class RowHooks:
    """Hooks of one framework, about its queries."""

    row_sources: ClassVar[tuple[str, ...]] = ()
    """What is imported to come by its queries, of whose rows it says what they lack; dotted names
    that end in a dot."""
    row_hosts: ClassVar[tuple[str, ...]] = ()
    """What else is imported by code that is handed rows: requests have users; dotted names that end
    in a dot."""

    def inherited_frames(self, project: Project) -> Iterator[Frame]:
        """Functions that it calls with more than calls in the project tell: methods of classes that
        are complete only in a class derived from them, what decorators put in place of views.
        """
        return iter(())

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """What goes through the rows of queries without a loop of the project's own, where that
        stands in these modules.
        """
        return iter(())

    def lack(
        self, project: Project, frame: Frame | None, run: RunExternal
    ) -> tuple[Origin, Lack] | None:
        """What one of its queries for a single row fetches, and where that row came from; None if
        the run is no such query. ``frame`` is the code that causes it, None for a framework's.
        """
        return None

    def stands_alone(
        self, module: Module, term: int, depends: Callable[[int], bool]
    ) -> Apart | None:
        """Why one of its queries in a loop cannot be put together with those of other rounds, None
        if it can; ``depends`` says what differs from round to round.
        """
        return None

    def table_term(self, run: RunExternal, module: Module, term: int) -> int:
        """The term that alone says which table one of its queries asks, if nothing is known of
        that; else -1.
        """
        return -1

    keeping: ClassVar[frozenset[str]] = frozenset()
    """Its methods after which a query has its rows, so that none of them asks for them again."""
    sets_apart: ClassVar[Mapping[str, Apart]] = {}
    """What sets a round of a loop apart, by dotted names: context managers around a query, and
    methods that are called anywhere in the round."""

    settings: ClassVar[tuple[str, ...]] = ()
    """Names, or beginnings that end in a dot, of settings: what they hold, and what that holds, is
    as much as a file says."""
    declared: ClassVar[tuple[str, ...]] = ()
    """The same of what holds as much as the code of a project says."""

    def refusal(self, project: Project, run: RunExternal) -> Refused | None:
        """What one of its functions should read and refuses to; None if it does not."""
        return None

    def is_loaded(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether what a function does before a term has loaded what one of its functions would
        load for a row.
        """
        return False

    def waiting_functions(
        self, project: Project, modules: Container[Module]
    ) -> Iterator[FunctionKey]:
        """Functions in which it does not refuse to, as far as these modules make them such."""
        return iter(())

    def hooks_of_write(self, project: Project, run: RunExternal) -> str:
        """What of the project's own code runs when one object is written, and would not if many
        were written at once: ``Post.save()``; empty if there is none.
        """
        return ""

    def fetched(self, value: Instance) -> Sequence[str] | None:
        """The paths that one of its queries fetches, or that were fetched with one of its rows;
        None for anything else, and where that is not known.
        """
        return None

    def is_filled(self, value: Instance) -> bool:
        """Whether the rows of one of its queries were certainly fetched before."""
        return False

    def holds_value(self, project: Project, base: Instance, name: str) -> bool:
        """Whether an attribute of one of its rows is a column, and not of truth values."""
        return False

    def may_have(self, base: Instance, name: str) -> bool:
        """Whether one of its rows has an attribute that its class does not name, or may have it:
        what its query computed.
        """
        return False

    def is_one_of_each(self, project: Project, base: Instance, name: str) -> bool:
        """Whether no two of the rows of the query that gave a row have the same in a column."""
        return False

    def has_attribute(self, project: Project, base: Instance, name: str) -> bool | None:
        """Whether one of its queries or rows has an attribute, which no row of the catalogue and
        no class of the project names; None if it may have.
        """
        return None

    def is_relation(self, project: Project, frame: Frame, term: int) -> bool:
        """Whether a query at a term asks for all objects behind a relation, which may have been
        fetched along.
        """
        return False

    def loading(self, lacking: Sequence[Lack]) -> str:
        """What to add to the query that gives the rows, so that nothing is lacking."""
        return ""

    def edits(self, lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
        """The edits that add that to the query built at a term; none unless they are certain."""
        return ()
