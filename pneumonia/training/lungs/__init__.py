"""What is trained on the lungs: their segmentation, and whose they look like by their shape."""
