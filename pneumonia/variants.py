"""The table of variants: what can be trained and loaded by name, and the recipe each is trained by."""

from dataclasses import dataclass
from typing import Literal, get_args

# What a network may be shown of a radiograph; explained at `pneumonia.preprocessing.Preprocessing`.
Field = Literal["image", "exposure", "box", "hull"]
FIELDS: tuple[Field, ...] = get_args(Field)
# What is done at random to training images; explained at `pneumonia.data.augmentations`.
Augmentation = Literal["strong", "zoom-shear-flip", "rotate-zoom-shift-flip", "none"]


@dataclass(frozen=True)
class Phase:
    """One stretch of supervised training.

    Attributes:
        epochs: at most this many passes over the training images; early stopping may end it sooner.
        learning_rate: the rate, or with the cosine schedule its peak.
        trains: `"head"` leaves the backbone as it is, `"top"` moves the head and the last layers of the backbone
            (from `pneumonia.models.Architecture.top` on), `"all"` moves every layer.
    """

    epochs: int
    learning_rate: float
    trains: Literal["head", "top", "all"]


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
        optimizer: `"adamw"`, `"adam"` or `"sgd"`.
        momentum: of SGD.
        weight_decay: decoupled decay of AdamW, on every parameter.
        schedule: `"cosine"` warms the rate up over the first twentieth of the steps of a phase and then lowers it
            to zero; `"constant"` leaves it.
        augmentation: what is done at random to training images.
        evidence_penalty: weight of the share of evidence outside the lungs, beside the cross-entropy; 0 for none.
        class_weighted: whether both classes count the same, however many images they have.
        validation: validation images are watched under fixed corruptions, or plain.
        watches: what must become better on them, the loss or the AUROC.
        patience: epochs without a better one after which a phase ends.
        h5: whether the network is also written as an HDF5 file.
    """

    phases: tuple[Phase, ...]
    adaptation_epochs: int = 0
    linear_probe: float | None = None
    batch_size: int = 32
    label_smoothing: float = 0.05
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.0
    weight_decay: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    augmentation: Augmentation = "strong"
    evidence_penalty: float = 0.0
    class_weighted: bool = True
    validation: Literal["corrupted", "plain"] = "corrupted"
    watches: Literal["loss", "auroc"] = "loss"
    patience: int = 6
    h5: bool = False


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
        stretched: whether grey values are stretched between two percentiles, or left as they are.
        pooling: `"average"` takes the mean of each feature over the map, `"flatten"` keeps every cell.
        dropout: share of pooled features dropped before the head while training.
        hidden_units: widths of dense layers between pooling and the logit; none for a linear head.
        hidden_dropout: share of units dropped behind each of these while training.
        head: `"sigmoid"` trains one logit, `"softmax"` two, of which the difference is kept.
        recipe: how it is trained unless told otherwise.
    """

    name: str
    title: str
    summary: str
    architecture: str
    recipe: Recipe
    image_size: int = 224
    field: Field = "image"
    stretched: bool = True
    pooling: Literal["average", "flatten"] = "average"
    dropout: float = 0.3
    hidden_units: tuple[int, ...] = ()
    hidden_dropout: float = 0.0
    head: Literal["sigmoid", "softmax"] = "sigmoid"


# A head that fits the backbone comes first, so that its first wrong guesses do not distort the features: Kumar et al.,
# "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
_PROBE_THEN_ALL = Recipe(linear_probe=0.01, phases=(Phase(16, 2e-4, "all"),), evidence_penalty=1.0, watches="auroc")

_VARIANTS = (
    Variant(
        name="custom-cnn",
        title="Custom CNN",
        summary="A small network of four convolution blocks, trained here from scratch.",
        architecture="custom_cnn",
        recipe=Recipe(phases=(Phase(24, 1e-3, "all"),), evidence_penalty=0.3, watches="auroc", patience=8),
    ),
    Variant(
        name="mobilenetv2-frozen",
        title="MobileNetV2, frozen",
        summary="A backbone adapted here without labels, on radiographs, then frozen; only its head saw labels.",
        architecture="mobilenetv2",
        # The penalty was chosen among 0.01, 0.02, 0.05, 0.1 and 0.3 by AUROC on corrupted validation images.
        recipe=Recipe(phases=(), adaptation_epochs=6, linear_probe=0.05),
    ),
    Variant(
        name="mobilenetv2-finetuned",
        title="MobileNetV2, fine-tuned",
        summary="A backbone that learned from photographs, retrained here on radiographs in every layer.",
        architecture="mobilenetv2",
        recipe=_PROBE_THEN_ALL,
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
        KeyError: if no variant has that name.
    """
    return _BY_NAME[name]
