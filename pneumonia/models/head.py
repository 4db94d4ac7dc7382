"""From the last feature map to one logit."""

import keras


def attach_head(
    feature_map: keras.KerasTensor, dropout: float, hidden_units: tuple[int, ...] = ()
) -> keras.KerasTensor:
    """Global average pooling, dropout, optional hidden layers, one logit.

    Args:
        feature_map: (B, h, w, C).
        dropout: share of pooled features dropped while training.
        hidden_units: widths of ReLU layers before the logit.

    Returns:
        (B, 1), float32 whatever the compute precision.
    """
    # === Layers ===
    x = keras.layers.GlobalAveragePooling2D(name="pool")(feature_map)  # (B, C)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    for number, units in enumerate(hidden_units, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"hidden_{number}")(x)
    return keras.layers.Dense(1, dtype="float32", name="logit")(x)
