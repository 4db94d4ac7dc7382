"""From the last feature map to the logit."""

from functools import partial

import keras

from pneumonia.utils.lookup import look_up

_POOLINGS = {
    "average": partial(keras.layers.GlobalAveragePooling2D, name="pool"),
    "flatten": partial(keras.layers.Flatten, name="flatten"),
}


def attach_head(
    feature_map: keras.KerasTensor,
    dropout: float,
    hidden_units: tuple[int, ...] = (),
    hidden_dropout: float = 0.0,
    pooling: str = "average",
    logits: int = 1,
) -> keras.KerasTensor:
    """Global average pooling or flattening, dropout, optional hidden layers, one logit or two.

    Args:
        feature_map: (B, h, w, C).
        dropout: share of pooled features dropped while training.
        hidden_units: widths of ReLU layers before the logit.
        hidden_dropout: share of units dropped behind each of these while training.
        pooling: `"average"`, or `"flatten"` to keep every cell of the map.
        logits: 1, or 2 for a softmax of normal and pneumonia.

    Returns:
        (B, logits), float32 whatever the compute precision.
    """
    # === Layers ===
    x = look_up(_POOLINGS, pooling, "pooling")()(feature_map)  # (B, C) or (B, h * w * C)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    for number, units in enumerate(hidden_units, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"hidden_{number}")(x)
        if hidden_dropout:
            x = keras.layers.Dropout(hidden_dropout, name=f"hidden_{number}_dropout")(x)
    return keras.layers.Dense(logits, dtype="float32", name="logit")(x)
