"""Files that the page hands out."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradio.utils import get_upload_folder


@contextmanager
def new_file(name: str) -> Iterator[Path]:
    """A place for a download among the uploads, which are deleted after a while; at once, if it cannot be written."""
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        yield folder / name
    except BaseException:
        # Half a table or archive helps nobody, and the disk may be full.
        shutil.rmtree(folder, ignore_errors=True)
        raise
