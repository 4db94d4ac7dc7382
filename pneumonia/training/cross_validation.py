"""The same training again and again, each time judged on images that had no part in it."""

import logging
from collections.abc import Callable
from typing import Any

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record, read_classes, read_training_folder
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import FOLDS, split_by_patient, split_by_series, split_external
from pneumonia.inference.preprocessor import new_preprocessor
from pneumonia.training.job import TrainingJob, train_and_calibrate
from pneumonia.training.scoring import score_images
from pneumonia.utils.lookup import look_up

_LOG = logging.getLogger(__name__)
HELD_OUT = "held-out"
SHIFTED = "held-out-shifted"
_EXTERNAL = "outside-selection"

# How the images are divided, by name of the scheme: how many times, and from records and number of the round to
# those trained with and those held out.
SCHEMES: dict[str, tuple[int, Callable[[list[Record], int], tuple[list[Record], list[Record]]]]] = {
    "folds": (FOLDS, lambda records, number: split_by_patient(records, seed=0, fold=number)),
    "series": (2, split_by_series),
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
        Figures by set, as in metrics.json: held out as they are, each under one of the fixed corruptions in turn,
        and the external population's half for selection where the job names one.

    Raises:
        DataError: if the data cannot be divided so.
    """
    rounds, divide = look_up(SCHEMES, scheme, "scheme")
    _LOG.info("round %d of %d", number + 1, rounds)
    train_records, test_records = divide(read_training_folder(job.data, job.patients).records, number)
    preprocessor = new_preprocessor(job.variant)
    train, validation = (load_images(part, preprocessor) for part in split_by_patient(train_records, job.seed))
    checkpoints = job.checkpoints / f"{scheme}-{number}"
    calibrated = train_and_calibrate(
        job.variant, train, validation, preprocessor, job.seed, job.backbone_weights, checkpoints
    )
    images = load_images(test_records, preprocessor)
    sets = {
        HELD_OUT: score_images(calibrated.engine, images, preprocessor),
        SHIFTED: score_images(calibrated.engine, images, preprocessor, list(CORRUPTIONS.values())),
    }
    if job.external is not None:
        selection, _ = split_external(read_classes(job.external).records)
        sets[_EXTERNAL] = score_images(calibrated.engine, load_images(selection, preprocessor), preprocessor)
    return {name: calibrated.judge(scores, job.command) for name, scores in sets.items()}
