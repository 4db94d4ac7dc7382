"""Overlays and outlines of the evidence of a reading, and tests of how far its map can be trusted."""
