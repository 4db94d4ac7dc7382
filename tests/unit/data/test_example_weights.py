"""How much images count: by hand."""

import numpy as np
import pytest

from pneumonia.data.example_weights import balanced_weights, certain_examples, image_weights


def test_an_uncertain_label_stands_for_one_of_each_class():
    examples = certain_examples(np.array([0, 0.25, 1, 0.5]), np.array([1.0, 2.0, 1.0, 1.0]))
    assert list(examples.images) == [0, 1, 2, 3, 1, 3]
    assert list(examples.labels) == [0, 1, 1, 1, 0, 0]
    assert list(examples.weights) == [1, 0.5, 1, 0.5, 1.5, 0.5]


def test_each_class_of_each_group_weighs_the_same():
    labels, groups = np.array([0, 0, 0, 1, 0, 1, 1]), np.array(["a", "a", "a", "a", "b", "b", "b"])
    weights = balanced_weights(labels, groups, np.ones(7))
    assert weights.mean() == pytest.approx(1)
    totals = [weights[(labels == label) & (groups == group)].sum() for label in (0, 1) for group in "ab"]
    assert totals == pytest.approx([len(labels) / 4] * 4)


def test_within_a_class_images_keep_their_weights():
    weights = balanced_weights(np.array([0, 0, 1]), np.zeros(3), np.array([1.0, 3.0, 5.0]))
    assert weights == pytest.approx([0.375, 1.125, 1.5])


def test_weights_of_images_are_one_in_the_mean_and_balance_classes_where_asked():
    labels = np.array([0, 1, 1, 1])
    assert image_weights(labels, np.ones(4), True) == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3])
    assert image_weights(labels, np.array([1, 1, 1, 5.0]), False) == pytest.approx([0.5, 0.5, 0.5, 2.5])
    # Half of it counts with the normal one, half with the other: a class weighs 1.5 in all.
    assert image_weights(np.array([0, 0.5, 1]), np.ones(3), True) == pytest.approx([1, 1, 1])
