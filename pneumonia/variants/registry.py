"""The table of variants: what can be trained and loaded by name."""

from dataclasses import replace

from pneumonia.utils.lookup import look_up
from pneumonia.variants.spec import Phase, Recipe, Variant

# The C of scikit-learn: so strong that a head has little room for what tells hospitals apart.
_SHARED_HEAD = 0.001
# A head that fits the backbone comes first, so that its first wrong guesses do not distort the features: Kumar et al.,
# "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
_PROBE_THEN_ALL = Recipe(
    linear_probe=0.01, phases=(Phase(16, 2e-4, "all"),), evidence_penalty=1.0, watches="auroc", shared_head=_SHARED_HEAD
)

_ADAPTATION_EPOCHS = 6

_VARIANTS = (
    Variant(
        name="custom-cnn",
        title="Custom CNN",
        summary="A small network of four convolution blocks, trained here from scratch.",
        architecture="custom_cnn",
        recipe=Recipe(
            phases=(Phase(24, 1e-3, "all"),),
            evidence_penalty=0.3,
            watches="auroc",
            patience=8,
            shared_head=_SHARED_HEAD,
        ),
    ),
    Variant(
        name="mobilenetv2-frozen",
        title="MobileNetV2, frozen",
        summary="A backbone adapted here without labels, on radiographs, then frozen; only its head saw labels.",
        architecture="mobilenetv2",
        # The penalty was chosen among 0.01, 0.02, 0.05, 0.1 and 0.3 by AUROC on corrupted validation images.
        recipe=Recipe(phases=(), adaptation_epochs=_ADAPTATION_EPOCHS, linear_probe=0.05, shared_head=_SHARED_HEAD),
    ),
    Variant(
        name="mobilenetv2-finetuned",
        title="MobileNetV2, fine-tuned",
        summary="A backbone adapted here without labels, on radiographs, then retrained with labels in every layer.",
        architecture="mobilenetv2",
        # In short trainings this did better at the other hospital, both ways (docs/results.md, ingredients).
        recipe=replace(_PROBE_THEN_ALL, adaptation_epochs=_ADAPTATION_EPOCHS),
    ),
    Variant(
        name="efficientnetb0",
        title="EfficientNet-B0",
        summary="Trainable by name; no weights are published.",
        architecture="efficientnetb0",
        recipe=_PROBE_THEN_ALL,
    ),
    Variant(
        name="resnet50",
        title="ResNet-50",
        summary="Trainable by name; no weights are published.",
        architecture="resnet50",
        recipe=_PROBE_THEN_ALL,
    ),
    Variant(
        name="xception",
        title="Xception",
        summary="Trainable by name; no weights are published.",
        architecture="xception",
        recipe=_PROBE_THEN_ALL,
    ),
)
_BY_NAME = {variant.name: variant for variant in _VARIANTS}

# The variants with weights in the repository, in the order the page shows them.
PUBLISHED = ("custom-cnn", "mobilenetv2-frozen", "mobilenetv2-finetuned")
DEFAULT = "mobilenetv2-finetuned"


def list_variants() -> tuple[str, ...]:
    """Names of all variants that can be trained, those with published weights first."""
    return tuple(_BY_NAME)


def get_variant(name: str) -> Variant:
    """Look a variant up by name.

    Raises:
        UnknownNameError: if no variant has that name.
    """
    return look_up(_BY_NAME, name, "variant")
