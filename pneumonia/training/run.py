"""One training from a data folder to a weights folder."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy.special import expit

from pneumonia.bundle import CARD, HISTORY, KERAS_MODEL, METRICS, SERVED_MODEL, json_bytes, write_bundle
from pneumonia.card import render_card
from pneumonia.data.manifest import Record, fingerprint, read_classes, read_training_folder
from pneumonia.data.pipeline import ImageSet, load_images
from pneumonia.data.splits import split_by_patient, split_outside
from pneumonia.engine import Engine
from pneumonia.errors import DataError
from pneumonia.evaluation.calibration import fit_temperature, fix_operating_points, points_to_dict
from pneumonia.evaluation.metrics import evaluate
from pneumonia.evaluation.sets import Scores, pooled, score_images, score_validation
from pneumonia.explain.gradcam import ServingModule
from pneumonia.explain.overlay import HEATMAP_SCALE
from pneumonia.labels import CLASS_NAMES
from pneumonia.preprocessing import Preprocessing
from pneumonia.training.loop import Trained, train_variant
from pneumonia.training.resume import history_csv
from pneumonia.training.versions import versions
from pneumonia.variants import Recipe, Variant

# Version of the weights; goes up when newly trained ones are published.
WEIGHTS_VERSION = "0.1.0"


@dataclass(frozen=True)
class TrainingJob:
    """What to train, on what, and where to put it.

    Attributes:
        data: folder of images.
        variant: the network.
        recipe: how to train it.
        output: becomes the weights folder.
        image_size: side of the network's input in pixels.
        seed: of split, parameters, order and augmentation.
        backbone_weights: "imagenet", "none" or a weights file.
        command: what to run to do the same again, stored with the weights.
        outside: folder of another population; scored after training, never trained on.
        checkpoints: folder for the state of an unfinished training.
    """

    data: Path
    variant: Variant
    recipe: Recipe
    output: Path
    image_size: int
    seed: int
    backbone_weights: str
    command: str
    outside: Path | None
    checkpoints: Path


@dataclass(frozen=True)
class TrainingResult:
    """What came of a job.

    Attributes:
        metrics: as in metrics.json.
        skipped: names of unreadable files, each with the reason.
    """

    metrics: dict[str, Any]
    skipped: list[tuple[str, str]]


def run_training(job: TrainingJob) -> TrainingResult:
    """Train, calibrate, judge, and write the weights folder.

    Raises:
        DataError: if the data cannot be used.
    """
    preprocessing = Preprocessing(size=job.image_size)
    train_records, validation_records = split_by_patient(read_training_folder(job.data), job.seed)
    train = load_images(train_records, preprocessing)
    validation = load_images(validation_records, preprocessing)
    for images in (train, validation):
        if len(set(images.labels)) < len(CLASS_NAMES):
            raise DataError("Training and validation each need readable images of both classes.")

    trained = train_variant(
        job.variant,
        job.recipe,
        train,
        validation,
        preprocessing,
        job.seed,
        job.backbone_weights,
        job.checkpoints,
    )
    metrics = _write(job, trained, train, validation, preprocessing)
    skipped = [(record.path.name, reason) for images in (train, validation) for record, reason in images.skipped]
    return TrainingResult(metrics, skipped)


def _write(
    job: TrainingJob, trained: Trained, train: ImageSet, validation: ImageSet, preprocessing: Preprocessing
) -> dict[str, Any]:
    served = ServingModule(trained.model).to_tflite()
    engine = Engine(served)
    sets = score_validation(engine, validation, preprocessing)
    pool = pooled(sets)
    temperature = fit_temperature(pool.logits, pool.labels)
    points = fix_operating_points(pool.logits, pool.labels, pool.patients, temperature)
    if job.outside is not None:
        sets |= _score_outside(engine, job.outside, preprocessing)
    metrics = {
        "sets": {
            name: evaluate(s.labels, expit(s.logits / temperature), s.patients, points.values(), job.command)
            for name, s in sets.items()
        }
    }
    config = {
        "variant": job.variant.name,
        "version": WEIGHTS_VERSION,
        "architecture": {
            "name": job.variant.architecture,
            "image_size": job.image_size,
            "hidden_units": list(job.variant.hidden_units),
            "parameters": trained.model.count_params(),
        },
        "preprocessing": preprocessing.to_dict(),
        "temperature": temperature,
        "operating_points": points_to_dict(points),
        "heatmap_scale": HEATMAP_SCALE,
        "training": {"command": job.command, "seed": job.seed, "recipe": asdict(job.recipe)},
        "data": {"train": _facts(train), "validation": _facts(validation)},
        "versions": versions(),
    }
    contents = {
        KERAS_MODEL: _keras_bytes(trained, job.checkpoints),
        SERVED_MODEL: served,
        METRICS: json_bytes(metrics),
        HISTORY: history_csv(trained.history).encode(),
        CARD: render_card(config, metrics).encode(),
    }
    write_bundle(job.output, contents, config)
    return metrics


def _score_outside(engine: Engine, folder: Path, preprocessing: Preprocessing) -> dict[str, Scores]:
    halves = zip(("selection", "report"), split_outside(read_classes(folder)), strict=True)
    return {
        f"{folder.name}-{half}": score_images(engine, load_images(records, preprocessing), preprocessing)
        for half, records in halves
    }


def _facts(images: ImageSet) -> dict[str, Any]:
    records: list[Record] = images.records
    counts = Counter(record.label for record in records)
    return {
        "images": {name: counts[label] for label, name in enumerate(CLASS_NAMES)},
        "patients": len({record.patient for record in records}),
        "skipped": len(images.skipped),
        "fingerprint": fingerprint(records),
    }


def _keras_bytes(trained: Trained, folder: Path) -> bytes:
    path = folder / KERAS_MODEL
    # Without the optimizer's state, which is three times as large as the network.
    trained.model.save(path, include_optimizer=False)
    return path.read_bytes()
