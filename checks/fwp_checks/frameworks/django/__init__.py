"""Django: models and querysets, views and middleware, and the packages on top of it that decide
where code runs.

``rows`` says what is known of querysets and rows, ``models`` finds models and their relations,
``querysets`` and ``instances`` evaluate calls and attributes, ``lacks`` says what a query for a
single row fetches, ``history`` what a function did before, ``mixins`` runs what models inherit,
``views`` and ``others`` where code runs, ``kept`` what requests carry, ``caches`` which caches are
no servers, ``urlconfs`` and ``ninja_parts`` what requests lead to, ``configuration`` what settings
hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.finding import Edit
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import (
    bodies,
    caches,
    edits,
    having,
    history,
    instances,
    kept,
    lacks,
    mixins,
    model_options,
    others,
    querysets,
    requests,
    rounds,
    rows,
    views,
    writes,
)
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.ninja_parts import NinjaParts
from fwp_checks.frameworks.django.uniqueness import picks_one
from fwp_checks.frameworks.django.urlconfs import URLconfs
from fwp_checks.project.loop.loop_roots import Root
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    External,
    Instance,
    Member,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.facts.model import Scope
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.origins import Origin
    from fwp_checks.project.rows.apart import Apart
    from fwp_checks.project.rows.needs import Lack


class Django(Framework):
    """Hooks for Django."""

    name = views.NAME
    modules = views.PACKAGES
    row_sources = ("django.db.", "django.contrib.", "django.apps.", "rest_framework.", "swapper.")
    row_hosts = ("django.http.", "django.shortcuts.", "django.views.")
    told_apart = NinjaParts.classes()

    look_ups = querysets.LOOK_UPS

    def application_parts(self, project: Project) -> Iterator[Part]:
        """URLconfs, routes and middleware; APIs of Django Ninja and their operations."""
        yield from URLconfs(project).parts()
        yield from NinjaParts(project).parts()

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Querysets keep their model and what they load; ``as_view()`` keeps its class; lazy
        objects are what they are made of.
        """
        lazy = kept.lazy(project, name, arguments)
        if lazy is not None:
            return Outcome.nothing(lazy)
        return views.as_view(name, receiver) or requests.filtered(
            name, arguments, querysets.call(project, name, arguments, receiver)
        )

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """Relations of library models, methods of a manager's querysets, the user of a request and
        what else is kept on it.
        """
        if not isinstance(base, Instance):
            return None
        models = Models.of(project)
        if models.is_manager(base) or models.is_queryset(base):
            return querysets.manager_attribute(project, base, name)
        if isinstance(base.class_, str) and models.is_model(External(base.class_)):
            return instances.attribute(project, base, name)
        if base.class_ == instances.STATE:
            return instances.fields_cache(project, base) if name == "fields_cache" else None
        if base.class_ == model_options.OPTIONS:
            return model_options.attribute(project, base, name)
        return requests.attribute(project, base, name) or kept.attribute(project, base, name)

    def base_told_by_body(
        self, project: Project, frame: Frame, scope: Scope, bases: Sequence[str]
    ) -> str | None:
        """A class with columns is a model."""
        return bodies.base(project, frame, scope, bases)

    def is_model(self, project: Project, class_: ClassValue) -> bool:
        """Models."""
        return Models.of(project).is_model(class_)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """Columns and relations of models, methods of a manager's querysets."""
        if not isinstance(base.class_, ClassValue):
            return None
        models = Models.of(project)
        if models.is_model(base.class_):
            if name == model_options.META:
                return model_options.of_model(base.class_)
            return instances.attribute(project, base, name)
        if models.is_manager(base) or models.is_queryset(base):
            return querysets.manager_attribute(project, base, name)
        return requests.attribute(project, base, name) or kept.attribute(project, base, name)

    def read_names(self, project: Project) -> None:
        """Accessors of relations have names of many forms, and the user of a request is fetched
        when anything of it is read.
        """

    def reading(
        self, project: Project, base: Instance, name: str
    ) -> tuple[Alternative, ...] | None:
        """A relation that was not fetched with its object runs a query when it is first read."""
        if Models.of(project).is_model(
            base.class_ if isinstance(base.class_, ClassValue) else External(base.class_)
        ):
            return requests.reading(base) or instances.reading(project, base, name)
        return None

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Relations, rows and users that are there already; caches in the process."""
        if run.name == requests.GET_USER:
            return requests.spares(project, frame, term)
        if run.name.startswith(f"{caches.CACHE}."):
            return caches.Caches.of(project).is_in_process(run.receiver)
        return history.spares(project, frame, term, run)

    def class_attribute(self, project: Project, class_: ClassValue, name: str) -> Value | None:
        """The managers of a model, and its options."""
        models = Models.of(project)
        if not models.is_model(class_):
            return None
        if name == model_options.META:
            return model_options.of_model(class_)
        return models.managers.named(class_, name)

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """A queryset of a project's class, made by hand: ``PostQuerySet(self.model)``."""
        if not Models.of(project).is_queryset(Instance(class_)):
            return None
        return querysets.made(project, class_, arguments)

    def element(self, project: Project, value: Instance) -> Value | None:
        """A row of a queryset."""
        return querysets.element(project, value)

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """A row of a queryset, or a slice of it; a cache by its name."""
        return querysets.item(project, base, key) or caches.item(base, key)

    def truth(self, base: Instance, names: tuple[str, ...]) -> bool | None:
        """A row of a query is no new object. The user of a request may be nobody."""
        return None if requests.is_lazy_user(base) else instances.truth(base, names)

    def may_have(self, base: Instance, name: str) -> bool:
        """What a queryset annotated."""
        return instances.may_have(base, name)

    def is_one_of_each(self, project: Project, base: Instance, name: str) -> bool:
        """Columns that are unique, alone or with what the query asks to be the same."""
        row = rows.row_of(base)
        if row is None or not isinstance(base.class_, ClassValue):
            return False
        return picks_one(project, Models.of(project), base.class_, [name, *row.pinned])

    def has_attribute(self, project: Project, base: Instance, name: str) -> bool | None:
        """Rows have relations, and nothing that querysets and lists have."""
        return having.has_attribute(project, base, name)

    def assigned(self, base: Instance, names: frozenset[str]) -> Instance | None:
        """A row whose relations were assigned by hand."""
        return instances.assigned(base, names)

    def typed(self, project: Project, value: Instance, receiver: Value | None) -> Instance | None:
        """Managers and querysets that a row gives know their model."""
        models = Models.of(project)
        if isinstance(receiver, External):
            if models.is_model(receiver) and models.is_manager(value):
                return models.managers.with_model(value, receiver)
        elif isinstance(receiver, (Instance, ClassValue)) and models.is_queryset(value):
            return querysets.given(models, value, receiver)
        return None

    def parameter(self, project: Project, frame: Frame, index: int) -> Value | None:
        """The request of a view or a middleware."""
        return views.request_parameter(project, frame, index) or kept.request_parameter(
            project, frame, index
        )

    def lack(
        self, project: Project, frame: Frame | None, run: RunExternal
    ) -> tuple[Origin, Lack] | None:
        """Relations, related managers and columns that were not fetched with their row."""
        return lacks.lack(project, frame, run)

    keeping = frozenset({f"{rows.QUERYSET}.{name}" for name in rows.KEEPING})
    sets_apart = rounds.SETS_APART
    settings = ("django.conf.settings.",)
    # https://docs.djangoproject.com/en/stable/ref/models/fields/#enumeration-types
    declared = (
        *[
            f"django.db.models.{kind}.{what}."
            for kind in ("Choices", "TextChoices", "IntegerChoices")
            for what in ("choices", "values", "labels", "names")
        ],
        # A form has the fields that its class has.
        *[
            f"django.forms.{kind}.{what}."
            for kind in ("Form", "ModelForm")
            for what in ("fields", "cleaned_data", "changed_data", "errors")
        ],
    )

    def stands_alone(
        self, module: Module, term: int, depends: Callable[[int], bool]
    ) -> Apart | None:
        """Queries that leave out, or cut off, what the round says, that lock their rows, and that
        go to the round's own database.
        """
        return rounds.stands_alone(module.facts.terms, term, depends)

    def table_term(self, run: RunExternal, module: Module, term: int) -> int:
        """What the methods of a queryset start from, if its model is not known."""
        return rounds.table_term(run.receiver, module.facts.terms, term)

    def hooks_of_write(self, project: Project, run: RunExternal) -> str:
        """Overridden ``save`` and ``delete``, and receivers of signals."""
        return writes.hooks(project, run)

    def fetched(self, value: Instance) -> Sequence[str] | None:
        """What ``select_related`` and ``prefetch_related`` asked for."""
        return rows.fetched(value)

    def is_filled(self, value: Instance) -> bool:
        """Related objects that were prefetched."""
        query = rows.query_of(value)
        return query is not None and query.fetched and query.surely

    def loading(self, lacking: Sequence[Lack]) -> str:
        """Calls of ``select_related`` and ``prefetch_related``."""
        return lacks.loading(lacking)

    def holds_value(self, project: Project, base: Instance, name: str) -> bool:
        """Columns, but those of a BooleanField, and keys."""
        return instances.holds_value(project, base, name)

    def is_relation(self, project: Project, frame: Frame, term: int) -> bool:
        """``post.comments.all()``."""
        return edits.is_relation(project, frame, term)

    def edits(self, lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
        """Calls of ``select_related`` and ``prefetch_related``."""
        return edits.fetch_along(lacking, module, term)

    def inherited_frames(self, project: Project) -> Iterator[Frame]:
        """Methods of abstract models and mixins, and what decorators put in place of views."""
        yield from mixins.frames(project)
        yield from views.wrapped_frames(project)

    def roots(self, project: Project) -> Iterator[Root]:
        """Async views, middleware, consumers, operations, receivers."""
        yield from views.roots(project)
        yield from others.roots(project)


FRAMEWORK = Django()
