"""Faithfulness of the heatmaps, and the places of their evidence."""
