"""Whose lungs these may be, by their outline."""

import json

import cv2
import numpy as np
import pytest

from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.lung_shape import (
    FEATURES,
    FILES,
    LUNG_SHAPE_FOLDER,
    LungShape,
    describe_shape,
    load_lung_shape,
    read_lung_shape,
)
from pneumonia.weights.folder import read_bundle, write_bundle


def lungs(side: int = 200, narrow: float = 1.0) -> np.ndarray:
    """Two ellipses, the tops of which are this much as wide as the rest."""
    mask = np.zeros((side, side), np.uint8)
    for x in (0.3, 0.7):
        cv2.ellipse(mask, (int(x * side), side // 2), (int(0.13 * side), int(0.3 * side)), 0, 0, 360, 1, cv2.FILLED)
    if narrow < 1:
        keep = np.zeros_like(mask)
        for x in (0.3, 0.7):
            cv2.ellipse(keep, (int(x * side), side // 2), (int(narrow * 0.13 * side), side), 0, 0, 360, 1, cv2.FILLED)
        mask[: side // 2] &= keep[: side // 2]
    return mask.astype(bool)


def test_the_description_knows_neither_size_nor_place_nor_shape_of_the_file():
    described = describe_shape(lungs())
    assert described.shape == (FEATURES,)
    moved = np.roll(lungs(), (11, -7), axis=(0, 1))
    np.testing.assert_allclose(describe_shape(moved), described, atol=1e-9)
    squashed = cv2.resize(lungs(400).astype(np.uint8), (250, 400), interpolation=cv2.INTER_AREA).astype(bool)
    np.testing.assert_allclose(describe_shape(squashed), described, atol=0.03)
    assert np.abs(describe_shape(lungs(narrow=0.5)) - described).max() > 0.05


def test_left_and_right_count_the_same():
    one_sided = lungs()
    one_sided[:90, :100] = False
    np.testing.assert_allclose(describe_shape(one_sided[:, ::-1]), describe_shape(one_sided), atol=1e-9)


def test_of_fewer_than_two_lungs_nothing_is_said():
    assert describe_shape(np.zeros((20, 20), bool)) is None
    one = lungs()
    one[:, 100:] = False
    assert describe_shape(one) is None
    assert load_lung_shape().population(one) is None


def test_between_the_limits_it_is_not_sure():
    weights = (1.0, *[0.0] * (FEATURES - 1))
    plain = LungShape((0.0,) * FEATURES, (1.0,) * FEATURES, weights, 0.0, -0.5, 0.5)
    for bias, population in ((-1.0, CHILDREN), (0.0, None), (1.0, ADULTS)):
        shape = LungShape(plain.mean, plain.scale, plain.weights, bias, -0.5, 0.5)
        assert shape.population(lungs()) == population


def test_what_is_shipped_states_its_mistakes():
    sets = read_bundle(LUNG_SHAPE_FOLDER, FILES).metrics["sets"]
    for population, other in ((CHILDREN, ADULTS), (ADULTS, CHILDREN)):
        of_set = sets[population]
        assert of_set[other] <= 0.025 * of_set["n"]
        assert of_set["children"] + of_set["adults"] + of_set["unsure"] == of_set["n"]


def test_what_was_fitted_to_other_lung_fields_is_not_used(tmp_path):
    bundle = read_bundle(LUNG_SHAPE_FOLDER, FILES)
    write_bundle(tmp_path / "other", bundle.contents, {**bundle.config, "lung_fields": "0" * 64})
    with pytest.raises(WeightsError, match="another version of the lung fields"):
        read_lung_shape(tmp_path / "other", load_lung_fields())
    fitted = {**bundle.config["fitted"], "weights": [1.0]}
    write_bundle(tmp_path / "short", bundle.contents, {**bundle.config, "fitted": fitted})
    with pytest.raises(WeightsError, match="does not fit this version"):
        read_lung_shape(tmp_path / "short", load_lung_fields())
    assert json.dumps(bundle.config["fitted"])  # plain values
