"""The same logit and the same Grad-CAM map, made in other ways from the same Keras model.

The usual recipe is written as Keras's own example "Grad-CAM class activation visualization" (F. Chollet, keras.io)
shows it. tf-keras-vis and xplique are called as their documentation shows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from pneumonia.models.registry import FEATURES


@dataclass(frozen=True)
class Peer:
    """Another way to a map.

    Attributes:
        name: as it is shown.
        heatmap: from an image, float32 (S, S) in [0, 1], preprocessed, to the positive part of the map of its logit, on
            whatever grid and scale the peer has.
    """

    name: str
    heatmap: Callable[[np.ndarray], np.ndarray]


def all_peers(model: keras.Model) -> list[Peer]:
    """The usual recipe, tf-keras-vis and xplique, on one model; the two libraries must be installed."""
    return [usual_recipe(model), tf_keras_vis(model), xplique(model)]


def usual_recipe(model: keras.Model) -> Peer:
    """A second model up to the features, run under a gradient tape.

    The example builds that model anew for every image; here it is built once, in the recipe's favour.
    """
    both = keras.Model(model.input, [model.get_layer(FEATURES).output, model.output])

    def heatmap(image: np.ndarray) -> np.ndarray:
        with tf.GradientTape() as tape:
            feature_map, logits = both(image[None, ..., None])
            score = logits[:, 0]
        gradient = tape.gradient(score, feature_map)
        weights = tf.reduce_mean(gradient, axis=(0, 1, 2))
        cam = tf.squeeze(feature_map[0] @ weights[..., None])
        return (tf.maximum(cam, 0) / tf.reduce_max(cam)).numpy()

    return Peer("usual recipe", heatmap)


def tf_keras_vis(model: keras.Model) -> Peer:
    """`Gradcam` of tf-keras-vis, without enlarging the map."""
    from tf_keras_vis.gradcam import Gradcam

    return Peer("tf-keras-vis", vis_map(Gradcam(model, clone=False)))


def vis_map(explain: Callable, **options: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function that gives a map of tf-keras-vis at the last feature map, neither enlarged nor scaled: float32 (h, w).

    Args:
        explain: one of its methods, of a model.
        options: of that method.
    """

    def heatmap(image: np.ndarray) -> np.ndarray:
        maps = explain(
            lambda logits: logits[:, 0],
            image[None, ..., None],
            penultimate_layer=FEATURES,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
            **options,
        )
        return np.asarray(maps, np.float32)[0]

    return heatmap


def xplique(model: keras.Model) -> Peer:
    """`GradCAM` of xplique, which always enlarges the map to the size of the image."""
    from xplique.attributions import GradCAM

    gradcam = GradCAM(model, conv_layer=FEATURES)
    target = np.ones((1, 1), np.float32)

    def heatmap(image: np.ndarray) -> np.ndarray:
        return gradcam.explain(image[None, ..., None], target).numpy()[0, ..., 0]

    return Peer("xplique", heatmap)


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Measure how far a peer's map is from ours: the greatest difference, as a share of the map's highest value.

    Args:
        ours: float32 (h, w), in logits.
        theirs: the positive part of the same map on another scale, on the same grid or enlarged with TensorFlow's
            bicubic filter, as xplique does.

    Raises:
        ValueError: if there is no positive evidence, and so nothing to compare.
    """
    positive = np.maximum(ours, 0)
    if theirs.shape != ours.shape:
        positive = tf.image.resize(positive[..., None], theirs.shape, method="bicubic").numpy()[..., 0]
    if not positive.max() > 0:
        raise ValueError("The map shows no positive evidence.")
    return float(np.abs(positive / positive.max() - theirs / theirs.max()).max())
