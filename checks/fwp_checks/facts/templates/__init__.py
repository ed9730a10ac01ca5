"""Templates to facts: the same terms as Python's.

A template is the scope number :data:`BODY` of its facts, a function whose one parameter is its
context. Nothing here knows where a template lies or who renders it.
"""

from __future__ import annotations

from enum import Enum

CONTEXT = "<context>"
"""The name under which a template's functions find its context; no variable can be called so."""

BODY = 1
"""The number of the scope of a template's own body."""


class Language(Enum):
    """The language of a template."""

    DJANGO = "django"
    JINJA = "jinja"
