"""Files of a batch, those inside of archives one by one."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from demo.shared import texts as shared_texts
from demo.shared.user_error import user_error
from demo.tabs.batch import texts
from pneumonia.errors import ImageError
from pneumonia.imaging.zip_archive import ZipMember, list_members

MAX_FILES = 5000
_ZIP_SIGNATURE = b"PK\x03\x04"


@dataclass(frozen=True)
class Upload:
    """File to read.

    Attributes:
        name: as the reader knows it; inside an archive with its folders.
        source: of its bytes.
        refusal: why it cannot be read, where it is an archive whose files cannot be listed.
    """

    name: str
    source: Path | ZipMember
    refusal: str | None = None

    @property
    def path(self) -> Path:
        """The file that was uploaded, which may be an archive."""
        return self.source.archive.path if isinstance(self.source, ZipMember) else self.source


def list_uploads(files: Sequence[str] | None) -> list[Upload]:
    """The files that were chosen, those inside of archives one by one.

    Args:
        files: their paths.

    Raises:
        gradio.Error: there are none or too many, none of them can be read, or they were deleted.
    """
    if not files:
        raise user_error(texts.NO_FILES)
    uploads: list[Upload] = []
    for path in map(Path, files):
        if not path.is_file():
            raise user_error(shared_texts.UPLOAD_DELETED)
        with path.open("rb") as file:
            is_archive = file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
        if not is_archive:
            uploads.append(Upload(path.name, path))
            continue
        try:
            uploads += [Upload(member.name, member) for member in list_members(path, MAX_FILES)]
        except ImageError as error:
            uploads.append(Upload(path.name, path, str(error)))
    if all(upload.refusal is not None for upload in uploads):
        raise user_error(" ".join(f"{upload.name}: {upload.refusal}" for upload in uploads))
    if len(uploads) > MAX_FILES:
        raise user_error(texts.TOO_MANY.format(count=len(uploads), most=MAX_FILES))
    return uploads


def archives_in_use(uploads: Sequence[Upload]) -> ExitStack:
    """Closes the archives in the end: a file that is open outlives its deletion."""
    stack = ExitStack()
    for archive in {upload.source.archive for upload in uploads if isinstance(upload.source, ZipMember)}:
        stack.enter_context(archive)
    return stack
