"""From bytes to a decoded radiograph."""
