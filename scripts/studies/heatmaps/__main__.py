"""Measure the heatmaps of all published variants: on validation images, and beside the boxes of radiologists."""

from scripts.studies.heatmaps import boxes, document, measurement
from scripts.studies.study import Measurement, Study

STUDY = Study(
    "heatmaps",
    __doc__,
    {
        "boxes": Measurement(boxes.add_options, boxes.measure),
        "maps": Measurement(measurement.add_options, measurement.measure),
    },
    document.render,
)

if __name__ == "__main__":
    STUDY.run()
