"""Performance tab: figures of the variants on labelled images."""
