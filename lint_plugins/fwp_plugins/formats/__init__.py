"""Output formats: how a report is written down.

The text formats give *styled lines*, lists of ``(text, style)`` pieces;
:mod:`fwp_plugins.formats.terminal` writes them, plain or coloured. The JSON format gives one
string.
"""

from __future__ import annotations

FORMATS = ("concise", "full", "json")
"""Names of the formats, as the command line spells them."""
