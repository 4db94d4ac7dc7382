"""Fit calibrations to many draws of local images and score them on others, from the scores stored with the weights."""

from scripts.studies.recalibration.document import render
from scripts.studies.recalibration.measurement import measure
from scripts.studies.study import Measurement, Study

STUDY = Study("recalibration", __doc__, Measurement(lambda parser: None, measure), render)

if __name__ == "__main__":
    STUDY.run()
