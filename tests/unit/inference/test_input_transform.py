"""The record that training and inference share."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from pneumonia.inference.input_transform import Preprocessing


def test_squash_averages_where_it_shrinks():
    """A grid of single bright pixels becomes even grey instead of a moire."""
    grid = np.indices((512, 512)).sum(axis=0) % 2
    squashed = Preprocessing(size=64).squash(grid.astype(np.float32))
    np.testing.assert_allclose(squashed, 0.5, atol=0.02)


def test_squash_leaves_an_image_of_the_right_size_alone():
    pixels = np.random.default_rng(0).random((32, 32), dtype=np.float32)
    assert Preprocessing(size=32).squash(pixels) is pixels


@pytest.mark.parametrize("shape", [(100, 300), (20, 300), (7, 9)])
def test_squash_gives_the_size_and_keeps_the_range(shape):
    squashed = Preprocessing(size=64).squash(np.random.default_rng(0).random(shape, dtype=np.float32))
    assert squashed.shape == (64, 64) and squashed.dtype == np.float32
    assert squashed.min() >= 0 and squashed.max() <= 1


def test_apply_makes_exposure_useless():
    image = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    preprocessing = Preprocessing(size=64)
    dim = preprocessing.apply(0.2 + 0.3 * image)
    np.testing.assert_allclose(dim, preprocessing.apply(image), atol=1e-5)
    assert dim.min() == 0 and dim.max() == 1


def test_without_percentiles_grey_values_stay_as_they_are():
    image = 0.2 + 0.3 * np.random.default_rng(0).random((64, 64), dtype=np.float32)
    plain = Preprocessing(size=64, low_percentile=None, high_percentile=None)
    np.testing.assert_array_equal(plain.apply(image), image)
    assert Preprocessing(**json.loads(json.dumps(asdict(plain)))) == plain


def test_apply_of_a_constant_image_is_finite():
    flat = Preprocessing(size=8).apply(np.full((8, 8), 0.5, np.float32))
    assert np.isfinite(flat).all() and flat.min() >= 0 and flat.max() <= 1


def test_record_survives_json():
    record = Preprocessing(size=96, low_percentile=2.0)
    assert Preprocessing(**json.loads(json.dumps(asdict(record)))) == record


@pytest.mark.parametrize("shape", [(945, 1292), (2000, 130), (128, 5000), (225, 223), (150, 224)])
def test_squashing_is_what_pillow_does(shape):
    pixels = np.random.default_rng(0).random(shape, dtype=np.float32)
    expected = np.asarray(Image.fromarray(pixels).resize((224, 224), Image.Resampling.BILINEAR))
    squashed = Preprocessing().squash(pixels)
    assert squashed.dtype == np.float32 and squashed.flags.c_contiguous
    np.testing.assert_allclose(squashed, expected, atol=1e-6)
