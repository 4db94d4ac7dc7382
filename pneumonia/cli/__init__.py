"""Commands: what a person types, and what comes of it."""
