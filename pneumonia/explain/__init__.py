"""Where the evidence lies: Grad-CAM in the serving graph, maps in the image's geometry, overlays."""
