"""Where public data sets are fetched from."""
