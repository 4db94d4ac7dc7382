"""Maps of a finer stage by hand, the dilated network against the one it is made of, and networks that know nothing."""

import keras
import numpy as np
import pytest

from pneumonia.models.head import attach_head
from pneumonia.models.registry import backbone_layers, build_model
from pneumonia.variants.registry import get_variant
from scripts.studies.heatmaps.randomisation import randomised
from scripts.studies.heatmaps.sharper import dilated, finer_stage, stage_maps

SIZE = 96


@pytest.fixture(scope="module")
def mobilenet():
    keras.utils.set_random_seed(0)
    return build_model(get_variant("mobilenetv2-frozen"), SIZE)


def test_maps_of_a_finer_stage_worked_out_by_hand():
    """Channels x and 2 x of four by four cells, averaged to two by two; weights 3 and -1, so 1/16 of each cell's."""
    inputs = keras.Input((4, 4, 1))
    stage = keras.layers.Conv2D(2, 1, use_bias=False, name="stage")(inputs)
    model = keras.Model(inputs, attach_head(keras.layers.AveragePooling2D(2, name="features")(stage), 0.0))
    model.get_layer("stage").set_weights([np.array([1.0, 2.0], np.float32).reshape(1, 1, 1, 2)])
    model.get_layer("logit").set_weights([np.array([[3.0], [-1.0]], np.float32), np.zeros(1, np.float32)])
    image = np.arange(16, dtype=np.float32).reshape(4, 4)
    maps = stage_maps(model)(image)
    assert finer_stage(model).name == "stage"
    np.testing.assert_allclose(maps.layer_cam, 3 * image / 16, rtol=1e-5)
    np.testing.assert_allclose(maps.hires_cam, (3 - 2) * image / 16, rtol=1e-5, atol=1e-6)


def test_the_finer_stage_of_mobilenetv2(mobilenet):
    assert finer_stage(mobilenet).name == "block_13_expand_relu"


def test_every_second_cell_of_the_dilated_network_is_a_cell_of_the_other(mobilenet):
    image = np.random.default_rng(0).random((1, SIZE, SIZE, 1), dtype=np.float32)
    coarse, fine = (
        keras.Model(model.input, model.get_layer("features").output)(image).numpy()
        for model in (mobilenet, dilated(mobilenet))
    )
    assert coarse.shape[1:3] == (3, 3) and fine.shape[1:3] == (6, 6)
    np.testing.assert_allclose(fine[:, 1::2, 1::2], coarse, atol=1e-4)
    assert coarse.max() > 0.1 and np.abs(fine[:, ::2, ::2] - coarse).max() > 0.01


def test_other_networks_cannot_be_dilated():
    with pytest.raises(ValueError, match="strided"):
        dilated(build_model(get_variant("custom-cnn"), 64))


@pytest.mark.slow
def test_fresh_parameters(mobilenet):
    before = mobilenet.get_weights()
    whole, again, other = (randomised(mobilenet, seed, keep_backbone=False) for seed in (1, 1, 2))
    head = randomised(mobilenet, 1, keep_backbone=True)

    def kernel(model, name):
        return model.get_layer(name).get_weights()[0]

    for name in ("Conv_1", "logit"):
        np.testing.assert_array_equal(kernel(whole, name), kernel(again, name))
        assert (kernel(whole, name) != kernel(other, name)).any()
        assert (kernel(whole, name) != kernel(mobilenet, name)).any()
    assert (kernel(head, "logit") != kernel(mobilenet, "logit")).any()
    for trained, kept in zip(backbone_layers(mobilenet), backbone_layers(head), strict=True):
        for one, two in zip(trained.get_weights(), kept.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    for one, two in zip(before, mobilenet.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
