"""What a framework module can contribute.

A module in this package defines ``FRAMEWORK``, an object of a class derived from
:class:`Framework`. There is no list to edit. Each hook gives None where the framework has nothing
to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from fwp_checks.frameworks.row_hooks import RowHooks
from fwp_checks.project.loop.loop_roots import Root
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal
from fwp_checks.project.meaning.values import Arguments, ClassValue, Instance, Member, Value

if TYPE_CHECKING:
    from fwp_checks.facts.model import Scope
    from fwp_checks.project.application.model import Dependency, Part
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


class Framework(RowHooks):
    """Hooks of one framework. ``modules`` are the import roots whose names it wants to be asked
    about.
    """

    name: ClassVar[str] = ""
    modules: ClassVar[frozenset[str]] = frozenset()
    told_apart: ClassVar[frozenset[str]] = frozenset()
    """Classes whose objects are told apart by the calls that make them: applications, routers."""
    injecting: ClassVar[frozenset[str]] = frozenset()
    """Of those, the classes whose handlers declare what is to be injected."""

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """What calling one of its functions or methods does, where no catalogue row can say it."""
        return None

    running: ClassVar[frozenset[str] | None] = None
    """The last parts of the names of its functions that run something by :meth:`call` although no
    row gives them an effect; None: any may."""

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """An attribute of one of its objects."""
        return None

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """An attribute of an object of a project class that derives from one of its classes."""
        return None

    def reading(
        self, project: Project, base: Instance, name: str
    ) -> tuple[Alternative, ...] | None:
        """What runs when an attribute of one of its objects, or of an object of a class derived
        from its, is read.
        """
        return None

    def read_names(self, project: Project) -> frozenset[str] | None:
        """The attributes that may run something when they are read, besides those that bodies of
        classes bind; None: those of any name.
        """
        return frozenset()

    look_ups: ClassVar[frozenset[str]] = frozenset()
    """The last parts of the names of its functions that find something by a text."""

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether one of its functions, which a row gives an effect, does nothing at this place."""
        return False

    def class_attribute(self, project: Project, class_: ClassValue, name: str) -> Value | None:
        """An attribute of a project class that derives from one of its classes."""
        return None

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """What calling a project class that derives from one of its classes does."""
        return None

    def adopted(self, project: Project) -> Iterable[ClassValue]:
        """The classes of a project that it makes its own although they derive from none of its."""
        return ()

    def base_told_by_body(
        self, project: Project, frame: Frame, scope: Scope, bases: Sequence[str]
    ) -> str | None:
        """The one of its classes that a class must derive from, as its body says, although of the
        libraries' classes that it names as bases this cannot be told. ``frame`` is around it.
        """
        return None

    def is_model(self, project: Project, class_: ClassValue) -> bool:
        """Whether the objects of a project class that derives from one of its classes are rows of a
        database.
        """
        return False

    def element(self, project: Project, value: Instance) -> Value | None:
        """One element of one of its objects."""
        return None

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """``base[key]``; key None for a slice."""
        return None

    def truth(self, base: Instance, names: tuple[str, ...]) -> bool | None:
        """Whether ``base.a.b`` is true, of one of its objects; None if that is not known."""
        return None

    def assigned(self, base: Instance, names: frozenset[str]) -> Instance | None:
        """One of its objects after attributes of these names were assigned on it."""
        return None

    def typed(self, project: Project, value: Instance, receiver: Value | None) -> Instance | None:
        """An object that a row gives, with what its receiver tells about it."""
        return None

    def parameter(self, project: Project, frame: Frame, index: int) -> Value | None:
        """What it injects for a parameter."""
        return None

    def roots(self, project: Project) -> Iterator[Root]:
        """Functions that it calls on the event loop, and what they are to it."""
        return iter(())

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Its applications and routers, with their routes, inclusions and hooks."""
        return iter(())

    def declared_dependencies(self, project: Project, frame: Frame) -> Iterator[Dependency]:
        """The dependencies that a function's parameters declare."""
        return iter(())

    def dependency_frames(self, project: Project, dependency: Dependency) -> Iterator[Frame]:
        """The functions that run for one of its dependencies."""
        return iter(())

    def commands(self, project: Project) -> Iterator[Frame]:
        """Functions that it calls in a thread with no event loop: commands, jobs of workers."""
        return iter(())
