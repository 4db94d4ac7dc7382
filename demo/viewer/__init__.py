"""Viewer of radiographs and of the evidence over them, drawn in the browser."""
