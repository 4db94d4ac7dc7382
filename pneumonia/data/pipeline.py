"""Decoded images in memory, and batches of them through tf.data."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from pneumonia.data.augmentation import AUGMENTATIONS
from pneumonia.data.manifest import Record
from pneumonia.errors import DataError, ImageError
from pneumonia.imaging.decode import decode
from pneumonia.inference.input_transform import Preprocessing, View
from pneumonia.inference.lung_segmentation import LungFields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.utils.lookup import look_up
from pneumonia.variants.spec import Augmentation

# Made to a squashed image: float32 (S, S) in [0, 1], before and after.
Transformation = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ImageSet:
    """Images of records that could be read.

    Attributes:
        records: the N records, in the order of `squares`.
        squares: float32 (N, S, S) in [0, 1], squashed and not prepared further.
        views: what a network is shown of each.
        skipped: records that could not be read, each with the reason.
    """

    records: list[Record]
    squares: np.ndarray
    views: list[View]
    skipped: list[tuple[Record, str]]

    @property
    def labels(self) -> np.ndarray:
        """float32 (N,), 0 for normal and 1 for pneumonia; between them how likely that is, where it is uncertain."""
        shares = (record.stated.share for record in self.records)
        told = [record.label if share is None else share for record, share in zip(self.records, shares, strict=True)]
        return np.array(told, np.float32)

    @property
    def weights(self) -> np.ndarray:
        """float64 (N,), how much each image counts in training beside others of its class."""
        return np.array([record.stated.weight for record in self.records])

    @property
    def patients(self) -> np.ndarray:
        """str (N,), the patient group of each image."""
        return np.array([record.patient for record in self.records])

    @property
    def sources(self) -> np.ndarray:
        """str (N,), the folder or table that lists each image."""
        return np.array([record.source for record in self.records])


def load_images(records: list[Record], preprocessor: Preprocessor) -> ImageSet:
    """Decode and squash all images once, and find what is to be shown of each.

    Args:
        records: what to read.
        preprocessor: of the network.

    Returns:
        The readable images; the others are listed in `skipped`, never replaced.

    Raises:
        DataError: if none can be read.
    """

    def read(record: Record) -> tuple[np.ndarray, View] | str:
        try:
            square = preprocessor.record.squash(decode(record.path).pixels)
            return square, preprocessor.locate(square)
        except ImageError as error:
            return str(error)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(read, records))
    readable = [(r, *result) for r, result in zip(records, results, strict=True) if not isinstance(result, str)]
    skipped = [(r, reason) for r, reason in zip(records, results, strict=True) if isinstance(reason, str)]
    if not readable:
        raise DataError("None of the images in the data folder can be read.")
    readable_records, squares, views = zip(*readable, strict=True)
    return ImageSet(list(readable_records), np.stack(squares), list(views), skipped)


def join_images(*sets: ImageSet) -> ImageSet:
    """The images of several sets as one."""
    return ImageSet(
        [record for images in sets for record in images.records],
        np.concatenate([images.squares for images in sets]),
        [view for images in sets for view in images.views],
        [skipped for images in sets for skipped in images.skipped],
    )


def training_batches(
    images: ImageSet,
    preprocessing: Preprocessing,
    batch_size: int,
    seed: int,
    epochs: range,
    views: int = 1,
    augmentation: Augmentation = "strong",
    lungs: np.ndarray | None = None,
    by_source: bool = False,
    weights: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Shuffled, freshly augmented batches for the given epochs, one after the other.

    Order and augmentation depend on the seed, the epoch and the image alone: not on threads, and not on
    where an interrupted training was taken up again.

    Args:
        images: N images in memory.
        preprocessing: of the network.
        batch_size: B; the last, smaller batch of an epoch is dropped unless it is the only one.
        seed: of order and augmentation.
        epochs: numbers of the epochs to give.
        views: V independently augmented views of each image; labels and weights are left out when there are several.
        augmentation: what is done at random to each view.
        lungs: uint8 (N, S, S), 255 inside the lungs; moved along with the images and given beside them.
        by_source: whether all images of a batch are of one source.
        weights: float32 (N,), how much each image counts; None where all count the same.

    Returns:
        Dataset of (images (B, S, S, 1), labels (B, 1), weights (B,)); of ((images, lungs (B, S, S, 1) in [0, 1]),
        labels, weights) where lungs are given; of V-tuples of images when `views` is over 1.
    """
    squares, labels = images.squares, images.labels
    weights = np.ones(len(squares), np.float32) if weights is None else weights
    size = preprocessing.size
    augment = look_up(AUGMENTATIONS, augmentation, "augmentation")

    def view(epoch: int, index: int, number: int) -> np.ndarray:
        rng = np.random.default_rng((seed, epoch, index, number))
        image, matrix = augment(squares[index], images.views[index], preprocessing, rng)
        if lungs is None:
            return image[..., None]
        inside = cv2.warpAffine(lungs[index], matrix, (size, size), flags=cv2.INTER_LINEAR)
        return np.stack([image, inside.astype(np.float32) / 255], axis=-1)

    def example(epoch: tf.Tensor, index: tf.Tensor) -> tuple[Any, ...]:
        inputs = [tf.numpy_function(view, (epoch, index, number), tf.float32) for number in range(views)]
        inputs = [tf.ensure_shape(image, (size, size, 1 if lungs is None else 2)) for image in inputs]
        if views > 1:
            return tuple(inputs)
        shown = inputs[0] if lungs is None else (inputs[0][..., :1], inputs[0][..., 1:])
        return shown, tf.gather(labels, index)[None], tf.gather(weights, index)

    used = steps_per_epoch(images, batch_size, by_source) * batch_size
    groups = images.sources if by_source else np.zeros(len(squares))
    return epoch_batches(
        lambda epoch: shuffle_in_batches(groups, batch_size, seed, epoch)[:used], example, batch_size, epochs
    )


