"""Measure what the check for chest radiographs refuses.

Needs scikit-image for some of the pictures, as locks/benchmark.txt has it.
"""

from scripts.studies.chest_check import document, measurement
from scripts.studies.study import Measurement, Study

STUDY = Study("chest_check", __doc__, Measurement(measurement.add_options, measurement.measure), document.render)

if __name__ == "__main__":
    STUDY.run()
