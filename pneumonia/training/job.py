"""One training from a data folder to a weights folder."""

import logging
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from pneumonia.calibration.fit import fit_calibration, fix_operating_points
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.core.populations import UNSTATED
from pneumonia.data.manifest import Manifest, count_unknown, read_classes, read_training_data, set_name
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.pipeline import ImageSet, load_images
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.splits import main_population
from pneumonia.data.tables import UNLABELLED
from pneumonia.errors import DataError
from pneumonia.explain.overlay import HEATMAP_SCALE
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.inference.engine import Engine
from pneumonia.inference.preprocessor import Preprocessor, new_preprocessor
from pneumonia.metrics.classification import evaluate
from pneumonia.metrics.scores import VALIDATION, Scores, pool_scores
from pneumonia.metrics.threshold_sweep import COVERAGE
from pneumonia.training.checkpoints import history_csv, training_seconds
from pneumonia.training.fit import Trained, train_variant
from pneumonia.training.outcome import TrainingResult, facts, model_bytes, require_clock, write_weights
from pneumonia.training.parts import Parts, load_parts
from pneumonia.training.scoring import score_images, score_shifted
from pneumonia.training.shared_head import fit_shared_head
from pneumonia.variants.spec import Variant
from pneumonia.weights.cards.classifier import render_card
from pneumonia.weights.folder import H5_MODEL, HISTORY, KERAS_MODEL, SERVED_MODEL

_LOG = logging.getLogger(__name__)
# Version of the weights; goes up when newly trained ones are published.
WEIGHTS_VERSION = "1.1.0"


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
class FittedCalibration:
    """What turns the logits of a network into findings, for one population.

    Attributes:
        temperature: divisor of the logits.
        offset: added to them before.
        points: operating points by name.
        sets: scores that all these were fixed on, by name of the set.
    """

    temperature: float
    offset: float
    points: dict[str, OperatingPoint]
    sets: dict[str, Scores]

    @classmethod
    def on(cls, sets: dict[str, Scores]) -> "FittedCalibration":
        """Fit to scores, by name of the set; all that is fixed by a rule is fixed on them together."""
        pool = pool_scores(sets.values())
        temperature, offset = fit_calibration(pool.logits, pool.labels)
        return cls(temperature, offset, fix_operating_points(pool.shifted(offset), temperature), sets)

    def judge(self, scores: Scores, command: str, weights: np.ndarray | None = None) -> dict[str, Any]:
        """All figures of one set of images, as in metrics.json; arguments as for `evaluate`."""
        probabilities = expit((scores.logits + self.offset) / self.temperature)
        return evaluate(scores.labels, probabilities, scores.patients, self.points.values(), command, weights)

    def to_dict(self) -> dict[str, Any]:
        """As config.json has it."""
        return {
            "temperature": self.temperature,
            "offset": self.offset,
            "operating_points": {name: point.figures() for name, point in self.points.items()},
            "calibration": {"sets": list(self.sets), "coverage": COVERAGE},
        }


@dataclass(frozen=True)
class Calibrated:
    """A trained network with the calibrations for its populations.

    Attributes:
        trained: the network.
        served: contents of its `model.tflite`.
        engine: runs the same.
        calibrations: by population, that of the backbone's labels first; by `UNSTATED` where none is stated.
    """

    trained: Trained
    served: bytes
    engine: Engine
    calibrations: dict[str, FittedCalibration]

    def key(self, population: str) -> str:
        """The population by whose calibration those of a population are judged: the first one, if not their own."""
        key = population or UNSTATED
        return key if key in self.calibrations else next(iter(self.calibrations))

    def of(self, population: str) -> FittedCalibration:
        """That calibration."""
        return self.calibrations[self.key(population)]


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
    _LOG.info("reading %s images", f"{len(manifest.records):,}")
    parts = load_parts(job.variant, manifest, manifest.records, preprocessor, job.seed)
    # Of a training that is taken up again, the epochs that are done count too.
    before = training_seconds(job.checkpoints)
    started = time.monotonic()
    calibrated = train_and_calibrate(job.variant, parts, preprocessor, job.seed, job.backbone_weights, job.checkpoints)
    minutes = round((before + time.monotonic() - started) / 60, 1)
    metrics = {"sets": _figures(calibrated, parts, job, preprocessor)}
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
            "train": _facts(parts.train),
            "validation": _facts(parts.validation),
            **({} if parts.others is None else {"others": _facts(parts.others)}),
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
    read = filter(None, (parts.train, parts.validation, parts.others))
    skipped = [(record.place, reason) for images in read for record, reason in images.skipped]
    return TrainingResult(metrics, skipped)


