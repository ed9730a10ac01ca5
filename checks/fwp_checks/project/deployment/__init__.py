"""How the project is run: server commands, settings and requirements in files beside its code."""
