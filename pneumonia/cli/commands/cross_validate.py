"""Train a variant several times, each time judged on what was held out: a fifth of the patients, a series, a source."""

import argparse
import json
from pathlib import Path
from typing import Any

from pneumonia.cli.arguments import output_file, seed
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.resume import add_resume, resumable
from pneumonia.cli.training_arguments import (
    add_backbone,
    add_training_data,
    add_values,
    apply_values,
    require_backbone,
    require_training_data,
    training_job,
)
from pneumonia.utils.json_values import write_json
from pneumonia.variants.registry import get_variant
from pneumonia.variants.spec import FIELDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_training_data(parser)
    parser.add_argument("--scheme", choices=("folds", "series", "sources"), required=True)
    parser.add_argument("--output", type=output_file, required=True, help="JSON file to write the figures to")
    parser.add_argument("--field", choices=FIELDS, help="what is shown of a radiograph (default: the variant's own)")
    add_values(parser, "--evidence-penalty", "--adaptation-epochs", "--tuned-share", "--image-size", "--epochs")
    parser.add_argument("--seed", type=seed, default=0, help="of the training in each round (default: 0)")
    add_backbone(parser)
    parser.add_argument("--outside", type=Path, metavar="DIR", help="another population, scored but never trained on")
    add_resume(parser)


def run(arguments: argparse.Namespace) -> int:
    require_backbone(arguments.backbone_weights)
    left_out = require_training_data(arguments)
    variant = apply_values(get_variant(arguments.variant), vars(arguments))
    with resumable("cross_validate.py", arguments) as state:
        from pneumonia.training.cross_validation import SCHEMES, run_round

        job = training_job(arguments, variant, *state)
        rounds = []
        for number in range(SCHEMES[arguments.scheme].rounds(job.data)):
            done = job.checkpoints / f"{arguments.scheme}-{number}.json"
            if not done.exists():
                figures = run_round(job, arguments.scheme, number)
                write_json(done, figures)
            rounds.append(json.loads(done.read_text()))
            _print(number, rounds[-1])
        write_json(arguments.output, {"command": job.command, "rounds": rounds})
    return SOME_REJECTED if left_out else DONE


def _print(number: int, sets: dict[str, Any]) -> None:
    for name, figures in sets.items():
        point = figures["operating_points"]["balanced"]
        print(
            f"round {number} {name:24} AUROC {figures['auroc']['value']:.4f}, "
            + ", ".join(f"{m} {point[m]['value']:.1%}" for m in ("accuracy", "sensitivity", "specificity"))
        )
