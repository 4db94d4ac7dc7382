"""Trained networks in the forms other programs run: written, read again by their own runtime, and compared."""
