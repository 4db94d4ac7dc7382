"""Devices that a training runs on: the processor, one accelerator, or several of one host.

Training scales to one host: `fit` of Keras 3 does not support `tf.distribute.MultiWorkerMirroredStrategy`
(Keras issue 20585).
"""

import os
from dataclasses import replace
from functools import cache

import keras
import tensorflow as tf

from pneumonia.errors import DataError
from pneumonia.models.registry import backbone_layers
from pneumonia.variants.spec import Recipe

# What each kind of device multiplies fastest in; parameters are kept in float32 by both policies.
_POLICIES = {"GPU": "mixed_float16", "TPU": "mixed_bfloat16"}


@cache
def choose_strategy() -> tf.distribute.Strategy:
    """The way to train that fits the devices of this host.

    Returns:
        `TPUStrategy` where the environment variable TPU_NAME names one (`local` on the machine that holds it),
        `MirroredStrategy` for several GPUs, `OneDeviceStrategy` for one, and else the default strategy.
    """
    if name := os.environ.get("TPU_NAME"):
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    gpus = tf.config.list_logical_devices("GPU")
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.OneDeviceStrategy("GPU:0") if gpus else tf.distribute.get_strategy()


def scale_recipe(recipe: Recipe, replicas: int, images: int) -> Recipe:
    """A recipe for all replicas together, from one for a single replica.

    The batch grows with the replicas. So does the learning rate of SGD (Goyal et al., "Accurate, Large Minibatch
    SGD", 2017); that of Adam grows with their square root, because its step is already divided by the size of the
    gradient (Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", NeurIPS 2022). The
    cosine schedule has the warm-up that a larger rate needs.

    Args:
        recipe: its batch size is that of one replica.
        replicas: R, at least 1; a recipe for one is left as it is.
        images: number of training images; every replica gets some of each batch.

    Raises:
        DataError: if there are fewer images than replicas.
    """
    if replicas == 1:
        return recipe
    if images < replicas:
        raise DataError("There are fewer training images than devices to train on.")
    rate = replicas if recipe.optimizer == "sgd" else replicas**0.5
    return replace(
        recipe,
        batch_size=min(recipe.batch_size, images // replicas) * replicas,
        phases=tuple(replace(phase, learning_rate=phase.learning_rate * rate) for phase in recipe.phases),
    )


def evaluation_batch_size(images: int, per_replica: int, replicas: int) -> int:
    """The smallest batch size from R * `per_replica` on that leaves no replica without images.

    tf.distribute gives each of R replicas ceil(n / R) of a last batch of n images until none are left, and a
    convolution on the processor fails on a replica that gets none.

    Args:
        images: number of images.
        per_replica: least images a step on each replica.
        replicas: R.

    Raises:
        DataError: if there are too few images for so many replicas.
    """
    smallest = per_replica * replicas
    for size in range(smallest, max(smallest, images) + replicas, replicas):
        last = images % size
        if last == 0 or -(-last // replicas) * (replicas - 1) < last:
            return size
    raise DataError("There are too few validation images for so many devices to train on.")


def replicate(model: keras.Model, strategy: tf.distribute.Strategy) -> keras.Model:
    """Copy a network to all replicas, for `fit`; on accelerators the copy computes in half precision.

    The head stays in float32, and so do all parameters, so that those of the copy fit the network.

    Args:
        model: made outside the strategy.
        strategy: to be in force when the copy is compiled and trained.

    Returns:
        With the default strategy the network itself.
    """
    if strategy is tf.distribute.get_strategy():
        return model
    kind = tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type
    policy = _POLICIES.get(kind, "float32")
    backbone = backbone_layers(model)

    def copy(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        return layer.from_config(config | {"dtype": policy} if layer in backbone else config)

    with strategy.scope():
        copied = keras.models.clone_model(model, clone_function=copy)
        # By this `compile` knows that gradients in float16 need their loss scaled.
        copied.dtype_policy = policy
        copied.set_weights(model.get_weights())
    return copied
