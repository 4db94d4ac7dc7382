#!/usr/bin/env python3
"""Train a variant and write its weights folder."""

import argparse
import shutil
import sys
from pathlib import Path

import cli

from pneumonia import hub
from pneumonia.bundle import require_replaceable
from pneumonia.errors import HubError
from pneumonia.recipes import get_recipe, list_recipes
from pneumonia.variants import get_variant, list_variants


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    cli.add_patients(parser)
    parser.add_argument("--variant", choices=list_variants(), required=True)
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--recipe", choices=list_recipes(), help="how to train (default: the variant's own way)")
    parser.add_argument("--epochs", type=cli.positive, help=cli.EPOCHS_HELP)
    parser.add_argument("--batch-size", type=cli.positive, help="images a step on each device")
    parser.add_argument("--learning-rate", type=cli.fraction, help="peak in the last phase")
    parser.add_argument("--weight-decay", type=cli.fraction)
    parser.add_argument("--label-smoothing", type=cli.fraction)
    parser.add_argument("--evidence-penalty", type=cli.weight, help="on the share of evidence outside the lungs")
    parser.add_argument("--dropout", type=cli.fraction, help="share of the pooled features dropped while training")
    parser.add_argument("--image-size", type=cli.image_size, help="side of the network's input, a multiple of 32")
    parser.add_argument("--seed", type=cli.seed, default=0)
    parser.add_argument(
        "--backbone-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="what the backbone starts from",
    )
    parser.add_argument("--outside", type=Path, metavar="DIR", help="another population, scored but never trained on")
    parser.add_argument("--resume", action="store_true", help="take up an interrupted training by the same command")
    parser.add_argument(
        "--push-to-hub", metavar="OWNER/NAME", help="then send the weights folder to this private repository of the Hub"
    )
    arguments = parser.parse_args()
    if arguments.recipe and (named := get_recipe(arguments.recipe).name) != arguments.variant:
        parser.error(f"the recipe {arguments.recipe} goes with --variant {named}, not with {arguments.variant}")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    cli.require_backbone(arguments.backbone_weights)
    # What is wrong with the folders, or with the Hub, is said at once and not after hours of training.
    left_out = cli.require_data(arguments)
    if arguments.push_to_hub:
        hub.require_publishable(arguments.push_to_hub)
    variant = get_recipe(arguments.recipe) if arguments.recipe else get_variant(arguments.variant)
    variant = cli.tuned(variant, vars(arguments))
    require_replaceable(arguments.output)
    job = cli.training_job("train.py", arguments, variant)
    from pneumonia.training.run import run_training

    try:
        result = run_training(job)
    except (OSError, KeyboardInterrupt):
        print(
            "what was trained is kept: run the same with --resume to go on from the last whole epoch", file=sys.stderr
        )
        raise
    shutil.rmtree(job.checkpoints)
    for name, reason in result.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    figures = result.metrics["sets"]["validation"]
    auroc, accuracy = figures["auroc"]["value"], figures["operating_points"]["balanced"]["accuracy"]["value"]
    print(f"Validation: AUROC {auroc:.4f}, accuracy {accuracy:.1%} at the balanced operating point")
    print(f"Skipped {len(result.skipped)} unreadable files")
    if arguments.push_to_hub:
        _publish(arguments.output, arguments.push_to_hub)
    return cli.SOME_REJECTED if result.skipped or left_out else cli.DONE


def _publish(folder: Path, repo_id: str) -> None:
    from pneumonia.publication import prepare

    publication = prepare(folder, repo_id)
    try:
        published = hub.publish(repo_id, publication.files, message=publication.message)
    except HubError as error:
        raise HubError(f"{error} The weights are in {folder.name}; scripts/push_to_hub.py sends them.") from error
    print(f"Published {published.link} at {published.commit}")


if __name__ == "__main__":
    cli.run(main)
