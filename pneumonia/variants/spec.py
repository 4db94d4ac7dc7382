"""The forms of a variant and of the recipe it is trained by."""

from dataclasses import dataclass
from typing import Literal, get_args

# What a network may be shown of a radiograph; explained at `pneumonia.inference.input_transform.Preprocessing`.
Field = Literal["image", "exposure", "box", "hull"]
FIELDS: tuple[Field, ...] = get_args(Field)
# What is done at random to training images; explained at `pneumonia.data.augmentation`.
Augmentation = Literal["strong", "zoom-shear-flip", "rotate-zoom-shift-flip", "none"]


@dataclass(frozen=True)
class Phase:
    """One stretch of supervised training.

    Attributes:
        epochs: at most this many passes over the training images; early stopping may end it sooner.
        learning_rate: the rate, or with the cosine schedule its peak.
        trains: `"head"` leaves the backbone as it is, `"top"` moves the head and the last layers of the backbone
            (from `pneumonia.models.registry.Architecture.top` on), `"all"` moves every layer.
    """

    epochs: int
    learning_rate: float
    trains: Literal["head", "top", "all"]


@dataclass(frozen=True)
class Recipe:
    """A way to train a variant.

    Attributes:
        phases: run one after the other; each starts from the best weights of the one before.
        tuned_share: how far the weights go from those before the phases to those after them, of 1 for all the way:
            Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022. Below 1 only for networks without
            batch normalisation, whose statistics no mean of two networks has.
        adaptation_epochs: passes of label-free adaptation of the backbone, before anything else.
        linear_probe: fits a linear head on the frozen backbone with this inverse penalty, instead of phases
            or before them; None for no such fit.
        shared_head: where there are several populations, fits a linear head to all of them with this inverse penalty,
            last of all, while adaptation and phases see the main one alone; None to train on all alike.
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
    tuned_share: float = 1.0
    adaptation_epochs: int = 0
    linear_probe: float | None = None
    shared_head: float | None = None
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
        architecture: key of `pneumonia.models.registry.ARCHITECTURES`.
        image_size: side of its square input in pixels.
        field: what it is shown of a radiograph; as in `pneumonia.inference.input_transform.Preprocessing`.
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
