"""Read tab: one image and one variant, in depth."""
