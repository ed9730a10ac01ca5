"""What the frameworks make of the code: one module each, found by location."""
