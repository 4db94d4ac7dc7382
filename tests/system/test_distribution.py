"""Training on several devices, here two logical processors."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf

from pneumonia.errors import DataError
from pneumonia.models.registry import build_model
from pneumonia.training.distribution import choose_strategy, evaluation_batch_size, replicate, scale_recipe
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe
from scripts import ROOT
from tests.fixtures.tiny import SIZE

RECIPE = Recipe(phases=(Phase(1, 1e-3, "head"), Phase(2, 4e-4, "all")), batch_size=32)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="for a machine without accelerators")
def test_without_accelerators_the_network_and_its_recipe_stay_as_they_are():
    strategy = choose_strategy()
    model = build_model(get_variant("custom-cnn"), SIZE)
    assert strategy is tf.distribute.get_strategy() and strategy.num_replicas_in_sync == 1
    assert replicate(model, strategy) is model
    assert scale_recipe(RECIPE, 1, 8) is RECIPE and evaluation_batch_size(65, 64, 1) == 64


def test_the_batch_grows_with_the_replicas_and_the_rate_with_their_root():
    four = scale_recipe(RECIPE, 4, 1000)
    assert four.batch_size == 128
    assert [phase.learning_rate for phase in four.phases] == pytest.approx([2e-3, 8e-4])
    assert [(phase.epochs, phase.trains) for phase in four.phases] == [(1, "head"), (2, "all")]
    # Few images: every batch is full, and divides evenly.
    assert scale_recipe(RECIPE, 4, 30).batch_size == 28
    with pytest.raises(DataError):
        scale_recipe(RECIPE, 4, 3)


@pytest.mark.parametrize(("images", "expected"), [(128, 128), (129, 130), (130, 128), (24, 128)])
def test_no_replica_is_left_without_validation_images(images, expected):
    assert evaluation_batch_size(images, 64, 2) == expected
    with pytest.raises(DataError):
        evaluation_batch_size(7, 64, 6)


def train_on_two(folder, architecture, policy):
    command = [sys.executable, "-m", "tests.fixtures.replicas", str(folder), architecture, policy]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["replicas"] == 2 and outcome["copies_equal"]
    assert outcome["result_equal"] and not outcome["result_mirrored"]
    assert outcome["logit_policy"] == "float32" and outcome["result_policies"] == ["float32"]
    return outcome


@pytest.mark.slow
def test_two_replicas_end_where_one_device_with_their_batch_and_rate_ends(tmp_path):
    outcome = train_on_two(tmp_path, "plain", "float32")
    # 24 images, 4 a step on each replica.
    assert outcome["steps"] == 3 and outcome["feature_policy"] == "float32"
    assert outcome["losses"][-1] < 0.5 * outcome["losses"][0]
    for figure in ("losses", "val_losses", "val_aurocs"):
        assert outcome[figure] == pytest.approx(outcome[f"alone_{figure}"], rel=1e-3), figure
    assert outcome["logits_apart"] < 1e-3 * outcome["logits_size"]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_on_two_replicas_gives_a_network_in_float32(policy, tmp_path):
    outcome = train_on_two(tmp_path, "plain", policy)
    assert outcome["feature_policy"] == policy
    assert outcome["optimizer"] == ("LossScaleOptimizer" if policy == "mixed_float16" else "AdamW")
    assert all(value < 10 for value in outcome["losses"] + outcome["val_losses"])


@pytest.mark.slow
def test_batch_normalisation_and_dropout_go_with_two_replicas(tmp_path):
    assert all(value < 10 for value in train_on_two(tmp_path, "custom_cnn", "float32")["losses"])
