"""The progress of a training on standard error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


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
