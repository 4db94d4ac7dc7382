"""Measure the heatmaps of all published variants on validation images, with the served models."""

from scripts.studies.heatmaps import document, measurement
from scripts.studies.study import Measurement, Study

STUDY = Study("heatmaps", __doc__, Measurement(measurement.add_options, measurement.measure), document.render)

if __name__ == "__main__":
    STUDY.run()
