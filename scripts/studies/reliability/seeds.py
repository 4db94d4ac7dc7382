"""Files that a fuzz run begins with: made by code, nobody's radiograph."""

import zipfile
from io import BytesIO

from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

from scripts.studies.reliability import htj2k
from scripts.studies.reliability.abuse.inputs import ROWS
from scripts.studies.reliability.fuzz_process import MOST_BYTES
from scripts.studies.reliability.synthetic_images import dicom_bytes, dicom_dataset, encode, radiograph, to_bytes

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def _dicom_seeds() -> list[bytes]:
    """DICOM files with window, lookup table, and each kind of compression that is decoded in the process itself."""
    pixels = radiograph(128, 128)
    table = Dataset()
    table.LUTDescriptor = [256, 0, 8]
    table.add_new("LUTData", "US", list(range(256)))
    files = [
        dicom_bytes(pixels, WindowCenter=100, WindowWidth=90, PatientAge="003Y"),
        dicom_bytes(pixels, uid.ImplicitVRLittleEndian, VOILUTSequence=[table]),
        dicom_bytes(pixels, uid.JPEGBaseline8Bit, PixelData=encapsulate([encode(pixels, "JPEG")])),
    ]
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless):
        dataset = dicom_dataset(pixels)
        dataset.compress(syntax)
        files.append(to_bytes(dataset))
    return files


DICOM_SEEDS = _dicom_seeds()


def decoder_seeds() -> list[bytes]:
    """Rows of the inputs that are not cut, and every syntax that is decoded in the process itself."""
    high_throughput = [
        dicom_bytes(htj2k.PIXELS[depth], uid.HTJ2KLossless, PixelData=encapsulate([htj2k.CODESTREAMS[depth]]))
        for depth in ("8", "12", "signed 16")
    ]
    table = [row.data for row in ROWS if len(row.data) <= MOST_BYTES]
    return list(dict.fromkeys([*table, *DICOM_SEEDS, *high_throughput]))


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
