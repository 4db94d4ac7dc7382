"""Public data sets, and the copies they are fetched from."""
