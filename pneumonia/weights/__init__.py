"""A weights folder, its card, and where it comes from."""
