"""Options of a training, and its data, its variant and its job by them."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumonia.cli.arguments import add_patients, fraction, image_size, patients_of, positive, seed, share, weight
from pneumonia.cli.data_folders import report_left_out, require_outside
from pneumonia.core.populations import POPULATIONS
from pneumonia.data.manifest import Manifest, read_classes, read_training_data
from pneumonia.data.sources.chest_xray import noted_source
from pneumonia.errors import DataError
from pneumonia.variants.registry import list_variants
from pneumonia.variants.spec import Recipe, Variant

if TYPE_CHECKING:
    from pneumonia.training.job import TrainingJob

# Fields of `Variant` and of `Recipe` that an option sets directly.
_OF_THE_NETWORK = ("image_size", "field", "dropout")
_OF_THE_RECIPE = (
    *("weight_decay", "label_smoothing", "evidence_penalty"),
    *("batch_size", "tuned_share", "adaptation_epochs"),
)
# What nothing reads but the phases of a recipe: adaptation and linear probe have values of their own.
_OF_THE_PHASES = (*(name for name in _OF_THE_RECIPE if name != "adaptation_epochs"), "learning_rate", "dropout")
# By option: its type and its help.
_VALUES: dict[str, tuple[Callable[[str], Any], str]] = {
    "--epochs": (positive, "at most this many in each phase, and in the adaptation without labels where there is one"),
    "--batch-size": (positive, "images a step on each device"),
    "--learning-rate": (fraction, "peak in the last phase"),
    "--weight-decay": (fraction, "of AdamW"),
    "--label-smoothing": (fraction, "share of each label spread over both classes"),
    "--evidence-penalty": (weight, "on the share of evidence outside the lungs"),
    "--adaptation-epochs": (seed, "of the adaptation without labels; 0 for none"),
    "--tuned-share": (share, "how far the weights go from those before the phases to those after them"),
    "--dropout": (fraction, "share of the pooled features dropped while training"),
    "--image-size": (image_size, "side of the network's input, a multiple of 32"),
}
# The order in which `scripts/train.py` takes them, and so that of recorded commands.
ALL_VALUES = tuple(_VALUES)


def add_training_data(parser: argparse.ArgumentParser, variants: Sequence[str] | None = None) -> None:
    """Add the options that say what is trained on, whose the images are, and which of the variants is trained."""
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of NORMAL and PNEUMONIA, or train/val of those, and CSV tables of images",
    )
    add_populations(parser)
    add_patients(parser)
    parser.add_argument("--variant", choices=variants or list_variants(), required=True)


def add_populations(parser: argparse.ArgumentParser) -> None:
    """Add the option that says of which population the patients of each `--data` are."""
    parser.add_argument(
        "--populations",
        choices=POPULATIONS,
        nargs="+",
        metavar="|".join(POPULATIONS),
        help="of the patients of each --data, or of all, where no table states it or an age",
    )


def add_values(parser: argparse._ActionsContainer, *options: str) -> None:
    """Add options that change values of a variant and its recipe, in this order; `apply_values` applies them."""
    for option in options:
        kind, text = _VALUES[option]
        parser.add_argument(option, type=kind, help=text)


def add_backbone(parser: argparse.ArgumentParser) -> None:
    """Add the option that says what a backbone starts from."""
    parser.add_argument(
        "--backbone-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="what the backbone starts from (default: imagenet)",
    )


def require_backbone(source: str) -> None:
    """Make sure that what a backbone shall start from is there.

    Raises:
        DataError: if it is the name of no file.
    """
    if source not in ("imagenet", "none") and not Path(source).is_file():
        raise DataError("The file named by --backbone-weights does not exist.")


def read_data(arguments: argparse.Namespace) -> Manifest:
    """The images of a training, by the options of `add_training_data`.

    Raises:
        DataError: if they cannot be used.
    """
    return read_training_data(arguments.data, patients_of(arguments), arguments.populations or ())


def require_training_data(arguments: argparse.Namespace) -> bool:
    """Look into the folders of a training, which must not write among their images, and tell what is not used.

    Returns:
        Whether there is any.

    Raises:
        DataError: if they cannot be used.
    """
    for folder in filter(None, (*arguments.data, arguments.outside)):
        require_outside(folder, arguments.output)
    manifests = {"--data": read_data(arguments)}
    if arguments.outside:
        manifests["--outside"] = read_classes(arguments.outside)
    for option, manifest in manifests.items():
        report_left_out(manifest.left_out, manifest.patient_unknown, len(manifest.records), option)
    return any(manifest.left_out for manifest in manifests.values())


def apply_values(variant: Variant, values: Mapping[str, Any]) -> Variant:
    """Change some values of a variant's network and of its training.

    Args:
        variant: left as it is.
        values: any of `_OF_THE_NETWORK` and `_OF_THE_RECIPE`, `learning_rate` (the peak of the last phase) and
            `epochs` (at most so many in each part); None leaves a value, and other names are not read.

    Raises:
        DataError: if a value would change nothing, and be recorded all the same; or if the head takes no penalty.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if idle := [f"--{name.replace('_', '-')}" for name in _unread(variant.recipe) if name in given]:
        raise DataError(f"Trained by this recipe, {variant.name} does not depend on {', '.join(idle)}; leave that out.")
    linear = variant.head == "sigmoid" and variant.pooling == "average" and not variant.hidden_units
    if given.get("evidence_penalty") and not linear:
        raise DataError("--evidence-penalty needs a linear head on average pooling, which this recipe does not have.")
    if given.get("tuned_share", 1.0) < 1.0 and variant.architecture != "mobilenetv2":
        raise DataError("--tuned-share below 1 needs a network without batch normalisation, a MobileNetV2.")
    recipe = dataclasses.replace(variant.recipe, **{name: given[name] for name in _OF_THE_RECIPE if name in given})
    if "learning_rate" in given:
        *before, last = recipe.phases
        last = dataclasses.replace(last, learning_rate=given["learning_rate"])
        recipe = dataclasses.replace(recipe, phases=(*before, last))
    recipe = _limit_epochs(recipe, given.get("epochs"))
    return dataclasses.replace(
        variant, recipe=recipe, **{name: given[name] for name in _OF_THE_NETWORK if name in given}
    )


