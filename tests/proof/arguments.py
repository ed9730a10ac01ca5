"""What a function of a case is called with, by the names of its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

_KEYS = re.compile(r"(?:.+_)?(?:pk|id)s?|keys?")


class NotKnownError(Exception):
    """No value is known for a parameter."""


class Arguments:
    """Values for parameters. ``models`` are classes by name; ``first``, ``every`` and ``column``
    give a row, all rows and the values of an attribute of a model; ``made`` are made for parameters
    of that name.
    """

    def __init__(
        self,
        models: dict[str, Any],
        first: Callable[[Any], Any],
        every: Callable[[Any], Any],
        column: Callable[[Any, str], list[Any] | None],
        made: dict[str, Callable[[], Any]],
        rows: int,
    ) -> None:
        self._models = {_words(name): model for name, model in models.items()}
        self._first = first
        self._every = every
        self._column = column
        self._made = made
        self._rows = rows

    def of(self, function: Callable[..., Any], skip: int = 0) -> dict[str, Any]:
        """Values for the parameters that need one, but the first ``skip``.

        Raises NotKnownError.
        """
        found = {}
        for parameter in list(inspect.signature(function).parameters.values())[skip:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is parameter.empty or parameter.name in self._made:
                found[parameter.name] = self._value(parameter.name)
        return found

    def _value(self, name: str) -> Any:
        if name in self._made:
            return self._made[name]()
        if name in self._models:
            return self._first(self._models[name])
        for word, model in self._models.items():
            if name in (f"{word}s", f"{word}_set", f"{word.removesuffix('y')}ies"):
                return self._every(model)
        if _KEYS.fullmatch(name):
            return list(range(1, 1 + self._rows)) if name.endswith("s") else 1
        for model in self._models.values():
            for attribute in (name, name.removesuffix("s")):
                values = self._column(model, attribute)
                if values is not None:
                    return values if attribute != name else values[0]
        raise NotKnownError(f"no value is known for the parameter '{name}'")


def _words(name: str) -> str:
    """``blog_post`` of ``BlogPost``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
