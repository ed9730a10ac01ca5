"""How the code around applications is laid out, and what it does that belongs elsewhere."""
