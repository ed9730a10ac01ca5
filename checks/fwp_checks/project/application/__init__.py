"""Applications of web frameworks: their routers, routes, dependencies and what else they call."""
