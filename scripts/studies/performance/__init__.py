"""How fast a radiograph is read, and with how much memory."""
