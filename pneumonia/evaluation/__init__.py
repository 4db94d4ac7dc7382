"""Figures with intervals, calibration, operating points, plots."""
