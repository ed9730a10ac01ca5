"""What dependency injection could do for handlers, and what it is used for already."""
