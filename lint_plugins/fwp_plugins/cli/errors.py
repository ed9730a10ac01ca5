"""The one error that commands raise."""

from __future__ import annotations


class CommandError(Exception):
    """The command cannot do what was asked; the text is one line for the user."""
