"""Section of the Performance tab: a calibration to a site."""
