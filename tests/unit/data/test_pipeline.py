"""Images in memory, augmentation, batches."""

import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.data.augmentation import augment
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import read_training_folder
from pneumonia.data.pipeline import (
    load_images,
    prepare_inputs,
    shuffle,
    shuffle_in_batches,
    training_batches,
)
from pneumonia.errors import DataError
from pneumonia.imaging.decode import decode
from pneumonia.inference.input_transform import Preprocessing, View
from pneumonia.inference.preprocessor import Preprocessor
from tests.fixtures.tiny import SIZE, write_tiny_data

PREPROCESSING = Preprocessing(size=SIZE)
PREPROCESSOR = Preprocessor(PREPROCESSING)
WHOLE = View()
BOX = Box(0.2, 0.2, 0.8, 0.8)


def test_unreadable_files_are_skipped_counted_and_named(tmp_path):
    write_tiny_data(tmp_path)
    (tmp_path / "NORMAL" / "notes.txt").write_text("not an image")
    (tmp_path / "PNEUMONIA" / "empty.png").write_bytes(b"")
    records = read_training_folder(tmp_path).records
    images = load_images(records, PREPROCESSOR)
    assert sorted(record.path.name for record, _ in images.skipped) == ["empty.png", "notes.txt"]
    assert all(reason for _, reason in images.skipped)
    assert len(images.squares) == len(images.records) == len(records) - 2


def test_nothing_readable_is_an_error(tmp_path):
    for class_name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / class_name).mkdir()
        (tmp_path / class_name / "x").write_text("no image")
    with pytest.raises(DataError):
        load_images(read_training_folder(tmp_path).records, PREPROCESSOR)


def test_training_and_inference_see_the_same_array(images):
    record = images.records[5]
    inference = PREPROCESSING.apply(decode(record.path).pixels)
    np.testing.assert_array_equal(prepare_inputs(images, PREPROCESSOR)[5, ..., 0], inference)


def test_batches_have_shapes_ranges_and_the_right_labels(images):
    batches = list(training_batches(images, PREPROCESSING, batch_size=7, seed=0, epochs=range(2)))
    assert len(batches) == 2 * (24 // 7)
    for inputs, labels, weights in batches:
        assert inputs.shape == (7, SIZE, SIZE, 1) and labels.shape == (7, 1) and weights.shape == (7,)
        assert inputs.numpy().min() >= 0 and inputs.numpy().max() <= 1
    share = np.mean([labels.numpy().mean() for _, labels, _ in batches])
    assert 0.2 < share < 0.8


def test_batches_repeat_by_seed_and_epoch_alone(images):
    def epoch(seed, epochs):
        return [x.numpy() for x, *_ in training_batches(images, PREPROCESSING, 8, seed, epochs)]

    both = epoch(0, range(2))
    np.testing.assert_array_equal(both, epoch(0, range(2)))
    np.testing.assert_array_equal(both[3:], epoch(0, range(1, 2)))
    assert not np.array_equal(both[:3], both[3:])
    assert not np.array_equal(both, epoch(1, range(2)))


def test_two_views_of_an_image_differ(images):
    first, second = next(iter(training_batches(images, PREPROCESSING, 8, 0, range(1), views=2)))
    assert first.shape == second.shape == (8, SIZE, SIZE, 1)
    assert np.abs(first.numpy() - second.numpy()).mean() > 0.02


HULL = np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]], np.float32)


@pytest.mark.parametrize(
    ("field", "view"),
    [("image", WHOLE), ("exposure", View(hull=HULL)), ("box", View(BOX)), ("hull", View(BOX, HULL))],
)
def test_augmentation_keeps_range_and_leaves_its_input_alone(field, view):
    preprocessing = Preprocessing(size=96, field=field)
    image = np.random.default_rng(0).random((96, 96), dtype=np.float32)
    before = image.copy()
    for seed in range(200):
        changed, _ = augment(image, view, preprocessing, np.random.default_rng(seed))
        assert changed.shape == image.shape and changed.dtype == np.float32
        assert np.isfinite(changed).all() and changed.min() >= 0 and changed.max() <= 1
    np.testing.assert_array_equal(image, before)


def test_augmentation_makes_the_border_useless():
    """Two classes that differ in their border alone cannot be told apart by it after augmentation."""
    dark, bright = np.full((96, 96), 0.5, np.float32), np.full((96, 96), 0.5, np.float32)
    dark[:6], bright[:6] = 0.0, 1.0
    tops = [
        [augment(image, WHOLE, Preprocessing(size=96), np.random.default_rng(s))[0][:6].mean() for s in range(300)]
        for image in (dark, bright)
    ]
    # Share of pairs in which the bright border is still the brighter one: 1 before, near a half when useless.
    auroc = np.mean(np.array(tops[1])[:, None] > np.array(tops[0])[None])
    assert auroc < 0.8


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_are_fixed_keep_the_range_and_change_the_image(name):
    image = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    corrupted = CORRUPTIONS[name](image)
    assert corrupted.shape == image.shape and corrupted.dtype == np.float32
    assert corrupted.min() >= 0 and corrupted.max() <= 1
    assert np.abs(corrupted - image).mean() > 0.01
    np.testing.assert_array_equal(corrupted, CORRUPTIONS[name](image))


def test_batches_of_one_source_each():
    groups = np.array(list("aaaaaaaabbbbbcc"))
    order = shuffle_in_batches(groups, 2, seed=0, epoch=3)
    assert len(set(order)) == len(order) == 8 + 4 + 2
    assert all(len(set(groups[batch])) == 1 for batch in order.reshape(-1, 2))
    assert {tuple(groups[b]) for b in order.reshape(-1, 2)} == {("a", "a"), ("b", "b"), ("c", "c")}
    np.testing.assert_array_equal(order, shuffle_in_batches(groups, 2, 0, 3))
    assert not np.array_equal(order, shuffle_in_batches(groups, 2, 0, 4))
    # As it was without sources, and where no group fills a batch.
    np.testing.assert_array_equal(shuffle_in_batches(np.zeros(9), 2, 0, 3), shuffle(9, 0, 3))
    np.testing.assert_array_equal(shuffle_in_batches(groups[[0, 8]], 2, 0, 3), shuffle(2, 0, 3))
