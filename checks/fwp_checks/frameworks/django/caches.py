"""Caches of Django that are no servers: whose backend in CACHES keeps everything in the process, or
nothing at all.

https://docs.djangoproject.com/en/stable/topics/cache/#local-memory-caching
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.configuration.databases import Databases
from fwp_checks.frameworks.django.configuration.held import (
    Dictionary,
    Held,
    literal,
    options_of,
)
from fwp_checks.frameworks.django.configuration.production import Production
from fwp_checks.project.meaning.values import Constant, Detail, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

CACHE = "django.core.cache.backends.base.BaseCache"
_HANDLER = "django.core.cache.CacheHandler"
_DEFAULT = "default"
_BACKENDS = frozenset(
    {
        "django.core.cache.backends.locmem.LocMemCache",
        "django.core.cache.backends.dummy.DummyCache",
    }
)


@dataclass(slots=True, unsafe_hash=True)
class Alias(Detail):
    """The name that a cache has in CACHES, None if it is not known."""

    name: str | None


def item(base: Instance, key: Value | None) -> Value | None:
    """``caches["name"]``."""
    if base.class_ != _HANDLER:
        return None
    name = key.value if isinstance(key, Constant) and isinstance(key.value, str) else None
    return Instance(CACHE, details=(Alias(name),))


class Caches:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @classmethod
    def of(cls, project: Project) -> Caches:
        """The one of a project."""
        known: Caches | None = project.framework_data.get("django.caches")
        if known is None:
            known = project.framework_data["django.caches"] = cls(project)
        return known

    def is_in_process(self, cache: Value | None) -> bool:
        """Whether nobody has to be waited for to ask a cache."""
        if not isinstance(cache, Instance):
            return False
        name = _DEFAULT
        for detail in cache.details:
            if isinstance(detail, Alias):
                if detail.name is None:
                    return False
                name = detail.name
        return name in self._in_process

    @cached_property
    def _in_process(self) -> frozenset[str]:
        """The names of those caches, in all settings that are used or may be."""
        found = [
            frozenset(self._of_setting(Databases.of(self._project).setting(leaf, "CACHES")))
            for leaf in Production.of(self._project).all_leaves
        ]
        return frozenset.intersection(*found) if found else frozenset()

    @staticmethod
    def _of_setting(held: Held | None) -> Iterator[str]:
        if isinstance(held, Dictionary):
            for name, entry in held.entries.items():
                options = options_of(entry.value)
                if entry.is_sure and options and all(map(_is_in_process, options)):
                    yield str(name)


def _is_in_process(held: Held) -> bool:
    """Whether what CACHES holds under a name certainly has one of those backends."""
    backend = held.entries.get("BACKEND") if isinstance(held, Dictionary) else None
    return (
        backend is not None
        and backend.is_sure
        and all(literal(option) in _BACKENDS for option in options_of(backend.value))
    )
