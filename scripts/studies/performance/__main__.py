"""Time the reading of a radiograph, of a folder, and the start of the page; with --peers, other ways beside it."""

from scripts.studies.performance.benchmark import add_options, measure
from scripts.studies.performance.document import render
from scripts.studies.study import Measurement, Study

STUDY = Study("performance", __doc__, Measurement(add_options, measure), render)

if __name__ == "__main__":
    STUDY.run()
