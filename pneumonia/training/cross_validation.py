"""The same training again and again, each time judged on images that had no part in it."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import FOLDS, split_by_patient, split_by_series, split_by_source
from pneumonia.inference.preprocessor import new_preprocessor
from pneumonia.training.job import TrainingJob, load_unlabelled, score_external, train_and_calibrate
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
        Figures by set, as in metrics.json: held out as they are, each under one of the fixed corruptions in turn,
        and the external population where the job names one.

    Raises:
        DataError: if the data cannot be divided so.
    """
    rounds, divide = look_up(SCHEMES, scheme, "scheme")
    _LOG.info("round %d of %d", number + 1, rounds(job.data))
    manifest = job.read_data()
    train_records, test_records = divide(manifest.records, number)
    train_records, validation_records = split_by_patient(train_records, job.seed)
    preprocessor = new_preprocessor(job.variant)
    train, validation = load_images(train_records, preprocessor), load_images(validation_records, preprocessor)
    unlabelled = load_unlabelled(job.variant, manifest, train_records, preprocessor)
    checkpoints = job.checkpoints / f"{scheme}-{number}"
    calibrated = train_and_calibrate(
        job.variant, train, validation, preprocessor, job.seed, job.backbone_weights, checkpoints, unlabelled
    )
    images = load_images(test_records, preprocessor)
    sets = {
        HELD_OUT: score_images(calibrated.engine, images, preprocessor),
        SHIFTED: score_images(calibrated.engine, images, preprocessor, list(CORRUPTIONS.values())),
    }
    if job.external is not None:
        outside = score_external(calibrated.engine, job.external, preprocessor)
        sets |= {name: scores for name, (scores, _) in outside.items()}
    return {name: calibrated.judge(scores, job.command) for name, scores in sets.items()}
