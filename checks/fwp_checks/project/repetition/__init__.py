"""Statements that functions repeat, and the function that they would become."""
