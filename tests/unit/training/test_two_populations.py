"""Trainings on two populations: what each image is for, the shared head, and the weights folder that comes of it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pneumonia import load_predictor
from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Manifest, read_training_data
from pneumonia.data.splits import main_population
from pneumonia.data.tables import CLEAR, OPACITY, OTHER, UNLABELLED
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.scores import Scores
from pneumonia.models.registry import build_model
from pneumonia.training import cross_validation
from pneumonia.training.cross_validation import Scheme
from pneumonia.training.job import TrainingJob, run_training
from pneumonia.training.linear_probe import fit_head
from pneumonia.training.parts import load_parts
from pneumonia.training.shared_head import fit_shared_head
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe
from pneumonia.weights.folder import read_bundle
from tests.fixtures.tiny import SIZE, tiny_variant, write_two_hospitals

PREPROCESSOR = Preprocessor(Preprocessing(size=SIZE))
SHARED = Recipe(phases=(Phase(1, 1e-3, "all"),), batch_size=8, shared_head=0.01)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Folders of children and of fewer adults."""
    return write_two_hospitals(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def manifest(sources):
    return read_training_data(sources, populations=(CHILDREN, ADULTS))


def test_the_population_with_most_pneumonias_is_the_main_one(manifest):
    assert main_population(manifest.records) == CHILDREN
    adults = [record for record in manifest.records if record.stated.population == ADULTS]
    assert main_population(adults) == ADULTS


def test_only_the_main_population_trains_the_backbone_with_labels(manifest):
    parts = load_parts(tiny_variant(recipe=SHARED), manifest, manifest.records, PREPROCESSOR, 0)
    sets = {name: getattr(parts, name) for name in ("train", "validation", "others")}
    of = {name: {record.stated.population for record in images.records} for name, images in sets.items()}
    assert of == {"train": {CHILDREN}, "validation": {CHILDREN}, "others": {ADULTS}}
    # The clinic numbers its patients as the ward does; they are other people.
    assert parts.unlabelled is None and len(parts.others.records) == 12
    assert not set(parts.train.patients) & set(parts.validation.patients)
    plain = tiny_variant(recipe=replace(SHARED, shared_head=None))
    alike = load_parts(plain, manifest, manifest.records, PREPROCESSOR, 0)
    assert alike.others is None and {r.stated.population for r in alike.train.records} == {CHILDREN, ADULTS}


def test_a_few_children_in_the_adults_hospital_are_left_out_and_that_is_told(manifest, caplog):
    few = next(r for r in manifest.records if r.stated.population == ADULTS)
    child = replace(few, stated=replace(few.stated, population=CHILDREN))
    records = [child if record is few else record for record in manifest.records]
    caplog.set_level("INFO", "pneumonia")
    parts = load_parts(tiny_variant(recipe=SHARED), manifest, records, PREPROCESSOR, 0)
    assert child not in (*parts.train.records, *parts.validation.records, *parts.others.records)
    assert "1 images, the few of one population in a source of another" in caplog.text


def test_adaptation_sees_the_main_population_alone_and_nothing_of_those_held_out(manifest):
    frozen = replace(get_variant("mobilenetv2-frozen"), image_size=SIZE)
    before = load_parts(frozen, manifest, manifest.records, PREPROCESSOR, 0)
    trained, validates, other = (of.records[0] for of in (before.train, before.validation, before.others))
    people = (trained, replace(trained, patient="nobody's"), validates, other)
    everything = Manifest([*manifest.records, *(replace(r, label=UNLABELLED) for r in people)], [], "names")
    seen = load_parts(frozen, everything, manifest.records, PREPROCESSOR, 0).unlabelled
    assert list(seen.patients) == [trained.patient, "nobody's"] and set(seen.sources) == {"ward"}


def test_uncertain_labels_train_and_judge_nothing(manifest):
    variant = tiny_variant(recipe=SHARED)
    before = load_parts(variant, manifest, manifest.records, PREPROCESSOR, 0)
    kept, validates, other = (of.records[0] for of in (before.train, before.validation, before.others))

    def doubted(record):
        return replace(record, label=UNLABELLED, stated=replace(record.stated, share=0.25, weight=2.0))

    with_doubts = Manifest([*manifest.records, *map(doubted, (kept, validates, other))], [], "names")
    assert len(with_doubts.uncertain) == 3 and not with_doubts.unlabelled
    parts = load_parts(variant, with_doubts, with_doubts.records, PREPROCESSOR, 0)
    assert list(parts.train.labels[-2:]) == [before.train.labels[-1], 0.25] and parts.train.weights[-1] == 2
    assert list(parts.validation.labels) == list(before.validation.labels)
    assert parts.others.labels[-1] == 0.25 and len(parts.others.labels) == len(before.others.labels) + 1
    # Those of a patient who is held out train nothing.
    held_out = [record for record in with_doubts.records if record.patient != other.patient]
    left = load_parts(variant, with_doubts, held_out, PREPROCESSOR, 0).others
    assert UNLABELLED not in [record.label for record in left.records]
    model = build_model(replace(variant, image_size=SIZE), SIZE)
    scores = fit_shared_head(model, parts.train, parts.others, PREPROCESSOR, 0.01, 0)
    assert len(scores[ADULTS]["adults-folds"].labels) == len(before.others.labels)


def test_a_head_has_no_intercept_and_takes_the_scale_of_features_in():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40)
    features = (rng.normal(labels[:, None], 1, (80, 3))).astype(np.float32)
    weights = np.ones(80)
    kernel = fit_head(features, labels, weights, 0.1)
    assert ((features @ kernel)[labels == 1]).mean() > ((features @ kernel)[labels == 0]).mean()
    np.testing.assert_allclose(fit_head(features * 10, labels, weights, 0.1) * 10, kernel, rtol=1e-2)


