"""Cost and changes of each exported form of a network."""
