"""What functions do, and how their callers inherit it."""
