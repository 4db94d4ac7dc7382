"""One export: written beside its place, read again, compared, and only then put there."""

import os
import tempfile
from pathlib import Path

import numpy as np

from pneumonia.errors import ExportError
from pneumonia.exports.comparison import Difference, Readings, difference
from pneumonia.exports.formats import Format
from pneumonia.exports.runtimes import read_all
from pneumonia.exports.source_model import SourceModel


def export(source: SourceModel, form: Format, path: Path, images: np.ndarray, expected: Readings) -> Difference:
    """Write a network in another form, and make sure that it reads as before.

    Args:
        source: the network; with training images where the form is int8.
        form: to write.
        path: of the file, or of the folder for a SavedModel; its parent is made if missing.
        images: float32 (N, S, S, 1) in [0, 1], preprocessed; what both are compared on.
        expected: what the source says of them.

    Returns:
        How far they lie apart.

    Raises:
        ExportError: if something is at that place, or if they lie further apart than the form allows; nothing is
            left there then.
    """
    form.require_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as folder:
        written = Path(folder) / path.name
        form.write(source, written)
        apart = difference(expected, read_all(form, written, images), source.temperature)
        if not apart.within(form.allowed):
            raise ExportError(
                f"As {form.title} the network reads differently: {apart}. Allowed are: {form.allowed}. "
                "Nothing was written."
            )
        form.require_place(path)
        os.rename(written, path)
    return apart
