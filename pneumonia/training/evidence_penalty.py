"""Training that keeps the evidence inside the lungs.

Ross, Hughes and Doshi-Velez, "Right for the Right Reasons", IJCAI 2017, penalise explanations outside of an
annotation. Here the explanation is the Grad-CAM map, which for a linear head adds up to the logit: so what the
penalty takes out of the map it takes out of the score.
"""

import keras

from pneumonia.errors import PneumoniaError
from pneumonia.models.registry import FEATURES, head_layers

# Keeps the share defined for a map without evidence, in logits over the whole map.
_EPSILON = 1e-3


@keras.saving.register_keras_serializable("pneumonia")
class EvidencePenalty(keras.layers.Layer):
    """Adds to the loss the share of absolute evidence that lies outside the lungs; the logits pass unchanged.

    Args:
        weight: of the mean share, which is in [0, 1], beside the cross-entropy.
    """

    def __init__(self, weight: float, **options) -> None:
        super().__init__(**options)
        self.weight = weight

    def call(
        self, logits: keras.KerasTensor, evidence: keras.KerasTensor, inside: keras.KerasTensor
    ) -> keras.KerasTensor:
        """Penalise.

        Args:
            logits: (B, 1).
            evidence: (B, h, w, 1), in logits.
            inside: (B, h, w, 1), share of each cell that lies inside the lungs, in [0, 1].
        """
        evidence = keras.ops.abs(evidence)
        outside = keras.ops.sum(evidence * (1.0 - inside), axis=(1, 2, 3))
        share = outside / (keras.ops.sum(evidence, axis=(1, 2, 3)) + _EPSILON)
        self.add_loss(self.weight * keras.ops.mean(share))
        return logits

    def get_config(self) -> dict:
        return {**super().get_config(), "weight": self.weight}


def add_evidence_penalty(model: keras.Model, weight: float) -> keras.Model:
    """A network that is told in training where the lungs are; it shares all layers with the one given.

    Args:
        model: its head must be linear, on average pooling.
        weight: of the penalty.

    Returns:
        From images (B, S, S, 1) and lungs (B, S, S, 1), 1 inside and 0 outside, to the same logits.

    Raises:
        PneumoniaError: if the head is another.
    """
    feature_map, head = model.get_layer(FEATURES).output, model.get_layer("logit")
    if [layer.name for layer in head_layers(model)] != ["pool", "dropout", "logit"] or head.units != 1:
        raise PneumoniaError("Evidence can be kept inside the lungs only for a linear head on average pooling.")
    lungs = keras.Input(model.input_shape[1:], name="lungs")
    cell = model.input_shape[1] // feature_map.shape[1]
    inside = keras.layers.AveragePooling2D(cell, name="inside")(lungs)  # (B, h, w, 1)
    # The head applied to every cell; the mean of the cells is the logit.
    evidence = head(feature_map)  # (B, h, w, 1)
    logits = EvidencePenalty(weight, name="evidence_penalty")(model.output, evidence, inside)
    return keras.Model([model.input, lungs], logits, name=f"guided_{model.name}")
