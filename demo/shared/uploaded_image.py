"""Decoding of an uploaded file."""

from pathlib import Path
from typing import TypeVar

from demo.shared import texts
from demo.shared.user_error import user_error
from pneumonia.core.correction import UNCHANGED, Correction
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import decode
from pneumonia.imaging.zip_archive import ZipMember
from pneumonia.inference.shared_analysis import SharedAnalysis

Source = TypeVar("Source", Path, ZipMember)


def decode_upload(file: str | None, correction: Correction = UNCHANGED) -> tuple[SharedAnalysis | Path, str]:
    """Decode an upload once for all variants, if it can be; its base name comes with it.

    Args:
        file: its path.
        correction: what its reader did to it.

    Raises:
        gr.Error: if no file was chosen, or if it was deleted.
    """
    if file is None:
        raise user_error(texts.NO_FILE)
    path = Path(file)
    if not path.is_file():
        raise user_error(texts.UPLOAD_DELETED)
    return decode_once(path, correction), path.name


def decode_once(source: Source, correction: Correction = UNCHANGED) -> SharedAnalysis | Source:
    """Decode a file for all that is done with it, as corrected; one that cannot be decoded is given back."""
    try:
        return SharedAnalysis(decode(source).corrected(correction))
    except ImageError:
        # The predictor meets the same error and turns it into a rejected prediction.
        return source
