"""Good files with a few bytes of their headers changed, the same ones in every run."""

from functools import partial
from random import Random

from pydicom import uid
from pydicom.encaps import encapsulate

from scripts.studies.reliability.abuse.answers import CHEST, PICTURE, TWELVE
from scripts.studies.reliability.abuse.cases import Case
from scripts.studies.reliability.synthetic_images import dicom_bytes, encode

EACH = 50
SEED = 20240607
_PIXELS = b"\xe0\x7f\x10\0"  # the tag of DICOM's pixel data


def _header_of_jpeg(data: bytes) -> int:
    return data.index(b"\xff\xda") + 10


def _header_of_dicom(data: bytes) -> int:
    return data.index(_PIXELS) + 12


# What is damaged, where its header ends, and whether sums in the file tell of every change.
SOUND = {
    "PNG": (encode(CHEST, "PNG"), lambda data: 60, True),
    "JPEG": (encode(CHEST, "JPEG", quality=95), _header_of_jpeg, False),
    "progressive JPEG": (encode(CHEST, "JPEG", progressive=True), _header_of_jpeg, False),
    "TIFF": (encode(PICTURE, "TIFF", compression="tiff_lzw"), lambda data: 200, False),
    "DICOM": (dicom_bytes(TWELVE, BitsStored=12, WindowCenter=2048, WindowWidth=4097), _header_of_dicom, False),
    "DICOM in JPEG": (
        dicom_bytes(CHEST, uid.JPEGBaseline8Bit, PixelData=encapsulate([encode(CHEST, "JPEG")])),
        _header_of_jpeg,
        False,
    ),
    "DICOM in JPEG 2000": (
        dicom_bytes(CHEST, uid.JPEG2000, PixelData=encapsulate([encode(PICTURE, "JPEG2000", no_jp2=True)])),
        lambda data: data.index(b"\xff\x93"),
        False,
    ),
}


def _damaged(data: bytes, end: int, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(end)
        changed[at] ^= random.randint(1, 255)
    return bytes(changed)


def _cases() -> list[Case]:
    cases = []
    for kind, (data, header, summed) in SOUND.items():
        random = Random(f"{SEED} {kind}")
        for number in range(EACH):
            what, changed = f"{kind}, header changed, {number}", _damaged(data, header(data), random)
            cases.append(Case(what, partial(bytes, changed), "rejected" if summed else "either"))
    return cases


CASES = _cases()
