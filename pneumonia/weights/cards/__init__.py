"""Model cards, one module a kind of network."""
