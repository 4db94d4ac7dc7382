"""Standard error while a command works: progress, and no messages of other libraries."""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

if TYPE_CHECKING:
    from pneumonia.inference.predictor import Predictor

Item = TypeVar("Item")
_STANDARD_ERROR = 2


def progress(items: Iterable[Item], total: int | None = None, done: int = 0) -> Iterable[Item]:
    """Show a progress bar while images are worked on, where standard error is a terminal.

    Args:
        items: one for each image.
        total: how many there are, if that is known.
        done: how many were done in earlier runs.
    """
    return tqdm(items, total=total, initial=done, unit="image", disable=None)


@contextmanager
def training_progress() -> Iterator[None]:
    """Show what `pneumonia.training` logs, a line an epoch, with the time, until the block ends."""
    log = logging.getLogger("pneumonia.training")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def load_quietly(variant: str | None = None, weights: Path | None = None) -> "Predictor":
    """As `load_predictor`, without the messages that LiteRT writes past Python when it opens its first network.

    Python's own exceptions come as ever.
    """
    # Imported only now: a training shows its progress and loads no predictor.
    from pneumonia.inference.predictor import load_predictor

    sys.stderr.flush()
    original = os.dup(_STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)
    try:
        return load_predictor(variant, weights)
    finally:
        os.dup2(original, _STANDARD_ERROR)
        os.close(original)
