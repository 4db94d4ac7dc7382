"""Files that the page hands out."""

import tempfile
from pathlib import Path

from gradio.utils import get_upload_folder


def new_file(name: str) -> Path:
    """A place for a download among the uploads, which are deleted after a while."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder)) / name
