"""Label-free adaptation of a backbone to radiographs: Barlow Twins.

Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction", ICML 2021. Two
augmentations of an image shall give the same features, and no feature shall repeat another. No label is read.
"""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pneumonia.data.pipeline import ImageSet, steps_per_epoch, training_batches
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.models.registry import FEATURES
from pneumonia.training.checkpoints import Checkpoints
from pneumonia.training.optimization import warmup_cosine

_PROJECTION_UNITS = 1024
# Weight of the redundancy term (the paper's lambda).
_REDUNDANCY = 0.005
_LEARNING_RATE = 2e-4
# Decays every parameter, also those whose unit is silent and gets no gradient.
_WEIGHT_DECAY = 0.05
# Pairs a step: enough to estimate a correlation from, few enough for a machine of 16 GB.
_BATCH_SIZE = 64


def barlow_twins_loss(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Measure how far the cross-correlation of two batches of projections is from the identity.

    Args:
        first: (B, D) projections of one view.
        second: (B, D) of the other.

    Returns:
        Scalar; (sum over i of (1 - c_ii)^2 + 0.005 * sum over i != j of c_ij^2) / D.
    """
    batch = tf.cast(tf.shape(first)[0], tf.float32)
    first, second = (_standardise(z) for z in (first, second))
    correlation = tf.matmul(first, second, transpose_a=True) / batch  # (D, D)
    diagonal = tf.linalg.diag_part(correlation)
    on_diagonal = tf.reduce_sum(tf.square(1.0 - diagonal))
    off_diagonal = tf.reduce_sum(tf.square(correlation)) - tf.reduce_sum(tf.square(diagonal))
    return (on_diagonal + _REDUNDANCY * off_diagonal) / tf.cast(tf.shape(correlation)[0], tf.float32)


def _standardise(z: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(z, axes=[0])
    return (z - mean) / tf.sqrt(variance + 1e-5)


class BarlowTwins(keras.Model):
    """A network that is trained to give two views of an image the same projections; a batch is a pair of views."""

    def compute_loss(
        self, x: tf.Tensor, y: tf.Tensor, y_pred: tf.Tensor, sample_weight: None = None, training: bool = True
    ) -> tf.Tensor:
        """Compare the projections `y_pred` of the views `x` with those of the views `y`, which stand for labels."""
        return barlow_twins_loss(y_pred, self(y, training=training))


def _projector(backbone: keras.Model) -> BarlowTwins:
    # === Layers ===
    x = keras.layers.GlobalAveragePooling2D()(backbone.output)  # (B, C)
    x = keras.layers.Dense(_PROJECTION_UNITS, use_bias=False)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dense(_PROJECTION_UNITS, use_bias=False)(x)
    return BarlowTwins(backbone.input, x)


def adapt_backbone(
    model: keras.Model,
    images: ImageSet,
    preprocessing: Preprocessing,
    epochs: int,
    seed: int,
    folder: Path,
) -> list[dict[str, Any]]:
    """Move a model's backbone by Barlow Twins on the training images, without their labels.

    A batch holds images of one source, so that no feature is rewarded for telling hospitals apart; a source of fewer
    images than a batch takes no part.

    Runs on one device, also where there are several: the correlation is that of a whole batch, and would have to be
    summed over the replicas before the loss is taken.

    Args:
        model: its layers up to `features` are trained in place; the head is left as it is.
        images: training images.
        preprocessing: as in training.
        epochs: passes over the images.
        seed: of order and augmentation.
        folder: keeps the state after each epoch; an interrupted run is taken up from there.

    Returns:
        History rows with phase, epoch and loss.

    Raises:
        OSError: if the state cannot be written; that of the epoch before stays.
    """
    backbone = keras.Model(model.input, model.get_layer(FEATURES).output)
    network = _projector(backbone)
    batch_size = min(_BATCH_SIZE, len(images.records))
    steps = steps_per_epoch(images, batch_size, by_source=True)
    network.compile(
        keras.optimizers.AdamW(warmup_cosine(_LEARNING_RATE, epochs * steps), weight_decay=_WEIGHT_DECAY),
        jit_compile=False,
    )
    # No image is held back whose loss could tell which epoch is best.
    return Checkpoints(folder, {"phase": "adaptation"}).run(
        network,
        range(epochs),
        lambda epochs: training_batches(images, preprocessing, batch_size, seed, epochs, views=2, by_source=True),
        steps_per_epoch=steps,
    )
