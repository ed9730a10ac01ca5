"""What settings hold when their modules have run, and which of them are used in production."""
