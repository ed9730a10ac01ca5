"""See rule.md."""
