"""What all commands share: where the library is, how failures are told, which words they use for paths."""

import argparse
import dataclasses
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# tensorflow reads this when it is imported; only errors are worth a line.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pneumonia.data.manifest import LeftOut, read_classes, read_training_folder  # noqa: E402
from pneumonia.data.patients import BY_NAME, Patients, by_pattern, by_table  # noqa: E402
from pneumonia.errors import DataError, PneumoniaError  # noqa: E402
from pneumonia.files import write_whole  # noqa: E402
from pneumonia.packages import install_command  # noqa: E402
from pneumonia.variants import Recipe, Variant  # noqa: E402

if TYPE_CHECKING:
    from pneumonia.training.run import TrainingJob

DONE, SOME_REJECTED, FAILED = 0, 1, 2
# Fields of `Variant` and of `Recipe` that an option sets directly.
_OF_THE_NETWORK = ("image_size", "field", "dropout")
_OF_THE_RECIPE = ("weight_decay", "label_smoothing", "evidence_penalty", "batch_size")
# What nothing reads but the phases of a recipe: adaptation and linear probe have values of their own.
_OF_THE_PHASES = (*_OF_THE_RECIPE, "learning_rate", "dropout")
EPOCHS_HELP = "at most this many in each phase, and in the adaptation without labels where there is one"
# Folders of the project that git ignores: pictures of patients may be written there.
_IGNORED = ("runs", "out")


def run(main: Callable[[], int]) -> None:
    """Run a command and exit with its status; expected failures become one line on standard error."""
    # A file name that the terminal cannot show must not end a run.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        status = main()
        sys.stdout.flush()
    except PneumoniaError as error:
        print(f"error: {error}", file=sys.stderr)
        status = FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = DONE
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        # In the system's words: libraries put whole paragraphs there.
        print(f"error: {os.strerror(error.errno) if error.errno else error}{where}", file=sys.stderr)
        status = FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)


def portable(path: Path | str) -> str:
    """A path as it may be published: below $PNEUMONIA_DATA, below the project, or its last part alone."""
    full = Path(path).resolve()
    data = os.environ.get("PNEUMONIA_DATA")
    if data and full.is_relative_to(Path(data).resolve()):
        return "$PNEUMONIA_DATA/" + shlex.quote(str(full.relative_to(Path(data).resolve())))
    return shlex.quote(str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else full.name)


def positive(text: str) -> int:
    """An argument that is a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def seed(text: str) -> int:
    """An argument that is a whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def fraction(text: str) -> float:
    """An argument that is a number from 0 on and below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and below 1")
    return value


def weight(text: str) -> float:
    """An argument that is a number from 0 on."""
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def image_size(text: str) -> int:
    """An argument that is the side of a network's input in pixels."""
    value = int(text)
    if value < 32 or value % 32:
        raise argparse.ArgumentTypeError("must be a multiple of 32")
    return value


def output_file(text: str) -> Path:
    """An argument that is a file to write; its folder is made now, so that no long work ends with nowhere to go."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError("is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"its folder cannot be made: {os.strerror(error.errno)}") from error
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError("cannot be written to")
    return path


def add_patients(parser: argparse.ArgumentParser) -> None:
    """Options that say whose the images of --data are."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--patients", type=Path, metavar="CSV", help="table with the columns file and patient")
    group.add_argument(
        "--patient-pattern",
        type=_pattern,
        metavar="REGEX",
        help="with one group, the patient, searched for in each path below --data",
    )


def _pattern(text: str) -> str:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"is no regular expression: {error}") from error
    if pattern.groups != 1:
        raise argparse.ArgumentTypeError("must have one group, in parentheses: the patient")
    return text


def patients(arguments: argparse.Namespace) -> Patients:
    """Whose the images are, by the options of `add_patients`, or by names if none was given.

    Raises:
        DataError: if the table cannot be read.
    """
    if arguments.patients:
        return by_table(arguments.patients)
    return by_pattern(re.compile(arguments.patient_pattern)) if arguments.patient_pattern else BY_NAME


def table_hash(table: Path) -> str:
    """Of what a table of patients says: hex SHA-256."""
    return hashlib.sha256(table.read_bytes()).hexdigest()


def tell(left_out: Iterable[LeftOut], unknown: int, images: int, option: str = "--data") -> None:
    """Say on standard error what of a data folder is not used, and of how many of its images the patient is unknown."""
    for left in left_out:
        print(f"left out of {option}: {left}", file=sys.stderr)
    if unknown:
        advice = " --patients or --patient-pattern says whose they are." if option == "--data" else ""
        print(
            f"The patient of {unknown:,} of {images:,} images in {option} is unknown, so each of these counts as a "
            "patient of its own. Where several are of one, some may be judged by what was fitted to the others, and "
            f"intervals are too narrow.{advice}",
            file=sys.stderr,
        )


def require_data(arguments: argparse.Namespace) -> bool:
    """Look into the folders of a training, which must not write among their images, and tell what is not used.

    Returns:
        Whether there is any.

    Raises:
        DataError: if they cannot be used.
    """
    for folder in filter(None, (arguments.data, arguments.outside)):
        require_outside(folder, arguments.output)
    manifests = {"--data": read_training_folder(arguments.data, patients(arguments))}
    if arguments.outside:
        manifests["--outside"] = read_classes(arguments.outside)
    for option, manifest in manifests.items():
        tell(manifest.left_out, manifest.patient_unknown, len(manifest.records), option)
    return any(manifest.left_out for manifest in manifests.values())


