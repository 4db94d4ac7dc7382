"""Serving of the page: the requests that are answered, and the files that are kept."""
