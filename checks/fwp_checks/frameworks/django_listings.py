"""What else goes through the rows of querysets for Django: feeds, sitemaps and choices of forms.

Source: django/contrib/syndication/views.py (``Feed.get_feed``), django/contrib/sitemaps/__init__.py
(``Sitemap._urls``) and django/forms/models.py (``ModelChoiceIterator``) of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import form_fields
from fwp_checks.frameworks.django_templates import drawn
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place, consumed_at
from fwp_checks.project.meaning.outcome import Alternative
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    FunctionValue,
    Instance,
    Value,
    is_informative,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_FEED = "django.contrib.syndication.views.Feed"
_SITEMAP = "django.contrib.sitemaps.Sitemap"
_CHOICES = frozenset(
    f"django.forms.{name}" for name in ("ModelChoiceField", "ModelMultipleChoiceField")
)
_WORDING = frozenset({"label_from_instance"})
# Methods that are called with each item, and what is called of the item where they are missing.
_OF_FEED = {
    "item_title": "__str__",
    "item_description": "",
    "item_link": "get_absolute_url",
    **dict.fromkeys(
        (
            *("item_author_name", "item_author_email", "item_author_link", "item_pubdate"),
            *("item_updateddate", "item_guid", "item_categories", "item_enclosures"),
            *("item_enclosure_url", "item_copyright", "item_comments", "item_extra_kwargs"),
        ),
        "",
    ),
}
_OF_SITEMAP = {
    "location": "get_absolute_url",
    **dict.fromkeys(("lastmod", "priority", "changefreq"), ""),
}


class DjangoListings(Framework):
    """Hooks for feeds, sitemaps and forms."""

    name = "Django's feeds, sitemaps and forms"
    modules = frozenset({"django"})

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Feeds and sitemaps with their items, and fields with their choices."""
        for class_ in project.classes.with_bases:
            if class_.module not in modules or class_.module.is_read_only:
                continue
            for base, methods in ((_FEED, _OF_FEED), (_SITEMAP, _OF_SITEMAP)):
                if base in project.classes.info(class_).externals:
                    yield from _listing(project, class_, methods)
        own: set[str] | None = None
        for module in project.table.modules:
            if module in modules and not module.is_read_only and _imports_forms(module):
                own = _own_choices(project) if own is None else own
                yield from _choices(project, module, own)


FRAMEWORK = DjangoListings()


def _listing(project: Project, class_: ClassValue, methods: dict[str, str]) -> Iterator[Consumer]:
    items = project.members.find_in_class(class_, "items")
    if not isinstance(items, FunctionValue):
        return
    listing = Instance(class_)
    given = project.calls.invoke(project.members.bind(items, listing), NO_ARGUMENTS).result
    place = Place(class_.module.path, literals.definition_term(class_.module, class_.scope))
    row = consumed_at(project.protocols.element(given), place.path, place.term)
    if not is_informative(row):
        return
    touches: list[Touch] = []
    for name, of_item in methods.items():
        method = project.members.find_in_class(class_, name)
        if isinstance(method, FunctionValue):
            bound = project.members.bind(method, listing)
            at = method.module.facts.scopes[method.scope].start
            _note(touches, _run(project, bound, (row,)), method.module, at)
        elif method is None and of_item:
            _note(touches, _of_item(project, row, of_item), class_.module, place.term)
    yield _consumer(class_.name, place, class_.module, touches)


def _run(project: Project, method: Value, arguments: tuple[Value, ...]) -> tuple[Alternative, ...]:
    return project.calls.invoke(method, Arguments(arguments)).alternatives


def _of_item(project: Project, row: Value, name: str) -> tuple[Alternative, ...]:
    options = options_of(without_none(row))
    if not all(isinstance(option, Instance) for option in options):
        return ()
    if name == "__str__":
        return project.protocols.special(without_none(row), (name,))
    if not all(isinstance(o, Instance) and isinstance(o.class_, ClassValue) for o in options):
        return ()
    return _run(project, project.members.attribute(row, name), ())


def _note(
    touches: list[Touch], alternatives: tuple[Alternative, ...], module: Module, term: int
) -> None:
    if any(alternatives):
        touches.append(Touch(alternatives, module, term))


