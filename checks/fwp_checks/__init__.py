"""The engine of FWP: what is judged. Standard library only; hosts live in ``fwp_plugins``."""

__version__ = "0.1.0"
