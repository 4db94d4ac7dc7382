"""Architectures: shapes, flatness, pretrained parameters, a training step each."""

import dataclasses

import keras
import numpy as np
import pytest

from pneumonia.errors import UnknownNameError
from pneumonia.models.mobilenetv2 import load_pretrained
from pneumonia.models.registry import ARCHITECTURES, FEATURES, backbone_layers, build_model, head_layers
from pneumonia.variants.registry import PUBLISHED, get_variant, list_variants

SIZE = 64


LARGEST = {"efficientnetb0", "resnet50", "xception"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGEST)) for name in list_variants()]
)
def test_forward_and_a_training_step(name):
    keras.utils.set_random_seed(0)
    model = build_model(get_variant(name), SIZE)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers), "a nested model hides its layers"
    inputs = np.random.default_rng(0).random((4, SIZE, SIZE, 1), dtype=np.float32)
    labels = np.array([[0.0], [1.0], [0.0], [1.0]])
    before = [weight.numpy() for weight in model.trainable_weights]
    assert model(inputs).shape == (4, 1)
    # Traced, the one step of the largest takes some times as long.
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True), run_eagerly=True)
    loss = model.train_on_batch(inputs, labels)
    assert np.isfinite(loss)
    after = [weight.numpy() for weight in model.trainable_weights]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"architecture": "vgg"}, "'vgg'; .* custom_cnn"),
        ({"pooling": "max"}, "'max'; .* average, flatten"),
    ],
)
def test_a_variant_with_an_unknown_name_is_refused(changed, said):
    with pytest.raises(UnknownNameError, match=said):
        build_model(dataclasses.replace(get_variant("custom-cnn"), **changed), SIZE)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_declared_input_and_the_feature_map_fit_the_model(name):
    variant = get_variant(name)
    model = build_model(variant)
    assert model.input_shape == (None, variant.image_size, variant.image_size, 1)
    assert model.output_shape == (None, 1)
    assert model.get_layer(FEATURES) is backbone_layers(model)[-1]
    assert [type(layer).__name__ for layer in head_layers(model)] == ["GlobalAveragePooling2D", "Dropout", "Dense"]


def test_the_published_networks_cost_about_the_same():
    sizes = {name: build_model(get_variant(name)).count_params() for name in PUBLISHED}
    assert 5e5 < sizes["custom-cnn"] < 1e6
    assert sizes["mobilenetv2-frozen"] == sizes["mobilenetv2-finetuned"] == 2_207_521


@pytest.mark.slow
def test_folding_keeps_the_function_of_the_pretrained_network(tmp_path):
    """Grey image in, the same feature map out as `keras.applications` with random statistics."""
    keras.utils.set_random_seed(0)
    reference = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(224, 224, 3))
    rng = np.random.default_rng(0)
    for layer in reference.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (weight.shape for weight in layer.weights)
            layer.set_weights(
                [
                    rng.uniform(0.5, 2, gamma),
                    rng.normal(0, 1, beta),
                    rng.normal(0, 0.2, mean),
                    rng.uniform(0.2, 1, variance),
                ]
            )
    path = tmp_path / "reference.weights.h5"
    reference.save_weights(path)
    model = build_model(get_variant("mobilenetv2-finetuned"))
    load_pretrained(model, str(path))
    image = rng.random((1, 224, 224, 1), dtype=np.float32)
    ours = keras.Model(model.input, model.get_layer(FEATURES).output)(image).numpy()
    theirs = reference(2 * np.repeat(image, 3, axis=-1) - 1, training=False).numpy()
    assert theirs.std() > 0.1
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnetb0"])
def test_pretrained_parameters_of_an_application_are_copied(name, tmp_path):
    keras.utils.set_random_seed(1)
    reference = keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=(224, 224, 3))
    path = tmp_path / "reference.weights.h5"
    reference.save_weights(path)
    model = build_model(get_variant(name), SIZE)
    ARCHITECTURES[name].load_pretrained(model, str(path))
    np.testing.assert_array_equal(
        model.get_layer("top_conv").get_weights()[0], reference.get_layer("top_conv").get_weights()[0]
    )


def test_batch_statistics_of_a_pretrained_backbone_stay_frozen():
    model = build_model(get_variant("efficientnetb0"), SIZE)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert layers and not any(layer.trainable for layer in layers)
