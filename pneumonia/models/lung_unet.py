"""A narrow U-Net that marks the lung fields.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015,
made small: the finest level is half the input's resolution, because lung outlines are smooth, and the skip
connections are added instead of concatenated, which halves the work of the way up.
"""

import keras

from pneumonia.models.blocks import convolution

# Channels at 1/2, 1/4, 1/8 and 1/16 of the input's side. About 0.17 G multiply-adds at 128 pixels.
_WIDTHS = (24, 48, 80, 112)
_DROPOUT = 0.1


def build_lung_unet(size: int) -> keras.Model:
    """Build the network with fresh parameters.

    Args:
        size: side S of the input in pixels, a multiple of 16.

    Returns:
        A flat model from float32 (B, S, S, 1) in [0, 1] to logits (B, S, S, 1), positive for lung.
    """
    image = keras.Input((size, size, 1), name="image")

    # === Layers: down ===
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="rescale")(image)
    levels = []
    for number, width in enumerate(_WIDTHS, start=1):
        x = convolution(x, width, 5 if number == 1 else 3, 2, f"down_{number}_shrink")
        x = convolution(x, width, 3, 1, f"down_{number}_conv")
        levels.append(x)

    # === Layers: bottom ===
    # One cell here sees most of the image, so that a lung is known by its place and not by its darkness alone.
    x = convolution(x, _WIDTHS[-1], 3, 1, "bottom_conv_1")
    x = keras.layers.SpatialDropout2D(_DROPOUT, name="bottom_dropout")(x)
    x = convolution(x, _WIDTHS[-1], 3, 1, "bottom_conv_2")

    # === Layers: up ===
    for number in range(len(_WIDTHS) - 1, 0, -1):
        width = _WIDTHS[number - 1]
        x = convolution(x, width, 1, 1, f"up_{number}_narrow")
        x = keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"up_{number}_enlarge")(x)
        x = keras.layers.Add(name=f"up_{number}_add")([x, levels[number - 1]])
        x = convolution(x, width, 3, 1, f"up_{number}_conv")
    x = keras.layers.Conv2D(1, 1, name="half_logit")(x)  # (B, S/2, S/2, 1)
    logit = keras.layers.UpSampling2D(2, interpolation="bilinear", name="logit")(x)
    return keras.Model(image, logit, name="lung_unet")


def deep_features(model: keras.Model) -> list[keras.KerasTensor]:
    """The last feature maps of the two coarsest levels, after their activations: (B, S/8, S/8, C), (B, S/16, S/16, D).

    Args:
        model: as built by `build_lung_unet`.
    """
    return [model.get_layer(name).output for name in ("down_3_conv_relu", "bottom_conv_2_relu")]
