"""Rows of any Django models: every field filled, every relation set.

Row ``i`` of a model refers to row ``i`` of every other one; a relation to the model itself makes a
tree. For each relation there are as many rows again that refer to row 0 by it.
"""

# Django is not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, models

CONTENT_TYPE = "contenttypes.contenttype"
_FIRST_DAY = datetime.date(2024, 1, 1)


class Filler:
    """Fills the tables of a project. ``values`` are those of fields, by ``field`` or
    ``Model.field``.
    """

    def __init__(self, own: list[Any], values: dict[str, Any]) -> None:
        self._own = own
        self._values = values
        self._numbers = dict.fromkeys(own, 0)
        children = [model for model in own if model._meta.parents]
        self._offsets = {model: 1000 * at for at, model in enumerate(children, start=1)}

    def fill(self, start: int, stop: int) -> None:
        """Add the rows with these numbers, and as many for each relation."""
        with connection.constraint_checks_disabled():
            for model in self._own:
                for number in range(start, stop):
                    self._insert(model, number, number, "")
            for model in self._own:
                for field in _foreign_keys(model):
                    if not field.unique and field.remote_field.model is not model:
                        for number in range(start, stop):
                            # (0, 0) may be there already, where both must be unique together.
                            with suppress(IntegrityError):
                                identity = 1_000_000 + self._next(model)
                                self._insert(model, identity, number, field.name)
            for model in self._own:
                self._connect(model, start, stop)

    def key(self, model: Any, number: int) -> Any:
        """The primary key of a row."""
        field = model._meta.pk
        if field.remote_field is not None:
            # The parents of a model's rows are others than those of its sister's.
            return self.key(field.remote_field.model, number + self._offsets.get(model, 0))
        if isinstance(field, models.UUIDField):
            return uuid.UUID(int=number + 1)
        if isinstance(field, models.CharField | models.TextField):
            return f"key{number}"
        return number + 1

    def _next(self, model: Any) -> int:
        self._numbers[model] += 1
        return self._numbers[model]

    def _insert(self, model: Any, identity: int, number: int, to_first: str) -> None:
        given: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            if field.primary_key:
                continue
            given[field.attname] = self._value(model, field, identity, number, to_first)
        for field in model._meta.private_fields:
            if hasattr(field, "ct_field"):
                self._set_generic(model, field, given, number)
        row = model(**given, pk=self.key(model, identity))
        # Neither signals nor an overridden save() are to have a say.
        models.Model.save_base(row, raw=False, force_insert=True)

    def _set_generic(self, model: Any, field: Any, given: dict[str, Any], number: int) -> None:
        target = next((other for other in self._own if other is not model), model)
        content_type = ContentType.objects.get_for_model(target)
        given[model._meta.get_field(field.ct_field).attname] = content_type.pk
        given[model._meta.get_field(field.fk_field).attname] = self.key(target, number)

    def _value(self, model: Any, field: Any, identity: int, number: int, to_first: str) -> Any:
        for name in (f"{model.__name__}.{field.name}", field.name):
            if name in self._values and field.remote_field is None and not field.unique:
                return self._values[name]
        if field.remote_field is None:
            return _plain(field, identity)
        target = field.remote_field.model
        if target._meta.label_lower == CONTENT_TYPE:
            return ContentType.objects.get_for_model(self._own[0]).pk
        if target is model or target in model._meta.get_parent_list():
            return self.key(target, (number - 1) // 2) if number else _root(field, self, target)
        if field.unique:
            return self.key(target, identity)
        return self.key(target, 0 if field.name == to_first else number)

    def _connect(self, model: Any, start: int, stop: int) -> None:
        """Many to many: two each, and the first row to all."""
        for field in model._meta.local_many_to_many:
            through = field.remote_field.through
            if not through._meta.auto_created:
                continue
            source, target = field.m2m_column_name(), field.m2m_reverse_name()
            other = field.remote_field.model
            pairs = set()
            for number in range(start, stop):
                pairs |= {(number, number), (number, max(0, number - 1)), (0, number), (number, 0)}
            through._base_manager.bulk_create(
                [
                    through(**{source: self.key(model, one), target: self.key(other, two)})
                    for one, two in sorted(pairs)
                ],
                ignore_conflicts=True,
            )


def create_tables() -> list[Any]:
    """Make the tables of all models; gives the project's own models that have one."""
    own = []
    with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
        for model in apps.get_models(include_auto_created=False):
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
                if not model.__module__.startswith(("django.", "rest_framework.")):
                    own.append(model)
    users = [model for model in apps.get_models() if model._meta.label == "auth.User"]
    return [*users, *own]


def _foreign_keys(model: Any) -> Iterator[Any]:
    for field in model._meta.local_fields:
        if field.many_to_one and field.remote_field.model._meta.label_lower != CONTENT_TYPE:
            yield field


def _root(field: Any, filler: Filler, target: Any) -> Any:
    return None if field.null else filler.key(target, 0)


def _plain(field: Any, number: int) -> Any:
    """A value of a column, by its type; another one in each row where the type has enough."""
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.DateTimeField):
        start = datetime.datetime.combine(_FIRST_DAY, datetime.time(), datetime.UTC)
        return start + datetime.timedelta(minutes=number % 1_000_000)
    if isinstance(field, models.DateField):
        return _FIRST_DAY + datetime.timedelta(days=number % 365)
    if isinstance(field, models.TimeField):
        return datetime.time(12)
    if isinstance(field, models.DurationField):
        return datetime.timedelta(hours=1)
    if isinstance(field, models.UUIDField):
        return uuid.UUID(int=number + 1)
    if isinstance(field, models.DecimalField):
        return decimal.Decimal(1)
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return b"x"
    if isinstance(field, models.GenericIPAddressField):
        return "127.0.0.1"
    if isinstance(field, models.EmailField):
        return f"{field.name}{number}@example.org"
    if isinstance(field, models.URLField):
        return f"https://example.org/{number}"
    if isinstance(field, models.CharField | models.TextField | models.FileField):
        return f"{field.name}{number}"[-(field.max_length or 100) :]
    return number + 1 if field.unique else 1
