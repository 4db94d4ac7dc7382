"""How faithful the heatmaps are, and where their evidence lies."""