def require_outside(data: Path, *outputs: Path | None) -> None:
    """Make sure that no command writes among the images that it reads, where the next one would find what it wrote.

    Raises:
        DataError: if one would.
    """
    for output in filter(None, outputs):
        if output.resolve().is_relative_to(data.resolve()):
            raise DataError(f"{output.name} would be written into the data folder. Name a place outside of it.")


def require_ignored(folder: Path) -> None:
    """Make sure that pictures of patients cannot be committed by accident.

    Raises:
        DataError: if the folder lies in the project, and not in a part that git ignores.
    """
    full, project = folder.resolve(), ROOT.resolve()
    if full.is_relative_to(project) and not any(full.is_relative_to(project / name) for name in _IGNORED):
        raise DataError("Pictures of patients are only written outside of the project, or into its runs/ or out/.")


def require_backbone(source: str) -> None:
    """Make sure that what a backbone shall start from is there.

    Raises:
        DataError: if it is the name of no file.
    """
    if source not in ("imagenet", "none") and not Path(source).is_file():
        raise DataError("The file named by --backbone-weights does not exist.")


def keep_to_cores(count: int) -> None:
    """Take so many cores, for this process and those it starts, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def require_peers() -> None:
    """Make sure that the libraries that make heatmaps in other ways are there, without importing them.

    Raises:
        PneumoniaError: if one is not installed.
    """
    modules = {"tf-keras-vis": "tf_keras_vis", "xplique": "xplique"}
    missing = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise PneumoniaError(
            f"Not installed: {', '.join(missing)}. They need an environment of their own: "
            + install_command("requirements", "requirements-benchmark")
        )


def tuned(variant: Variant, values: Mapping[str, Any]) -> Variant:
    """A variant with some values of the network and of its training changed.

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
    recipe = dataclasses.replace(variant.recipe, **{name: given[name] for name in _OF_THE_RECIPE if name in given})
    if "learning_rate" in given:
        *before, last = recipe.phases
        last = dataclasses.replace(last, learning_rate=given["learning_rate"])
        recipe = dataclasses.replace(recipe, phases=(*before, last))
    recipe = _shortened(recipe, given.get("epochs"))
    return dataclasses.replace(
        variant, recipe=recipe, **{name: given[name] for name in _OF_THE_NETWORK if name in given}
    )


def _unread(recipe: Recipe) -> tuple[str, ...]:
    """Names of values that a training by a recipe does not depend on."""
    if not recipe.phases:
        return _OF_THE_PHASES if recipe.adaptation_epochs else (*_OF_THE_PHASES, "epochs")
    return () if recipe.optimizer == "adamw" else ("weight_decay",)


def _shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """A recipe with at most this many epochs in each of its parts; as it is for None."""
    if epochs is None:
        return recipe
    phases = tuple(dataclasses.replace(phase, epochs=min(phase.epochs, epochs)) for phase in recipe.phases)
    return dataclasses.replace(recipe, phases=phases, adaptation_epochs=min(recipe.adaptation_epochs, epochs))


def command_line(script: str, arguments: argparse.Namespace, **instead: Any) -> str:
    """The command that does the same again, without paths of this machine.

    Args:
        script: name of the file.
        arguments: as parsed; options that were left out are left out.
        instead: values to be written in place of theirs, by name.
    """
    parts = [f"python scripts/{script}"]
    for name, value in {**vars(arguments), **instead}.items():
        # Neither of the two changes what is made; the second would name an owner in it.
        if value is None or value is False or name in ("resume", "push_to_hub"):
            continue
        parts.append(f"--{name.replace('_', '-')}")
        if value is not True:
            parts += map(_word, value if isinstance(value, list | tuple) else [value])
    return " ".join(parts)


def _word(value: Any) -> str:
    is_path = isinstance(value, Path) or (isinstance(value, str) and os.path.isfile(value))
    return portable(value) if is_path else shlex.quote(str(value))


def training_job(script: str, arguments: argparse.Namespace, variant: Variant) -> "TrainingJob":
    """What the arguments of a training command ask for.

    Raises:
        DataError: as `checkpoint_folder`.
    """
    command = command_line(script, arguments)
    # What a table says decides the split as the command does, and it may have been changed since.
    table = f" # table {table_hash(arguments.patients)}" if arguments.patients else ""
    checkpoints = checkpoint_folder(arguments.output, command + table, arguments.resume)
    # Imported only now: what is wrong with the arguments is told without waiting for tensorflow.
    from pneumonia.training.run import TrainingJob

    return TrainingJob(
        data=arguments.data,
        variant=variant,
        output=arguments.output,
        seed=arguments.seed,
        backbone_weights=arguments.backbone_weights,
        command=command,
        outside=arguments.outside,
        checkpoints=checkpoints,
        recipe_name=getattr(arguments, "recipe", None),
        patients=patients(arguments),
    )


def checkpoint_folder(output: Path, command: str, resume: bool) -> Path:
    """The folder beside what a training writes that holds its state until then; emptied unless resumed.

    The command is kept in it. Another one may split the images otherwise, and what was trained on before would be
    validated on.

    Args:
        output: what is written in the end.
        command: as `command_line` gives it.
        resume: whether to go on from a state that is there.

    Raises:
        DataError: if that state is of another command.
    """
    output = output.resolve()
    folder = output.with_name(f".{output.name}-checkpoints")
    if folder.exists() and not resume:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "command.txt"
    begun = os.fsdecode(note.read_bytes()) if note.exists() else "one that was not noted"
    if begun != command:
        if any(path != note for path in folder.iterdir()):
            raise DataError(
                f"The training that --resume would take up was begun by another command: {begun}. Run that one with "
                f"--resume; to begin anew with this one, leave --resume out or delete {folder.name}."
            )
        write_whole(note, os.fsencode(command))
    return folder
