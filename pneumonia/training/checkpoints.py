"""A `fit` that can be killed and taken up again with the same result."""

import csv
import io
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from pneumonia.utils.atomic_files import write_atomic
from pneumonia.utils.json_values import write_json

_LOG = logging.getLogger(__name__)
# Below this what is watched counts as no better: the noise of the last digits.
_MIN_IMPROVEMENT = 1e-5


class Checkpoints(keras.callbacks.Callback):
    """After each epoch, writes down everything the next one depends on.

    Keeps in its folder the last state (weights, optimizer, counters), the best weights by what is
    watched on the validation images, and the history; stops the phase when that has not improved for `patience`
    epochs.
    Keras' own `BackupAndRestore` forgets the best value and the waiting of `EarlyStopping`.

    Args:
        folder: of this phase; made if missing.
        columns: values written in front of every history row.
        watches: `"loss"` is better when lower, any other when higher; None where the last epoch is the best.
        patience: epochs to wait for a better validation; None to wait for the last.
    """

    def __init__(
        self, folder: Path, columns: dict[str, Any], watches: str | None = None, patience: int | None = None
    ) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._columns = columns
        self._watches = watches
        self._patience = patience
        self._state_file = folder / "state.json"
        self._folder = folder
        self._best_weights = folder / "best.weights.h5"
        self.state: dict[str, Any] = {"epochs_done": 0, "best": None, "waited": 0, "history": [], "seconds": 0.0}
        if self._state_file.exists():
            self.state = json.loads(self._state_file.read_text())
        self._before, self._started = self.state["seconds"], time.monotonic()

    def run(self, model: keras.Model, epochs: range, batches: Callable[[range], Any], **options: Any) -> list[dict]:
        """Train a compiled model, or go on with a training that was interrupted; it ends with its best weights.

        Args:
            model: as it was compiled when the training began.
            epochs: numbers of the epochs of the whole training.
            batches: gives the batches of the epochs that it is told.
            options: of `fit`, beside these; its `callbacks` come after this one.

        Returns:
            History, one row an epoch, of all epochs.
        """
        # Built now, so that a checkpoint with the optimizer's state loads without complaint.
        model.optimizer.build(model.trainable_variables)
        if not self.state.get("finished"):
            done = self.state["epochs_done"]
            if done:
                model.load_weights(str(self._last(done)))
            options["callbacks"] = [self, *options.get("callbacks", ())]
            # The batches come in their order; Keras warns where it is asked for another.
            options |= {"shuffle": False, "verbose": 0}
            model.fit(batches(epochs[done:]), epochs=len(epochs), initial_epoch=done, **options)
        model.load_weights(self._best_weights if self._watches else self._last(self.state["epochs_done"]))
        return self.state["history"]

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        seed_random_layers(self.model, epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        state = self.state
        state["history"].append({**self._columns, "epoch": epoch + 1, **logs})
        if self._watches:
            value = logs[f"val_{self._watches}"] * (1 if self._watches == "loss" else -1)
            if state["best"] is None or value < state["best"] - _MIN_IMPROVEMENT:
                state["best"], state["waited"] = value, 0
                _save_weights(self.model, self._best_weights)
            else:
                state["waited"] += 1
                self.model.stop_training = state["waited"] == self._patience
        state["epochs_done"] = epoch + 1
        state["seconds"] = self._before + time.monotonic() - self._started
        state["finished"] = self.model.stop_training or epoch + 1 == self.params["epochs"]
        # Two files in turn: a kill while one is written leaves the other, which the state still names.
        _save_weights(self.model, self._last(state["epochs_done"]))
        write_json(self._state_file, state)
        log_epoch(state["history"][-1], self.params["epochs"])

    def _last(self, epochs_done: int) -> Path:
        return self._folder / f"last-{epochs_done % 2}.weights.h5"


def seed_random_layers(model: keras.Model, epoch: int) -> None:
    """Make the state of dropout and the like depend on the epoch alone: it is no part of what is saved."""
    for number, layer in enumerate(model.layers):
        if generator := getattr(layer, "seed_generator", getattr(layer, "generator", None)):
            generator.state.assign([number, epoch])


class _InMemory(io.BytesIO):
    """A buffer that Keras writes weights to first: on a full disk, HDF5 itself would bring the process down."""

    def __str__(self) -> str:
        # Keras goes by the ending.
        return "memory.weights.h5"


def _save_weights(model: keras.Model, path: Path) -> None:
    memory = _InMemory()
    model.save_weights(memory)
    write_atomic(path, memory.getbuffer())


def training_seconds(folder: Path) -> float:
    """Add up the seconds that the finished epochs of a training took.

    Args:
        folder: holds a folder of `Checkpoints` for each phase that was begun.
    """
    return sum(json.loads(state.read_text())["seconds"] for state in folder.glob("*/*.json"))


def log_epoch(row: Mapping[str, Any], epochs: int) -> None:
    """Log a row of the history, so that whoever waits sees how far a training is: of `epochs` in its phase."""
    phase = f"phase {row['phase']}, " if "phase" in row else ""
    values = ", ".join(f"{name} {value:.4f}" for name, value in row.items() if name not in ("phase", "epoch"))
    _LOG.info("%sepoch %d of %d: %s", phase, row["epoch"], epochs, values)


def history_csv(rows: list[dict[str, Any]]) -> str:
    """One row an epoch as CSV; columns missing in a row stay empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
