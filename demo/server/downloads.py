"""Files that the page hands out."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.server.gradio_internals import upload_folder


@contextmanager
def new_file(name: str) -> Iterator[Path]:
    """Give a place for a download among the uploads, which are deleted after a while; at once, if it is not written."""
    uploads = upload_folder()
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    with ExitStack() as unless_written:
        # Half a table or archive helps no one, and the disk may be full.
        unless_written.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder / name
        unless_written.pop_all()
