"""Sharper maps of the same network than the served one. For evaluation; none of them is served.

Only the served map may be said to add up to the score: its mean plus the bias of the head is the logit. The maps of a
finer stage do not add up to anything, and the dilated network's map adds up to the logit of another network.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from pneumonia.models.registry import FEATURES, backbone_layers


class StageMaps(NamedTuple):
    """Maps at the finer stage, each float32 (h, w).

    Attributes:
        layer_cam: Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", TIP 2021:
            features weighted by the positive part of their own gradient. Features here are never negative, so the
            paper's last ReLU changes nothing.
        hires_cam: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
            neural networks", 2020: features weighted by their own gradient.
    """

    layer_cam: np.ndarray
    hires_cam: np.ndarray


def finer_stage(model: keras.Model) -> keras.Layer:
    """The last layer whose map has twice the side of the last feature map."""
    side = model.get_layer(FEATURES).output.shape[1]
    return [layer for layer in backbone_layers(model) if layer.output.shape[1] == 2 * side][-1]


def stage_maps(model: keras.Model) -> Callable[[np.ndarray], StageMaps]:
    """Build what makes both maps of the logit at `finer_stage` of an image, float32 (S, S) in [0, 1]."""
    both = keras.Model(model.input, [finer_stage(model).output, model.output])

    def make(image: np.ndarray) -> StageMaps:
        with tf.GradientTape() as tape:
            features, logit = both(image[None, ..., None], training=False)
            gradient = tape.gradient(logit, features)  # (1, h, w, C)
        layer_cam, hires_cam = (tf.reduce_sum(weights * features, -1) for weights in (tf.nn.relu(gradient), gradient))
        return StageMaps(layer_cam[0].numpy(), hires_cam[0].numpy())

    return make


def dilated(model: keras.Model) -> keras.Model:
    """The same parameters with the last stride taken back: a map of twice the side, of another logit.

    Behind the layer that no longer skips every second cell, kernels reach twice as far (Yu, Koltun and Funkhouser,
    "Dilated Residual Networks", CVPR 2017). Every second cell of the result is a cell of the feature map of the
    network given; its pooled features, and so its logit, are others.

    Args:
        model: a MobileNetV2 as built by `pneumonia.models.registry.build_model`.

    Raises:
        ValueError: if the last stage does not begin with a strided depthwise convolution.
    """
    layers = backbone_layers(model)
    stage = layers[layers.index(finer_stage(model)) + 1 :]
    depthwise = [layer for layer in stage if isinstance(layer, keras.layers.DepthwiseConv2D)]
    if not depthwise or depthwise[0].strides != (2, 2):
        raise ValueError("Only a network whose last stage begins with a strided depthwise convolution can be dilated.")

    def changed(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer is depthwise[0]:
            config |= {"strides": (1, 1), "padding": "same"}
        elif layer in depthwise:
            config |= {"dilation_rate": (2, 2)}
        elif layer in stage and isinstance(layer, keras.layers.ZeroPadding2D):
            config |= {"padding": ((0, 0), (0, 0))}
        return layer.__class__.from_config(config)

    finer = keras.models.clone_model(model, clone_function=changed)
    finer.set_weights(model.get_weights())
    return finer
