"""What all commands share: where the library is, how failures are told, which words they use for paths."""

import argparse
import dataclasses
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# tensorflow reads this when it is imported; only errors are worth a line.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pneumonia.bundle import require_replaceable  # noqa: E402
from pneumonia.errors import DataError, PneumoniaError  # noqa: E402
from pneumonia.variants import Recipe, Variant  # noqa: E402

if TYPE_CHECKING:
    from pneumonia.training.run import TrainingJob

DONE, SOME_REJECTED, FAILED = 0, 1, 2
# Fields of `Variant` and of `Recipe` that an option sets directly.
_OF_THE_NETWORK = ("image_size", "field", "dropout")
_OF_THE_RECIPE = ("weight_decay", "label_smoothing", "evidence_penalty", "batch_size")


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
            f"Not installed: {', '.join(missing)}. They need an environment of their own, with requirements.txt "
            "and, under pip's option --no-deps, requirements-benchmark.txt."
        )


def tuned(variant: Variant, values: Mapping[str, Any]) -> Variant:
    """A variant with some values of the network and of its training changed.

    Args:
        variant: left as it is.
        values: any of `_OF_THE_NETWORK` and `_OF_THE_RECIPE`, `learning_rate` (the peak of the last phase) and
            `epochs` (at most so many in each part); None leaves a value, and other names are not read.

    Raises:
        DataError: if there is no phase whose learning rate could be set.
    """
    given = {name: value for name, value in values.items() if value is not None}
    recipe = dataclasses.replace(variant.recipe, **{name: given[name] for name in _OF_THE_RECIPE if name in given})
    if "learning_rate" in given:
        if not recipe.phases:
            raise DataError("A variant that is trained in no phases has no learning rate.")
        *before, last = recipe.phases
        last = dataclasses.replace(last, learning_rate=given["learning_rate"])
        recipe = dataclasses.replace(recipe, phases=(*before, last))
    recipe = _shortened(recipe, given.get("epochs"))
    return dataclasses.replace(
        variant, recipe=recipe, **{name: given[name] for name in _OF_THE_NETWORK if name in given}
    )


def _shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """A recipe with at most this many epochs in each of its parts; as it is for None."""
    if epochs is None:
        return recipe
    phases = tuple(dataclasses.replace(phase, epochs=min(phase.epochs, epochs)) for phase in recipe.phases)
    return dataclasses.replace(recipe, phases=phases, adaptation_epochs=min(recipe.adaptation_epochs, epochs))


def training_command(script: str, arguments: argparse.Namespace) -> str:
    """The command that does the same training, without paths of this machine."""
    parts = [f"python scripts/{script}"]
    for name, value in vars(arguments).items():
        # What does not change the weights; the second would name an owner in them.
        if value is None or name in ("resume", "push_to_hub"):
            continue
        is_path = isinstance(value, Path) or (isinstance(value, str) and Path(value).is_file())
        parts.append(f"--{name.replace('_', '-')} {portable(value) if is_path else value}")
    return " ".join(parts)


def training_job(script: str, arguments: argparse.Namespace, variant: Variant, checkpoints: Path) -> "TrainingJob":
    """What the arguments of a training command ask for."""
    # Imported only now: what is wrong with the arguments is told without waiting for tensorflow.
    from pneumonia.training.run import TrainingJob

    return TrainingJob(
        data=arguments.data,
        variant=variant,
        output=arguments.output,
        seed=arguments.seed,
        backbone_weights=arguments.backbone_weights,
        command=training_command(script, arguments),
        outside=arguments.outside,
        checkpoints=checkpoints,
        recipe_name=getattr(arguments, "recipe", None),
    )


def checkpoint_folder(output: Path, resume: bool) -> Path:
    """The folder beside a weights folder that holds the state of its training; emptied unless resumed.

    Raises:
        WeightsError: if the weights folder could not be written in the end, because something else is there.
    """
    output = output.resolve()
    require_replaceable(output)
    folder = output.with_name(f".{output.name}-checkpoints")
    if folder.exists() and not resume:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
