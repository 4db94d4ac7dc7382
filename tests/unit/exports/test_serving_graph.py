"""The map in the serving graph: against numbers by hand, against autodiff, against the compiled model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pneumonia.errors import WeightsError
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.inference.engine import Engine
from pneumonia.models.head import attach_head


def network(hidden_units=(), size=8, **head):
    """One convolution and a head, on images of 8 pixels."""
    keras.utils.set_random_seed(0)
    image = keras.Input((size, size, 1))
    feature_map = keras.layers.Conv2D(5, 3, strides=2, padding="same", activation="relu", name="features")(image)
    return keras.Model(image, attach_head(feature_map, 0.5, hidden_units, **head))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((1, 8, 8, 1), dtype=np.float32)


def test_a_map_worked_out_by_hand():
    """Two channels that pass the image and its negative; weights 3 and 1, bias -0.5."""
    inputs = keras.Input((2, 2, 1))
    feature_map = keras.layers.Conv2D(2, 1, use_bias=False, name="features")(inputs)
    model = keras.Model(inputs, attach_head(feature_map, 0.0))
    model.get_layer("features").set_weights([np.array([1.0, -1.0], np.float32).reshape(1, 1, 1, 2)])
    model.get_layer("logit").set_weights([np.array([[3.0], [1.0]], np.float32), np.array([-0.5], np.float32)])
    result = ServingModule(model)(tf.constant([[[[1.0], [2.0]], [[0.0], [4.0]]]]))
    np.testing.assert_allclose(result["cam"], [[[2.0, 4.0], [0.0, 8.0]]])
    np.testing.assert_allclose(result["logit"], [[3.0]])


@pytest.mark.parametrize("pooling", ["average", "flatten"])
@pytest.mark.parametrize("hidden_units", [(), (7,), (7, 4)])
def test_equals_grad_cam_by_autodiff(hidden_units, pooling, image):
    model = network(hidden_units, hidden_dropout=0.5, pooling=pooling)
    image = np.concatenate([image, 1 - image])
    both = keras.Model(model.input, [model.get_layer("features").output, model.output])
    with tf.GradientTape() as tape:
        feature_map, logit = both(image)
        gradient = tape.gradient(logit, feature_map)
    weights = tf.reduce_sum(gradient, axis=(1, 2))
    expected = tf.einsum("bhwc,bc->bhw", feature_map, weights)
    result = ServingModule(model)(image)
    np.testing.assert_allclose(result["cam"], expected, atol=1e-5)
    np.testing.assert_allclose(result["logit"], logit, atol=1e-5)


def test_mean_plus_bias_is_the_logit(image):
    model = network()
    result = ServingModule(model)(image)
    total = result["cam"].numpy().mean() + model.get_layer("logit").bias.numpy()[0]
    assert total == pytest.approx(float(result["logit"][0, 0]), abs=1e-5)


def test_another_network_gives_another_map(image):
    model = network()
    before = ServingModule(model)(image)["cam"].numpy()
    model.get_layer("logit").set_weights([np.random.default_rng(5).normal(size=(5, 1)), np.zeros(1)])
    after = ServingModule(model)(image)["cam"].numpy()
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.95


@pytest.mark.parametrize("pooling", ["average", "flatten"])
@pytest.mark.parametrize("hidden_units", [(), (7,)])
def test_the_compiled_model_agrees(hidden_units, pooling, image):
    module = ServingModule(network(hidden_units, pooling=pooling))
    logit, cam = Engine(module.to_tflite()).run(image[0, ..., 0])
    expected = module(image)
    assert logit == pytest.approx(float(expected["logit"][0, 0]), abs=1e-4)
    np.testing.assert_allclose(cam, expected["cam"][0], atol=1e-4)


def test_a_broken_model_is_refused():
    with pytest.raises(WeightsError):
        Engine(b"not a model")
