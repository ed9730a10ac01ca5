"""The engine of FWP: what is judged. Standard library only; hosts live in ``fwp_plugins``."""

from importlib.util import find_spec

__version__ = "0.1.0"


def is_compiled() -> bool:
    """Whether this is a build whose engine is native code."""
    spec = find_spec(f"{__name__}.facts.terms")
    return spec is not None and not str(spec.origin).endswith(".py")
