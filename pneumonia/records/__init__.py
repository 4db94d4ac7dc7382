"""A reading on record: receipts, and their verification."""
