"""The models of a project: their fields, and the relations between them in both directions.

Source: django/db/models/fields/related.py, fields/reverse_related.py (accessor names), options.py
and base.py of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.managers import Managers
from fwp_checks.frameworks.django.settings import Settings
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    External,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

MODEL = "django.db.models.Model"
FOREIGN_KEY = "django.db.models.ForeignKey"
ONE_TO_ONE = "django.db.models.OneToOneField"
MANY_TO_MANY = "django.db.models.ManyToManyField"
# https://django-taggit.readthedocs.io/en/stable/custom_tagging.html
_TAGS = "taggit.managers.TaggableManager"
_TAG = "taggit.models.Tag"
GENERIC_KEY = "django.contrib.contenttypes.fields.GenericForeignKey"
GENERIC_RELATION = "django.contrib.contenttypes.fields.GenericRelation"
USER = "django.contrib.auth.models.User"
_POLYMORPHIC = "polymorphic.models.PolymorphicModel"


@dataclass(slots=True, unsafe_hash=True)
class Relation:
    """One accessor of a model that leads to other objects.

    ``kind`` is ``one`` (a foreign key or one-to-one field), ``back`` (the other end of a one-to-one
    field), ``many`` (either end of a many-to-many field), ``set`` (the other end of a foreign key)
    or ``generic``. ``target`` is the class it leads to, None where that is not known. ``inverse``
    is the name that leads back from there, if it is known without a query. ``is_optional``: the
    column may be empty. ``is_unique``: no two objects lead to the same one.
    """

    name: str
    kind: str
    target: Value | None
    inverse: str = ""
    is_optional: bool = False
    is_unique: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it leads to one object, which is fetched when it is first read."""
        return self.kind in ("one", "back", "generic")


@dataclass(slots=True, unsafe_hash=True)
class Field:
    """A column: its name and the dotted name of the library class of its field, or the foreign key
    that it stores.
    """

    name: str
    type: str = ""
    relation: str = ""
    is_primary_key: bool = False
    is_unique: bool = False


# Relations of the models that come with Django (the models.py of django/contrib/auth, admin,
# flatpages and redirects): kind, where they lead, and what leads back without a query. The user
# model is that of the settings.
_PERMISSION = "django.contrib.auth.models.Permission"
_GROUP = "django.contrib.auth.models.Group"
_CONTENT_TYPE = "django.contrib.contenttypes.models.ContentType"
_LOG_ENTRY = "django.contrib.admin.models.LogEntry"
_SITE = "django.contrib.sites.models.Site"
_OF_SETTINGS = ""
_SHIPPED: dict[str, dict[str, tuple[str, str, str]]] = {
    "django.contrib.auth.models.PermissionsMixin": {
        "groups": ("many", _GROUP, ""),
        "user_permissions": ("many", _PERMISSION, ""),
    },
    "django.contrib.auth.base_user.AbstractBaseUser": {"logentry_set": ("set", _LOG_ENTRY, "user")},
    _GROUP: {"permissions": ("many", _PERMISSION, ""), "user_set": ("many", _OF_SETTINGS, "")},
    _PERMISSION: {
        "content_type": ("one", _CONTENT_TYPE, ""),
        "group_set": ("many", _GROUP, ""),
        "user_set": ("many", _OF_SETTINGS, ""),
    },
    _CONTENT_TYPE: {
        "permission_set": ("set", _PERMISSION, "content_type"),
        "logentry_set": ("set", _LOG_ENTRY, "content_type"),
    },
    _LOG_ENTRY: {"user": ("one", _OF_SETTINGS, ""), "content_type": ("one", _CONTENT_TYPE, "")},
    "django.contrib.flatpages.models.FlatPage": {"sites": ("many", _SITE, "")},
    "django.contrib.redirects.models.Redirect": {"site": ("one", _SITE, "")},
}
_SHIPPED_NAMES = tuple(dict.fromkeys([name for named in _SHIPPED.values() for name in named]))
# What the text of such an object reads of it.
SHOWN_BY = {_PERMISSION: "content_type"}


