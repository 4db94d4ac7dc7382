"""Effect of a calibration to a site on images that it was not fitted to."""