def _unread(recipe: Recipe) -> tuple[str, ...]:
    """Names of values that a training by a recipe does not depend on."""
    if not recipe.phases:
        return _OF_THE_PHASES if recipe.adaptation_epochs else (*_OF_THE_PHASES, "epochs")
    return () if recipe.optimizer == "adamw" else ("weight_decay",)


def _limit_epochs(recipe: Recipe, epochs: int | None) -> Recipe:
    """Allow at most this many epochs in each part of a recipe; any number for None."""
    if epochs is None:
        return recipe
    phases = tuple(dataclasses.replace(phase, epochs=min(phase.epochs, epochs)) for phase in recipe.phases)
    return dataclasses.replace(recipe, phases=phases, adaptation_epochs=min(recipe.adaptation_epochs, epochs))


def training_job(arguments: argparse.Namespace, variant: Variant, command: str, checkpoints: Path) -> "TrainingJob":
    """The training that the arguments ask for, with what `resumable` gives."""
    # Imported only now: what is wrong with the arguments is told without waiting for tensorflow.
    from pneumonia.training.job import TrainingJob

    # Of several sources, one note would speak for all.
    source, licence = noted_source(arguments.data[0]) if len(arguments.data) == 1 else ("", "")
    return TrainingJob(
        data=tuple(arguments.data),
        populations=tuple(arguments.populations or ()),
        source=getattr(arguments, "source", None) or source,
        licence=getattr(arguments, "licence", None) or licence,
        variant=variant,
        output=arguments.output,
        seed=arguments.seed,
        backbone_weights=arguments.backbone_weights,
        command=command,
        external=arguments.outside,
        checkpoints=checkpoints,
        recipe_name=getattr(arguments, "recipe", None),
        patients=patients_of(arguments),
    )
