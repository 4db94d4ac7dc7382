"""Decoding of an uploaded file."""

from pathlib import Path
from typing import TypeVar

from demo.shared import texts
from demo.shared.user_error import user_error
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import decode
from pneumonia.imaging.zip_archive import ZipMember
from pneumonia.inference.shared_analysis import SharedAnalysis

Source = TypeVar("Source", Path, ZipMember)


def decode_upload(file: str | None, quarters: int = 0) -> tuple[SharedAnalysis | Path, str]:
    """Decode an upload once for all variants, if it can be; its base name comes with it.

    Args:
        file: its path.
        quarters: by how many it is turned to the left.

    Raises:
        gr.Error: if no file was chosen, or if it was deleted.
    """
    if file is None:
        raise user_error(texts.NO_FILE)
    path = Path(file)
    if not path.is_file():
        raise user_error(texts.UPLOAD_DELETED)
    return decode_once(path, quarters), path.name


def decode_once(source: Source, quarters: int = 0) -> SharedAnalysis | Source:
    """Decode a file for all that is done with it, turned or not; one that cannot be decoded is given back."""
    try:
        return SharedAnalysis(decode(source).turned(quarters))
    except ImageError:
        # The predictor meets the same error and turns it into a rejected prediction.
        return source
