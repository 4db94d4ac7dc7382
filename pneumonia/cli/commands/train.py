"""Train a variant and write its weights folder."""

import argparse
import sys
from pathlib import Path

from pneumonia.cli.arguments import seed
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.resume import add_resume, resumable
from pneumonia.cli.training_arguments import (
    ALL_VALUES,
    add_backbone,
    add_training_data,
    add_values,
    apply_values,
    require_backbone,
    require_training_data,
    training_job,
)
from pneumonia.errors import HubError, PneumoniaError
from pneumonia.publishing import hub_upload
from pneumonia.variants.baselines import get_recipe, list_recipes
from pneumonia.variants.registry import get_variant
from pneumonia.weights.folder import require_replaceable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_training_data(parser)
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--recipe", choices=list_recipes(), help="how to train (default: the variant's own way)")
    recipe = parser.add_argument_group("values (default: those of the recipe and the variant)")
    add_values(recipe, *ALL_VALUES)
    parser.add_argument("--seed", type=seed, default=0, help="of split, parameters and augmentation (default: 0)")
    add_backbone(parser)
    parser.add_argument("--outside", type=Path, metavar="DIR", help="another population, scored but never trained on")
    parser.add_argument(
        "--source", metavar="TEXT", help="where the images are from, for the card (default: not stated)"
    )
    parser.add_argument("--licence", metavar="TEXT", help="of the images, for the card (default: not stated)")
    add_resume(parser)
    parser.add_argument(
        "--push-to-hub", metavar="OWNER/NAME", help="then send the weights folder to this private repository of the Hub"
    )


def run(arguments: argparse.Namespace) -> int:
    variant = get_recipe(arguments.recipe) if arguments.recipe else get_variant(arguments.variant)
    if variant.name != arguments.variant:
        raise PneumoniaError(
            f"The recipe {arguments.recipe} goes with --variant {variant.name}, not with {arguments.variant}."
        )
    require_backbone(arguments.backbone_weights)
    # What is wrong with the folders, or with the Hub, is said at once and not after hours of training.
    left_out = require_training_data(arguments)
    if arguments.push_to_hub:
        hub_upload.require_publishable(arguments.push_to_hub)
    variant = apply_values(variant, vars(arguments))
    require_replaceable(arguments.output)
    with resumable("train.py", arguments) as state:
        from pneumonia.training.job import run_training

        result = run_training(training_job(arguments, variant, *state))
    for name, reason in result.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    figures = result.metrics["sets"]["validation"]
    auroc, accuracy = figures["auroc"]["value"], figures["operating_points"]["balanced"]["accuracy"]["value"]
    print(f"Validation: AUROC {auroc:.4f}, accuracy {accuracy:.1%} at the balanced operating point")
    print(f"Skipped {len(result.skipped)} unreadable files")
    if arguments.push_to_hub:
        _publish(arguments.output, arguments.push_to_hub)
    return SOME_REJECTED if result.skipped or left_out else DONE


def _publish(folder: Path, repo_id: str) -> None:
    from pneumonia.publishing.model_repo import prepare

    publication = prepare(folder, repo_id)
    try:
        published = hub_upload.publish(repo_id, publication.files, message=publication.message)
    except HubError as error:
        raise HubError(f"{error} The weights are in {folder.name}; pneumonia push-to-hub sends them.") from error
    print(f"Published {published.link} at {published.commit}")
