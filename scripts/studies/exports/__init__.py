"""What each exported form of a network costs and changes."""
