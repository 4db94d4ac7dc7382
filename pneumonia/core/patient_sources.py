"""Ways in which patients were known, as config.json says it; or that they were not."""

NAMES, PATTERN, TABLE, UNKNOWN = "names", "pattern", "table", "unknown"
