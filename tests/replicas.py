"""One short training on two logical processors, for `tests/test_strategy.py`; prints what came of it as JSON.

Run as a program, because logical devices must be made before TensorFlow starts.
"""

import dataclasses
import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pneumonia.data.manifest import read_training_folder
from pneumonia.data.pipeline import load_images, prepared
from pneumonia.models import ARCHITECTURES, Architecture
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.training import loop, strategy
from pneumonia.variants import Phase, Recipe, get_variant
from tests.tiny import SIZE, write_tiny_data

RATE, EPOCHS = 2e-3, 8


def features(image: keras.KerasTensor) -> keras.KerasTensor:
    """A backbone that computes the same for a batch as for its halves: no batch statistics, no dropout.

    Its large scale makes the first logits wrong, so that the loss has somewhere to fall from.
    """
    x = keras.layers.Rescaling(16.0, offset=-8.0)(image)
    for width in (16, 32, 32):
        x = keras.layers.Conv2D(width, 3, strides=2, activation="relu", kernel_initializer="he_normal")(x)
    return x


def main(folder: Path, architecture: str, policy: str) -> None:
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    write_tiny_data(folder / "data")
    preprocessor = Preprocessor(Preprocessing(size=SIZE))
    images = load_images(read_training_folder(folder / "data").records, preprocessor)
    # One image fewer, in batches of two on each replica: the last batch is smaller, and not even.
    some = slice(len(images.records) - 1)
    watched = dataclasses.replace(
        images, records=images.records[some], squares=images.squares[some], views=images.views[some]
    )
    loop._EVALUATION_BATCH = 2
    recipe = Recipe(phases=(Phase(EPOCHS, RATE, "all"),), batch_size=4, patience=EPOCHS)
    ARCHITECTURES["plain"] = Architecture(features, None)
    network = dataclasses.replace(get_variant("custom-cnn"), architecture=architecture, dropout=0.0)
    kept = []

    def train(name: str, recipe: Recipe) -> loop.Trained:
        variant = dataclasses.replace(network, recipe=recipe)
        return loop.train_variant(variant, images, watched, preprocessor, 0, "none", folder / name)

    def keep(model, on):
        kept.append(strategy.replicated(model, on))
        return kept[-1]

    # The same batches and the same rate, on one device.
    together = dataclasses.replace(recipe, batch_size=8, phases=(Phase(EPOCHS, RATE * 2**0.5, "all"),))
    alone = train("alone", together)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    loop.choose_strategy, loop.replicated = lambda: mirrored, keep
    strategy._POLICIES["CPU"] = policy
    both = train("both", recipe)
    inputs = prepared(images, preprocessor)
    copies = [weight.value.values for weight in kept[0].weights]
    print(
        json.dumps(
            {
                "replicas": len(copies[0]),
                "copies_equal": all(np.array_equal(a.numpy(), b.numpy()) for a, b in copies),
                "result_equal": all(
                    np.array_equal(a.numpy(), ours.numpy())
                    for (a, _), ours in zip(copies, both.model.weights, strict=True)
                ),
                "result_mirrored": any(hasattr(weight.value, "values") for weight in both.model.weights),
                "feature_policy": kept[0].get_layer("features").dtype_policy.name,
                "logit_policy": kept[0].get_layer("logit").dtype_policy.name,
                "result_policies": sorted({layer.dtype_policy.name for layer in both.model.layers}),
                "optimizer": type(kept[0].optimizer).__name__,
                "steps": kept[0].history.params["steps"],
                "losses": [row["loss"] for row in both.history],
                "val_losses": [row["val_loss"] for row in both.history],
                "val_aurocs": [row["val_auroc"] for row in both.history],
                "alone_losses": [row["loss"] for row in alone.history],
                "alone_val_losses": [row["val_loss"] for row in alone.history],
                "alone_val_aurocs": [row["val_auroc"] for row in alone.history],
                "logits_apart": float(np.abs(both.model(inputs).numpy() - alone.model(inputs).numpy()).max()),
                "logits_size": float(np.abs(alone.model(inputs).numpy()).max()),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
