"""One training from a data folder to a weights folder."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scipy.special import expit

from pneumonia.calibration.fit import fit_calibration, fix_operating_points
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.data.manifest import Manifest, Record, count_unknown, read_classes, read_training_data, set_name
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.pipeline import ImageSet, load_images
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError
from pneumonia.explain.overlay import HEATMAP_SCALE
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.inference.engine import Engine
from pneumonia.inference.preprocessor import Preprocessor, new_preprocessor
from pneumonia.metrics.classification import evaluate
from pneumonia.metrics.scores import VALIDATION, Scores, pool_scores
from pneumonia.metrics.threshold_sweep import COVERAGE
from pneumonia.models.registry import shift_logit
from pneumonia.training.checkpoints import history_csv, training_seconds
from pneumonia.training.fit import Trained, train_variant
from pneumonia.training.outcome import TrainingResult, facts, model_bytes, require_clock, write_weights
from pneumonia.training.scoring import score_images, score_shifted
from pneumonia.variants.spec import Variant
from pneumonia.weights.cards.classifier import render_card
from pneumonia.weights.folder import H5_MODEL, HISTORY, KERAS_MODEL, SERVED_MODEL

_LOG = logging.getLogger(__name__)
# Version of the weights; goes up when newly trained ones are published.
WEIGHTS_VERSION = "0.2.1"


@dataclass(frozen=True)
class TrainingJob:
    """One training: its network, its data, and the weights folder it writes.

    Attributes:
        data: folders and tables of images.
        variant: the network and how it is trained.
        output: becomes the weights folder.
        seed: of split, parameters, order and augmentation.
        backbone_weights: "imagenet", "none" or a weights file.
        command: what to run to do the same again, stored with the weights.
        external: folder or table of another population; scored after training, never trained on.
        checkpoints: folder for the state of an unfinished training.
        recipe_name: of the recipe, where it is not the variant's own.
        patients: whose the images in `data` are, where no table tells it; of `external`, names alone tell.
        populations: of the patients in each of `data`, where no table states it; as for `read_training_data`.
        source: of the images, for the card; empty where it is not stated.
        licence: of the images, likewise.
    """

    data: tuple[Path, ...]
    variant: Variant
    output: Path
    seed: int
    backbone_weights: str
    command: str
    external: Path | None
    checkpoints: Path
    recipe_name: str | None = None
    patients: Patients = BY_NAME
    populations: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""

    def read_data(self) -> Manifest:
        """The images to train and validate with.

        Raises:
            DataError: if they cannot be used.
        """
        return read_training_data(self.data, self.patients, self.populations)


@dataclass(frozen=True)
class Calibrated:
    """A trained network with its temperature and thresholds.

    Attributes:
        trained: the network.
        served: contents of its `model.tflite`.
        engine: runs the same.
        temperature: divisor of the logits.
        points: operating points by name.
        validation: what both were fixed on, by name of the set.
    """

    trained: Trained
    served: bytes
    engine: Engine
    temperature: float
    points: dict[str, OperatingPoint]
    validation: dict[str, Scores]

    def judge(self, scores: Scores, command: str) -> dict[str, Any]:
        """All figures of one set of images, as in metrics.json."""
        probabilities = expit(scores.logits / self.temperature)
        return evaluate(scores.labels, probabilities, scores.patients, self.points.values(), command)


def run_training(job: TrainingJob) -> TrainingResult:
    """Train, calibrate, judge, and write the weights folder.

    Raises:
        DataError: if the data cannot be used, or the external population is named as what fixes the thresholds.
        WeightsError: if the variant is shown a field that needs the lung fields, and these cannot be loaded.
        PneumoniaError: if the clock shows a time that weights cannot be written at.
    """
    require_clock()
    if job.external is not None and set_name(job.external) == VALIDATION:
        # Sets of that name are those that fixed the thresholds.
        raise DataError(f"Give the folder or table of another population another name than {VALIDATION!r}.")
    preprocessor = new_preprocessor(job.variant)
    manifest = job.read_data()
    train_records, validation_records = split_by_patient(manifest.records, job.seed)
    _LOG.info("reading %s images", f"{len(manifest.records):,}")
    train = load_images(train_records, preprocessor)
    validation = load_images(validation_records, preprocessor)
    unlabelled = load_unlabelled(job.variant, manifest, train_records, preprocessor)
    # Of a training that is taken up again, the epochs that are done count too.
    before = training_seconds(job.checkpoints)
    started = time.monotonic()
    calibrated = train_and_calibrate(
        job.variant, train, validation, preprocessor, job.seed, job.backbone_weights, job.checkpoints, unlabelled
    )
    minutes = round((before + time.monotonic() - started) / 60, 1)
    unknown = count_unknown(validation.records)
    sets = {name: (scores, unknown) for name, scores in calibrated.validation.items()}
    if job.external is not None:
        sets |= score_external(calibrated.engine, job.external, preprocessor)
    metrics = {
        "sets": {
            name: {
                **calibrated.judge(scores, job.command),
                "patient_unknown": unknown,
                "scores": scores.to_dict(),
            }
            for name, (scores, unknown) in sets.items()
        }
    }
    config = {
        **_config(job.variant, calibrated, preprocessor),
        "training": {
            "command": job.command,
            "seed": job.seed,
            "recipe_name": job.recipe_name,
            "recipe": asdict(job.variant.recipe),
            "head": job.variant.head,
            "dropout": job.variant.dropout,
            "hidden_dropout": job.variant.hidden_dropout,
            "minutes": minutes,
        },
        "data": {
            "patients_from": manifest.patients_from,
            "populations": dict(Counter(record.stated.population for record in manifest.records)),
            "source": job.source,
            "licence": job.licence,
            "train": _facts(train),
            "validation": _facts(validation),
        },
    }
    trained = calibrated.trained
    models = (KERAS_MODEL, H5_MODEL) if job.variant.recipe.h5 else (KERAS_MODEL,)
    files = {
        **{name: model_bytes(trained.model, job.checkpoints / name) for name in models},
        SERVED_MODEL: calibrated.served,
        HISTORY: history_csv(trained.history).encode(),
    }
    write_weights(job.output, files, config, metrics, render_card)
    skipped = [(record.place, reason) for images in (train, validation) for record, reason in images.skipped]
    return TrainingResult(metrics, skipped)


def load_unlabelled(
    variant: Variant, manifest: Manifest, train: Sequence[Record], preprocessor: Preprocessor
) -> ImageSet | None:
    """Images without labels for a variant that is adapted on them: of sources that are trained with, and of no patient
    whose labelled images are not; None for none."""
    sources, patients = ({getattr(record, name) for record in train} for name in ("source", "patient"))
    held_out = {record.patient for record in manifest.records} - patients
    records = [r for r in manifest.unlabelled if r.source in sources and r.patient not in held_out]
    return load_images(records, preprocessor) if variant.recipe.adaptation_epochs and records else None


def train_and_calibrate(
    variant: Variant,
    train: ImageSet,
    validation: ImageSet,
    preprocessor: Preprocessor,
    seed: int,
    backbone_weights: str,
    checkpoints: Path,
    unlabelled: ImageSet | None = None,
) -> Calibrated:
    """Train on some images; stop, calibrate and fix thresholds on others. Arguments are those of `train_variant`.

    Raises:
        DataError: if a class is missing in either.
    """
    for images in (train, validation):
        if len(set(images.labels)) < len(CLASS_NAMES):
            raise DataError("Training and validation each need readable images of both classes.")
    trained = train_variant(
        variant, train, validation, preprocessor, seed, backbone_weights, checkpoints, unlabelled=unlabelled
    )
    _LOG.info("trained; scoring %s validation images, as they are and corrupted", f"{len(validation.records):,}")
    sets = score_shifted(Engine(ServingModule(trained.model).to_tflite()), validation, preprocessor, VALIDATION)
    pool = pool_scores(sets)
    temperature, offset = fit_calibration(pool.logits, pool.labels)
    # The offset becomes part of the network, so that whoever reads it needs the temperature only.
    shift_logit(trained.model, offset)
    sets = {name: replace(scores, logits=scores.logits + offset) for name, scores in sets.items()}
    pool = pool_scores(sets)
    points = fix_operating_points(pool, temperature)
    served = ServingModule(trained.model).to_tflite()
    return Calibrated(trained, served, Engine(served), temperature, points, sets)


def _config(variant: Variant, calibrated: Calibrated, preprocessor: Preprocessor) -> dict[str, Any]:
    """The part of config.json that readings need."""
    return {
        "variant": variant.name,
        "version": WEIGHTS_VERSION,
        "architecture": {
            "name": variant.architecture,
            "image_size": variant.image_size,
            "pooling": variant.pooling,
            "hidden_units": list(variant.hidden_units),
            "parameters": calibrated.trained.model.count_params(),
        },
        "preprocessing": asdict(preprocessor.record),
        "temperature": calibrated.temperature,
        "operating_points": {name: point.figures() for name, point in calibrated.points.items()},
        "calibration": {"sets": list(calibrated.validation), "coverage": COVERAGE},
        "heatmap_scale": HEATMAP_SCALE,
    }


def score_external(engine: Engine, source: Path, preprocessor: Preprocessor) -> dict[str, tuple[Scores, int]]:
    """Scores, and of how many images it is not known whose they are, by the name of the set; see `reader_sets`."""
    images = load_images(read_classes(source).records, preprocessor)
    scores = score_images(engine, images, preprocessor)
    return {
        name: (
            Scores(scores.logits[chosen], scores.labels[chosen], scores.patients[chosen]),
            count_unknown(record for record, here in zip(images.records, chosen, strict=True) if here),
        )
        for name, (chosen, weights) in reader_sets(set_name(source), images.records).items()
        if weights is None  # scores carry none
    }


def _facts(images: ImageSet) -> dict[str, Any]:
    records = images.records
    counts = Counter(record.label for record in records)
    return {
        **facts(records),
        "images": {name: counts[label] for label, name in enumerate(CLASS_NAMES)},
        "patient_unknown": count_unknown(records),
        "skipped": len(images.skipped),
    }
