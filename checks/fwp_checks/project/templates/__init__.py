"""Templates as functions of their context: how they are found, what they read, who shows them."""
