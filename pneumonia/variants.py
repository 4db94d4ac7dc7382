"""The table of variants: what can be trained and loaded by name, and the recipe each is trained by."""

from dataclasses import dataclass
from typing import Literal, get_args

# What a network may be shown of a radiograph; explained at `pneumonia.preprocessing.Preprocessing`.
Field = Literal["image", "exposure", "box", "hull"]
FIELDS: tuple[Field, ...] = get_args(Field)


@dataclass(frozen=True)
class Phase:
    """One stretch of supervised training.

    Attributes:
        epochs: at most this many passes over the training images; early stopping may end it sooner.
        learning_rate: peak rate; warmed up over the first twentieth of the steps, then cosine to zero.
        trains: `"head"` leaves the backbone as it is, `"all"` moves every layer.
    """

    epochs: int
    learning_rate: float
    trains: Literal["head", "all"]


@dataclass(frozen=True)
class Recipe:
    """How a variant is trained.

    Attributes:
        phases: run one after the other; each starts from the best weights of the one before.
        adaptation_epochs: passes of label-free adaptation of the backbone, before anything else.
        linear_probe: fits a linear head on the frozen backbone with this inverse penalty, instead of phases
            or before them; None for no such fit.
        batch_size: images a step.
        label_smoothing: share of each label given to the other class.
        weight_decay: decoupled decay of AdamW, on every parameter.
        patience: epochs without a better validation loss after which a phase ends.
    """

    phases: tuple[Phase, ...]
    adaptation_epochs: int = 0
    linear_probe: float | None = None
    batch_size: int = 32
    label_smoothing: float = 0.05
    weight_decay: float = 0.05
    patience: int = 6


@dataclass(frozen=True)
class Variant:
    """A network by name.

    Attributes:
        name: what commands, folders and the page call it.
        title: the name a clinician reads.
        summary: one sentence on where its knowledge comes from.
        architecture: key of `pneumonia.models.ARCHITECTURES`.
        image_size: side of its square input in pixels.
        field: what it is shown of a radiograph; as in `pneumonia.preprocessing.Preprocessing`.
        dropout: share of pooled features dropped before the head while training.
        hidden_units: widths of dense layers between pooling and the logit; none for a linear head.
        recipe: how it is trained unless told otherwise.
    """

    name: str
    title: str
    summary: str
    architecture: str
    recipe: Recipe
    image_size: int = 224
    field: Field = "hull"
    dropout: float = 0.3
    hidden_units: tuple[int, ...] = ()


_HEAD_THEN_ALL = Recipe(phases=(Phase(2, 1e-3, "head"), Phase(18, 2e-4, "all")))

_VARIANTS = (
    Variant(
        name="custom-cnn",
        title="Custom CNN",
        summary="A small network of four convolution blocks, trained here from scratch.",
        architecture="custom_cnn",
        recipe=Recipe(phases=(Phase(24, 1e-3, "all"),), patience=8),
    ),
    Variant(
        name="mobilenetv2-frozen",
        title="MobileNetV2, frozen",
        summary="A backbone adapted here without labels, on radiographs, then frozen; only its head saw labels.",
        architecture="mobilenetv2",
        # The penalty was chosen among 0.001, 0.003, 0.01, 0.03 and 0.1 by AUROC on corrupted validation images.
        recipe=Recipe(phases=(), adaptation_epochs=6, linear_probe=0.01),
    ),
    Variant(
        name="mobilenetv2-finetuned",
        title="MobileNetV2, fine-tuned",
        summary="A backbone that learned from photographs, retrained here on radiographs in every layer.",
        architecture="mobilenetv2",
        recipe=_HEAD_THEN_ALL,
    ),
    Variant(
        name="efficientnetb0",
        title="EfficientNet-B0",
        summary="Trainable by name; no weights are published.",
        architecture="efficientnetb0",
        recipe=_HEAD_THEN_ALL,
    ),
    Variant(
        name="resnet50",
        title="ResNet-50",
        summary="Trainable by name; no weights are published.",
        architecture="resnet50",
        recipe=_HEAD_THEN_ALL,
    ),
    Variant(
        name="xception",
        title="Xception",
        summary="Trainable by name; no weights are published.",
        architecture="xception",
        recipe=_HEAD_THEN_ALL,
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
        KeyError: if no variant has that name.
    """
    return _BY_NAME[name]
