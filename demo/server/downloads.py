"""Files that the page hands out."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.server.gradio_internals import upload_folder


def new_folder() -> Path:
    """Make a folder among the uploads, in which files are deleted after a while as these are."""
    uploads = upload_folder()
    uploads.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=uploads))


@contextmanager
def new_file(name: str) -> Iterator[Path]:
    """Give a place for a download among the uploads, which are deleted after a while; at once, if it is not written."""
    folder = new_folder()
    with ExitStack() as unless_written:
        # Half a table or archive helps no one, and the disk may be full.
        unless_written.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder / name
        unless_written.pop_all()