def _consumer(label: str, place: Place, module: Module, touches: Sequence[Touch]) -> Consumer:
    # They are told of like loops.
    return Consumer(place, "", label, module, place.term, touches=tuple(touches))


# -- choices ---------------------------------------------------------------------------------------


def _imports_forms(module: Module) -> bool:
    return any("forms" in f"{i.module}.{i.attribute}" for i in module.facts.imports)


def _own_choices(project: Project) -> set[str]:
    """The names of the project's fields of that kind."""
    derived = project.call_sites.derived.items()
    return {class_.name for class_, bases in derived if not _CHOICES.isdisjoint(bases)}


def _choices(project: Project, module: Module, own: set[str]) -> Iterator[Consumer]:
    """The fields whose choices are the rows of a queryset, each shown by its text."""
    for term in module.calls:
        entry = module.facts.terms[term]
        called = module.facts.terms[entry[1]]
        spelt = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
        if called[0] == t.DEFINITION:
            spelt = module.facts.scopes[called[1]].name
        if not isinstance(spelt, str) or not (spelt.endswith("ChoiceField") or spelt in own):
            continue
        frame = project.frame_of_scope(module, module.code_scope_of(term))
        field = project.values.evaluate(frame, term)
        if not isinstance(field, Instance) or not _is_choice(project, field):
            continue
        changed = _changed_later(module, term)
        if not _is_of_form(module, term) or changed.keys() - {"queryset"}:
            continue
        arguments = project.calls.arguments(frame, entry)
        if arguments.get(-1, "widget") is not None:
            # Some widgets show no choices.
            continue
        given = [(term, arguments.get(0, "queryset"))]
        if changed:
            stores = changed["queryset"]
            given = [(store, form_fields.assigned(project, module, store)) for store in stores]
        for place, queryset in given:
            row = form_fields.choice(project, queryset, Place(module.path, place))
            if row is not None:
                touches: list[Touch] = []
                _note(touches, _shown(project, field, row), module, place)
                if touches and not _is_drawn(project, module, term):
                    continue
                yield _consumer(spelt, Place(module.path, place), module, touches)


def _is_drawn(project: Project, module: Module, term: int) -> bool:
    """Whether a page may show the field that a term makes."""
    number = module.scope_of(term)
    scope = module.facts.scopes[number]
    name = next((name for name, made in scope.bindings.items() if made == term), "")
    return scope.kind != "class" or drawn.is_drawn(project, ClassValue(module, number), name)


def _changed_later(module: Module, term: int) -> dict[str, list[int]]:
    """What methods of the form assign to the field that a term makes."""
    form = module.scope_of(term)
    bound = module.facts.scopes[form].bindings.items()
    name = next((name for name, made in bound if made == term), "")
    return form_fields.changed_later(module, form, name)


def _is_choice(project: Project, field: Instance) -> bool:
    """Whether a field shows every choice: a field of Django's, or one that only words them."""
    if isinstance(field.class_, str):
        return field.class_ in _CHOICES
    order = project.classes.info(field.class_).order
    own = [owner for owner in order if isinstance(owner, ClassValue)]
    if any(owner.module.facts.scopes[owner.scope].bindings.keys() - _WORDING for owner in own):
        return False
    return any(base in _CHOICES for base in project.classes.info(field.class_).externals)


def _is_of_form(module: Module, term: int) -> bool:
    """Whether a field is one of a form: bound in a class, or put among the fields of a form. What
    else is made of a field is not known.
    """
    facts = module.facts
    scope = facts.scopes[module.scope_of(term)]
    if scope.kind == "class":
        return term in scope.bindings.values()
    return any(
        facts.terms[store][3] == term and facts.terms[facts.terms[store][1]][2:] == ("fields",)
        for store in module.of_kind(t.STORE_ITEM)
    )


def _shown(project: Project, field: Instance, row: Value) -> tuple[Alternative, ...]:
    if isinstance(field.class_, ClassValue):
        method = project.members.find_in_class(field.class_, "label_from_instance")
        if isinstance(method, FunctionValue):
            return _run(project, project.members.bind(method, field), (row,))
    return _of_item(project, row, "__str__")