def test_what_is_held_out_is_judged_by_radiologists_and_without_a_few_of_another_population(manifest, monkeypatch):
    adults = [record for record in manifest.records if record.stated.population == ADULTS]
    few = replace(adults[0], patient="0", stated=replace(adults[0].stated, population=CHILDREN, readers=CLEAR))
    said = {0: (CLEAR, OTHER), 1: (OPACITY, OPACITY)}
    words = [
        replace(record, stated=replace(record.stated, readers=said[record.label][number % 2]))
        for number, record in enumerate(adults[1:])
    ]
    children = [record for record in manifest.records if record.stated.population == CHILDREN]
    held_out = [*children, few, *words]
    monkeypatch.setitem(
        cross_validation.SCHEMES, "all", Scheme(lambda sources: 1, lambda records, number: ([], held_out))
    )
    calibrated = SimpleNamespace(
        engine=None,
        of=lambda population: SimpleNamespace(judge=lambda scores, command, weights: (len(scores.labels), weights)),
    )
    monkeypatch.setattr(cross_validation, "load_parts", lambda *values: None)
    monkeypatch.setattr(cross_validation, "train_and_calibrate", lambda *values: calibrated)
    scored = lambda engine, images, *others: Scores(images.labels.astype(float), images.labels, images.patients)  # noqa: E731
    monkeypatch.setattr(cross_validation, "score_images", scored)
    job = SimpleNamespace(
        data=[],
        variant=tiny_variant(recipe=SHARED),
        seed=0,
        read_data=lambda: Manifest(held_out, [], "names"),
        command="",
        external=None,
        backbone_weights="none",
        checkpoints=Path(),
    )
    sets = cross_validation.run_round(job, "all", 0)
    counts = {name: sets[name][0] for name in sets if not name.startswith("held-out-shifted")}
    opacities, clear = (sum(r.stated.readers == word for r in words) for word in (OPACITY, CLEAR))
    assert counts == {
        "held-out-children": len(children),
        "held-out-adults": opacities + clear,
        "held-out-adults-other": len(words) - clear,
        "held-out-adults-all": len(words),
    }
    assert [name for name in counts if sets[name][1] is not None] == ["held-out-adults-all"]


@pytest.mark.slow
@pytest.mark.usefixtures("any_picture")
def test_one_network_is_calibrated_for_both(sources, tmp_path):
    variant = tiny_variant(recipe=SHARED)
    (tmp_path / "kept").mkdir()
    job = TrainingJob(
        sources, variant, tmp_path / "w", 0, "none", "command", None, tmp_path / "kept", populations=(CHILDREN, ADULTS)
    )
    result = run_training(job)
    config = read_bundle(tmp_path / "w").config
    assert list(config["populations"]) == [CHILDREN, ADULTS] and "temperature" not in config
    folds = ["adults-folds", *(f"adults-folds-{name}" for name in CORRUPTIONS)]
    assert config["populations"][ADULTS]["calibration"]["sets"] == folds
    sets = result.metrics["sets"]
    assert {name: sets[name]["population"] for name in ("validation", *folds)} == {
        "validation": CHILDREN,
        **dict.fromkeys(folds, ADULTS),
    }
    # Nobody can join these labels to images: they are in the order of the logits.
    logits = Scores.from_dict(sets["adults-folds"]["scores"]).logits
    assert np.all(np.diff(logits) >= 0) and len(logits) == sets["adults"]["n"] == 12
    predictor = load_predictor(weights=tmp_path / "w")
    assert predictor.populations == (CHILDREN, ADULTS)
    for population in predictor.populations:
        calibration = predictor.calibration_for(population)
        sweep = predictor.thresholds(calibration)
        stored = calibration.operating_points["balanced"]
        again = sweep.point(
            "balanced", float(np.log(stored.threshold / (1 - stored.threshold))) * calibration.temperature
        )
        assert again.sensitivity.value == pytest.approx(stored.sensitivity.value)
    # The mean of the map still is the logit.
    path = next((sources[1] / "PNEUMONIA").iterdir())
    read = [predictor.predict(path, population=population) for population in (CHILDREN, ADULTS)]
    assert read[0].logit == read[1].logit == pytest.approx(float(read[0].heatmap.mean()), abs=1e-4)
    assert read[1].probability == pytest.approx(predictor.calibration_for(ADULTS).probability(read[1].logit))
