"""Queries, their rows, and what is read of each."""
