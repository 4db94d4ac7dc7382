"""Small networks of earlier systems, which `pneumonia.variants.baselines` trains to compare with ours."""

import keras

from pneumonia.models.blocks import convolution

_BLOCK_DROPOUT = 0.25
# Most zoom and shear either way, as shares.
_ZOOM = 0.2
_SHEAR = 0.2


def random_layers(image: keras.KerasTensor) -> keras.KerasTensor:
    """Mirror, zoom and shear every image of a batch anew while training: (B, S, S, 1) in [0, 1], before and after."""
    # === Layers ===
    x = keras.layers.RandomFlip("horizontal", name="random_flip")(image)
    x = keras.layers.RandomZoom((-_ZOOM, _ZOOM), fill_mode="nearest", name="random_zoom")(x)
    return keras.layers.RandomShear(_SHEAR, fill_mode="nearest", name="random_shear")(x)


def two_blocks(image: keras.KerasTensor) -> keras.KerasTensor:
    """Two blocks of convolution, batch normalisation, dropout and max pooling.

    Args:
        image: (B, S, S, 1) in [0, 1].

    Returns:
        (B, S/4, S/4, 64).
    """
    # === Layers ===
    x = image
    for number, width in enumerate((32, 64), start=1):
        x = convolution(x, width, 3, 1, f"block_{number}_conv")
        x = keras.layers.Dropout(_BLOCK_DROPOUT, name=f"block_{number}_dropout")(x)
        x = keras.layers.MaxPooling2D(2, name=f"block_{number}_pool")(x)
    return x


def three_blocks(image: keras.KerasTensor) -> keras.KerasTensor:
    """Three convolutions with ReLU and max pooling: (B, S, S, 1) in [0, 1] to (B, S/8, S/8, 128)."""
    return _pooled_convolutions(image, (32, 64, 128))


def four_blocks(image: keras.KerasTensor) -> keras.KerasTensor:
    """Four convolutions with ReLU and max pooling: (B, S, S, 1) in [0, 1] to (B, S/16, S/16, 128)."""
    return _pooled_convolutions(image, (32, 64, 128, 128))


def _pooled_convolutions(x: keras.KerasTensor, widths: tuple[int, ...]) -> keras.KerasTensor:
    # === Layers ===
    for number, width in enumerate(widths, start=1):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv_{number}")(x)
        x = keras.layers.MaxPooling2D(2, name=f"conv_{number}_pool")(x)
    return x
