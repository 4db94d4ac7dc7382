"""Figures of the networks, and of what was tried beside them."""
