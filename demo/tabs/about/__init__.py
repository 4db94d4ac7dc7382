"""About tab: what the page is for."""
