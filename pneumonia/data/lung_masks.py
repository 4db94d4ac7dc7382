"""Radiographs paired with hand-drawn lung masks: reading them, and changing both alike.

Photometric changes are those of `augmentation`. The geometric ones reach further than there: what the
segmentation shall find later comes from other hospitals, of other patients, cropped and framed otherwise.
"""

import copy
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from pneumonia.data.augmentation import PHOTOMETRIC, collimate, random_affine
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record
from pneumonia.data.non_chest_images import shuffle_tiles
from pneumonia.data.pipeline import ImageSet, epoch_batches, load_images, shuffle
from pneumonia.errors import DataError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.utils.lookup import look_up

# Pairs are kept and changed at the size the masks are drawn at; the network's smaller input is made last.
PAIR_SIZE = 224
# The fixed corruptions that move the lungs.
GEOMETRIC_CORRUPTIONS = frozenset({"cropped", "bordered"})

# Share of training images made into something that shows no chest, so that the network may find nothing.
_NO_CHEST_SHARE = 0.06
_JIGSAW_TILES = 4


@dataclass(frozen=True)
class MaskedImages:
    """Radiographs and where their lungs are.

    Attributes:
        images: N images squashed to `PAIR_SIZE`.
        masks: float32 (N, PAIR_SIZE, PAIR_SIZE), 1 inside the lungs and 0 outside.
    """

    images: ImageSet
    masks: np.ndarray


def with_masks(records: list[Record], folder: Path) -> list[Record]:
    """The records whose name a mask in the folder bears, in their order.

    Args:
        records: images.
        folder: of PNG masks, each named as its image.

    Raises:
        DataError: if there are none, or if one bears the name of two images.
    """
    masked = [record for record in records if _mask_path(record, folder).is_file()]
    counts = Counter(_mask_path(record, folder) for record in masked)
    shared = [path.name for path, count in counts.items() if count > 1]
    if shared:
        raise DataError(
            f"A mask must be of one image; {len(shared):,} bear the name of several, for instance {shared[0]}."
        )
    if not masked:
        raise DataError("No mask in the folder of masks bears the name of an image in the data folder.")
    return masked


def load_masked_images(records: list[Record], folder: Path) -> MaskedImages:
    """Decode images and their masks once.

    Args:
        records: as `with_masks` gives them.
        folder: of PNG masks, in which everything but black is lung.

    Returns:
        The pairs whose image can be read; the others are listed in `images.skipped`.

    Raises:
        DataError: if no image, or one of the masks, cannot be read.
    """
    images = load_images(records, Preprocessor(Preprocessing(PAIR_SIZE)))
    return MaskedImages(images, np.stack([_read_mask(_mask_path(record, folder)) for record in images.records]))


def _mask_path(record: Record, folder: Path) -> Path:
    return folder / f"{record.path.stem}.png"


