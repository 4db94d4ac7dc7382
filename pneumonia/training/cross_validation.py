"""The same training again and again, each time judged on images that had no part in it."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.populations import UNSTATED
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import load_images
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.splits import FOLDS, of_main_population, split_by_patient, split_by_series, split_by_source
from pneumonia.inference.preprocessor import new_preprocessor
from pneumonia.training.job import TrainingJob, score_external, train_and_calibrate
from pneumonia.training.parts import load_parts
from pneumonia.training.scoring import score_images
from pneumonia.utils.lookup import look_up

_LOG = logging.getLogger(__name__)
HELD_OUT = "held-out"
SHIFTED = "held-out-shifted"


class Scheme(NamedTuple):
    """A way to divide the images.

    Attributes:
        rounds: from the sources of images to how many times they are divided.
        divide: from records and the number of the round to those trained with and those held out.
    """

    rounds: Callable[[Sequence[Path]], int]
    divide: Callable[[list[Record], int], tuple[list[Record], list[Record]]]


SCHEMES = {
    "folds": Scheme(lambda sources: FOLDS, lambda records, number: split_by_patient(records, seed=0, fold=number)),
    "series": Scheme(lambda sources: 2, split_by_series),
    # Each hospital is read by a network that never saw it.
    "sources": Scheme(len, split_by_source),
}


def run_round(job: TrainingJob, scheme: str, number: int) -> dict[str, Any]:
    """Train once and judge on what was held out.

    A fifth of the patients that are trained with is set aside first, to stop the training, fit the temperature
    and fix the thresholds: so the images held out decide nothing.

    Args:
        job: its `output` is not written.
        scheme: a name from `SCHEMES`.
        number: of the round.

    Returns:
        Figures by set, as in metrics.json: held out as they are, each under one of the fixed corruptions in turn, both
        by what radiologists said where they did (see `reader_sets`), and the external population where the job names
        one.

    Raises:
        DataError: if the data cannot be divided so.
    """
    rounds, divide = look_up(SCHEMES, scheme, "scheme")
    _LOG.info("round %d of %d", number + 1, rounds(job.data))
    manifest = job.read_data()
    train_records, test_records = divide(manifest.records, number)
    preprocessor = new_preprocessor(job.variant)
    parts = load_parts(job.variant, manifest, train_records, preprocessor, job.seed)
    checkpoints = job.checkpoints / f"{scheme}-{number}"
    calibrated = train_and_calibrate(job.variant, parts, preprocessor, job.seed, job.backbone_weights, checkpoints)
    if job.variant.recipe.shared_head is not None:
        # The few of one population in a source of another are not trained with, and too few to be judged.
        judged = {record.path for part in of_main_population(manifest.records) for record in part}
        test_records = [record for record in test_records if record.path in judged]
    images = load_images(test_records, preprocessor)
    populations = np.array([record.stated.population for record in images.records])
    sets: dict[str, dict[str, Any]] = {}
    for name, changes in ((HELD_OUT, ()), (SHIFTED, list(CORRUPTIONS.values()))):
        scores = score_images(calibrated.engine, images, preprocessor, changes)
        for population in dict.fromkeys(populations):
            of_population = scores.of(populations == population)
            records = [r for r in images.records if r.stated.population == population]
            if len(set(of_population.labels)) == len(CLASS_NAMES):
                of_set = name if len(set(populations)) == 1 else f"{name}-{population or UNSTATED}"
                sets |= {
                    part: calibrated.of(population).judge(
                        of_population.of(chosen), job.command, None if weights is None else weights[chosen]
                    )
                    for part, (chosen, weights) in reader_sets(of_set, records).items()
                }
    if job.external is not None:
        outside = score_external(calibrated.engine, job.external, preprocessor)
        sets |= {n: calibrated.of(population).judge(s, job.command) for n, (s, _, population) in outside.items()}
    return sets
