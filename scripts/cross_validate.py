#!/usr/bin/env python3
"""Train a variant several times, each time judged on images held out: five folds of patients, or two series."""

import argparse
import json
import shutil
from pathlib import Path

import cli

from pneumonia.bundle import json_bytes
from pneumonia.files import write_whole
from pneumonia.variants import FIELDS, get_variant, list_variants


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for train.py")
    cli.add_patients(parser)
    parser.add_argument("--variant", choices=list_variants(), required=True)
    parser.add_argument("--scheme", choices=("folds", "series"), required=True)
    parser.add_argument("--output", type=cli.output_file, required=True, help="JSON file to write the figures to")
    parser.add_argument("--field", choices=FIELDS, help="what is shown of a radiograph (default: the variant's own)")
    parser.add_argument("--evidence-penalty", type=cli.weight, help="as for train.py")
    parser.add_argument("--image-size", type=cli.image_size, help="side of the network's input, a multiple of 32")
    parser.add_argument("--epochs", type=cli.positive, help=cli.EPOCHS_HELP)
    parser.add_argument("--seed", type=cli.seed, default=0)
    parser.add_argument("--backbone-weights", default="imagenet", metavar="imagenet|none|FILE")
    parser.add_argument("--outside", type=Path, metavar="DIR", help="another population; its selection half is scored")
    parser.add_argument("--resume", action="store_true", help="take up an interrupted run of the same command")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    cli.require_backbone(arguments.backbone_weights)
    left_out = cli.require_data(arguments)
    variant = cli.tuned(get_variant(arguments.variant), vars(arguments))
    job = cli.training_job("cross_validate.py", arguments, variant)
    from pneumonia.training.cross_validation import SCHEMES, run_round

    rounds = []
    for number in range(SCHEMES[arguments.scheme][0]):
        done = job.checkpoints / f"{arguments.scheme}-{number}.json"
        if not done.exists():
            figures = run_round(job, arguments.scheme, number)
            write_whole(done, json_bytes(figures))
        rounds.append(json.loads(done.read_text()))
        for name, figures in rounds[-1].items():
            point = figures["operating_points"]["balanced"]
            print(
                f"round {number} {name:24} AUROC {figures['auroc']['value']:.4f}, "
                + ", ".join(f"{m} {point[m]['value']:.1%}" for m in ("accuracy", "sensitivity", "specificity"))
            )
    arguments.output.write_text(json.dumps({"command": job.command, "rounds": rounds}) + "\n")
    shutil.rmtree(job.checkpoints)
    return cli.SOME_REJECTED if left_out else cli.DONE


if __name__ == "__main__":
    cli.run(main)