def _read_mask(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            mask = (np.asarray(image.convert("L")) > 0).astype(np.float32)
    except OSError:
        raise DataError("A lung mask cannot be read. Copy the folder of masks again.") from None
    return mask if mask.shape == (PAIR_SIZE, PAIR_SIZE) else _resize(mask, PAIR_SIZE)


def warp_pair(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rotate, zoom, stretch, shear, shift and mirror an image and its mask by one matrix.

    Args:
        image: float32 (S, S) in [0, 1].
        mask: float32 (S, S) in [0, 1].
        rng: the same generator state gives the same result.

    Returns:
        Both, float32 (S, S) in [0, 1]. Whatever the border of the image becomes, the mask is 0 there.
    """
    size = image.shape[0]
    matrix = random_affine(size, rng, degrees=20, zoom_range=(0.6, 1.4), log_aspect=0.25, shear=0.12, shift=0.12)
    # No reflected border: it would show lungs where the mask has none.
    border = int(rng.choice((cv2.BORDER_CONSTANT, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE)))
    grey = float(rng.choice((0.0, rng.uniform())))
    return (
        cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=grey),
        cv2.warpAffine(mask, matrix, (size, size), flags=cv2.INTER_LINEAR),
    )


def augment_pair(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Apply a random choice of all transformations to an image, and to its mask those that move or hide lungs.

    Args:
        image: float32 (S, S) in [0, 1]; left as it is.
        mask: float32 (S, S), 1 inside the lungs; left as it is.
        rng: the same generator state gives the same result.

    Returns:
        Both, float32 (S, S) in [0, 1]; a few images show no chest, and their mask is empty.
    """
    if rng.uniform() < _NO_CHEST_SHARE:
        image, mask = _without_chest(image, rng), np.zeros_like(mask)
    else:
        image, mask = warp_pair(image, mask, rng)
    for transformation, share in PHOTOMETRIC:
        if rng.uniform() >= share:
            continue
        if transformation is collimate:
            # Lungs under a strip cannot be seen. The same strips, laid by a twin generator, tell where.
            shown = collimate(np.full_like(image, -1.0), copy.deepcopy(rng)) < 0
            mask = mask * shown
        image = transformation(image, rng)
    return image, mask


def _without_chest(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise of some grain, or the radiograph cut into tiles and laid out in another order."""
    size = image.shape[0]
    if rng.uniform() < 0.5:
        grains = int(np.exp(rng.uniform(np.log(2), np.log(size))))
        noise = rng.uniform(0.0, 1.0, (grains, grains)).astype(np.float32)
        return cv2.resize(noise, (size, size), interpolation=cv2.INTER_LINEAR)
    tiles, side = _JIGSAW_TILES, size // _JIGSAW_TILES
    mixed = shuffle_tiles(image[: tiles * side, : tiles * side], tiles, rng.permutation(tiles**2))
    return cv2.resize(mixed, (size, size))


def training_pairs(
    pairs: MaskedImages, preprocessing: Preprocessing, batch_size: int, seed: int, epochs: range
) -> tf.data.Dataset:
    """Shuffled, freshly augmented batches for the given epochs, one after the other.

    Order and augmentation depend on the seed, the epoch and the image alone, as in `pipeline.training_batches`.

    Args:
        pairs: N pairs in memory.
        preprocessing: of the network.
        batch_size: B; the last, smaller batch of an epoch is dropped.
        seed: of order and augmentation.
        epochs: numbers of the epochs to give.

    Returns:
        Dataset of images (B, S, S, 1) and masks (B, S, S, 1), both in [0, 1].
    """
    squares, masks, size = pairs.images.squares, pairs.masks, preprocessing.size

    def pair(epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((seed, epoch, index))
        image, mask = augment_pair(squares[index], masks[index], rng)
        return preprocessing.apply(image)[..., None], _resize(mask, size)[..., None]

    def example(epoch: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image_and_mask = tf.numpy_function(pair, (epoch, index), (tf.float32, tf.float32))
        return tuple(tf.ensure_shape(part, (size, size, 1)) for part in image_and_mask)

    return epoch_batches(
        lambda epoch: shuffle(len(squares), seed, epoch), example, batch_size, epochs, drop_remainder=True
    )


def corrupt_pair(image: np.ndarray, mask: np.ndarray, corruption: str) -> tuple[np.ndarray, np.ndarray]:
    """An image under one of the fixed corruptions, and its mask moved along where the corruption moves lungs.

    Args:
        image: float32 (S, S) in [0, 1].
        mask: float32 (S, S), 1 inside the lungs and 0 outside.
        corruption: a name from `CORRUPTIONS`.

    Returns:
        Both, float32 (S, S); the mask holds only 0 and 1.
    """
    change = look_up(CORRUPTIONS, corruption, "corruption")
    if corruption in GEOMETRIC_CORRUPTIONS:
        mask = (change(mask) >= 0.5).astype(np.float32)
    return change(image), mask


def corrupt_pairs(pairs: MaskedImages, preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Every pair once, under one of the fixed corruptions in turn, as the network takes it.

    Returns:
        Images float32 (N, S, S, 1) in [0, 1] and masks float32 (N, S, S, 1) in [0, 1].
    """
    names = list(CORRUPTIONS)
    images, masks = [], []
    for number, (square, mask) in enumerate(zip(pairs.images.squares, pairs.masks, strict=True)):
        square, mask = corrupt_pair(square, mask, names[number % len(names)])
        images.append(preprocessing.apply(square))
        masks.append(_resize(mask, preprocessing.size))
    return np.stack(images)[..., None], np.stack(masks)[..., None]


def _resize(mask: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
