"""Plain convolutions with max pooling, as first courses build them."""

import keras

from pneumonia.models.blocks import pooled_convolution


def three_blocks(image: keras.KerasTensor) -> keras.KerasTensor:
    """Three pooled convolutions: (B, S, S, 1) in [0, 1] to (B, S/8, S/8, 128)."""
    return _blocks(image, (32, 64, 128))


def four_blocks(image: keras.KerasTensor) -> keras.KerasTensor:
    """Four pooled convolutions: (B, S, S, 1) in [0, 1] to (B, S/16, S/16, 128)."""
    return _blocks(image, (32, 64, 128, 128))


def _blocks(x: keras.KerasTensor, widths: tuple[int, ...]) -> keras.KerasTensor:
    # === Layers ===
    for number, width in enumerate(widths, start=1):
        x = pooled_convolution(x, width, f"conv_{number}")
    return x
