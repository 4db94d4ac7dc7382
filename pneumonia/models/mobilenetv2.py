"""MobileNetV2 with its batch normalisation folded into convolution biases.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018. Folded, the network
computes the same function as with fixed statistics, has no statistics to go stale in fine-tuning, and
trains in half the time on a CPU. Layers carry the names of `keras.applications.MobileNetV2`.
"""

import keras
import numpy as np

from pneumonia.models.pretrained import read_pretrained

# Per stage: expansion of channels, output channels, blocks, stride of the first block (table 2 of the paper).
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_STEM_CHANNELS = 32
_TOP_CHANNELS = 1280
# Where the top begins: the last three of the 17 blocks and the last convolution, 1.5 of 2.2 million parameters.
TOP = "block_14_expand"
# Without normalisation a fresh network must keep its variance by itself (He et al., ICCV 2015). Keras counts
# all channels as inputs of a depthwise kernel, though each sees only its own nine pixels.
_DEPTHWISE_INITIALIZER = keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5, seed=0)


def features(image: keras.KerasTensor) -> keras.KerasTensor:
    """The convolutional part, for one grey channel.

    Args:
        image: (B, S, S, 1) in [0, 1]; S a multiple of 32.

    Returns:
        (B, S/32, S/32, 1280), between 0 and 6.
    """
    # === Layers ===
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="rescale")(image)
    x = _convolution(x, "Conv1", _STEM_CHANNELS, kernel=3, stride=2)
    block = 0
    for expansion, channels, blocks, first_stride in _STAGES:
        for number in range(blocks):
            stride = first_stride if number == 0 else 1
            prefix = f"block_{block}" if block else "expanded_conv"
            x = _inverted_residual(x, prefix, expansion, channels, stride)
            block += 1
    return _convolution(x, "Conv_1", _TOP_CHANNELS, kernel=1)


def _inverted_residual(
    x: keras.KerasTensor, prefix: str, expansion: int, channels: int, stride: int
) -> keras.KerasTensor:
    shortcut = x
    if expansion > 1:
        x = _convolution(x, f"{prefix}_expand", x.shape[-1] * expansion, kernel=1)
    x = _pad(x, f"{prefix}_depthwise", stride)
    x = keras.layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        depthwise_initializer=_DEPTHWISE_INITIALIZER,
        name=f"{prefix}_depthwise",
    )(x)
    x = keras.layers.ReLU(6.0, name=f"{prefix}_depthwise_relu")(x)
    x = keras.layers.Conv2D(channels, 1, name=f"{prefix}_project")(x)
    if shortcut.shape[-1] == channels and stride == 1:
        x = keras.layers.Add(name=f"{prefix}_add")([shortcut, x])
    return x


def _convolution(x: keras.KerasTensor, name: str, channels: int, kernel: int, stride: int = 1) -> keras.KerasTensor:
    x = _pad(x, name, stride)
    padding = "valid" if stride == 2 else "same"
    x = keras.layers.Conv2D(
        channels, kernel, strides=stride, padding=padding, kernel_initializer="he_normal", name=name
    )(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)


def _pad(x: keras.KerasTensor, name: str, stride: int) -> keras.KerasTensor:
    # Strided convolutions of even-sized maps pad below and on the right only, as the pretrained network did.
    if stride == 1:
        return x
    return keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)


def load_pretrained(model: keras.Model, source: str) -> None:
    """Start the backbone from ImageNet, folding batch normalisation and the three colour channels.

    Args:
        model: a model built on `features`.
        source: "imagenet" (downloaded by Keras), or the path of a `.weights.h5` file of
            `keras.applications.MobileNetV2(include_top=False)`.
    """
    pretrained = read_pretrained(keras.applications.MobileNetV2, source)
    names = {layer.name for layer in pretrained.layers}
    for layer in model.layers:
        if layer.name not in names or not layer.weights:
            continue
        normalisation = _normalisation_of(pretrained, layer.name)
        kernel = pretrained.get_layer(layer.name).get_weights()[0]
        layer.set_weights(_fold(kernel, normalisation, depthwise=layer.name.endswith("depthwise")))


def _normalisation_of(pretrained: keras.Model, name: str) -> keras.layers.BatchNormalization:
    return pretrained.get_layer({"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}.get(name, f"{name}_BN"))


def _fold(kernel: np.ndarray, normalisation: keras.layers.BatchNormalization, depthwise: bool) -> list[np.ndarray]:
    gamma, beta, mean, variance = normalisation.get_weights()
    scale = gamma / np.sqrt(variance + normalisation.epsilon)
    if kernel.shape[2] == 3 and not depthwise:
        # The three channels of a grey image are equal, so their kernels add up.
        kernel = kernel.sum(axis=2, keepdims=True)
    kernel = kernel * (scale[:, None] if depthwise else scale)  # (k, k, C, 1) or (k, k, in, out)
    return [kernel, beta - mean * scale]
