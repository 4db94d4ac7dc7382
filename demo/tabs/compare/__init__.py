"""Compare tab: one image with all variants, or two images with one variant."""
