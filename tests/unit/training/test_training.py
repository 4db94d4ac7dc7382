"""The loop, adaptation without labels, and resuming, on tiny data."""

import copy
import dataclasses
import json
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from pneumonia.data.pipeline import prepare_inputs
from pneumonia.errors import DataError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.models.registry import FEATURES, backbone_layers, build_model
from pneumonia.training import fit
from pneumonia.training.barlow_twins import adapt_backbone, barlow_twins_loss
from pneumonia.training.checkpoints import Checkpoints, training_seconds
from pneumonia.training.job import TrainingJob, run_training
from pneumonia.training.linear_probe import fit_linear_probe
from pneumonia.training.optimization import warmup_cosine
from pneumonia.variants.baselines import get_recipe, list_recipes
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe
from pneumonia.weights.cards.classifier import render_card
from pneumonia.weights.folder import CARD, WEIGHTS_FOLDER, read_bundle
from tests.fixtures.tiny import SIZE, tiny_variant, write_tiny_data

PREPROCESSING = Preprocessing(size=SIZE)
RECIPE = Recipe(phases=(Phase(1, 1e-3, "head"), Phase(2, 1e-3, "all")), batch_size=8)


def train(images, folder, variant="custom-cnn", recipe=RECIPE):
    network = get_recipe(variant) if variant in list_recipes() else get_variant(variant)
    return fit.train_variant(
        dataclasses.replace(network, recipe=recipe),
        images,
        images,
        Preprocessor(PREPROCESSING),
        seed=0,
        backbone_weights="none",
        folder=folder,
    )


def test_schedule_warms_up_and_decays_to_zero():
    schedule = warmup_cosine(1.0, 100)
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[5] == pytest.approx(1.0) and rates[0] < 0.2
    assert np.all(np.diff(rates[5:]) <= 0) and rates[100] == pytest.approx(0, abs=1e-6)


