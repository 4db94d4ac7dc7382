"""Files that a fuzz run begins with: what the tests make, nobody's radiograph."""

import zipfile
from io import BytesIO

from pydicom import uid
from pydicom.encaps import encapsulate

from tests import htj2k
from tests.making import dicom_bytes, encode, radiograph
from tests.test_dicom_files import SEEDS
from tests.test_inputs import ROWS

MOST_BYTES = 200_000  # as scripts/fuzz_apart.py
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def decoder_seeds() -> list[bytes]:
    """Inputs of the table in `test_inputs` that are not cut, and every syntax that is decoded in the process itself."""
    high_throughput = [
        dicom_bytes(htj2k.PIXELS[depth], uid.HTJ2KLossless, PixelData=encapsulate([htj2k.CODESTREAMS[depth]]))
        for depth in ("8", "12", "signed 16")
    ]
    table = [row.data for row in ROWS if len(row.data) <= MOST_BYTES]
    return list(dict.fromkeys([*table, *SEEDS, *high_throughput]))


def archive_seeds() -> list[bytes]:
    """Archives of each method of packing, with what archives have: folders, remarks, long forms, a cut, a secret."""
    files = {"b/chest.png": encode(radiograph(128, 128), "PNG"), "folder/": b"", "a.txt": b"A text. " * 50, "ä": b""}
    whole = [_archive(files, method) for method in _METHODS]
    stored = whole[0]
    long_form = BytesIO()
    with zipfile.ZipFile(long_form, "w") as archive, archive.open("chest", "w", force_zip64=True) as member:
        member.write(b"0123456789")
    secret = stored.replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1")
    return [*whole, stored[: len(stored) // 2], secret, _archive({}), _archive({"../out": b"x"}), long_form.getvalue()]


def _archive(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.comment = b"A remark."
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
