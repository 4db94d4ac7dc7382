"""The shortcut baselines see the shortcut and nothing else."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from scripts.studies.shortcuts import border_features, corner_features, score_by_shape, train_and_score

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("features", [border_features, corner_features])
def test_only_the_edge_is_seen(features):
    square = RNG.random((112, 112), dtype=np.float32)
    inside = square.copy()
    inside[20:-20, 20:-20] = 0
    edge = square.copy()
    edge[:4, :4] = 0
    np.testing.assert_array_equal(features(square), features(inside))
    assert not np.array_equal(features(square), features(edge)) and features(square).shape == (64,)


def test_a_planted_border_is_found_and_its_absence_too():
    labels = np.tile([0, 1], 100)
    squares = RNG.random((200, 56, 56), dtype=np.float32)
    blind = train_and_score(border_features, (squares[:100], labels[:100]), squares[100:])
    assert 0.3 < roc_auc_score(labels[100:], blind) < 0.7
    squares[labels == 1, :4] *= 0.5
    seeing = train_and_score(border_features, (squares[:100], labels[:100]), squares[100:])
    assert roc_auc_score(labels[100:], seeing) > 0.95


def test_shape_scores_come_from_models_that_have_not_seen_the_patient():
    patients = np.repeat(np.arange(40), 3)
    labels = np.repeat(RNG.permutation(np.tile([0, 1], 20)), 3)
    # Each patient has a shape of his own that says nothing about others.
    shapes = np.repeat(RNG.integers(500, 2500, (40, 2)), 3, axis=0)
    assert roc_auc_score(labels, score_by_shape(shapes, labels, patients)) < 0.75
    shapes[labels == 1, 1] = 3 * shapes[labels == 1, 0]
    assert roc_auc_score(labels, score_by_shape(shapes, labels, patients)) > 0.9
