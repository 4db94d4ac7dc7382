"""Training of the lung-field segmentation, from a folder of masks to a weights folder."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pneumonia.data.lung_masks import MaskedImages, corrupt_pairs, load_masked_images, training_pairs, with_masks
from pneumonia.data.manifest import read_training_folder
from pneumonia.data.splits import split_by_patient
from pneumonia.exports import tflite
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import LungBounds, LungFields
from pneumonia.models.lung_unet import build_lung_unet, deep_features
from pneumonia.training.checkpoints import Checkpoints, history_csv
from pneumonia.training.lungs.evaluation import compare_validation, evaluate_set
from pneumonia.training.optimization import warmup_cosine
from pneumonia.training.outcome import TrainingResult, facts, model_bytes, require_clock, write_weights
from pneumonia.weights.cards.lung_fields import render_card
from pneumonia.weights.folder import HISTORY, KERAS_MODEL, SERVED_MODEL

WEIGHTS_VERSION = "0.2.0"
IMAGE_SIZE = 128
THRESHOLD = 0.5
EPOCHS = 120
_BATCH_SIZE = 16
_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 0.01
# Bounds that every mask keeps, until the real ones are fixed.
_ANY = LungBounds(min_area=0.0, max_area=1.0, min_balance=0.0, min_certainty=0.0)


def dice_and_crossentropy(masks: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy plus one minus the soft Dice of the whole batch.

    Milletari, Navab and Ahmadi, "V-Net", 3DV 2016. Over the batch rather than over each image, so that an image
    without lungs counts by what is wrongly found in it.

    Args:
        masks: (B, S, S, 1) in [0, 1].
        logits: (B, S, S, 1).

    Returns:
        Scalar.
    """
    probabilities = tf.sigmoid(logits)
    overlap = 2.0 * tf.reduce_sum(masks * probabilities)
    total = tf.reduce_sum(masks) + tf.reduce_sum(probabilities)
    crossentropy = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=masks, logits=logits))
    return crossentropy + 1.0 - overlap / tf.maximum(total, 1.0)


def image_dice(masks: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Dice of each image at the threshold of one half: two (B, S, S, 1) to (B,); 1 where both are empty."""
    drawn, found = tf.cast(masks >= 0.5, tf.float32), tf.cast(logits >= 0.0, tf.float32)
    overlap = 2.0 * tf.reduce_sum(drawn * found, axis=(1, 2, 3))
    total = tf.reduce_sum(drawn, axis=(1, 2, 3)) + tf.reduce_sum(found, axis=(1, 2, 3))
    return tf.where(total > 0, overlap / tf.maximum(total, 1.0), 1.0)


def train_lung_fields(
    *, data: Path, masks: Path, output: Path, epochs: int, seed: int, command: str, checkpoints: Path
) -> TrainingResult:
    """Train, judge, and write the weights folder.

    The split is that of the classifiers with the same seed, so that no image they are validated on was seen here.

    Args:
        data: folder of radiographs, as for the classifiers.
        masks: folder of PNG masks, named as their images.
        output: becomes the weights folder.
        epochs: passes over the images.
        seed: of split, parameters, order and augmentation.
        command: what to run to do the same again, stored with the weights.
        checkpoints: folder for the state of an unfinished training.

    Raises:
        DataError: if the data cannot be used.
        PneumoniaError: if the clock shows a time that weights cannot be written at.
    """
    require_clock()
    preprocessing = Preprocessing(size=IMAGE_SIZE)
    train, validation = (
        load_masked_images(with_masks(records, masks), masks)
        for records in split_by_patient(read_training_folder(data).require_patients(), seed)
    )
    keras.utils.set_random_seed(seed)
    model = build_lung_unet(IMAGE_SIZE)
    batch_size = min(_BATCH_SIZE, len(train.masks))
    steps = len(train.masks) // batch_size
    model.compile(
        optimizer=keras.optimizers.AdamW(warmup_cosine(_LEARNING_RATE, epochs * steps), weight_decay=_WEIGHT_DECAY),
        loss=dice_and_crossentropy,
        metrics=[keras.metrics.MeanMetricWrapper(image_dice, name="dice")],
    )
    # The schedule ends in its best epochs, so there is no early stopping.
    history = Checkpoints(checkpoints / "lung-fields", columns={}, watches="dice").run(
        model,
        range(epochs),
        lambda epochs: training_pairs(train, preprocessing, batch_size, seed, epochs),
        steps_per_epoch=steps,
        validation_data=corrupt_pairs(validation, preprocessing),
        validation_batch_size=_BATCH_SIZE,
    )
    # Without the loss, which is a function of ours: the file opens without custom objects.
    model = keras.Model(model.input, model.output, name=model.name)
    served = to_tflite(model)
    sets = compare_validation(LungFields(served, preprocessing, THRESHOLD, _ANY), validation)
    bounds = LungBounds.from_measures(s.measures for scores in sets.values() for s in scores.segmentations)
    patients = validation.images.patients
    metrics = {"sets": {name: evaluate_set(scores, patients, bounds, command) for name, scores in sets.items()}}
    config = {
        "version": WEIGHTS_VERSION,
        "architecture": {"name": "lung_unet", "image_size": preprocessing.size, "parameters": model.count_params()},
        "preprocessing": asdict(preprocessing),
        "threshold": THRESHOLD,
        "plausible": asdict(bounds),
        "training": {
            "command": command,
            "seed": seed,
            "epochs": epochs,
            "batch_size": _BATCH_SIZE,
            "learning_rate": _LEARNING_RATE,
            "weight_decay": _WEIGHT_DECAY,
        },
        "data": {"train": _facts(train), "validation": _facts(validation)},
    }
    files = {
        KERAS_MODEL: model_bytes(model, checkpoints / KERAS_MODEL),
        SERVED_MODEL: served,
        HISTORY: history_csv(history).encode(),
    }
    write_weights(output, files, config, metrics, render_card)
    skipped = [(record.place, reason) for pairs in (train, validation) for record, reason in pairs.images.skipped]
    return TrainingResult(metrics, skipped)


def to_tflite(model: keras.Model) -> bytes:
    """The network for one image as a TensorFlow Lite file.

    Args:
        model: as built by `build_lung_unet`, trained.

    Returns:
        A file with input `image` (1, S, S, 1) in [0, 1] and two outputs: `lungs` (1, S, S), probabilities, and
        `features` (1, F), the means of two deep feature maps over each quarter of the image.
    """
    with_features = keras.Model(model.input, [model.output, *deep_features(model)])

    def quarters(features: tf.Tensor) -> tf.Tensor:
        half, width = features.shape[1] // 2, features.shape[-1]
        means = tf.reduce_mean(tf.reshape(features, (1, 2, half, 2, half, width)), axis=(2, 4))
        return tf.reshape(means, (1, 4 * width))

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, *deep = with_features(image, training=False)
        return {"lungs": tf.sigmoid(logits)[..., 0], "features": tf.concat([quarters(one) for one in deep], axis=1)}

    # Kernels of 8 bits are faster; `test_kernels_of_eight_bits_leave_the_outlines_where_they_are` holds the outlines.
    return tflite.to_tflite(with_features, serve, "dynamic-int8")


def _facts(pairs: MaskedImages) -> dict[str, Any]:
    records = pairs.images.records
    lines = sorted(
        f"{record.sha256} {hashlib.sha256(np.packbits(mask > 0.5).tobytes()).hexdigest()}"
        for record, mask in zip(records, pairs.masks, strict=True)
    )
    return {
        **facts(records),
        "skipped": len(pairs.images.skipped),
        "masks_fingerprint": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
