"""Layers that several architectures are made of."""

import keras


def convolution(x: keras.KerasTensor, width: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    """Convolution, batch normalisation and ReLU: (B, h, w, C) to (B, h/stride, w/stride, width).

    Args:
        x: (B, h, w, C).
        width: output channels.
        kernel: side of the kernel in cells.
        stride: in cells.
        name: of the convolution; the other two layers add `_bn` and `_relu`.
    """
    x = keras.layers.Conv2D(
        width,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    # A shorter memory than Keras' 0.99: an epoch here has fifty to a hundred and thirty steps.
    x = keras.layers.BatchNormalization(momentum=0.95, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
