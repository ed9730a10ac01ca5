"""How property-based tests run here: the same examples every time, however slow the machine.

``HYPOTHESIS_PROFILE=search`` looks for new examples instead, and for longer.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("same", _unhurried, max_examples=40, derandomize=True)
settings.register_profile("search", _unhurried, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