def test_barlow_twins_loss_by_hand():
    # Standardised columns that equal each other: c is all ones, the diagonal is perfect, the rest redundant.
    same = tf.constant([[1.0, 1.0], [-1.0, -1.0]])
    assert float(barlow_twins_loss(same, same)) == pytest.approx(0.005 * 2 / 2, abs=1e-5)
    # Uncorrelated columns that agree between the views: nothing to improve.
    apart = tf.constant([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert float(barlow_twins_loss(apart, apart)) == pytest.approx(0, abs=1e-5)
    # The views are opposites: the diagonal is off by two.
    assert float(barlow_twins_loss(apart, -apart)) == pytest.approx(4.0, abs=1e-3)


@pytest.mark.slow
def test_adaptation_moves_every_backbone_parameter_and_no_head(images, tmp_path):
    keras.utils.set_random_seed(0)
    model = build_model(get_variant("mobilenetv2-frozen"), SIZE)
    before = {id(w): w.numpy() for w in model.weights}
    adapt_backbone(model, images, PREPROCESSING, epochs=2, seed=0, folder=tmp_path)
    for layer in backbone_layers(model):
        for weight in layer.weights:
            assert not np.array_equal(weight.numpy(), before[id(weight)]), weight.path
    logit = model.get_layer("logit")
    assert all(np.array_equal(weight.numpy(), before[id(weight)]) for weight in logit.weights)


@pytest.mark.slow
def test_adaptation_reads_no_label(images, tmp_path):
    def adapted(labelled, folder):
        keras.utils.set_random_seed(0)
        model = build_model(get_variant("custom-cnn"), SIZE)
        return adapt_backbone(model, labelled, PREPROCESSING, epochs=1, seed=0, folder=folder)

    flipped = [dataclasses.replace(record, label=1 - record.label) for record in images.records]
    other = dataclasses.replace(images, records=flipped)
    assert adapted(images, tmp_path / "a") == adapted(other, tmp_path / "b")


@pytest.mark.slow
def test_head_phase_leaves_the_backbone_alone(images, tmp_path):
    recipe = Recipe(phases=(Phase(1, 1e-2, "head"),), batch_size=8)
    trained = train(images, tmp_path, "mobilenetv2-frozen", recipe)
    keras.utils.set_random_seed(0)
    fresh = build_model(get_variant("mobilenetv2-frozen"), SIZE)
    for ours, start in zip(trained.model.weights, fresh.weights, strict=True):
        moved = not np.array_equal(ours.numpy(), start.numpy())
        assert moved == ("logit" in ours.path), ours.path


def test_linear_probe_is_logistic_regression_and_moves_the_logit_alone(images, tmp_path):
    recipe = Recipe(phases=(), linear_probe=1.0)
    trained = train(images, tmp_path, "mobilenetv2-frozen", recipe)
    keras.utils.set_random_seed(0)
    fresh = build_model(get_variant("mobilenetv2-frozen"), SIZE)
    for ours, start in zip(trained.model.weights, fresh.weights, strict=True):
        assert np.array_equal(ours.numpy(), start.numpy()) != ("logit/kernel" in ours.path), ours.path
    inputs = prepare_inputs(images, Preprocessor(PREPROCESSING))
    pool = keras.Model(fresh.input, fresh.get_layer("pool").output)
    features = pool(inputs).numpy()
    deviations = features.std(axis=0)
    features /= np.maximum(deviations, np.median(deviations[deviations > 0]) / 2)
    regression = LogisticRegression(class_weight="balanced", fit_intercept=False, max_iter=2000)
    expected = regression.fit(features, images.labels).decision_function(features)
    np.testing.assert_allclose(trained.model(inputs).numpy()[:, 0], expected, atol=1e-2)
    assert [row["phase"] for row in trained.history] == ["linear probe"] and 0 <= trained.history[0]["val_auroc"] <= 1


def test_a_feature_that_hardly_ever_fires_gets_no_great_weight(images):
    pooled = keras.Input((8,))
    pool = keras.layers.Activation("linear", name="pool")(pooled)
    model = keras.Model(pooled, keras.layers.Dense(1, name="logit")(pool))
    features = np.random.default_rng(0).normal(size=(200, 8)).astype("float32")
    labels = np.arange(200) % 2
    # Fires in one image of a hundred, hardly, and in one class alone.
    features[:, 7] = 0
    features[[1, 3], 7] = 1e-4
    fit_linear_probe(model, features, labels, np.ones(200), 1.0)
    weights = np.abs(model.get_layer("logit").kernel.numpy()[:, 0])
    assert 0 < weights[7] < 1 and weights[:7].min() > 0


def test_a_probe_of_a_head_with_hidden_layers_is_refused(images):
    model = build_model(dataclasses.replace(get_variant("custom-cnn"), hidden_units=(4,)), SIZE)
    with pytest.raises(ValueError, match="hidden"):
        inputs = prepare_inputs(images, Preprocessor(PREPROCESSING))
        fit_linear_probe(model, inputs, images.labels, images.weights, 1.0)


@pytest.mark.slow
def test_a_folder_may_have_braces_in_its_name(images, tmp_path):
    recipe = Recipe(phases=(Phase(2, 1e-3, "head"),), batch_size=8)
    assert len(train(images, tmp_path / "{x}", recipe=recipe).history) == 2
    assert len(train(images, tmp_path / "{x}", recipe=recipe).history) == 2  # taken up again


@pytest.mark.slow
def test_history_has_a_row_an_epoch_and_the_phase(images, tmp_path):
    history = train(images, tmp_path).history
    assert [(row["phase"], row["epoch"]) for row in history] == [("1 (head)", 1), ("2 (all)", 1), ("2 (all)", 2)]
    assert all(np.isfinite(row["val_loss"]) and 0 <= row["val_auroc"] <= 1 for row in history)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["custom-cnn", "cnn-160"])
def test_a_killed_training_ends_as_if_it_had_not_been(variant, images, tmp_path, monkeypatch):
    whole = train(images, tmp_path / "whole", variant)

    class Killed(Exception):
        pass

    on_epoch_end = Checkpoints.on_epoch_end

    def kill_after_first_full_epoch(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        if self._columns["phase"] == "2 (all)":
            raise Killed

    monkeypatch.setattr(Checkpoints, "on_epoch_end", kill_after_first_full_epoch)
    with pytest.raises(Killed):
        train(images, tmp_path / "killed", variant)
    monkeypatch.undo()
    resumed = train(images, tmp_path / "killed", variant)
    assert [row["epoch"] for row in resumed.history] == [row["epoch"] for row in whole.history]
    for ours, theirs in zip(resumed.model.weights, whole.model.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-4, err_msg=ours.path)


@pytest.mark.slow
def test_the_epochs_done_before_an_interruption_count_in_the_time_it_took(images, tmp_path, monkeypatch):
    recipe = Recipe(phases=(Phase(2, 1e-3, "head"),), batch_size=8)
    save = Checkpoints.on_epoch_end

    def save_and_stop(self, epoch, logs=None):
        save(self, epoch, logs)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "on_epoch_end", save_and_stop)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(images, tmp_path, recipe=recipe)
    monkeypatch.undo()
    first = training_seconds(tmp_path)
    assert 0 < first < time.monotonic() - started
    started = time.monotonic()
    train(images, tmp_path, recipe=recipe)
    assert first < training_seconds(tmp_path) < first + time.monotonic() - started


@pytest.mark.slow
def test_training_stops_when_validation_no_longer_improves(images, tmp_path, monkeypatch):
    recipe = Recipe(phases=(Phase(9, 0.0, "all"),), batch_size=8, patience=2)
    losses = iter([0.5, 0.4, 0.45, 0.46, 0.1])
    on_epoch_end = Checkpoints.on_epoch_end
    monkeypatch.setattr(
        Checkpoints, "on_epoch_end", lambda self, e, logs: on_epoch_end(self, e, {**logs, "val_loss": next(losses)})
    )
    assert len(train(images, tmp_path, recipe=recipe).history) == 4


@pytest.mark.slow
def test_a_recipe_may_watch_the_auroc(images, tmp_path, monkeypatch):
    recipe = Recipe(phases=(Phase(9, 0.0, "all"),), batch_size=8, patience=2, watches="auroc")
    watched = iter([0.5, 0.6, 0.55, 0.6, 0.9])
    on_epoch_end = Checkpoints.on_epoch_end
    monkeypatch.setattr(
        Checkpoints,
        "on_epoch_end",
        lambda self, e, logs: on_epoch_end(self, e, {**logs, "val_auroc": next(watched), "val_loss": 1.0 / (e + 1)}),
    )
    assert len(train(images, tmp_path, recipe=recipe).history) == 4


@pytest.mark.slow
def test_a_share_of_the_way_is_between_the_weights_before_and_after_the_phases(images, tmp_path):
    def weights(share):
        recipe = dataclasses.replace(RECIPE, linear_probe=0.1, tuned_share=share)
        return train(images, tmp_path / str(share), "mobilenetv2-finetuned", recipe).model.get_weights()

    before, half, after = (weights(share) for share in (0.0, 0.5, 1.0))
    assert all(np.any(a != b) for a, b in zip(before, after, strict=True))
    for a, b, mean in zip(before, after, half, strict=True):
        np.testing.assert_allclose(mean, (a + b) / 2, rtol=1e-5, atol=1e-7)


def test_the_feature_map_has_a_name(images, tmp_path):
    assert train(images, tmp_path).model.get_layer(FEATURES).output.shape[1:] == (SIZE // 16, SIZE // 16, 192)


def test_an_outside_population_cannot_pass_for_what_fixed_the_thresholds(tmp_path):
    outside = tmp_path / "validation"
    job = TrainingJob((tmp_path,), get_variant("custom-cnn"), tmp_path / "w", 0, "none", "command", outside, tmp_path)
    with pytest.raises(DataError, match="'validation'"):
        run_training(job)


@pytest.mark.slow
def test_a_training_on_unknown_patients_says_so(tmp_path):
    write_tiny_data(tmp_path / "data")
    for number, path in enumerate(sorted((tmp_path / "data").glob("*/*"))):
        path.rename(path.with_name(f"{number}.png"))
    variant = tiny_variant(recipe=Recipe(phases=(Phase(1, 1e-3, "all"),), batch_size=8))
    (tmp_path / "kept").mkdir()
    run_training(
        TrainingJob((tmp_path / "data",), variant, tmp_path / "w", 0, "none", "command", None, tmp_path / "kept")
    )
    data = json.loads((tmp_path / "w" / "config.json").read_text())["data"]
    sets = json.loads((tmp_path / "w" / "metrics.json").read_text())["sets"]
    assert data["patients_from"] == "unknown"
    assert all(figures["patient_unknown"] == figures["n"] for figures in sets.values())
    assert "patients are unknown, so images of one patient may be in both" in (tmp_path / "w" / CARD).read_text()


@pytest.mark.promise(
    "The card of a network that was trained elsewhere says of its images only what was stated.", part="Figures"
)
def test_the_card_says_of_the_images_only_what_was_stated():
    bundle = read_bundle(WEIGHTS_FOLDER / "custom-cnn")
    config = copy.deepcopy(bundle.config)
    config["data"] |= {"populations": {"adults": 1200, "": 3}, "source": "", "licence": ""}
    config["training"]["command"] = "python scripts/train.py"
    card = render_card(config, bundle.metrics)
    assert "1,200 of adults, 3 of an unknown population" in card and "Guangzhou" not in card and "Kermany" not in card
    assert "three in four" not in card and "## Selection" not in card
    assert "Source of the images: not stated. Licence: not stated." in card and "MIT" not in card
    config["data"] |= {"source": "ward 3", "licence": "none given"}
    assert "Source of the images: ward 3. Licence: none given." in render_card(config, bundle.metrics)


@pytest.mark.promise("A card says that patients are unknown where they are.", part="Figures")
@pytest.mark.parametrize(
    ("changed", "unknown", "said", "intervals"),
    [
        # As weights folders were written before patients could be unknown.
        ({}, None, "of 526 patients; no patient is in both. The", "patients, and of"),
        ({"patients_from": "names"}, 0, "of 526 patients; no patient is in both. The", "patients, and of"),
        ({"patients_from": "table"}, 0, "no patient is in both, as a table tells them. The", "patients, and of"),
        (
            {"patients_from": "names"},
            3,
            "of at most 526 patients; the patient of 3 images is unknown, so",
            "or images where",
        ),
        ({"patients_from": "unknown"}, 1043, "of unknown patients; the patient of 1,043 images", "or images where"),
    ],
)
def test_the_card_says_how_patients_were_known(changed, unknown, said, intervals):
    bundle = read_bundle(WEIGHTS_FOLDER / "custom-cnn")
    config, metrics = copy.deepcopy(bundle.config), copy.deepcopy(bundle.metrics)
    metrics["sets"] = {name: of for name, of in metrics["sets"].items() if name.startswith("validation")}
    config["data"] |= changed
    if unknown is not None:
        config["data"]["validation"]["patient_unknown"] = metrics["sets"]["validation"]["patient_unknown"] = unknown
    card = render_card(config, metrics)
    assert said in card and intervals in card
    assert ("figures too good" in card) == bool(unknown)