def train_and_calibrate(
    variant: Variant,
    parts: Parts,
    preprocessor: Preprocessor,
    seed: int,
    backbone_weights: str,
    checkpoints: Path,
) -> Calibrated:
    """Train on some images; stop, calibrate and fix thresholds on others. Arguments are those of `train_variant`."""
    trained = train_variant(
        *(variant, parts.train, parts.validation, preprocessor, seed, backbone_weights, checkpoints),
        unlabelled=parts.unlabelled,
    )
    of_others: dict[str, dict[str, Scores]] = {}
    if parts.others is not None:
        _LOG.info("fitting the head to %s images of other populations", f"{len(parts.others.records):,}")
        assert variant.recipe.shared_head is not None  # else there are no others
        of_others = fit_shared_head(
            trained.model, parts.train, parts.others, preprocessor, variant.recipe.shared_head, seed
        )
    _LOG.info("trained; scoring %s validation images, as they are and corrupted", f"{len(parts.validation.records):,}")
    served = ServingModule(trained.model).to_tflite()
    engine = Engine(served)
    sets = score_shifted(engine, parts.validation, preprocessor, VALIDATION)
    populations = np.array([record.stated.population for record in parts.validation.records])
    main = main_population(parts.validation.records)
    by_population = {main: {name: scores.of(populations == main) for name, scores in sets.items()}}
    for population in set(populations) - {main}:
        of_population = {f"{population or UNSTATED}-{n}": s.of(populations == population) for n, s in sets.items()}
        if all(len(set(scores.labels)) == len(CLASS_NAMES) for scores in of_population.values()):
            by_population[population] = of_population
    calibrations = {
        population or UNSTATED: FittedCalibration.on(scores)
        for population, scores in {**by_population, **of_others}.items()
    }
    return Calibrated(trained, served, engine, calibrations)


def _figures(calibrated: Calibrated, parts: Parts, job: TrainingJob, preprocessor: Preprocessor) -> dict[str, Any]:
    """The sets of metrics.json: what calibrations were fixed on, radiologists' words on those out of fold, others."""
    out_of_fold = [r for r in parts.others.records if r.label != UNLABELLED] if parts.others is not None else []
    sets = {}
    for population, fitted in calibrated.calibrations.items():
        own = [r for r in (*parts.validation.records, *out_of_fold) if (r.stated.population or UNSTATED) == population]
        shared = any(record in out_of_fold for record in own[:1])
        # Labels of radiologists may be bound by terms that do not let them be passed on with names of images.
        first = next(iter(fitted.sets.values()))
        names = list(dict.fromkeys(first.patients[np.argsort(first.logits)]))
        for name, scores in fitted.sets.items():
            kept = scores.unlinked(names) if shared else scores
            sets[name] = _set(fitted, population, scores, kept, count_unknown(own), job.command)
        if shared:
            for name, (chosen, weights) in reader_sets(population, own).items():
                read = first.of(chosen)
                unknown = count_unknown(record for record, here in zip(own, chosen, strict=True) if here)
                told = read.unlinked(names) if weights is None else None
                shares = None if weights is None else weights[chosen]
                sets[name] = _set(fitted, population, read, told, unknown, job.command, shares)
    if job.external is not None:
        for name, (scores, unknown, population) in score_external(
            calibrated.engine, job.external, preprocessor
        ).items():
            key = calibrated.key(population)
            sets[name] = _set(calibrated.calibrations[key], key, scores, scores, unknown, job.command)
    return sets


def _set(
    fitted: FittedCalibration,
    population: str,
    scores: Scores,
    kept: Scores | None,
    unknown: int,
    command: str,
    weights: np.ndarray | None = None,
) -> dict[str, Any]:
    """One set of metrics.json, with the scores that are kept; weighted ones are not, as no curve could be drawn."""
    return {
        **fitted.judge(scores, command, weights),
        "population": population,
        "patient_unknown": unknown,
        **({} if kept is None else {"scores": kept.to_dict()}),
    }


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
        "populations": {name: fitted.to_dict() for name, fitted in calibrated.calibrations.items()},
        "heatmap_scale": HEATMAP_SCALE,
    }


def score_external(engine: Engine, source: Path, preprocessor: Preprocessor) -> dict[str, tuple[Scores, int, str]]:
    """Scores, of how many images it is not known whose they are, and the population of most, by the name of the set;
    see `reader_sets`."""
    images = load_images(read_classes(source).records, preprocessor)
    scores = score_images(engine, images, preprocessor)
    population = Counter(record.stated.population for record in images.records).most_common(1)[0][0]
    return {
        name: (
            scores.of(chosen),
            count_unknown(record for record, here in zip(images.records, chosen, strict=True) if here),
            population,
        )
        for name, (chosen, weights) in reader_sets(set_name(source), images.records).items()
        if weights is None  # scores carry none
    }


def _facts(images: ImageSet) -> dict[str, Any]:
    records = images.records
    counts = Counter(record.label for record in records)
    return {
        **facts(records),
        "images": {
            **{name: counts[label] for label, name in enumerate(CLASS_NAMES)},
            **({"uncertain": counts[UNLABELLED]} if counts[UNLABELLED] else {}),
        },
        "patient_unknown": count_unknown(records),
        "skipped": len(images.skipped),
    }
