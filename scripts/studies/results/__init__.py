"""What the networks reach, and what was tried beside them."""
