"""What a calibration to a site does to images that it was not fitted to."""
