"""Templates to facts, one by one when some code first names them; from the cache where they are
known. What is read anew is kept together, in a pack.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterable, Mapping
from functools import cache as once
from hashlib import blake2b
from pathlib import Path

from fwp_checks.cache import Cache, recipe
from fwp_checks.facts.model import FACTS_VERSION, ModuleFacts
from fwp_checks.facts.templates import Language
from fwp_checks.packs import Packs
from fwp_checks.sources import Sources


class StoredTemplates:
    """The template files of one project; ``paths`` are relative to its root."""

    def __init__(self, sources: Sources, cache: Cache, paths: Iterable[str]) -> None:
        self._sources = sources
        self._packs = Packs(cache, sources.root, "templates")
        self.paths = tuple(paths)
        # By their keys, in serial form: each project over these files makes its own of it.
        self._made: dict[str, bytes] = {}

    def load(self, path: str, language: Language) -> ModuleFacts:
        """The facts of one file; of a file that cannot be read, facts that say so."""
        key = _key(self._sources.digest(path), language)
        data = self._made.get(key) or self._packs.get(key)
        if data is not None:
            try:
                return ModuleFacts.from_bytes(data)
            except (ValueError, EOFError, TypeError):
                pass
        content = self._sources.read(path)
        if isinstance(content, OSError):
            reason = content.strerror or type(content).__name__
            return ModuleFacts.unreadable(1, 1, f"cannot be read: {reason}")
        from fwp_checks.facts.templates.extract import extract_template

        facts = extract_template(content, language)
        self._made[key] = facts.to_bytes()
        return facts

    @property
    def made(self) -> dict[str, bytes]:
        """The facts that were read anew, in a form that :meth:`take` understands."""
        return self._made

    def take(self, made: Mapping[str, bytes]) -> None:
        """Use, and keep, what another process has read anew."""
        self._made.update(made)

    def save(self) -> None:
        """Keep what was read anew for the next time."""
        keys = sorted(self._made)
        if keys:
            self._packs.put(keys, [self._made[key] for key in keys])
            self._packs.note(keys)
            self._packs.save()
            self._made = {}


def _key(digest: str, language: Language) -> str:
    python = f"{marshal.version} {sys.version_info[:2]}"
    return recipe("template", str(FACTS_VERSION), python, _code_digest(), language.value, digest)


@once
def _code_digest() -> str:
    """A digest of the code that makes facts of templates."""
    digest = blake2b(digest_size=8)
    for file in sorted((Path(__file__).parent / "facts").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
