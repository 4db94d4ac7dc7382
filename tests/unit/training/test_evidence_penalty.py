"""Training that keeps the evidence inside the lungs."""

import dataclasses

import keras
import numpy as np
import pytest

from pneumonia.data.pipeline import lung_masks, training_batches
from pneumonia.errors import PneumoniaError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.models.registry import build_model
from pneumonia.training import fit
from pneumonia.training.evidence_penalty import EvidencePenalty, add_evidence_penalty
from pneumonia.variants.baselines import get_recipe
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import Phase, Recipe
from tests.fixtures.tiny import SIZE

PREPROCESSOR = Preprocessor(Preprocessing(SIZE))


def test_penalty_by_hand():
    """Of 8 logits of evidence, whatever their sign, 3 lie in a cell half outside and 1 in one wholly outside."""
    evidence = np.array([[3.0, -4.0], [-1.0, 0.0]], np.float32).reshape(1, 2, 2, 1)
    inside = np.array([[0.5, 1.0], [0.0, 0.0]], np.float32).reshape(1, 2, 2, 1)
    layer = EvidencePenalty(2.0)
    logits = layer(np.array([[0.7]], np.float32), evidence, inside)
    assert float(logits[0, 0]) == pytest.approx(0.7)
    assert float(layer.losses[0]) == pytest.approx(2.0 * (3 * 0.5 + 1) / 8, rel=1e-3)


def test_a_map_without_evidence_costs_nothing():
    layer = EvidencePenalty(1.0)
    layer(np.zeros((1, 1), np.float32), np.zeros((1, 2, 2, 1), np.float32), np.zeros((1, 2, 2, 1), np.float32))
    assert float(layer.losses[0]) == 0.0


def test_a_guided_network_gives_the_same_logits_and_shares_every_parameter(images):
    model = build_model(get_variant("custom-cnn"), SIZE)
    twin = add_evidence_penalty(model, 1.0)
    inputs = images.squares[:4, ..., None]
    np.testing.assert_allclose(twin([inputs, np.ones_like(inputs)]), model(inputs), atol=1e-6)
    assert [id(weight) for weight in twin.weights] == [id(weight) for weight in model.weights]


@pytest.mark.parametrize(
    "variant",
    [
        dataclasses.replace(get_variant("custom-cnn"), hidden_units=(4,)),
        # As many hidden units, or cells, as the feature map has channels.
        get_recipe("cnn3-augmented"),
        get_recipe("cnn-adam"),
        dataclasses.replace(get_variant("custom-cnn"), head="softmax"),
    ],
)
def test_heads_whose_map_does_not_add_up_are_refused(variant):
    with pytest.raises(PneumoniaError, match="linear head"):
        add_evidence_penalty(build_model(variant, SIZE, training=True), 1.0)


def test_lungs_move_along_with_their_image(images):
    """Where a square was painted into the image, the mask given beside it still covers it."""
    size = images.squares.shape[1]
    lungs = np.zeros((len(images.records), size, size), np.uint8)
    lungs[:, 10:30, 35:55] = 255
    painted = dataclasses.replace(images, squares=(lungs / 255).astype(np.float32))
    batches = training_batches(
        painted, PREPROCESSOR.record, 8, 0, range(1), augmentation="rotate-zoom-shift-flip", lungs=lungs
    )
    for (shown, inside), labels, _ in batches:
        assert shown.shape == inside.shape == (8, SIZE, SIZE, 1) and labels.shape == (8, 1)
        assert inside.numpy().min() == 0 and inside.numpy().max() == 1
        np.testing.assert_allclose(shown, inside, atol=0.02)


def test_without_lungs_the_whole_image_counts_as_inside(images):
    class NothingFound:
        def segment(self, square):
            return dataclasses.make_dataclass("Segmentation", ["inside"])(None)

    assert (lung_masks(images, NothingFound(), 0.02) == 255).all()


@pytest.mark.slow
def test_the_penalty_moves_the_evidence(images, tmp_path):
    """The same training with the left half for lungs ends with a larger share of the evidence there."""
    left = np.zeros((len(images.records), SIZE, SIZE), np.uint8)
    left[:, :, : SIZE // 2] = 255

    def share(penalty):
        recipe = Recipe((Phase(6, 3e-3, "all"),), batch_size=8, augmentation="none", evidence_penalty=penalty)
        variant = dataclasses.replace(get_variant("custom-cnn"), recipe=recipe)
        trained = fit.train_variant(
            variant, images, images, PREPROCESSOR, 0, "none", tmp_path / f"penalty-{penalty}", evidence=left
        ).model
        features = keras.Model(trained.input, trained.get_layer("features").output)(images.squares[..., None]).numpy()
        evidence = np.abs(features @ trained.get_layer("logit").kernel.numpy())[..., 0]
        return evidence[:, :, :2].sum() / evidence.sum()

    assert share(5.0) > share(0.0) + 0.1
