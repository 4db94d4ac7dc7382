"""Measure what abuse, fuzzing and many readers do to the project, and list what it promises.

The corpus needs locks/dev.txt, and fuzzing an environment of its own: locks/fuzz.txt.
"""

from scripts.studies.reliability import fuzz, load
from scripts.studies.reliability.abuse import measurement as abuse
from scripts.studies.reliability.document import render
from scripts.studies.study import Measurement, Study

STUDY = Study(
    "reliability",
    __doc__,
    {
        "abuse": Measurement(abuse.add_options, abuse.measure, shortfalls=abuse.shortfalls),
        "fuzz": Measurement(fuzz.add_options, fuzz.measure, shortfalls=fuzz.shortfalls),
        "load": Measurement(load.add_options, load.measure, shortfalls=load.shortfalls),
    },
    render,
)

if __name__ == "__main__":
    STUDY.run()