class Models:
    """Looks models up; one for each project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.settings = Settings(project)
        self.managers = Managers(project, self)
        self._is_model: dict[ClassValue, bool] = {}
        self._fields: dict[ClassValue, dict[str, Field | Relation]] = {}
        self._known_relations: dict[tuple[Value, str], Relation | None] = {}

    @classmethod
    def of(cls, project: Project) -> Models:
        """Those of a project; made when first asked for."""
        known = project.framework_data.get("django.models")
        if known is None:
            known = project.framework_data["django.models"] = cls(project)
        assert isinstance(known, cls)
        return known

    def can_join(self, relation: Relation) -> bool:
        """Whether a join fetches what a relation leads to: not the objects of several classes, of
        which it makes plain ones of the class that is named.
        (polymorphic/query.py of django-polymorphic 4.11.7)
        """
        target = relation.target
        if relation.kind not in ("one", "back") or not isinstance(target, ClassValue):
            return relation.kind in ("one", "back")
        classes = self._project.classes
        if not classes.derives(target, _POLYMORPHIC):
            return True
        classes.link_subclasses()
        return not classes.info(target).subclasses

    # -- classes -----------------------------------------------------------------------------------

    def is_model(self, class_: Value) -> bool:
        """Whether a class is a model."""
        if isinstance(class_, ClassValue):
            known = self._is_model.get(class_)
            if known is None:
                known = self._project.classes.derives(class_, MODEL)
                if self._project.classes.is_settled(class_):
                    self._is_model[class_] = known
            return known
        return self._project.classes.derives(class_, MODEL)

    def is_manager(self, value: Value) -> bool:
        """Whether a value is a manager object."""
        return self._project.classes.is_instance(value, rows.MANAGER)

    def is_queryset(self, value: Value) -> bool:
        """Whether a value is a queryset object."""
        return self._project.classes.is_instance(value, rows.QUERYSET)

    @cached_property
    def all(self) -> list[ClassValue]:
        """Every model class of the project."""
        return [class_ for class_ in self._project.classes.with_bases if self.is_model(class_)]

    @cached_property
    def _named(self) -> dict[str, list[ClassValue]]:
        """The classes that may be models, by their names in lower case."""
        found: dict[str, list[ClassValue]] = {}
        for class_ in self._project.classes.with_bases:
            found.setdefault(class_.name.lower(), []).append(class_)
        return found

    def named(self, app_label: str, name: str) -> ClassValue | None:
        """The model of an app by its name, in any case.

        Classes of other names are not looked at: what they derive from may be what is asked for.
        A class that has only a library's bases, of which nothing is known, must be it where no
        other is.
        """
        unknown: list[ClassValue] = []
        for class_ in reversed(self._named.get(name.lower(), ())):
            is_model = self.is_model(class_)
            if (is_model or self._may_be_model(class_)) and self.app_label(class_) == app_label:
                if is_model:
                    return class_
                unknown.append(class_)
        return unknown[0] if len(unknown) == 1 else None

    def _may_be_model(self, class_: ClassValue) -> bool:
        """Whether a class of a file with models derives from libraries that are not known."""
        is_among = ".models" in f".{class_.module.name}"
        return is_among and bool(self._project.classes.info(class_).externals)

    def app_label(self, class_: ClassValue) -> str:
        """The label of the app a model belongs to."""
        declared = self.meta(class_, "app_label")
        if isinstance(declared, str):
            return declared
        return self.settings.label_of(class_.module)

    def meta(self, class_: ClassValue, name: str) -> object:
        """A literal option of ``class Meta``, None where it is not given. Abstract parents hand
        theirs down.
        """
        found = self._meta(class_, name)
        return found.value if isinstance(found, Constant) else None

    def _meta(self, class_: ClassValue, name: str) -> Value | None:
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            term = owner.module.facts.scopes[owner.scope].bindings.get("Meta", -1)
            if term < 0:
                continue
            meta = self._project.values.evaluate(self._project.classes.frame_around(owner), term)
            if not isinstance(meta, ClassValue) or (
                owner != class_ and name in ("abstract", "proxy")
            ):
                return None
            if name == "abstract" and self._is_reset(meta):
                return Constant(value=False)
            return self._project.members.find_in_class(meta, name)
        return None

    def _is_reset(self, meta: ClassValue) -> bool:
        """Whether the options of a model take ``abstract`` from those of another one, where Django
        has put False in its place (``ModelBase.__new__``): ``class Meta(Base.Meta)``.
        """
        for owner in self._project.classes.info(meta).order:
            if isinstance(owner, ClassValue):
                scopes = owner.module.facts.scopes
                scope = scopes[owner.scope]
                if owner != meta and scope.name == "Meta" and scopes[scope.parent].kind == "class":
                    return True
                if "abstract" in scope.bindings:
                    return False
        return False

    # -- fields ------------------------------------------------------------------------------------

    def field(self, class_: ClassValue, name: str) -> Field | Relation | None:
        """The column or relation that a model class, or a model it derives from, declares under a
        name.
        """
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                own = self.declared(owner)
                if name in own:
                    return own[name]
                if name in owner.module.facts.scopes[owner.scope].bindings:
                    return None
        return None

    def declared(self, class_: ClassValue) -> dict[str, Field | Relation]:
        """What a class body itself declares: its columns and relations, by name; foreign keys by
        column name, too.
        """
        known = self._fields.get(class_)
        if known is None:
            known = self._fields[class_] = {}
            known.update(self._find_fields(class_))
        return known

    def _find_fields(self, class_: ClassValue) -> Iterator[tuple[str, Field | Relation]]:
        scope = class_.module.facts.scopes[class_.scope]
        frame = self._project.classes.frame_around(class_)
        for name, term in scope.bindings.items():
            if class_.module.facts.terms[term][0] not in (t.CALL, t.DECLARED):
                continue
            made = self._project.values.evaluate(frame, term)
            if not isinstance(made, Instance):
                continue
            kind = self._kind(made)
            if kind is not None:
                arguments = self.arguments(frame, term)
                if self._project.classes.is_instance(made, _TAGS):
                    target = self._tag(arguments)
                else:
                    target = self._target(class_, arguments)
                is_optional = arguments.get(-1, "null") == Constant(True)
                unique = self._project.classes.is_instance(made, ONE_TO_ONE) or _is_unique(
                    arguments
                )
                yield name, Relation(name, kind, target, "", is_optional, unique)
                if kind == "one":
                    column = f"{name}_id"
                    yield column, Field(column, relation=name, is_unique=unique)
            else:
                type_ = self._column_type(made)
                if type_ is not None:
                    arguments = self.arguments(frame, term)
                    key = arguments.get(-1, "primary_key") == Constant(True)
                    unique = _is_unique(arguments)
                    yield name, Field(name, type_, is_primary_key=key, is_unique=unique)

    def _kind(self, made: Instance) -> str | None:
        classes = self._project.classes
        if classes.is_instance(made, FOREIGN_KEY) or classes.is_instance(made, ONE_TO_ONE):
            return "one"
        if classes.is_instance(made, MANY_TO_MANY) or classes.is_instance(made, GENERIC_RELATION):
            return "many"
        return "generic" if classes.is_instance(made, GENERIC_KEY) else None

    def _column_type(self, made: Instance) -> str | None:
        if isinstance(made.class_, str):
            name = made.class_
            return name if name.startswith("django.") and name.endswith("Field") else None
        for base in self._project.classes.info(made.class_).externals:
            if base.startswith("django.") and base.endswith("Field"):
                return base
        return None

    def arguments(self, frame: Frame, term: int) -> Arguments:
        """The arguments of the call that a term is, or that it declares; none for anything else."""
        terms = frame.module.facts.terms
        while terms[term][0] in (t.DECLARED, t.ALIAS) and terms[term][1] >= 0:
            term = terms[term][1]
        if terms[term][0] != t.CALL:
            return Arguments(complete=False)
        return self._project.calls.arguments(frame, terms[term])

    # -- targets -----------------------------------------------------------------------------------

    def _target(self, owner: ClassValue, arguments: Arguments) -> Value | None:
        given = arguments.get(0, "to")
        if isinstance(given, Constant) and isinstance(given.value, str):
            return self._by_name(owner, given.value)
        if isinstance(given, External) and given.name.endswith(".AUTH_USER_MODEL"):
            return self.user
        if given is not None and all(
            isinstance(o, (ClassValue, External)) for o in options_of(given)
        ):
            return given
        return None

    def _tag(self, arguments: Arguments) -> Value | None:
        """The model of tags: where the project has one between, what that one leads to."""
        through = arguments.get(2, "through")
        if through is None:
            return External(_TAG)
        relation = self.relation(through, "tag") if isinstance(through, ClassValue) else None
        return relation.target if relation is not None else None

    def _by_name(self, owner: ClassValue, name: str) -> Value | None:
        if name == "self":
            return owner
        app, _, last = name.rpartition(".")
        if app:
            return self.labelled(app, last)
        return self.named(self.app_label(owner), last)

    def labelled(self, app: str, name: str) -> Value | None:
        """The model that ``"app.Name"`` stands for."""
        found = self.named(app, name)
        if found is not None:
            return found
        return (
            External(_SHIPPED_LABELS[app, name.lower()])
            if (app, name.lower()) in _SHIPPED_LABELS
            else None
        )

    @cached_property
    def user(self) -> Value:
        """The user model: that of the setting AUTH_USER_MODEL, else Django's own."""
        setting = self.settings.text("AUTH_USER_MODEL")
        if setting is None:
            return External(USER)
        app, _, name = setting.rpartition(".")
        return self.labelled(app, name) or External("django.contrib.auth.models.AbstractUser")

    # -- relations ---------------------------------------------------------------------------------

    def relation(self, class_: Value, name: str) -> Relation | None:
        """The relation of a model (of the project, or by dotted name) that an attribute of its
        objects leads along.
        """
        key = (class_, name)
        if key not in self._known_relations:
            self._known_relations[key] = self._find_relation(class_, name)
        return self._known_relations[key]

    def _find_relation(self, class_: Value, name: str) -> Relation | None:
        if isinstance(class_, ClassValue):
            declared = self.field(class_, name)
            if declared is not None:
                return self._inherited(declared, class_) if isinstance(declared, Relation) else None
            for owner in self._project.classes.info(class_).order:
                found = self._accessors.get(owner, {}).get(name)
                if found is not None:
                    return found
            if class_.module.facts.scopes[class_.scope].bindings.get(name, -1) >= 0:
                return None
            return self._shipped(self._project.classes.info(class_).externals, name)
        if isinstance(class_, External):
            return self._accessors.get(class_, {}).get(name) or self._shipped((class_.name,), name)
        return None

    def relations(self, class_: Value) -> list[Relation]:
        """The relations of a model: those it declares or inherits, and those that lead back."""
        found: dict[str, Relation] = {}
        for owner in self._line(class_) if isinstance(class_, ClassValue) else (class_,):
            declared = self.declared(owner) if isinstance(owner, ClassValue) else ()
            for name in (*declared, *self._accessors.get(owner, ()), *_SHIPPED_NAMES):
                relation = self.relation(class_, name)
                if relation is not None:
                    found.setdefault(name, relation)
        return list(found.values())

    def way_back(self, relation: Relation, class_: Value) -> str:
        """The relation that leads from an object behind a relation of a model back to where it was
        reached from, without a query; empty if none does.
        """
        if relation.kind != "one":
            return relation.inverse
        # A one-to-one field notes its object at the other end, too
        # (ForwardManyToOneDescriptor.__get__ in related_descriptors.py).
        line = self._line(class_) if isinstance(class_, ClassValue) else (class_,)
        for target in options_of(relation.target) if relation.target is not None else ():
            for accessor in self._accessors.get(target, {}).values():
                if (accessor.kind, accessor.inverse) == ("back", relation.name):
                    if accessor.target in line:
                        return accessor.name
        return ""

    def _inherited(self, relation: Relation, class_: ClassValue) -> Relation:
        """A relation to ``"self"`` that an abstract class declares leads to the class that inherits
        it.
        """
        target = relation.target
        if not isinstance(target, ClassValue) or target == class_:
            return relation
        if target in self._line(class_) and self.meta(target, "abstract") is True:
            return replace(relation, target=class_)
        return relation

    def _shipped(self, names: tuple[str, ...], name: str) -> Relation | None:
        waiting = list(names)
        while waiting:
            current = waiting.pop()
            shipped = _SHIPPED.get(current, {}).get(name)
            if shipped is not None:
                kind, target, inverse = shipped
                leads_to = External(target) if target else self.user
                is_optional = (current, name) == (_LOG_ENTRY, "content_type")
                return Relation(name, kind, leads_to, inverse, is_optional)
            waiting.extend(self._project.catalogue.bases(current))
        return None

    @cached_property
    def _accessors(self) -> dict[Value, dict[str, Relation]]:
        """By the class at the other end: the accessors that relations leave on it."""
        found: dict[Value, dict[str, Relation]] = {}
        for class_ in self.all:
            if self.meta(class_, "abstract") is True:
                continue
            parents = self._concrete_parents(class_)
            for owner in self._project.classes.info(class_).order:
                if isinstance(owner, ClassValue) and not any(
                    owner in self._line(parent) for parent in parents
                ):
                    for target, accessor in self._accessors_of(class_, owner):
                        found.setdefault(target, {}).setdefault(accessor.name, accessor)
            if self.meta(class_, "proxy") is not True:
                for parent in parents:
                    name = class_.name.lower()
                    found.setdefault(parent, {}).setdefault(name, Relation(name, "back", class_))
        return found

    def _line(self, class_: ClassValue) -> tuple[Value, ...]:
        return self._project.classes.info(class_).order

    def _concrete_parents(self, class_: ClassValue) -> list[ClassValue]:
        """The nearest models with tables of their own that a model derives from."""
        found: list[ClassValue] = []
        for parent in self._line(class_)[1:]:
            if not isinstance(parent, ClassValue) or not self.is_model(parent):
                continue
            is_abstract = self.meta(parent, "abstract") is True
            if not is_abstract and not any(parent in self._line(nearer) for nearer in found):
                found.append(parent)
        return found

    def _accessors_of(
        self, class_: ClassValue, owner: ClassValue
    ) -> Iterator[tuple[Value, Relation]]:
        frame = self._project.classes.frame_around(owner)
        bindings = owner.module.facts.scopes[owner.scope].bindings
        for name, relation in self.declared(owner).items():
            if not isinstance(relation, Relation) or relation.kind == "generic":
                continue
            made = self._project.values.evaluate(frame, bindings[name])
            if self._project.classes.is_instance(made, GENERIC_RELATION):
                continue
            arguments = self.arguments(frame, bindings[name])
            target = class_ if relation.target == owner else relation.target
            if target is None or (
                relation.kind == "many" and target == class_ and _is_symmetrical(arguments)
            ):
                continue
            is_single = self._project.classes.is_instance(made, ONE_TO_ONE)
            accessor = self._accessor_name(class_, arguments, is_single)
            if accessor is None:
                continue
            kind = "many" if relation.kind == "many" else "back" if is_single else "set"
            inverse = name if kind != "many" else ""
            for option in options_of(target):
                yield option, Relation(accessor, kind, class_, inverse)

    def _accessor_name(
        self, class_: ClassValue, arguments: Arguments, is_single: bool
    ) -> str | None:
        given = arguments.get(-1, "related_name")
        related: object = given.value if isinstance(given, Constant) else None
        if given is not None and not isinstance(given, Constant):
            return None
        if related is None:
            related = self.meta(class_, "default_related_name")
        model_name = class_.name.lower()
        if not isinstance(related, str):
            return model_name if is_single else f"{model_name}_set"
        if related.endswith("+"):
            return None
        # https://docs.djangoproject.com/en/stable/topics/db/models/#abstract-related-name
        for key, value in (
            ("class", model_name),
            ("model_name", model_name),
            ("app_label", self.app_label(class_)),
        ):
            related = related.replace(f"%({key})s", value)
        return related

    def is_ordered(self, class_: Value) -> bool:
        """Whether the objects of a model have an order, or may: what classes that are not known
        hand down.
        """
        return any(
            not isinstance(option, ClassValue)
            or self._meta(option, "ordering") is not None
            or any(
                self._project.classes.info(base).is_told
                for base in self._line(option)
                if isinstance(base, ClassValue)
            )
            for option in options_of(class_)
        )


def _is_unique(arguments: Arguments) -> bool:
    return Constant(True) in (arguments.get(-1, "unique"), arguments.get(-1, "primary_key"))


def _is_symmetrical(arguments: Arguments) -> bool:
    return arguments.get(-1, "symmetrical") != Constant(False)


_SHIPPED_LABELS = {
    ("auth", "user"): USER,
    ("auth", "group"): _GROUP,
    ("auth", "permission"): _PERMISSION,
    ("admin", "logentry"): _LOG_ENTRY,
    ("contenttypes", "contenttype"): _CONTENT_TYPE,
    ("flatpages", "flatpage"): "django.contrib.flatpages.models.FlatPage",
    ("redirects", "redirect"): "django.contrib.redirects.models.Redirect",
    ("sessions", "session"): "django.contrib.sessions.models.Session",
    ("sites", "site"): _SITE,
}