def shuffle(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch: int64 (count,), a permutation that depends on the seed and the epoch alone."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def shuffle_in_batches(groups: np.ndarray, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch in which each batch is of one group.

    Args:
        groups: (N,), the group of each image. Of each, the images that fill no batch are left out of this epoch.
        batch_size: B.
        seed, epoch: as for `shuffle`, which gives the order where there is one group.

    Returns:
        int64 (n,), indices of images.
    """
    order = shuffle(len(groups), seed, epoch)
    names = np.unique(groups)
    if len(names) == 1:
        return order
    batches = []
    for name in names:
        members = order[groups[order] == name]
        whole = len(members) // batch_size
        batches += np.split(members[: whole * batch_size], whole) if whole else []
    if not batches:
        return order
    return np.concatenate([batches[place] for place in shuffle(len(batches), seed, epoch)])


def epoch_batches(
    order: Callable[[int], np.ndarray],
    example: Callable[[tf.Tensor, tf.Tensor], tuple[Any, ...]],
    batch_size: int,
    epochs: range,
    drop_remainder: bool = False,
) -> tf.data.Dataset:
    """Batches for the given epochs, one after the other.

    Args:
        order: from the number of an epoch to the indices of its images, int64 (n,).
        example: from epoch and index to what is batched.
        batch_size: B.
        epochs: numbers of the epochs to give.
        drop_remainder: whether a last, smaller batch of an epoch is dropped.
    """

    def of_one(epoch: tf.Tensor) -> tf.data.Dataset:
        indices = tf.ensure_shape(tf.numpy_function(order, (epoch,), tf.int64), (None,))
        dataset = tf.data.Dataset.from_tensor_slices(indices)
        dataset = dataset.map(lambda index: example(epoch, index), num_parallel_calls=tf.data.AUTOTUNE)
        return dataset.batch(batch_size, drop_remainder)

    dataset = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(of_one)
    return dataset.prefetch(tf.data.AUTOTUNE)


def steps_per_epoch(images: ImageSet, batch_size: int, by_source: bool = False) -> int:
    """Batches in an epoch of `training_batches`."""
    counts = Counter(images.sources.tolist()).values() if by_source else (len(images.records),)
    return max(sum(count // batch_size for count in counts), 1)


def prepare_inputs(
    images: ImageSet,
    preprocessor: Preprocessor,
    changes: Sequence[Transformation] = (),
) -> np.ndarray:
    """The network's input for every image, as at inference.

    Args:
        images: N images in memory.
        preprocessor: of the network.
        changes: made to the squashed images in turn, for instance fixed corruptions; the lungs are then found anew.

    Returns:
        float32 (N, S, S, 1) in [0, 1].
    """

    def one(number: int) -> np.ndarray:
        square = images.squares[number]
        if changes:
            return preprocessor.apply(changes[number % len(changes)](square)).image
        return preprocessor.record.apply(square, images.views[number])

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, range(len(images.squares)))))[..., None]


def lung_masks(images: ImageSet, lung_fields: LungFields, margin: float) -> np.ndarray:
    """Find the lungs of every image.

    Args:
        images: N images in memory.
        lung_fields: finds them.
        margin: how far they are widened, as a share of the image's side.

    Returns:
        uint8 (N, S, S), 255 inside the lungs; all 255 where none were found.
    """
    size = images.squares.shape[1]
    reach = np.ones((2 * round(margin * size) + 1,) * 2, np.uint8)

    def one(square: np.ndarray) -> np.ndarray:
        inside = lung_fields.segment(square).inside
        if inside is None:
            return np.full((size, size), 255, np.uint8)
        return cv2.dilate(cv2.resize(inside.astype(np.uint8) * 255, (size, size)), reach)

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, images.squares)))


def evaluation_batches(inputs: Any, labels: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Batches of inputs, an array or a tuple of arrays (N, S, S, 1), and labels (B, 1), in the order given."""
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels[:, None]))
    return dataset.batch(batch_size).cache().prefetch(tf.data.AUTOTUNE)
