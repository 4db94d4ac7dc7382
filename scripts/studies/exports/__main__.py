"""Export a published network in every form, and measure each on the validation images."""

from scripts.studies.exports import document, measurement
from scripts.studies.study import Measurement, Study

STUDY = Study(
    "exports",
    __doc__,
    Measurement(measurement.add_options, measurement.measure, part=lambda arguments: arguments.variant),
    document.render,
)

if __name__ == "__main__":
    STUDY.run()
