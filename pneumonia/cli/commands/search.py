"""Search for the values a variant trains best with, and print the command that trains with them."""

import argparse
import itertools
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumonia.cli.arguments import positive, seed
from pneumonia.cli.data_folders import report_left_out, require_outside
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.recorded_command import portable, table_hash, tables_of
from pneumonia.cli.terminal import training_progress
from pneumonia.cli.training_arguments import (
    add_backbone,
    add_training_data,
    add_values,
    apply_values,
    read_data,
    require_backbone,
)
from pneumonia.data.manifest import fingerprint
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError
from pneumonia.utils.packages import require_package
from pneumonia.variants.registry import get_variant, list_variants

if TYPE_CHECKING:
    import optuna

_SQLITE = b"SQLite format 3\0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    trained_in_phases = [name for name in list_variants() if get_variant(name).recipe.phases]
    add_training_data(parser, trained_in_phases)
    parser.add_argument("--storage", type=Path, required=True, help="SQLite file; a search found there goes on")
    parser.add_argument("--trials", type=positive, required=True, help="how many there shall be in the storage")
    add_values(parser, "--epochs", "--image-size")
    parser.add_argument("--seed", type=seed, default=0, help="of every training and the choice of values (default: 0)")
    add_backbone(parser)


def run(arguments: argparse.Namespace) -> int:
    for source in arguments.data:
        require_outside(source, arguments.storage)
    require_package("optuna", "The search needs Optuna", None)
    import optuna

    require_backbone(arguments.backbone_weights)
    manifest = read_data(arguments)
    report_left_out(manifest.left_out, manifest.patient_unknown, len(manifest.records))
    records = manifest.records
    study = _study(arguments, fingerprint(records))
    if _count_finished(study) < arguments.trials:
        train = _trainer(arguments, records)
        while (number := _count_finished(study)) < arguments.trials:
            # Seeded for each trial, so that a search taken up again makes the same choices as one in one go.
            study.sampler = optuna.samplers.TPESampler(seed=arguments.seed + number)
            with training_progress():
                study.optimize(train, n_trials=1)
            trial = study.trials[-1]
            outcome = "given up" if trial.state == optuna.trial.TrialState.PRUNED else f"AUROC {trial.value:.4f}"
            print(f"Trial {number + 1}/{arguments.trials}: {outcome}, {_options(trial.user_attrs['values'])}")
    best = study.best_trial
    print(f"Best: validation AUROC {best.value:.4f}. To train with these values:")
    print(_command(arguments, best.user_attrs["values"]))
    return SOME_REJECTED if manifest.left_out else DONE


def _study(arguments: argparse.Namespace, data: str) -> "optuna.Study":
    """The search of this variant in the storage, new or begun.

    Raises:
        DataError: if the file is of another kind, or its trials cannot be compared with those asked for.
    """
    import optuna

    storage = arguments.storage
    if storage.exists() and not storage.read_bytes().startswith(_SQLITE):
        raise DataError("The file named by --storage exists and is no SQLite file; it was left alone.")
    storage.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{storage.resolve()}",
        study_name=arguments.variant,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(),
        load_if_exists=True,
    )
    settings = {name: getattr(arguments, name) for name in ("epochs", "image_size", "seed")}
    settings |= {"data": data, "backbone_weights": portable(arguments.backbone_weights)}
    # They decide the split.
    if tables := tables_of(arguments):
        settings["tables"] = [table_hash(table) for table in tables]
    if arguments.populations:
        settings["populations"] = arguments.populations
    if arguments.patient_pattern:
        settings["patient_pattern"] = arguments.patient_pattern
    if study.user_attrs.setdefault("settings", settings) != settings:
        raise DataError(
            "The storage holds a search of this variant with other data, patients, epochs, image size, seed or "
            "backbone; name another file."
        )
    study.set_user_attr("settings", settings)
    return study


def _count_finished(study: "optuna.Study") -> int:
    import optuna

    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def _trainer(arguments: argparse.Namespace, records: list):
    """A function for Optuna that trains with the values of a trial and returns the AUROC that training watched."""
    import keras
    import optuna

    from pneumonia.data.pipeline import load_images
    from pneumonia.inference.preprocessor import new_preprocessor
    from pneumonia.training.fit import train_variant

    plain = apply_values(get_variant(arguments.variant), vars(arguments))
    preprocessor = new_preprocessor(plain)
    train, validation = (load_images(part, preprocessor) for part in split_by_patient(records, arguments.seed))

    def run(trial: "optuna.Trial") -> float:
        values = _suggest_values(trial)
        trial.set_user_attr("values", values)
        epochs = itertools.count(1)

        def report(epoch: int, logs: dict[str, float]) -> None:
            trial.report(logs["val_auroc"], next(epochs))
            if trial.should_prune():
                raise optuna.TrialPruned

        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as folder:
            variant = apply_values(plain, values)
            trained = train_variant(
                variant,
                train,
                validation,
                preprocessor,
                arguments.seed,
                arguments.backbone_weights,
                Path(folder),
                [keras.callbacks.LambdaCallback(on_epoch_end=report)],
            )
        return _watched_auroc(trained.history, variant.recipe.watches)

    return run


def _watched_auroc(history: list[dict[str, Any]], watches: str) -> float:
    """AUROC on the images watched, in the last phase's best epoch: of the weights kept."""
    last = [row for row in history if row["phase"] == history[-1]["phase"]]
    sign = 1 if watches == "auroc" else -1
    return max(last, key=lambda row: sign * row[f"val_{watches}"])["val_auroc"]


def _suggest_values(trial: "optuna.Trial") -> dict[str, Any]:
    """Suggest values by name, as `apply_values` takes them, to two digits: what is printed is what was tried."""
    values = {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 0.5, log=True),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.2, step=0.01),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6, step=0.05),
    }
    rounded = {name: float(f"{value:.2g}") for name, value in values.items()}
    return rounded | {"batch_size": trial.suggest_categorical("batch_size", (16, 32, 64))}


def _options(values: dict[str, Any]) -> str:
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in values.items())


def _command(arguments: argparse.Namespace, values: dict[str, Any]) -> str:
    """The command that trains with these values, as it can be run here."""
    given = {name: value for name, value in vars(arguments).items() if name not in ("storage", "trials")}
    output = arguments.storage.with_name(f"{arguments.variant}-tuned")
    options = {**given, "output": output, **values}
    return "pneumonia train " + _options(
        {
            name: shlex.join(map(str, value if isinstance(value, list) else [value]))
            for name, value in options.items()
            if value is not None
        }
    )
