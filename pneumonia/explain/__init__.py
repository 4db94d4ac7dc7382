"""Where the evidence of a reading lies, and how far its map can be trusted."""
