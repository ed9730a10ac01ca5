"""The codes that findings may have, and what to say of a word that is none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fwp_checks.diagnostics import NAMES, is_known_prefix

_PREFIX = re.compile(r"FWP\d*")


def unknown(prefixes: Iterable[str]) -> str | None:
    """What is wrong with the first of these that no code starts with; None if all are known."""
    for prefix in prefixes:
        if not _PREFIX.fullmatch(prefix) or not is_known_prefix(prefix):
            return f"no rule has a code that starts with '{prefix}'{suggestion(prefix)}"
    return None


def suggestion(word: str) -> str:
    """The end of a message about an unknown word: the codes and rule names close to it."""
    from fwp_checks.rules import all_rules

    names = [*NAMES]
    for loaded in all_rules():
        names += [loaded.rule.code, loaded.rule.name]
    import difflib

    close = difflib.get_close_matches(word, [*names, *map(str.lower, names)], n=6, cutoff=0.6)
    unique = list(
        dict.fromkeys(match.upper() if match.startswith("fwp") else match for match in close)
    )
    return f"; did you mean {', '.join(unique[:3])}?" if unique else "; fwp rules lists them"
